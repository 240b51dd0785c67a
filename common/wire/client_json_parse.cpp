// Text of clients -> requests.
#include "base/utf8.hpp"
#include "chat/limits.hpp"
#include "chat/ulid.hpp"
#include "wire/client_json.hpp"
#include "wire/strict_json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace chaind::wire
{

namespace
{

using chat::api_errc;

template <class Id>
std::optional<Id> parse_id(char prefix, std::string_view text)
{
    if (text.size() < 3 || text[0] != prefix || text[1] != '_' || text[2] == '0') return std::nullopt;
    std::uint64_t value = 0;
    auto const* end = text.data() + text.size();
    auto const [at, error] = std::from_chars(text.data() + 2, end, value);
    if (error != std::errc() || at != end || value > largest_number) return std::nullopt;
    return Id(value);
}

constexpr std::int64_t largest_id = std::numeric_limits<std::int32_t>::max();

// As long as the request holds: the gateway says how long a password may be, and answers `too_large`.
constexpr std::size_t password_bytes_max = 1u << 20;

std::string read_body(fields& d, std::size_t limit)
{
    auto body = d.text("body", std::numeric_limits<std::size_t>::max());
    if (body.size() > limit)
        d.refuse(
            {.code = api_errc::too_large,
             .message = "body has more than " + std::to_string(limit) + " bytes",
             .field = "body"}
        );
    else if (body.empty())
        d.wrong("body", "is empty");
    return body;
}

request_body read_hello(fields& d, std::size_t)
{
    hello out;
    out.proto = d.numbers("proto", 16);
    if (d.has("token")) out.token = d.text("token", 256);
    if (d.has("client"))
    {
        fields inner(d.object("client"), "client.");
        auto const name = inner.text_or("name", "", 64);
        auto const version = inner.text_or("ver", "", 64);
        out.client = version.empty() ? name : name + " " + version;
        d.absorb(inner);
    }
    out.device = d.text_or("device", "", 64);
    out.caps = d.texts_or_none("caps", 32);
    if (d.has("resume"))
    {
        fields inner(d.object("resume"), "resume.");
        out.resume =
            hello::resume_point{.lineage = inner.text("lineage", 64), .pos = seq(inner.number("pos"))};
        d.absorb(inner);
    }
    return out;
}

request_body read_ping(fields&, std::size_t)
{
    return ping{};
}

request_body read_status(fields&, std::size_t)
{
    return status{};
}

request_body read_sync(fields& d, std::size_t)
{
    return chat::sync_query{
        .since = seq(d.number_or("since", 0)),
        .convs = d.yes_or("convs", true),
        .users = d.yes_or("users", true),
        .next = d.text_or("next", "", 64)
    };
}

std::size_t read_limit(fields& d)
{
    auto const limit = d.number_or("limit", 50, 200);
    if (limit == 0) d.wrong("limit", "is not 1 to 200");
    return limit;
}

request_body read_history(fields& d, std::size_t)
{
    using anchor = chat::history_query::anchor;
    static constexpr std::array<std::pair<std::string_view, anchor>, 3> anchors{
        {{"before", anchor::before}, {"after", anchor::after}, {"around", anchor::around}}
    };
    chat::history_query out;
    out.conv = d.id("conv", parse_conv_id);
    for (auto const& [name, from] : anchors)
    {
        if (!d.has(name)) continue;
        if (out.from != anchor::newest) d.wrong(name, "does not go with another anchor");
        out.from = from;
        out.at = d.number(name);
    }
    out.limit = read_limit(d);
    return out;
}

request_body read_members(fields& d, std::size_t)
{
    chat::members_query out;
    out.conv = d.id("conv", parse_conv_id);
    if (d.has("after")) out.after = d.id("after", parse_user_id);
    return out;
}

request_body read_users(fields& d, std::size_t)
{
    return chat::users_query{
        .prefix = d.text_or("prefix", "", 64), .after = d.text_or("after", "", 64), .limit = read_limit(d)
    };
}

request_body read_send(fields& d, std::size_t body_limit)
{
    chat::msg_send out;
    out.conv = d.id("conv", parse_conv_id);
    out.body = read_body(d, body_limit);
    auto const fmt = d.text_or("fmt", "md", 16);
    if (fmt != "md" && fmt != "plain") d.wrong("fmt", "is md or plain");
    out.fmt = fmt == "plain" ? chat::text_format::plain : chat::text_format::md;
    for (auto const& text : d.texts_or_none("mentions", chat::limits::mentions))
    {
        auto const uid = parse_user_id(text);
        if (!uid) d.wrong("mentions", "is not a list of user ids");
        out.mentions.push_back(uid.value_or(chat::user_id()));
    }
    if (d.has("reply_to")) out.reply_to = d.id("reply_to", parse_message_id);
    return chat::command_body(std::move(out));
}

request_body read_edit(fields& d, std::size_t body_limit)
{
    chat::msg_edit out;
    out.mid = d.id("mid", parse_message_id);
    out.body = read_body(d, body_limit);
    if (d.has("if_rev")) out.if_rev = d.number("if_rev");
    return chat::command_body(std::move(out));
}

request_body read_delete(fields& d, std::size_t)
{
    return chat::command_body(chat::msg_delete{.mid = d.id("mid", parse_message_id)});
}

request_body read_read(fields& d, std::size_t)
{
    return chat::command_body(chat::read_upto{.conv = d.id("conv", parse_conv_id), .at_seq = d.number("seq")}
    );
}

request_body read_create(fields& d, std::size_t)
{
    auto const kind = d.text("kind", 16);
    if (kind == "dm")
    {
        auto const members = d.texts_or_none("members", 2);
        auto const peer = members.size() == 1 ? parse_user_id(members.front()) : std::nullopt;
        if (!peer) d.wrong("members", "is not a list of one user id");
        return chat::command_body(chat::dm_create{.peer = peer.value_or(chat::user_id())});
    }
    if (kind != "room") d.wrong("kind", "is dm or room");
    return chat::command_body(chat::room_create{
        .name = d.text("name", 64),
        .priv = d.yes_or("priv", false),
        .topic = d.text_or("topic", "", chat::limits::topic_bytes)
    });
}

request_body read_join(fields& d, std::size_t)
{
    return chat::command_body(chat::conv_join{.conv = d.id("conv", parse_conv_id)});
}

request_body read_leave(fields& d, std::size_t)
{
    return chat::command_body(chat::conv_leave{.conv = d.id("conv", parse_conv_id)});
}

request_body read_archive(fields& d, std::size_t)
{
    return chat::command_body(chat::conv_archive{.conv = d.id("conv", parse_conv_id)});
}

request_body read_ack(fields& d, std::size_t)
{
    return ack{.pos = seq(d.number("pos"))};
}

request_body read_typing(fields& d, std::size_t)
{
    return typing{.conv = d.id("conv", parse_conv_id), .on = d.yes("on")};
}

request_body read_presence(fields& d, std::size_t)
{
    return presence{.state = d.text("state", 32)};
}

enum class shape : std::uint8_t
{
    query,   // id
    change,  // id and cid
    note,    // neither
};
struct op_row
{
    std::string_view name;
    shape how;
    request_body (*read)(fields&, std::size_t body_limit);  // null: of the contract, but not in this version
};
constexpr std::array<op_row, 28> ops{{
    {"hello", shape::query, read_hello},
    {"ping", shape::query, read_ping},
    {"status", shape::query, read_status},
    {"sync", shape::query, read_sync},
    {"history", shape::query, read_history},
    {"members", shape::query, read_members},
    {"users", shape::query, read_users},
    {"thread", shape::query, nullptr},
    {"search", shape::query, nullptr},
    {"msg.send", shape::change, read_send},
    {"msg.edit", shape::change, read_edit},
    {"msg.delete", shape::change, read_delete},
    {"react", shape::change, nullptr},
    {"read", shape::change, read_read},
    {"conv.create", shape::change, read_create},
    {"conv.join", shape::change, read_join},
    {"conv.leave", shape::change, read_leave},
    {"conv.update", shape::change, nullptr},
    {"conv.invite", shape::change, nullptr},
    {"conv.kick", shape::change, nullptr},
    {"conv.archive", shape::change, read_archive},
    {"draft.set", shape::change, nullptr},
    {"prefs.set", shape::change, nullptr},
    {"block.set", shape::change, nullptr},
    {"user.update", shape::change, nullptr},
    {"ack", shape::note, read_ack},
    {"typing", shape::note, read_typing},
    {"presence.set", shape::note, read_presence},
}};

op_row const* find_op(std::string_view name)
{
    auto const* const at =
        std::find_if(ops.begin(), ops.end(), [name](op_row const& row) { return row.name == name; });
    return at == ops.end() ? nullptr : at;
}

// Only the fields that this shape of frame has.
void check_frame(fields& frame, boost::json::object const& all, shape how)
{
    for (auto const& pair : all)
    {
        std::string_view const key(pair.key().data(), pair.key().size());
        bool const known = key == "op" || key == "d" ||
                           (how != shape::note && (key == "id" || key == "min_pos")) ||
                           (how == shape::change && key == "cid");
        if (!known) frame.wrong(utf8_prefix(key, 64), "does not belong here");
    }
}

}  // namespace

std::optional<chat::user_id> parse_user_id(std::string_view text)
{
    return parse_id<chat::user_id>('u', text);
}
std::optional<chat::conv_id> parse_conv_id(std::string_view text)
{
    return parse_id<chat::conv_id>('c', text);
}
std::optional<chat::message_id> parse_message_id(std::string_view text)
{
    return parse_id<chat::message_id>('m', text);
}
std::optional<chat::session_id> parse_session_id(std::string_view text)
{
    return parse_id<chat::session_id>('s', text);
}

std::variant<request, refused_frame> parse_frame(std::string_view text, std::size_t body_limit)
{
    refused_frame refused;
    auto const all = parse_object(text, refused.why.message);
    if (!all)
    {
        refused.why.code = api_errc::bad_request;
        refused.re = id_of_broken(text, largest_id);
        refused.unparseable = true;
        return refused;
    }

    fields frame(*all);
    request out;
    // Read first, so that every later refusal can name it.
    if (all->contains("id"))
    {
        out.id = static_cast<std::int64_t>(frame.number("id", largest_id));
        if (out.id == 0) frame.wrong("id", "is not 1 or more");
    }
    out.op = frame.text("op", 64);
    auto const* const op = find_op(out.op);
    if (op == nullptr)
        frame.wrong("op", "is not known");
    else
    {
        if (op->how != shape::note && !all->contains("id")) frame.wrong("id", "is missing");
        check_frame(frame, *all, op->how);
        if (op->read == nullptr) frame.wrong("op", "is not available in this version");
        if (op->how == shape::change)
        {
            out.cid = frame.text("cid", 64);
            if (!chat::ulid_time_ms(out.cid)) frame.wrong("cid", "is not a ULID");
        }
        if (all->contains("min_pos")) out.min_pos = seq(frame.number("min_pos"));
        auto const& inside = frame.object("d");
        if (!frame.failed())
        {
            fields d(inside);
            out.what = op->read(d, body_limit);
            frame.absorb(d);
        }
    }
    if (!frame.failed()) return out;
    refused.re = out.id;
    refused.why = *frame.failed();
    return refused;
}

std::variant<credentials, chat::failure> parse_credentials(std::string_view text)
{
    chat::failure why{.code = api_errc::bad_request, .message = {}, .field = {}};
    auto const all = parse_object(text, why.message);
    if (!all) return why;
    fields d(*all);
    credentials out{
        .name = d.text("name", 256),
        .password = d.text("password", password_bytes_max),
        .invite = d.text_or("invite", "")
    };
    if (d.failed()) return *d.failed();
    return out;
}

std::variant<new_password, chat::failure> parse_new_password(std::string_view text)
{
    chat::failure why{.code = api_errc::bad_request, .message = {}, .field = {}};
    auto const all = parse_object(text, why.message);
    if (!all) return why;
    fields d(*all);
    new_password out{.old = d.text("old", password_bytes_max), .fresh = d.text("new", password_bytes_max)};
    if (d.failed()) return *d.failed();
    return out;
}

std::variant<chat::command_body, chat::failure> parse_message(std::string_view text, std::size_t body_limit)
{
    chat::failure why{.code = api_errc::bad_request, .message = {}, .field = {}};
    auto const all = parse_object(text, why.message);
    if (!all) return why;
    fields d(*all);
    auto out = read_send(d, body_limit);
    if (d.failed()) return *d.failed();
    return std::get<chat::command_body>(std::move(out));
}

}  // namespace chaind::wire
