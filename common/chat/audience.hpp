#pragma once
// Who may see an event, and what of it: the one place that decides, for events that go out now and for those
// that somebody missed.
//
// `in(conv)` says whether he was in a conversation at the event's position.

#include "chat/event.hpp"

#include <algorithm>

namespace chaind::chat
{

template <class In>
bool is_for(event const& e, user_id who, In const& in)
{
    switch (e.to)
    {
        case audience::members: return in(e.conv);
        case audience::user: return e.uid == who;
        case audience::everyone: return true;
        case audience::marks:
            return std::any_of(e.marks.begin(), e.marks.end(), [&](mark const& m) { return in(m.conv); });
    }
    return false;
}

// Of a batch of marks each sees those of his own conversations.
template <class In>
void keep_own_marks(event& e, In const& in)
{
    std::erase_if(e.marks, [&](mark const& m) { return !in(m.conv); });
}

// Texts stand in their messages as they are now. Somebody who has left the conversation since sees one only
// as long as it is what it was when he left, at revision `rev_then`; else no more than that there was one,
// whether it was changed or deleted. `members_then`: how many there were at the event.
inline void withhold_what_came_later(event& e, std::uint64_t rev_then, std::uint64_t members_then)
{
    if (e.about) e.about->members = members_then;
    if (!e.text || e.text->rev <= rev_then) return;
    e.text->body.clear();
    e.text->mentions.clear();
    e.text->edited_ms = 0;
    e.text->deleted = true;
    e.text->rev = e.rev;
}

}  // namespace chaind::chat
