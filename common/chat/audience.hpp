#pragma once
// Who may see an event, and what of it: the one place that decides, for events that go out now and for those
// that somebody missed.
//
// `in(conv)` says whether he was in a conversation at the event's position: also if he joined or left by it.

#include "chat/event.hpp"

#include <vector>

namespace chaind::chat
{

// Asks `everyone()`, `user(uid)`, or `members(conv)` for one conversation after the other, as the event's
// audience is, until one says true.
template <class Everyone, class User, class Members>
bool any_of_audience(event const& e, Everyone const& everyone, User const& user, Members const& members)
{
    switch (e.to)
    {
        case audience::members: return members(e.conv);
        case audience::user: return user(e.uid);
        case audience::everyone: return everyone();
        case audience::marks:
            for (auto const& m : e.marks)
                if (members(m.conv)) return true;
            return false;
    }
    return false;
}

template <class In>
bool receives(event const& e, user_id who, In const& in)
{
    return any_of_audience(e, [] { return true; }, [&](user_id uid) { return uid == who; }, in);
}

// Who is in e.conv from this event on.
std::vector<user_id> joined_by(event const& e);
// Of somebody who is in e.conv: whether this event is the last one that he receives of it.
bool leaves_by(event const& e, user_id who);

// Of a removed room nothing is told any more but that it is gone. `is_removed`: as it is now.
template <class Removed>
bool is_told(event const& e, conv_id conv, Removed const& is_removed)
{
    return e.kind == event_kind::conv_gone || conv == conv_id() || !is_removed(conv);
}

// Of a batch of marks each sees those of his own conversations.
template <class In>
void keep_own_marks(std::vector<mark>& marks, In const& in)
{
    std::erase_if(marks, [&](mark const& m) { return !in(m.conv); });
}

// Texts stand in their messages as they are now. Somebody who has left the conversation since sees one only
// as long as it is what it was when he left, at revision `rev_then`; else no more than that there was one,
// whether it was changed or deleted. `members_then`: how many there were at the event.
void withhold_what_came_later(event& e, std::uint64_t rev_then, std::uint64_t members_then);

}  // namespace chaind::chat
