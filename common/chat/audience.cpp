#include "chat/audience.hpp"

namespace chaind::chat
{

std::vector<user_id> joined_by(event const& e)
{
    std::vector<user_id> users;
    if (e.kind == event_kind::conv_new)
        for (auto const& person : e.people)
            users.push_back(person.uid);
    if (e.kind == event_kind::conv_member && e.on) users.push_back(e.uid);
    return users;
}

bool leaves_by(event const& e, user_id who)
{
    if (e.kind == event_kind::conv_gone) return true;
    return e.kind == event_kind::conv_member && !e.on && e.uid == who;
}

void withhold_what_came_later(event& e, std::uint64_t rev_then, std::uint64_t members_then)
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
