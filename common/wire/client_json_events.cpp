// Events -> text.
#include "chat/audience.hpp"
#include "wire/client_json.hpp"
#include "wire/client_json_parts.hpp"
#include "wire/json_text.hpp"

#include <algorithm>

namespace chaind::wire
{

namespace
{

using chat::event_kind;

constexpr int typing_ttl_ms = 6000;

std::string_view name_of(event_kind kind)
{
    switch (kind)
    {
        case event_kind::msg_new: return "msg.new";
        case event_kind::msg_edit: return "msg.edit";
        case event_kind::msg_delete: return "msg.delete";
        case event_kind::read: return "read";
        case event_kind::delivered: return "delivered";
        case event_kind::conv_new: return "conv.new";
        case event_kind::conv_member: return "conv.member";
        case event_kind::conv_gone: return "conv.gone";
        case event_kind::user_update: break;
    }
    return "user.update";
}

bool is_of_message(event_kind kind)
{
    return kind == event_kind::msg_new || kind == event_kind::msg_edit || kind == event_kind::msg_delete;
}

// The conversation as it was at the event: what came after it comes in later events.
chat::conv_summary as_of(chat::event const& e, chat::conversation about)
{
    about.last_seq = e.at_seq;
    about.rev = e.rev;
    chat::conv_summary out;
    out.read = e.at_seq;
    out.delivered = e.at_seq;
    out.member = true;
    out.conv = std::move(about);
    return out;
}

void write_new_message(json_text& to, chat::event const& e)
{
    to.field("seq", e.at_seq).field("mid", text_of(e.mid)).field("uid", text_of(e.uid)).field("at", e.at_ms);
    to.field("body", e.text ? e.text->body : std::string());
    to.field("fmt", format_name(e.text ? e.text->fmt : chat::text_format::md));
    if (!e.text) return;
    if (e.text->reply_to != chat::message_id()) to.field("reply_to", text_of(e.text->reply_to));
    if (!e.text->mentions.empty()) write_ids(to, "mentions", e.text->mentions);
    if (e.text->deleted) to.field("deleted", true);
}

void write_edit(json_text& to, chat::event const& e)
{
    to.field("mid", text_of(e.mid)).field("seq", e.at_seq);
    to.field("body", e.text ? e.text->body : std::string());
    to.field("at", e.at_ms).field("by", text_of(e.uid));
    if (e.text && e.text->deleted) to.field("deleted", true);
}

void write_marks(json_text& to, std::vector<chat::mark> const& marks)
{
    to.field("uid", text_of(marks.front().uid)).field("seq", marks.front().at_seq);
    if (marks.size() == 1) return;
    to.key("more").open('[');
    for (auto one = marks.begin() + 1; one != marks.end(); ++one)
        to.open()
            .field("conv", text_of(one->conv))
            .field("uid", text_of(one->uid))
            .field("seq", one->at_seq)
            .close();
    to.close(']');
}

void write_conv(json_text& to, chat::event const& e, chat::user_id recipient)
{
    if (!e.about) return to.open().close(), void();
    auto one = as_of(e, *e.about);
    if (one.conv.kind == chat::conv_kind::dm)
    {
        auto const peer = std::find_if(
            e.people.begin(), e.people.end(), [&](auto const& who) { return who.uid != recipient; }
        );
        if (peer != e.people.end()) one.peer = *peer;
    }
    else
        one.member = e.uid == recipient;
    write(to, one);
}

void write_membership(json_text& to, chat::event const& e)
{
    to.open().field("uid", text_of(e.uid)).field("on", e.on);
    if (!e.people.empty())
    {
        to.key("user");
        write(to, e.people.front());
    }
    if (e.on && e.about)
    {
        to.key("conv");
        write(to, as_of(e, *e.about));
    }
    to.close();
}

void write_d(
    json_text& to, chat::event const& e, chat::user_id recipient, std::vector<chat::mark> const& marks
)
{
    switch (e.kind)
    {
        case event_kind::msg_new:
            to.open();
            write_new_message(to, e);
            to.close();
            break;
        case event_kind::msg_edit:
            to.open();
            write_edit(to, e);
            to.close();
            break;
        case event_kind::msg_delete:
            to.open().field("mid", text_of(e.mid)).field("seq", e.at_seq).field("by", text_of(e.uid)).close();
            break;
        case event_kind::read: to.open().field("uid", text_of(e.uid)).field("seq", e.at_seq).close(); break;
        case event_kind::delivered:
            to.open();
            if (!marks.empty()) write_marks(to, marks);
            to.close();
            break;
        case event_kind::conv_new: write_conv(to, e, recipient); break;
        case event_kind::conv_member: write_membership(to, e); break;
        case event_kind::conv_gone: to.open().close(); break;
        case event_kind::user_update:
            if (e.people.empty())
                to.open().field("uid", text_of(e.uid)).close();
            else
                write(to, e.people.front());
            break;
    }
}

}  // namespace

bool differs_by_recipient(chat::event const& what)
{
    return what.kind == event_kind::delivered || what.kind == event_kind::conv_new;
}

std::string event_frame(
    chat::event const& what, chat::user_id to, std::span<chat::conv_id const> own, seq prev
)
{
    auto marks = what.marks;
    chat::keep_own_marks(
        marks, [&](chat::conv_id conv) { return std::binary_search(own.begin(), own.end(), conv); }
    );
    auto const conv = marks.empty() ? what.conv : marks.front().conv;

    json_text out;
    out.open().field("ev", name_of(what.kind)).field("pos", what.pos.value()).field("prev", prev.value());
    if (conv != chat::conv_id()) out.field("conv", text_of(conv));
    if (is_of_message(what.kind)) out.field("rev", what.rev);
    out.key("d");
    write_d(out, what, to, marks);
    return out.close().take();
}

std::string batch_frame(std::span<std::string const> events)
{
    json_text out;
    out.open().key("evs").open('[');
    for (auto const& one : events)
        out.raw(one);
    return out.close(']').close().take();
}

std::string live_frame(seq pos)
{
    json_text out;
    return out.open().field("ev", "live").field("pos", pos.value()).key("d").open().close().close().take();
}

std::string typing_frame(chat::conv_id conv, chat::user_id who, bool on)
{
    json_text out;
    out.open().field("ev", "typing").field("conv", text_of(conv)).key("d");
    out.open().field("uid", text_of(who)).field("on", on).field("ttl_ms", typing_ttl_ms).close();
    return out.close().take();
}

std::string cluster_frame(cluster_view const& what)
{
    json_text out;
    return out.open().field("ev", "cluster").key("d").raw(cluster_d(what)).close().take();
}

std::string bye_frame(
    int code,
    std::string_view reason,
    bool reconnect,
    std::int64_t within_ms,
    std::span<std::string const> prefer
)
{
    json_text out;
    out.open().field("ev", "bye").key("d").open();
    out.field("code", code).field("reason", reason).field("reconnect", reconnect);
    out.field("within_ms", within_ms).key("prefer").open('[');
    for (auto const& one : prefer)
        out.value(one);
    return out.close(']').close().close().take();
}

}  // namespace chaind::wire
