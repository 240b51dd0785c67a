#pragma once
// Inside of apply: what one entry works with, and the operations by subject. Not for other layers.

#include "chat/access.hpp"
#include "chat/apply.hpp"

#include <string>
#include <utility>
#include <variant>

namespace chaind::chat
{

struct apply_step
{
    state& on;
    counters& count;  // written back when the entry is done
    applied& out;
    user_id uid;  // who asked
    seq pos;
    std::int64_t at_ms = 0;

    // An event of this entry: there is at most one.
    event make_event(event_kind kind, audience to) const
    {
        event e;
        e.pos = pos;
        e.kind = kind;
        e.to = to;
        e.uid = uid;
        e.at_ms = at_ms;
        return e;
    }
    void emit(event e)
    {
        on.put(e);
        out.events.push_back(std::move(e));
    }
};

inline person person_of(user const& u)
{
    return {.uid = u.id, .name = u.name, .display = u.display, .as = u.as};
}

inline failure refuse(api_errc code, std::string text, std::string field = {})
{
    return {.code = code, .message = std::move(text), .field = std::move(field)};
}

// The conversation with the caller's place in it.
std::variant<failure, own_place> find_own_place(apply_step& s, conv_id conv);

// apply_accounts.cpp
outcome run(apply_step& s, account_create const& what);
outcome run(apply_step& s, session_create const& what);
outcome run(apply_step& s, session_revoke const& what);
outcome run(apply_step& s, session_revoke_all const& what);
outcome run(apply_step& s, password_change const& what);
outcome run(apply_step& s, session_touch const& what);
// apply_messages.cpp
outcome run(apply_step& s, msg_send const& what);
outcome run(apply_step& s, msg_edit const& what);
outcome run(apply_step& s, msg_delete const& what);
outcome run(apply_step& s, read_upto const& what);
outcome run(apply_step& s, delivered_batch const& what);
// apply_conversations.cpp
outcome run(apply_step& s, dm_create const& what);
outcome run(apply_step& s, room_create const& what);
outcome run(apply_step& s, conv_join const& what);
outcome run(apply_step& s, conv_leave const& what);
outcome run(apply_step& s, conv_archive const& what);
// apply.cpp
outcome run(apply_step& s, checkpoint const& what);
outcome run(apply_step& s, probe const& what);

}  // namespace chaind::chat
