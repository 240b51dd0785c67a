#include "chat/row_hash.hpp"

#include <type_traits>

namespace chaind::chat
{

namespace
{

// Each row starts with its table's number, so that no row of one table passes for one of another.
enum class table : std::uint8_t
{
    counters = 1,
    user,
    session,
    conversation,
    member,
    past_member,
    message,
    mention,
    remembered,
    event,
};

class fields
{
public:
    explicit fields(hasher& to) : to_(to) {}
    fields(hasher& to, table which) : to_(to) { number(static_cast<std::uint64_t>(which)); }

    template <class... T>
    void all(T const&... values)
    {
        (one(values), ...);
    }
    // A field that its table got later: rows without it keep the hash that they had before.
    template <class T>
    void later(int number_of_field, T const& value)
    {
        if (value == T{}) return;
        one(number_of_field);
        one(value);
    }

private:
    void number(std::uint64_t value) { to_.number(value); }

    void one(std::string const& value) { to_.bytes(value); }
    template <class Tag>
    void one(id128<Tag> const& value)
    {
        to_.bytes(value.view());
    }
    template <class Tag>
    void one(strong_number<Tag> value)
    {
        number(value.value());
    }
    template <class T>
        requires std::is_integral_v<T> || std::is_enum_v<T>
    void one(T value)
    {
        number(static_cast<std::uint64_t>(value));
    }
    template <class T>
    void one(std::optional<T> const& value)
    {
        one(value.has_value());
        if (value) one(*value);
    }
    template <class T>
    void one(std::vector<T> const& values)
    {
        number(values.size());
        for (auto const& value : values)
            one(value);
    }
    void one(mark const& m) { all(m.uid, m.conv, m.at_seq); }

    void one(failure const& r) { all(r.code, r.message, r.field); }
    void one(done const&) {}
    void one(account_created const& r) { all(r.uid); }
    void one(session_created const& r) { all(r.id); }
    void one(message_sent const& r) { all(r.mid, r.at_seq, r.rev, r.at_ms); }
    void one(changed const& r) { all(r.rev); }
    void one(conv_made const& r) { all(r.conv, r.room, r.name, r.priv, r.topic, r.peer, r.last_seq, r.rev); }

    void one(probe const&) {}
    // The salt and the token are new in each try of the same account.
    void one(account_create const& c) { all(c.name); }
    void one(session_create const& c) { all(c.token, c.label, c.password_rev); }
    void one(session_revoke const& c) { all(c.id); }
    void one(session_revoke_all const& c) { all(c.keep); }
    void one(password_change const& c) { all(c.password_hash, c.password_rev, c.keep); }
    void one(msg_send const& c) { all(c.conv, c.body, c.fmt, c.mentions, c.reply_to); }
    void one(msg_edit const& c) { all(c.mid, c.body, c.if_rev); }
    void one(msg_delete const& c) { all(c.mid); }
    void one(read_upto const& c) { all(c.conv, c.at_seq); }
    void one(delivered_batch const& c) { all(c.marks); }
    void one(dm_create const& c) { all(c.peer); }
    void one(room_create const& c) { all(c.name, c.priv, c.topic); }
    void one(conv_join const& c) { all(c.conv); }
    void one(conv_leave const& c) { all(c.conv); }
    void one(checkpoint const& c) { all(c.id); }
    void one(conv_archive const& c) { all(c.conv); }
    void one(session_touch const& c) { all(c.id); }

    template <class... T>
    void one(std::variant<T...> const& value)
    {
        number(value.index());
        std::visit([this](auto const& chosen) { one(chosen); }, value);
    }

    hasher& to_;
};

}  // namespace

void add(hasher& to, counters const& r)
{
    fields row(to, table::counters);
    row.all(r.pos, r.at_ms, r.users, r.convs, r.sessions, r.max_message_id);
    // A store from before this column was there keeps its sum.
    if (r.forgotten_ms != 0) row.all(r.forgotten_ms);
}

void add(hasher& to, user const& r)
{
    fields row(to, table::user);
    row.all(r.id, r.name, r.display, r.as, r.password_hash, r.password_rev, r.created_ms, r.rooms, r.changed);
    row.later(1, r.made);
}

void add(hasher& to, session const& r)
{
    fields row(to, table::session);
    row.all(r.token, r.id, r.uid, r.label, r.created_ms);
    row.later(1, r.used_ms);
    row.later(2, r.place);
}

void add(hasher& to, conversation const& r)
{
    fields row(to, table::conversation);
    row.all(
        r.id,
        r.kind,
        r.name,
        r.priv,
        r.topic,
        r.creator,
        r.low,
        r.high,
        r.created_ms,
        r.last_seq,
        r.rev,
        r.members,
        r.changed
    );
    row.later(1, r.gone);
}

void add(hasher& to, member const& r)
{
    fields(to, table::member).all(r.conv, r.uid, r.joined, r.read, r.delivered, r.changed);
}

void add(hasher& to, past_member const& r)
{
    fields(to, table::past_member).all(r.conv, r.uid, r.joined, r.left);
}

void add(hasher& to, message const& r)
{
    fields(to, table::message)
        .all(
            r.id,
            r.conv,
            r.at_seq,
            r.rev,
            r.uid,
            r.at_ms,
            r.body,
            r.fmt,
            r.reply_to,
            r.mentions,
            r.edited_ms,
            r.deleted
        );
}

void add(hasher& to, mention const& r)
{
    fields(to, table::mention).all(r.uid, r.conv, r.at_seq);
}

void add(hasher& to, remembered const& r)
{
    fields(to, table::remembered).all(r.uid, r.cid, r.fingerprint, r.pos, r.at_ms, r.result);
}

void add(hasher& to, event const& r)
{
    fields(to, table::event)
        .all(r.pos, r.kind, r.to, r.conv, r.uid, r.mid, r.at_seq, r.rev, r.at_ms, r.on, r.marks);
}

void row_sum::plus(digest const& hash)
{
    unsigned carry = 0;
    for (std::size_t i = 0; i < value_.bytes.size(); ++i)
    {
        carry += unsigned{value_.bytes[i]} + hash.bytes[i];
        value_.bytes[i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
}

void row_sum::minus(digest const& hash)
{
    // Plus the two's complement.
    unsigned carry = 1;
    for (std::size_t i = 0; i < value_.bytes.size(); ++i)
    {
        carry += unsigned{value_.bytes[i]} + (0xFFU - hash.bytes[i]);
        value_.bytes[i] = static_cast<std::uint8_t>(carry);
        carry >>= 8;
    }
}

digest fingerprint(command_body const& what)
{
    hasher to;
    fields(to).all(what);
    return to.finish();
}

}  // namespace chaind::chat
