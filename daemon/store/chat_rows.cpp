#include "store/chat_rows.hpp"

#include "wire/command.hpp"

#include <charconv>
#include <utility>

namespace chaind::store::chat_rows
{

namespace
{

template <class Number>
Number number(statement const& row, int column)
{
    return Number(row.number(column));
}

std::vector<chat::user_id> mentions_of(std::string_view text)
{
    std::vector<chat::user_id> out;
    char const* at = text.data();
    char const* const end = at + text.size();
    while (at < end)
    {
        std::uint64_t value = 0;
        auto const [next, error] = std::from_chars(at, end, value);
        if (error != std::errc()) break;
        out.emplace_back(value);
        at = next == end ? end : next + 1;  // the blank
    }
    return out;
}

// A value that this program never wrote stands out in the digest, and in what people see; it does not stop
// reads.
chat::outcome outcome_of(std::string_view bytes)
{
    if (auto out = wire::decode_outcome(bytes)) return *std::move(out);
    return chat::failure{
        .code = chat::api_errc::internal, .message = "the stored result is unreadable", .field = {}
    };
}

}  // namespace

chat::counters get_counters(database& db)
{
    chat::counters out;
    auto row =
        db.query("SELECT pos, at_ms, users, convs, sessions, max_message_id, forgotten_ms FROM chat_counters"
        );
    if (!row.step()) return out;
    out.pos = number<seq>(row, 0);
    out.at_ms = row.integer(1);
    out.users = row.number(2);
    out.convs = row.number(3);
    out.sessions = row.number(4);
    out.max_message_id = row.number(5);
    out.forgotten_ms = row.integer(6);
    return out;
}

chat::user get_user(statement const& row)
{
    return {
        .id = number<chat::user_id>(row, 0),
        .name = row.text(1),
        .display = row.text(2),
        .as = static_cast<chat::role>(row.integer(3)),
        .password_hash = row.text(4),
        .password_rev = row.number(5),
        .created_ms = row.integer(6),
        .rooms = row.number(7),
        .changed = number<seq>(row, 8),
        .made = row.number(9)
    };
}

chat::session get_session(statement const& row)
{
    return {
        .token = row.text(0),
        .id = number<chat::session_id>(row, 1),
        .uid = number<chat::user_id>(row, 2),
        .label = row.text(3),
        .created_ms = row.integer(4),
        .used_ms = row.integer(5),
        .place = static_cast<std::uint32_t>(row.number(6))
    };
}

chat::conversation get_conv(statement const& row)
{
    return {
        .id = number<chat::conv_id>(row, 0),
        .kind = static_cast<chat::conv_kind>(row.integer(1)),
        .name = row.text(2),
        .priv = row.integer(3) != 0,
        .topic = row.text(4),
        .creator = number<chat::user_id>(row, 5),
        .low = number<chat::user_id>(row, 6),
        .high = number<chat::user_id>(row, 7),
        .created_ms = row.integer(8),
        .last_seq = row.number(9),
        .rev = row.number(10),
        .members = row.number(11),
        .changed = number<seq>(row, 12),
        .gone = number<seq>(row, 13)
    };
}

chat::member get_member(statement const& row)
{
    return {
        .conv = number<chat::conv_id>(row, 0),
        .uid = number<chat::user_id>(row, 1),
        .joined = number<seq>(row, 2),
        .read = row.number(3),
        .delivered = row.number(4),
        .changed = number<seq>(row, 5)
    };
}

chat::past_member get_past_member(statement const& row)
{
    return {
        .conv = number<chat::conv_id>(row, 0),
        .uid = number<chat::user_id>(row, 1),
        .joined = number<seq>(row, 2),
        .left = number<seq>(row, 3)
    };
}

chat::message get_message(statement const& row)
{
    return {
        .id = number<chat::message_id>(row, 0),
        .conv = number<chat::conv_id>(row, 1),
        .at_seq = row.number(2),
        .rev = row.number(3),
        .uid = number<chat::user_id>(row, 4),
        .at_ms = row.integer(5),
        .body = row.text(6),
        .fmt = static_cast<chat::text_format>(row.integer(7)),
        .reply_to = number<chat::message_id>(row, 8),
        .mentions = mentions_of(row.bytes(9)),
        .edited_ms = row.integer(10),
        .deleted = row.integer(11) != 0
    };
}

chat::mention get_mention(statement const& row)
{
    return {
        .uid = chat::user_id(row.number(0)), .conv = chat::conv_id(row.number(1)), .at_seq = row.number(2)
    };
}

chat::remembered get_remembered(statement const& row)
{
    return {
        .uid = number<chat::user_id>(row, 0),
        .cid = row.text(1),
        .fingerprint = row.id<digest>(2),
        .pos = number<seq>(row, 3),
        .at_ms = row.integer(4),
        .result = outcome_of(row.bytes(5))
    };
}

chat::event get_event(statement const& row)
{
    chat::event out;
    out.pos = number<seq>(row, 0);
    out.kind = static_cast<chat::event_kind>(row.integer(1));
    out.to = static_cast<chat::audience>(row.integer(2));
    out.conv = number<chat::conv_id>(row, 3);
    out.uid = number<chat::user_id>(row, 4);
    out.mid = number<chat::message_id>(row, 5);
    out.at_seq = row.number(6);
    out.rev = row.number(7);
    out.at_ms = row.integer(8);
    out.on = row.integer(9) != 0;
    if (!row.null(10)) out.marks = wire::decode_marks(row.bytes(10)).value_or(std::vector<chat::mark>());
    return out;
}

std::string mentions_text(std::vector<chat::user_id> const& who)
{
    std::string out;
    for (auto const uid : who)
    {
        if (!out.empty()) out += ' ';
        out += std::to_string(uid.value());
    }
    return out;
}

}  // namespace chaind::store::chat_rows
