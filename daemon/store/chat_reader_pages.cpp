// sync and history.
#include "store/chat_reader.hpp"
#include "store/chat_rows.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace chaind::store
{

using namespace chat_rows;
using chat::api_errc;

namespace
{

constexpr std::size_t page_bytes = 252u << 10;  // a page ends at 256 KiB of JSON, frame included
constexpr std::size_t rows_of_sync = 500;
constexpr std::size_t preview_bytes = 512;  // of the newest message, in sync

std::size_t json_size(std::string_view text)
{
    std::size_t size = 0;
    for (char const c : text)
        size += static_cast<unsigned char>(c) < 0x20 ? 6 : (c == '"' || c == '\\' ? 2 : 1);
    return size;
}

std::size_t json_size(chat::message const& row)
{
    return 320 + json_size(row.body) + 24 * row.mentions.size();
}

// At most `preview_bytes`, cut between characters.
void cut(std::string& text)
{
    if (text.size() <= preview_bytes) return;
    std::size_t end = preview_bytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U)
        --end;
    text.resize(end);
}

// Where a page of sync starts: own conversations, then public rooms to join, then people; each by id.
enum class part : char
{
    own = 'm',
    open = 'p',
    people = 'u',
};
struct cursor
{
    part in = part::own;
    std::uint64_t after = 0;
};

std::string text_of(cursor const& c)
{
    return std::string(1, static_cast<char>(c.in)) + ":" + std::to_string(c.after);
}

std::optional<cursor> parse_cursor(std::string_view text)
{
    if (text.empty()) return cursor{};
    if (text.size() < 3 || text[1] != ':' || std::string_view("mpu").find(text[0]) == std::string_view::npos)
        return std::nullopt;
    cursor out{.in = static_cast<part>(text[0])};
    auto const end = text.data() + text.size();
    auto const [at, error] = std::from_chars(text.data() + 2, end, out.after);
    if (error != std::errc() || at != end || out.after > std::numeric_limits<std::int64_t>::max())
        return std::nullopt;
    return out;
}

// What still fits into a page.
class budget
{
public:
    budget(std::size_t rows, std::size_t bytes) : rows_(rows), bytes_(bytes) {}

    // False: the page ends before this row. The first row always fits.
    bool take(std::size_t bytes)
    {
        if (!empty_ && (rows_ == 0 || bytes > bytes_)) return false;
        empty_ = false;
        rows_ -= std::min<std::size_t>(rows_, 1);
        bytes_ -= std::min(bytes_, bytes);
        return true;
    }

private:
    std::size_t rows_;
    std::size_t bytes_;
    bool empty_ = true;
};

// The lowest watermark among the others, whoever asks for it.
class lowest
{
public:
    void add(chat::user_id uid, std::uint64_t value)
    {
        if (value < first_)
        {
            second_ = first_;
            first_ = value;
            holder_ = uid;
        }
        else
            second_ = std::min(second_, value);
    }
    [[nodiscard]] std::uint64_t without(chat::user_id uid) const { return uid == holder_ ? second_ : first_; }

private:
    static constexpr auto none = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t first_ = none;
    std::uint64_t second_ = none;
    chat::user_id holder_;
};

}  // namespace

std::optional<chat::conversation> chat_reader::find_conv(chat::conv_id conv)
{
    return first<chat::conversation, "WHERE id = ?">(db_, conv);
}

chat::answer<chat::own_place> chat_reader::find_place(chat::user_id who, chat::conv_id conv)
{
    return chat::place_in(find_conv(conv), first<chat::member, "WHERE conv = ? AND uid = ?">(db_, conv, who));
}

chat::conv_summary chat_reader::summary(chat::user_id who, chat::conversation conv, chat::member const* me)
{
    chat::conv_summary out;
    out.member = me != nullptr;
    if (conv.kind == chat::conv_kind::dm) out.peer = find_person(conv.low == who ? conv.high : conv.low);
    if (me)
    {
        out.read = me->read;
        out.delivered = me->delivered;
        auto unread = db_.query(
            "SELECT count(*) FROM (SELECT 1 FROM chat_mention WHERE uid = ? AND conv = ? AND seq > ? LIMIT "
            "?)",
            who,
            conv.id,
            me->read,
            chat::counted_at_most
        );
        if (unread.step()) out.mentions = unread.number(0);
        // Each is a row that is looked up.
        auto deleted = db_.query(
            "SELECT count(*) FROM (SELECT 1 FROM chat_message INDEXED BY chat_message_deleted"
            " WHERE conv = ? AND seq > ? AND deleted = 1 LIMIT ?)",
            conv.id,
            me->read,
            chat::counted_at_most
        );
        if (deleted.step()) out.unread_deleted = deleted.number(0);
        out.last = first<chat::message, "WHERE conv = ? AND seq = ?">(db_, conv.id, conv.last_seq);
        if (out.last) cut(out.last->body);
    }
    out.conv = std::move(conv);
    return out;
}

chat::answer<chat::conv_summary> chat_reader::conv(chat::user_id who, chat::conv_id conv)
{
    auto found = find_place(who, conv);
    if (auto const* why = std::get_if<chat::failure>(&found)) return *why;
    auto& [row, me] = std::get<chat::own_place>(found);
    return summary(who, std::move(row), &me);
}

