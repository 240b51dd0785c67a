#pragma once
// A durable event: what one log entry means to the people who watch. At most one for each (pos, recipient).
//
// Stored are only the fields of the first part: texts stay in their message row, so that what was deleted is
// gone. The second part is filled by `apply` for events that go out now, and by the reader for those that a
// client missed; a replayed msg.new or msg.edit therefore shows the message as it is now.

#include "chat/rows.hpp"

#include <optional>
#include <vector>

namespace chaind::chat
{

enum class event_kind : std::uint8_t  // numbers are stored: never reuse one
{
    msg_new = 1,
    msg_edit = 2,
    msg_delete = 3,
    read = 4,
    delivered = 5,
    conv_new = 6,
    conv_member = 7,
    user_update = 8,
    conv_gone = 9,
};

enum class audience : std::uint8_t  // who receives it, as of its pos
{
    members = 1,  // of `conv`: joined <= pos <= left. Who joins by it and who leaves by it receive it too.
    user = 2,     // `uid` alone, on all his devices
    everyone = 3,
    marks = 4,  // members of the conversations of `marks`; each sees only the marks of his own ones
};

struct mark  // a delivered watermark
{
    user_id uid;
    conv_id conv;
    std::uint64_t at_seq = 0;

    friend auto operator<=>(mark const&, mark const&) = default;
};

struct person
{
    user_id uid;
    std::string name;
    std::string display;
    role as = role::member;

    friend bool operator==(person const&, person const&) = default;
};

struct event
{
    seq pos;
    event_kind kind = event_kind::msg_new;
    audience to = audience::members;
    conv_id conv;              // 0 when it is about none, or about several (marks)
    user_id uid;               // who did it; who joined or left; whose account
    message_id mid;            // of msg.*
    std::uint64_t at_seq = 0;  // of msg.*: the message's seq; of read: the watermark;
                               // of conv.*: the conversation's last one then
    std::uint64_t rev = 0;     // of msg.*, and of conv.*: the conversation's then
    std::int64_t at_ms = 0;    // of the entry
    bool on = false;           // conv.member: joined (true) or left
    std::vector<mark> marks;   // of delivered

    std::optional<message> text;        // msg.new, msg.edit
    std::optional<conversation> about;  // conv.new, conv.member
    std::vector<person> people;         // conv.new of a dm: both; conv.new of a room: its creator;
                                        // conv.member, user.update: the one it is about

    friend bool operator==(event const&, event const&) = default;
};

}  // namespace chaind::chat
