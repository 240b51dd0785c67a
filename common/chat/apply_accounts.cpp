// Accounts, passwords, sessions.
#include "chat/apply_step.hpp"
#include "chat/limits.hpp"
#include "chat/names.hpp"

#include <algorithm>

namespace chaind::chat
{

namespace
{

constexpr std::size_t token_bytes = 32;
constexpr std::size_t longest_hash = 256;
constexpr std::size_t longest_label = 128;

bool is_hash(std::string const& text)
{
    return !text.empty() && text.size() <= longest_hash;
}

// At most `longest_label` bytes, cut between characters.
std::string cut(std::string text)
{
    if (text.size() <= longest_label) return text;
    std::size_t end = longest_label;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    text.resize(end);
    return text;
}

session open_session(
    apply_step& s, user_id uid, token_hash const& token, std::string const& label, std::uint32_t place
)
{
    ++s.count.sessions;
    session row{
        .token = token,
        .id = session_id(s.count.sessions),
        .uid = uid,
        .label = cut(label),
        .created_ms = s.at_ms,
        .place = place
    };
    s.on.put(row);
    return row;
}

void end_session(apply_step& s, session const& row)
{
    s.on.erase(row);
    s.out.revoked.push_back(row.token);
}

failure proof_is_stale()
{
    return refuse(api_errc::unauthenticated, "the password has been changed");
}

}  // namespace

outcome run(apply_step& s, account_create const& what)
{
    auto const name = canonical_name(what.name);
    if (!name || is_reserved_name(*name))
        return refuse(api_errc::bad_request, "this name is reserved", "name");
    if (!is_hash(what.password_hash)) return refuse(api_errc::bad_request, "no password", "password");
    if (what.first_token.size() != token_bytes) return refuse(api_errc::bad_request, "no token", "token");
    if (s.on.find_user(*name)) return refuse(api_errc::conflict, "this name is taken", "name");

    user row;
    row.id = user_id(s.count.users + 1);
    row.name = *name;
    row.display = what.name;
    row.as = s.count.users == 0 ? role::owner : role::member;
    row.password_hash = what.password_hash;
    row.password_rev = s.pos.value();
    row.created_ms = s.at_ms;
    row.changed = s.pos;
    ++s.count.users;
    s.on.put(row);
    open_session(s, row.id, what.first_token, what.label, what.place);

    auto e = s.make_event(event_kind::user_update, audience::everyone);
    e.uid = row.id;
    e.people.push_back(person_of(row));
    s.emit(std::move(e));
    return account_created{.uid = row.id};
}

outcome run(apply_step& s, session_create const& what)
{
    auto const me = s.on.find_user(s.uid);
    if (!me || me->password_rev != what.password_rev) return proof_is_stale();
    if (what.token.size() != token_bytes) return refuse(api_errc::bad_request, "no token", "token");

    auto const all = s.on.sessions_of(s.uid);
    for (std::size_t i = 0; i + limits::sessions_of_user <= all.size(); ++i)
        end_session(s, all[i]);
    return session_created{.id = open_session(s, s.uid, what.token, what.label, what.place).id};
}

outcome run(apply_step& s, session_revoke const& what)
{
    for (auto const& row : s.on.sessions_of(s.uid))
        if (row.id == what.id) end_session(s, row);
    return done{};
}

outcome run(apply_step& s, session_revoke_all const& what)
{
    for (auto const& row : s.on.sessions_of(s.uid))
        if (!what.keep || row.id != *what.keep) end_session(s, row);
    return done{};
}

outcome run(apply_step& s, session_touch const& what)
{
    for (auto row : s.on.sessions_of(s.uid))
    {
        if (row.id != what.id) continue;
        row.used_ms = s.at_ms;
        s.on.put(row);
    }
    return done{};
}

outcome run(apply_step& s, password_change const& what)
{
    auto me = s.on.find_user(s.uid);
    if (!me || me->password_rev != what.password_rev) return proof_is_stale();
    if (!is_hash(what.password_hash)) return refuse(api_errc::bad_request, "no password", "new");

    me->password_hash = what.password_hash;
    me->password_rev = s.pos.value();
    s.on.put(*me);
    return run(s, session_revoke_all{.keep = what.keep});
}

}  // namespace chaind::chat
