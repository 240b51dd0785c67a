// Answers -> text.
#include "wire/client_json.hpp"

#include "wire/client_json_parts.hpp"
#include "wire/json_text.hpp"
#include "wire/status_json.hpp"

#include <type_traits>
#include <utility>

namespace chaind::wire
{

namespace
{

void write_error(json_text& to, chat::failure const& why, error_details const& more)
{
    to.key("err").open();
    to.field("code", chat::name_of(why.code));
    to.field("msg", why.message);
    to.field("retry", chat::name_of(chat::retry_of(why.code)));
    if (more.after_ms) to.field("after_ms", *more.after_ms);
    to.field("outcome", more.outcome == result_outcome::none ? "none" : "unknown");
    if (!why.field.empty()) to.field("field", why.field);
    to.close();
}

void write(json_text& to, chat::shown_message const& one)
{
    auto const& row = one.row;
    to.open();
    to.field("seq", row.at_seq).field("mid", text_of(row.id)).field("rev", row.rev);
    to.field("uid", text_of(row.uid)).field("at", row.at_ms);
    to.field("body", row.body).field("fmt", format_name(row.fmt));
    to.field("edited", row.edited_ms != 0).field("deleted", row.deleted);
    to.field("delivered", one.delivered).field("read", one.read);
    if (row.reply_to != chat::message_id()) to.field("reply_to", text_of(row.reply_to));
    if (!row.mentions.empty()) write_ids(to, "mentions", row.mentions);
    to.key("reacts").open('[').close(']');
    to.close();
}

void write_outcome(json_text&, chat::failure const&, std::size_t) {}
void write_outcome(json_text&, chat::done const&, std::size_t) {}
void write_outcome(json_text& to, chat::account_created const& r, std::size_t)
{
    to.field("uid", text_of(r.uid));
}
void write_outcome(json_text& to, chat::session_created const& r, std::size_t)
{
    to.field("id", text_of(r.id));
}
void write_outcome(json_text& to, chat::message_sent const& r, std::size_t replicas)
{
    to.field("mid", text_of(r.mid)).field("seq", r.at_seq).field("rev", r.rev);
    to.field("at", r.at_ms).field("replicas", replicas);
}
void write_outcome(json_text& to, chat::changed const& r, std::size_t)
{
    to.field("rev", r.rev);
}
void write_outcome(json_text& to, chat::conv_made const& r, std::size_t)
{
    to.field("conv", text_of(r.conv)).field("kind", r.room ? "room" : "dm");
    to.field("name", r.name).field("priv", r.priv).field("topic", r.topic);
    to.field("seq", r.last_seq).field("rev", r.rev);
    if (r.peer != chat::user_id()) to.field("peer", text_of(r.peer));
}

std::string response_text(std::int64_t re, seq pos, std::optional<bool> dup, std::string_view d)
{
    json_text to;
    to.open().field("re", re).field("ok", true).field("pos", pos.value());
    if (dup) to.field("dup", *dup);
    to.key("d").raw(d);
    return to.close().take();
}

template <class Id>
std::string id_text(char prefix, Id id)
{
    return std::string{prefix, '_'} + std::to_string(id.value());
}

}  // namespace

std::string text_of(chat::user_id id)
{
    return id_text('u', id);
}
std::string text_of(chat::conv_id id)
{
    return id_text('c', id);
}
std::string text_of(chat::message_id id)
{
    return id_text('m', id);
}
std::string text_of(chat::session_id id)
{
    return id_text('s', id);
}

std::string_view format_name(chat::text_format fmt)
{
    return fmt == chat::text_format::plain ? "plain" : "md";
}

std::string_view role_name(chat::role as)
{
    return as == chat::role::owner ? "owner" : "member";
}

void write(json_text& to, chat::person const& who)
{
    to.open().field("uid", text_of(who.uid)).field("name", who.name);
    to.field("display", who.display).field("role", role_name(who.as)).close();
}

void write(json_text& to, chat::conv_summary const& one)
{
    auto const& conv = one.conv;
    bool const dm = conv.kind == chat::conv_kind::dm;
    // Somebody who is not in it has nothing unread there.
    auto const read = one.member ? one.read : conv.last_seq;
    to.open();
    to.field("conv", text_of(conv.id)).field("kind", dm ? "dm" : "room");
    to.field("name", dm ? (one.peer ? one.peer->name : std::string()) : conv.name);
    to.field("priv", conv.priv).field("topic", conv.topic);
    to.field("member", one.member).field("members", conv.members);
    if (one.peer) to.field("peer", text_of(one.peer->uid));
    to.field("seq", conv.last_seq).field("rev", conv.rev).field("read", read);
    auto const unread = conv.last_seq - read;
    to.field("unread", unread - std::min(unread, one.unread_deleted))
        .field("mentions", one.mentions)
        .field("muted", false);
    to.key("last");
    if (one.last)
        to.open()
            .field("uid", text_of(one.last->uid))
            .field("body", one.last->body)
            .field("at", one.last->at_ms)
            .close();
    else
        to.null();
    to.close();
}

void write_ids(json_text& to, std::string_view name, std::vector<chat::user_id> const& ids)
{
    to.key(name).open('[');
    for (auto const id : ids)
        to.value(text_of(id));
    to.close(']');
}

void write_fields(json_text& to, cluster_view const& what)
{
    to.field("state", name_of(what.state)).field("epoch", what.epoch);
    to.field("replicas", what.replicas).field("want", what.want).field("node", what.node);
    if (!what.reason.empty()) to.field("reason", what.reason);
    to.key("endpoints").open('[');
    for (auto const& one : what.endpoints)
        to.open().field("node", one.node).field("url", one.url).close();
    to.close(']');
}

std::string response(std::int64_t re, seq pos, std::string_view d)
{
    return response_text(re, pos, std::nullopt, d);
}

std::string response(std::int64_t re, seq pos, bool dup, std::string_view d)
{
    return response_text(re, pos, dup, d);
}

std::string error_response(std::int64_t re, chat::failure const& why, error_details const& more)
{
    json_text to;
    to.open().field("re", re).field("ok", false);
    write_error(to, why, more);
    return to.close().take();
}

std::string error_body(chat::failure const& why, error_details const& more)
{
    json_text to;
    to.open();
    write_error(to, why, more);
    return to.close().take();
}

std::string hello_d(hello_answer const& what)
{
    json_text to;
    to.open().field("proto", 1);
    to.key("caps").open('[');
    for (auto const& cap : what.caps)
        to.value(cap);
    to.close(']').key("me");
    if (what.me)
        write(to, *what.me);
    else
        to.null();
    to.field("resume", what.resume).field("lineage", what.lineage);
    to.key("hb").open().field("interval_ms", what.interval_ms).field("timeout_ms", what.timeout_ms).close();
    to.key("limits").open().field("frame", what.frame).field("body", what.body);
    to.field("inflight", what.inflight).field("unacked", what.unacked).key("rate");
    if (what.msg_per_s)
        to.open().field("msg_per_s", *what.msg_per_s).field("burst", what.burst).close();
    else
        to.null();
    to.close();
    to.key("cluster").raw(cluster_d(what.cluster));
    return to.close().take();
}

std::string ping_d(std::int64_t now_ms)
{
    json_text to;
    return to.open().field("t", now_ms).close().take();
}

std::string cluster_d(cluster_view const& what)
{
    json_text to;
    to.open();
    write_fields(to, what);
    return to.close().take();
}

std::string sync_d(chat::sync_page const& page)
{
    json_text to;
    to.open().key("convs").open('[');
    for (auto const& one : page.convs)
        write(to, one);
    to.close(']').key("users").open('[');
    for (auto const& one : page.users)
        write(to, one);
    to.close(']').key("next");
    if (page.next.empty())
        to.null();
    else
        to.value(page.next);
    return to.close().take();
}

std::string history_d(chat::history_page const& page)
{
    json_text to;
    to.open().field("conv", text_of(page.conv)).field("rev", page.rev).key("msgs").open('[');
    for (auto const& one : page.msgs)
        write(to, one);
    to.close(']').field("more", page.more);
    return to.close().take();
}

std::string members_d(chat::members_page const& page)
{
    json_text to;
    to.open().key("members").open('[');
    for (auto const& one : page.members)
    {
        to.open().field("uid", text_of(one.who.uid)).field("name", one.who.name);
        to.field("display", one.who.display).field("role", role_name(one.who.as));
        to.field("read", one.read).field("delivered", one.delivered).close();
    }
    to.close(']').key("next");
    if (page.next)
        to.value(text_of(*page.next));
    else
        to.null();
    return to.close().take();
}

std::string users_d(chat::users_page const& page)
{
    json_text to;
    to.open().key("users").open('[');
    for (auto const& one : page.users)
        write(to, one);
    to.close(']').key("next");
    if (page.next)
        to.value(*page.next);
    else
        to.null();
    return to.close().take();
}

std::string outcome_d(chat::outcome const& what, std::size_t replicas)
{
    json_text to;
    to.open();
    std::visit([&](auto const& r) { write_outcome(to, r, replicas); }, what);
    return to.close().take();
}

std::string account_body(chat::person const& who, std::string_view token)
{
    json_text to;
    return to.open()
        .field("uid", text_of(who.uid))
        .field("name", who.name)
        .field("token", token)
        .close()
        .take();
}

std::string sessions_body(std::vector<chat::session> const& all, chat::session_id own)
{
    json_text to;
    to.open().key("sessions").open('[');
    for (auto const& one : all)
        to.open()
            .field("id", text_of(one.id))
            .field("label", one.label)
            .field("created", one.created_ms)
            .field("current", one.id == own)
            .close();
    return to.close(']').close().take();
}

}  // namespace chaind::wire
