#include "wire/command.hpp"

#include "wire/command.pb.h"

#include <limits>
#include <utility>

namespace chaind::wire
{

namespace
{

using namespace chat;

template <class... F>
struct overload : F...
{
    using F::operator()...;
};
template <class... F>
overload(F...) -> overload<F...>;

void put(stored::Mark& to, mark const& m)
{
    to.set_uid(m.uid.value());
    to.set_conv(m.conv.value());
    to.set_at_seq(m.at_seq);
}

mark get(stored::Mark const& m)
{
    return {.uid = user_id(m.uid()), .conv = conv_id(m.conv()), .at_seq = m.at_seq()};
}

void put_body(stored::Command& to, command_body const& what)
{
    std::visit(
        overload{
            [&](probe const&) { to.mutable_probe(); },
            [&](account_create const& c)
            {
                auto& m = *to.mutable_account_create();
                m.set_name(c.name);
                m.set_password_hash(c.password_hash);
                m.set_first_token(c.first_token);
                m.set_label(c.label);
                m.set_place(c.place);
            },
            [&](session_create const& c)
            {
                auto& m = *to.mutable_session_create();
                m.set_token(c.token);
                m.set_label(c.label);
                m.set_password_rev(c.password_rev);
                m.set_place(c.place);
            },
            [&](session_revoke const& c) { to.mutable_session_revoke()->set_id(c.id.value()); },
            [&](session_revoke_all const& c)
            {
                auto& m = *to.mutable_session_revoke_all();
                if (c.keep) m.set_keep(c.keep->value());
            },
            [&](password_change const& c)
            {
                auto& m = *to.mutable_password_change();
                m.set_password_hash(c.password_hash);
                m.set_password_rev(c.password_rev);
                m.set_keep(c.keep.value());
            },
            [&](msg_send const& c)
            {
                auto& m = *to.mutable_msg_send();
                m.set_conv(c.conv.value());
                m.set_body(c.body);
                m.set_fmt(static_cast<std::uint32_t>(c.fmt));
                for (auto const uid : c.mentions)
                    m.add_mentions(uid.value());
                m.set_reply_to(c.reply_to.value());
            },
            [&](msg_edit const& c)
            {
                auto& m = *to.mutable_msg_edit();
                m.set_mid(c.mid.value());
                m.set_body(c.body);
                if (c.if_rev) m.set_if_rev(*c.if_rev);
            },
            [&](msg_delete const& c) { to.mutable_msg_delete()->set_mid(c.mid.value()); },
            [&](read_upto const& c)
            {
                auto& m = *to.mutable_read_upto();
                m.set_conv(c.conv.value());
                m.set_at_seq(c.at_seq);
            },
            [&](delivered_batch const& c)
            {
                auto& m = *to.mutable_delivered();
                for (auto const& one : c.marks)
                    put(*m.add_marks(), one);
            },
            [&](dm_create const& c) { to.mutable_dm_create()->set_peer(c.peer.value()); },
            [&](room_create const& c)
            {
                auto& m = *to.mutable_room_create();
                m.set_name(c.name);
                m.set_priv(c.priv);
                m.set_topic(c.topic);
            },
            [&](conv_join const& c) { to.mutable_conv_join()->set_conv(c.conv.value()); },
            [&](conv_leave const& c) { to.mutable_conv_leave()->set_conv(c.conv.value()); },
            [&](checkpoint const& c) { to.mutable_checkpoint()->set_id(c.id); },
            [&](conv_archive const& c) { to.mutable_conv_archive()->set_conv(c.conv.value()); },
            [&](session_touch const& c) { to.mutable_session_touch()->set_id(c.id.value()); },
        },
        what
    );
}

std::optional<msg_send> get(stored::MsgSend const& m)
{
    if (m.fmt() > static_cast<std::uint32_t>(text_format::plain)) return std::nullopt;
    msg_send out;
    out.conv = conv_id(m.conv());
    out.body = m.body();
    out.fmt = static_cast<text_format>(m.fmt());
    for (auto const uid : m.mentions())
        out.mentions.emplace_back(uid);
    out.reply_to = message_id(m.reply_to());
    return out;
}

msg_edit get(stored::MsgEdit const& m)
{
    msg_edit out;
    out.mid = message_id(m.mid());
    out.body = m.body();
    if (m.has_if_rev()) out.if_rev = m.if_rev();
    return out;
}

std::optional<command_body> get_body(stored::Command const& from)
{
    using what = stored::Command;
    switch (from.what_case())
    {
        case what::kProbe: return probe{};
        case what::kAccountCreate:
        {
            auto const& m = from.account_create();
            return account_create{
                .name = m.name(),
                .password_hash = m.password_hash(),
                .first_token = m.first_token(),
                .label = m.label(),
                .place = m.place()
            };
        }
        case what::kSessionCreate:
        {
            auto const& m = from.session_create();
            return session_create{
                .token = m.token(), .label = m.label(), .password_rev = m.password_rev(), .place = m.place()
            };
        }
        case what::kSessionRevoke: return session_revoke{.id = session_id(from.session_revoke().id())};
        case what::kSessionRevokeAll:
        {
            auto const& m = from.session_revoke_all();
            session_revoke_all out;
            if (m.has_keep()) out.keep = session_id(m.keep());
            return out;
        }
        case what::kPasswordChange:
        {
            auto const& m = from.password_change();
            return password_change{
                .password_hash = m.password_hash(),
                .password_rev = m.password_rev(),
                .keep = session_id(m.keep())
            };
        }
        case what::kMsgSend:
        {
            auto out = get(from.msg_send());
            if (!out) return std::nullopt;
            return *std::move(out);
        }
        case what::kMsgEdit: return get(from.msg_edit());
        case what::kMsgDelete: return msg_delete{.mid = message_id(from.msg_delete().mid())};
        case what::kReadUpto:
        {
            auto const& m = from.read_upto();
            return read_upto{.conv = conv_id(m.conv()), .at_seq = m.at_seq()};
        }
        case what::kDelivered:
        {
            delivered_batch out;
            for (auto const& one : from.delivered().marks())
                out.marks.push_back(get(one));
            return out;
        }
        case what::kDmCreate: return dm_create{.peer = user_id(from.dm_create().peer())};
        case what::kRoomCreate:
        {
            auto const& m = from.room_create();
            return room_create{.name = m.name(), .priv = m.priv(), .topic = m.topic()};
        }
        case what::kConvJoin: return conv_join{.conv = conv_id(from.conv_join().conv())};
        case what::kConvLeave: return conv_leave{.conv = conv_id(from.conv_leave().conv())};
        case what::kCheckpoint: return checkpoint{.id = from.checkpoint().id()};
        case what::kConvArchive: return conv_archive{.conv = conv_id(from.conv_archive().conv())};
        case what::kSessionTouch: return session_touch{.id = session_id(from.session_touch().id())};
        case what::WHAT_NOT_SET: break;
    }
    return std::nullopt;
}

template <class Message>
bool parse(Message& into, std::string_view bytes)
{
    return bytes.size() <= std::numeric_limits<int>::max() &&
           into.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

}  // namespace

std::string encode(command const& what)
{
    stored::Command out;
    out.set_uid(what.uid.value());
    out.set_cid(what.cid);
    out.set_asked_ms(what.asked_ms);
    put_body(out, what.what);
    return out.SerializeAsString();
}

std::optional<command> decode_command(std::string_view bytes)
{
    stored::Command in;
    if (!parse(in, bytes)) return std::nullopt;
    auto body = get_body(in);
    if (!body) return std::nullopt;
    command out{
        .uid = user_id(in.uid()), .cid = in.cid(), .what = *std::move(body), .asked_ms = in.asked_ms()
    };
    // What a later version has added, to whatever part of it, is not in what this one writes.
    if (encode(out) != bytes) return std::nullopt;
    return out;
}

bool is_command(std::string_view bytes)
{
    return decode_command(bytes).has_value();
}

std::string encode(outcome const& what)
{
    stored::Outcome out;
    std::visit(
        overload{
            [&](failure const& r)
            {
                auto& m = *out.mutable_failure();
                m.set_code(static_cast<std::uint32_t>(r.code));
                m.set_message(r.message);
                m.set_field(r.field);
            },
            [&](done const&) { out.mutable_done(); },
            [&](account_created const& r) { out.mutable_account_created()->set_uid(r.uid.value()); },
            [&](session_created const& r) { out.mutable_session_created()->set_id(r.id.value()); },
            [&](message_sent const& r)
            {
                auto& m = *out.mutable_message_sent();
                m.set_mid(r.mid.value());
                m.set_at_seq(r.at_seq);
                m.set_rev(r.rev);
                m.set_at_ms(r.at_ms);
            },
            [&](changed const& r) { out.mutable_changed()->set_rev(r.rev); },
            [&](conv_made const& r)
            {
                auto& m = *out.mutable_conv_made();
                m.set_conv(r.conv.value());
                m.set_room(r.room);
                m.set_name(r.name);
                m.set_priv(r.priv);
                m.set_topic(r.topic);
                m.set_peer(r.peer.value());
                m.set_last_seq(r.last_seq);
                m.set_rev(r.rev);
            },
        },
        what
    );
    return out.SerializeAsString();
}

std::optional<outcome> decode_outcome(std::string_view bytes)
{
    stored::Outcome in;
    if (!parse(in, bytes)) return std::nullopt;
    switch (in.what_case())
    {
        case stored::Outcome::kFailure:
        {
            auto const& m = in.failure();
            if (!is_api_errc(m.code())) return std::nullopt;
            return failure{
                .code = static_cast<api_errc>(m.code()), .message = m.message(), .field = m.field()
            };
        }
        case stored::Outcome::kDone: return done{};
        case stored::Outcome::kAccountCreated:
            return account_created{.uid = user_id(in.account_created().uid())};
        case stored::Outcome::kSessionCreated:
            return session_created{.id = session_id(in.session_created().id())};
        case stored::Outcome::kMessageSent:
        {
            auto const& m = in.message_sent();
            return message_sent{
                .mid = message_id(m.mid()), .at_seq = m.at_seq(), .rev = m.rev(), .at_ms = m.at_ms()
            };
        }
        case stored::Outcome::kChanged: return changed{.rev = in.changed().rev()};
        case stored::Outcome::kConvMade:
        {
            auto const& m = in.conv_made();
            return conv_made{
                .conv = conv_id(m.conv()),
                .room = m.room(),
                .name = m.name(),
                .priv = m.priv(),
                .topic = m.topic(),
                .peer = user_id(m.peer()),
                .last_seq = m.last_seq(),
                .rev = m.rev()
            };
        }
        case stored::Outcome::WHAT_NOT_SET: break;
    }
    return std::nullopt;
}

std::string encode(std::vector<mark> const& marks)
{
    stored::Marks out;
    for (auto const& one : marks)
        put(*out.add_marks(), one);
    return out.SerializeAsString();
}

std::optional<std::vector<mark>> decode_marks(std::string_view bytes)
{
    stored::Marks in;
    if (!parse(in, bytes)) return std::nullopt;
    std::vector<mark> out;
    for (auto const& one : in.marks())
        out.push_back(get(one));
    return out;
}

}  // namespace chaind::wire
