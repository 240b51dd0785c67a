#pragma once
// What clients read: questions and the pages that answer them. Filled by the store's reader, written by wire.

#include "chat/event.hpp"
#include "chat/outcome.hpp"
#include "chat/rows.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace chaind::chat
{

// A page, or why there is none: `not_found` where even the existence is hidden.
template <class T>
using answer = std::variant<failure, T>;

struct known_session
{
    session row;
    person who;
};

struct login_data
{
    person who;
    std::string password_hash;
    std::uint64_t password_rev = 0;
    std::vector<std::uint32_t> places;  // of his sessions; only where the name was asked for
};

// ---- sync
// Of what somebody has not read for long, so much is counted: a page of conversations has a bounded cost.
inline constexpr std::uint64_t counted_at_most = 500;

struct conv_summary
{
    conversation conv;
    bool member = false;         // else a public room that he may join; then the counts below are 0
    std::optional<person> peer;  // of a dm
    std::uint64_t read = 0;
    std::uint64_t delivered = 0;
    std::uint64_t mentions = 0;        // unread ones; of both at most counted_at_most
    std::uint64_t unread_deleted = 0;  // messages after `read` that were deleted: nothing to read any more
    std::optional<message> last;       // the newest message
};
struct sync_query
{
    seq since;  // only what changed after it; 0: all
    bool convs = true;
    bool users = true;
    std::string next;  // of the previous page, as given there; empty: the first
};
struct sync_page
{
    std::vector<conv_summary> convs;
    std::vector<person> users;
    std::string next;  // empty: that was all
};

// ---- history
struct history_query
{
    enum class anchor : std::uint8_t
    {
        newest,
        before,  // exclusive
        after,   // exclusive
        around,  // `at` is in the middle
    };
    conv_id conv;
    anchor from = anchor::newest;
    std::uint64_t at = 0;
    std::size_t limit = 50;  // 1 to 200
};
struct shown_message
{
    message row;
    bool delivered = false;  // to every other member
    bool read = false;       // by every other member
};
struct history_page
{
    conv_id conv;
    std::vector<shown_message> msgs;  // rising seq
    std::uint64_t rev = 0;            // of the conversation
    bool more = false;                // in the direction asked for; around: in either
};

// ---- people
struct members_query
{
    conv_id conv;
    user_id after;  // 0, or `next` of the page before
};
struct shown_member
{
    person who;
    std::uint64_t read = 0;
    std::uint64_t delivered = 0;
};
struct members_page
{
    std::vector<shown_member> members;  // by user id
    std::optional<user_id> next;
};
struct users_query
{
    std::string prefix;      // as typed
    std::string after;       // empty, or `next` of the page before
    std::size_t limit = 50;  // 1 to 200
};
struct users_page
{
    std::vector<person> users;  // by name
    std::optional<std::string> next;
};

// ---- resume
// How many members conversations had at one position.
using room_sizes = std::map<conv_id, std::uint64_t>;

struct events_page
{
    std::vector<event> events;  // of this user, rising pos, complete (texts, people)
    seq upto;                   // everything up to here has been looked at; == applied: that was all
    room_sizes sizes;           // of rooms that he has left, at `upto`: the next page needs not count again
    std::size_t counted = 0;    // rows of members, past ones too, that were counted for them
};
struct membership
{
    conv_id conv;
    seq joined;
};

}  // namespace chaind::chat
