#include "chat/row_hash.hpp"

#include "chat/tables.hpp"

#include <type_traits>

namespace chaind::chat
{

namespace
{

class fields
{
public:
    explicit fields(hasher& to) : to_(to) {}

    template <class... T>
    void all(T const&... values)
    {
        (one(values), ...);
    }
    template <class Row, class T, bool is_blob>
    void field(column<Row, T, is_blob> const& of, Row const& row)
    {
        auto const& value = row.*of.field;
        if (of.later && value == T{}) return;
        if (of.later.value_or(0) != 0) one(*of.later);
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

template <class Row>
digest hash_of(Row const& row)
{
    hasher to;
    fields all(to);
    all.all(table<Row>.number);
    with_columns<Row>([&](auto const&... each) { (all.field(each, row), ...); });
    return to.finish();
}

template digest hash_of(counters const&);
template digest hash_of(user const&);
template digest hash_of(session const&);
template digest hash_of(conversation const&);
template digest hash_of(member const&);
template digest hash_of(past_member const&);
template digest hash_of(message const&);
template digest hash_of(mention const&);
template digest hash_of(remembered const&);
template digest hash_of(event const&);

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
