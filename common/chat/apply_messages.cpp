// Messages and the watermarks `read` and `delivered`.
#include "chat/apply_step.hpp"
#include "chat/limits.hpp"

#include <algorithm>
#include <optional>

namespace chaind::chat
{

namespace
{

std::optional<failure> check_body(std::string const& body)
{
    if (body.empty()) return refuse(api_errc::bad_request, "a message has a text", "body");
    if (body.size() > limits::body_bytes)
        return refuse(api_errc::too_large, "a message has at most 16 KiB", "body");
    return std::nullopt;
}

std::vector<user_id> members_among(apply_step& s, conv_id conv, std::vector<user_id> who)
{
    std::sort(who.begin(), who.end());
    who.erase(std::unique(who.begin(), who.end()), who.end());
    std::erase_if(who, [&](user_id uid) { return !s.on.find_member(conv, uid); });
    return who;
}

// A message that the caller wrote and still sees. Others' messages where he is a member: `forbidden`.
struct own_message
{
    conversation conv;
    message row;
};
std::variant<failure, own_message> find_own_message(apply_step& s, message_id mid)
{
    auto const hidden = refuse(api_errc::not_found, "no such message", "mid");
    auto row = s.on.find_message(mid);
    if (!row || !s.on.find_member(row->conv, s.uid)) return hidden;
    auto conv = s.on.find_conv(row->conv);
    if (!conv || conv->gone != seq()) return hidden;
    if (row->uid != s.uid) return refuse(api_errc::forbidden, "this message is somebody else's", "mid");
    return own_message{.conv = *std::move(conv), .row = *std::move(row)};
}

// The next revision of the conversation, in its row and in the message's.
void revise(apply_step& s, own_message& found)
{
    ++found.conv.rev;
    found.conv.changed = s.pos;
    found.row.rev = found.conv.rev;
    s.on.put(found.conv);
    s.on.put(found.row);
}

event message_event(apply_step& s, event_kind kind, message const& row)
{
    auto e = s.make_event(kind, audience::members);
    e.conv = row.conv;
    e.mid = row.id;
    e.at_seq = row.at_seq;
    e.rev = row.rev;
    if (kind != event_kind::msg_delete) e.text = row;
    return e;
}

}  // namespace

outcome run(apply_step& s, msg_send const& what)
{
    auto place = find_own_place(s, what.conv);
    if (auto* why = std::get_if<failure>(&place)) return std::move(*why);
    auto& [conv, me] = std::get<own_place>(place);
    if (auto why = check_body(what.body)) return *std::move(why);
    if (what.mentions.size() > limits::mentions)
        return refuse(api_errc::bad_request, "too many mentions", "mentions");
    if (what.reply_to != message_id())
    {
        auto const target = s.on.find_message(what.reply_to);
        if (!target || target->conv != what.conv)
            return refuse(api_errc::not_found, "no such message in this conversation", "reply_to");
    }

    ++s.count.max_message_id;
    ++conv.last_seq;
    ++conv.rev;
    conv.changed = s.pos;
    message row;
    row.id = message_id(s.count.max_message_id);
    row.conv = what.conv;
    row.at_seq = conv.last_seq;
    row.rev = conv.rev;
    row.uid = s.uid;
    row.at_ms = s.at_ms;
    row.body = what.body;
    row.fmt = what.fmt;
    row.reply_to = what.reply_to;
    row.mentions = members_among(s, what.conv, what.mentions);
    s.on.put(conv);
    s.on.put(row);
    for (auto const uid : row.mentions)
        s.on.put(mention{.uid = uid, .conv = row.conv, .at_seq = row.at_seq});

    // Who writes has read: no event says so, because this message does.
    me.read = conv.last_seq;
    me.delivered = conv.last_seq;
    me.changed = s.pos;
    s.on.put(me);

    s.emit(message_event(s, event_kind::msg_new, row));
    return message_sent{.mid = row.id, .at_seq = row.at_seq, .rev = row.rev, .at_ms = row.at_ms};
}

outcome run(apply_step& s, msg_edit const& what)
{
    auto found = find_own_message(s, what.mid);
    if (auto* why = std::get_if<failure>(&found)) return std::move(*why);
    auto& own = std::get<own_message>(found);
    if (own.row.deleted) return refuse(api_errc::not_found, "this message was deleted", "mid");
    if (auto why = check_body(what.body)) return *std::move(why);
    if (what.if_rev && *what.if_rev != own.row.rev)
        return refuse(api_errc::precondition_failed, "the message has changed since", "if_rev");

    own.row.body = what.body;
    own.row.edited_ms = s.at_ms;
    revise(s, own);
    s.emit(message_event(s, event_kind::msg_edit, own.row));
    return changed{.rev = own.row.rev};
}

outcome run(apply_step& s, msg_delete const& what)
{
    auto found = find_own_message(s, what.mid);
    if (auto* why = std::get_if<failure>(&found)) return std::move(*why);
    auto& own = std::get<own_message>(found);
    if (own.row.deleted) return changed{.rev = own.row.rev};

    for (auto const uid : own.row.mentions)
        s.on.erase(mention{.uid = uid, .conv = own.row.conv, .at_seq = own.row.at_seq});
    own.row.body.clear();
    own.row.mentions.clear();
    own.row.edited_ms = 0;
    own.row.deleted = true;
    revise(s, own);
    s.emit(message_event(s, event_kind::msg_delete, own.row));
    return changed{.rev = own.row.rev};
}

outcome run(apply_step& s, read_upto const& what)
{
    auto place = find_own_place(s, what.conv);
    if (auto* why = std::get_if<failure>(&place)) return std::move(*why);
    auto& [conv, me] = std::get<own_place>(place);
    if (what.at_seq > conv.last_seq)
        return refuse(api_errc::bad_request, "there is no such message yet", "seq");
    if (what.at_seq <= me.read) return done{};

    me.read = what.at_seq;
    me.delivered = std::max(me.delivered, me.read);
    me.changed = s.pos;
    s.on.put(me);

    auto e = s.make_event(
        event_kind::read, conv.members <= limits::broadcast_members ? audience::members : audience::user
    );
    e.conv = what.conv;
    e.at_seq = what.at_seq;
    s.emit(std::move(e));
    return done{};
}

outcome run(apply_step& s, delivered_batch const& what)
{
    auto e = s.make_event(event_kind::delivered, audience::marks);
    auto const count = std::min(what.marks.size(), limits::marks_of_batch);
    for (std::size_t i = 0; i < count; ++i)
    {
        auto const& asked = what.marks[i];
        auto const conv = s.on.find_conv(asked.conv);
        auto me = s.on.find_member(asked.conv, asked.uid);
        if (!conv || conv->gone != seq() || !me) continue;
        auto const upto = std::min(asked.at_seq, conv->last_seq);
        if (upto <= me->delivered) continue;
        me->delivered = upto;
        s.on.put(*me);
        if (conv->members <= limits::broadcast_members)
            e.marks.push_back({.uid = asked.uid, .conv = asked.conv, .at_seq = upto});
    }
    if (!e.marks.empty()) s.emit(std::move(e));
    return done{};
}

}  // namespace chaind::chat
