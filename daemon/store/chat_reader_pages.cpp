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
    auto row = db_.query("SELECT " CHAIND_CONV_COLUMNS " FROM chat_conv WHERE id = ?", conv);
    if (!row.step()) return std::nullopt;
    return get_conv(row);
}

chat::answer<chat_reader::own_place> chat_reader::find_place(chat::user_id who, chat::conv_id conv)
{
    chat::failure const hidden{
        .code = api_errc::not_found, .message = "no such conversation", .field = "conv"
    };
    auto found = find_conv(conv);
    if (!found || found->gone != seq()) return hidden;
    auto row =
        db_.query("SELECT " CHAIND_MEMBER_COLUMNS " FROM chat_member WHERE conv = ? AND uid = ?", conv, who);
    if (row.step()) return own_place{.conv = *std::move(found), .me = get_member(row)};
    if (found->kind == chat::conv_kind::dm || found->priv) return hidden;
    return chat::failure{
        .code = api_errc::forbidden,
        .message = "not a member of c_" + std::to_string(conv.value()),
        .field = "conv"
    };
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
        auto last = db_.query(
            "SELECT " CHAIND_MESSAGE_COLUMNS " FROM chat_message WHERE conv = ? AND seq = ?",
            conv.id,
            conv.last_seq
        );
        if (last.step())
        {
            out.last = get_message(last);
            cut(out.last->body);
        }
    }
    out.conv = std::move(conv);
    return out;
}

chat::answer<chat::conv_summary> chat_reader::conv(chat::user_id who, chat::conv_id conv)
{
    auto found = find_place(who, conv);
    if (auto const* why = std::get_if<chat::failure>(&found)) return *why;
    auto& [row, me] = std::get<own_place>(found);
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
        auto row = db_.query(
            "SELECT " CHAIND_MEMBER_COLUMNS " FROM chat_member WHERE uid = ? AND conv > ? ORDER BY conv",
            who,
            at->after
        );
        while (row.step())
        {
            auto const me = get_member(row);
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
        auto row = db_.query(
            "SELECT " CHAIND_CONV_COLUMNS
            " FROM chat_conv WHERE kind = 1 AND priv = 0 AND id > ? AND changed > ? AND NOT EXISTS"
            " (SELECT 1 FROM chat_member m WHERE m.conv = chat_conv.id AND m.uid = ?) ORDER BY id",
            at->after,
            what.since,
            who
        );
        while (row.step())
            if (add(summary(who, get_conv(row), nullptr)))
            {
                page.next = text_of(*at);
                return page;
            }
    }
    if (at->in == part::open) *at = {.in = part::people};

    if (what.users)
    {
        auto row = db_.query(
            "SELECT " CHAIND_USER_COLUMNS " FROM chat_user WHERE id > ? AND changed > ? ORDER BY id",
            at->after,
            what.since
        );
        while (row.step())
        {
            auto found = get_user(row);
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
    auto const& conv = std::get<own_place>(found).conv;

    chat::history_page page;
    page.conv = conv.id;
    page.rev = conv.rev;
    auto const limit = std::clamp<std::size_t>(what.limit, 1, 200);
    auto const at = std::min(what.at, conv.last_seq + 1);
    auto const older = [&](std::uint64_t before, std::size_t rows, std::size_t bytes)
    {
        budget left(rows, bytes);
        auto row = db_.query(
            "SELECT " CHAIND_MESSAGE_COLUMNS
            " FROM chat_message WHERE conv = ? AND seq < ? ORDER BY seq DESC LIMIT ?",
            conv.id,
            before,
            rows
        );
        while (row.step())
        {
            chat::shown_message one{.row = get_message(row)};
            if (!left.take(json_size(one.row))) break;
            page.msgs.push_back(std::move(one));
        }
        std::reverse(page.msgs.begin(), page.msgs.end());
    };
    auto const newer = [&](std::uint64_t from, std::size_t rows, std::size_t bytes)
    {
        budget left(rows, bytes);
        auto row = db_.query(
            "SELECT " CHAIND_MESSAGE_COLUMNS
            " FROM chat_message WHERE conv = ? AND seq >= ? ORDER BY seq LIMIT ?",
            conv.id,
            from,
            rows
        );
        while (row.step())
        {
            chat::shown_message one{.row = get_message(row)};
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
    auto row =
        db_.query("SELECT " CHAIND_MEMBER_COLUMNS " FROM chat_member WHERE conv = ? ORDER BY uid", conv.id);
    while (row.step())
    {
        auto const one = get_member(row);
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