chat::answer<chat::sync_page> chat_reader::sync(chat::user_id who, chat::sync_query const& what)
{
    auto at = parse_cursor(what.next);
    if (!at)
        return chat::failure{.code = api_errc::bad_request, .message = "not a page of sync", .field = "next"};

    chat::sync_page page;
    budget left(rows_of_sync, page_bytes);
    // True: the page is full, and `at` says where the next one starts.
    auto const add = [&](chat::conv_summary&& one)
    {
        std::size_t const size = 400 + json_size(one.conv.topic) + (one.last ? json_size(one.last->body) : 0);
        if (!left.take(size)) return true;
        at->after = one.conv.id.value();
        page.convs.push_back(std::move(one));
        return false;
    };

    if (at->in == part::own && what.convs)
    {
        auto row = select<chat::member, "WHERE uid = ? AND conv > ? ORDER BY conv">(db_, who, at->after);
        while (row.step())
        {
            auto const me = rows_of<chat::member>::get(row);
            auto found = find_conv(me.conv);
            if (!found || found->gone != seq()) continue;
            if (found->changed <= what.since && me.changed <= what.since) continue;
            if (add(summary(who, *std::move(found), &me)))
            {
                page.next = text_of(*at);
                return page;
            }
        }
    }
    if (at->in == part::own) *at = {.in = part::open};

    if (at->in == part::open && what.convs)
    {
        auto row = select<
            chat::conversation,
            "WHERE kind = 1 AND priv = 0 AND id > ? AND changed > ? AND NOT EXISTS"
            " (SELECT 1 FROM chat_member m WHERE m.conv = chat_conv.id AND m.uid = ?) ORDER BY id">(
            db_, at->after, what.since, who
        );
        while (row.step())
            if (add(summary(who, rows_of<chat::conversation>::get(row), nullptr)))
            {
                page.next = text_of(*at);
                return page;
            }
    }
    if (at->in == part::open) *at = {.in = part::people};

    if (what.users)
    {
        auto row = select<chat::user, "WHERE id > ? AND changed > ? ORDER BY id">(db_, at->after, what.since);
        while (row.step())
        {
            auto found = rows_of<chat::user>::get(row);
            if (!left.take(160))
            {
                page.next = text_of(*at);
                return page;
            }
            at->after = found.id.value();
            page.users.push_back(
                {.uid = found.id,
                 .name = std::move(found.name),
                 .display = std::move(found.display),
                 .as = found.as}
            );
        }
    }
    return page;
}

chat::answer<chat::history_page> chat_reader::history(chat::user_id who, chat::history_query const& what)
{
    using anchor = chat::history_query::anchor;
    auto const found = find_place(who, what.conv);
    if (auto const* why = std::get_if<chat::failure>(&found)) return *why;
    auto const& conv = std::get<chat::own_place>(found).conv;

    chat::history_page page;
    page.conv = conv.id;
    page.rev = conv.rev;
    auto const limit = std::clamp<std::size_t>(what.limit, 1, 200);
    auto const at = std::min(what.at, conv.last_seq + 1);
    auto const older = [&](std::uint64_t before, std::size_t rows, std::size_t bytes)
    {
        budget left(rows, bytes);
        auto row = select<chat::message, "WHERE conv = ? AND seq < ? ORDER BY seq DESC LIMIT ?">(
            db_, conv.id, before, rows
        );
        while (row.step())
        {
            chat::shown_message one{.row = rows_of<chat::message>::get(row)};
            if (!left.take(json_size(one.row))) break;
            page.msgs.push_back(std::move(one));
        }
        std::reverse(page.msgs.begin(), page.msgs.end());
    };
    auto const newer = [&](std::uint64_t from, std::size_t rows, std::size_t bytes)
    {
        budget left(rows, bytes);
        auto row = select<chat::message, "WHERE conv = ? AND seq >= ? ORDER BY seq LIMIT ?">(
            db_, conv.id, from, rows
        );
        while (row.step())
        {
            chat::shown_message one{.row = rows_of<chat::message>::get(row)};
            if (!left.take(json_size(one.row))) break;
            page.msgs.push_back(std::move(one));
        }
    };

    bool more_before = false;
    bool more_after = false;
    switch (what.from)
    {
        case anchor::newest: older(conv.last_seq + 1, limit, page_bytes); break;
        case anchor::before: older(at, limit, page_bytes); break;
        case anchor::after: newer(at + 1, limit, page_bytes); break;
        case anchor::around:
            if (limit > 1) older(at, limit / 2, page_bytes / 2);
            newer(at, limit - page.msgs.size(), page_bytes / 2);
            break;
    }
    if (!page.msgs.empty())
    {
        more_before = page.msgs.front().row.at_seq > 1;
        more_after = page.msgs.back().row.at_seq < conv.last_seq;
    }
    page.more = what.from == anchor::around  ? more_before || more_after
                : what.from == anchor::after ? more_after
                                             : more_before;

    lowest read;
    lowest delivered;
    auto row = select<chat::member, "WHERE conv = ? ORDER BY uid">(db_, conv.id);
    while (row.step())
    {
        auto const one = rows_of<chat::member>::get(row);
        read.add(one.uid, one.read);
        delivered.add(one.uid, one.delivered);
    }
    for (auto& one : page.msgs)
    {
        one.read = read.without(one.row.uid) >= one.row.at_seq;
        one.delivered = delivered.without(one.row.uid) >= one.row.at_seq;
    }
    return page;
}

}  // namespace chaind::store
