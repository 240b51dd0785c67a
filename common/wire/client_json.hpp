#pragma once
// chat.v1, the client's side of the wire: JSON text <-> chat types (docs/client_api.md 1,
// test/data/chat.v1/schema.json).
//
// Reading is strict: one JSON object of known top-level fields, no duplicate keys, no broken Unicode, numbers
// that are integers where integers belong. Unknown fields inside `d` are ignored and never trusted: who asks
// is known from the session alone. Nothing here throws for any input.

#include "chat/command.hpp"
#include "chat/event.hpp"
#include "chat/outcome.hpp"
#include "chat/views.hpp"
#include "membership/cluster_status.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chaind::wire
{

// ---- ids as clients see them: u_5, c_9, m_413, s_3
std::string text_of(chat::user_id id);
std::string text_of(chat::conv_id id);
std::string text_of(chat::message_id id);
std::string text_of(chat::session_id id);
std::optional<chat::user_id> parse_user_id(std::string_view text);
std::optional<chat::conv_id> parse_conv_id(std::string_view text);
std::optional<chat::message_id> parse_message_id(std::string_view text);
std::optional<chat::session_id> parse_session_id(std::string_view text);

// ---- requests
struct hello
{
    std::vector<std::int64_t> proto;
    std::optional<std::string> token;
    std::string client;  // "web 0.1.0"
    std::string device;
    std::vector<std::string> caps;
    struct resume_point
    {
        std::string lineage;
        seq pos;
    };
    std::optional<resume_point> resume;
};
struct ping
{
};
struct status
{
};
struct ack  // note
{
    seq pos;
};
struct typing  // note
{
    chat::conv_id conv;
    bool on = false;
};
struct presence  // note
{
    std::string state;
};

using request_body = std::variant<
    hello,
    ping,
    status,
    chat::sync_query,
    chat::history_query,
    chat::members_query,
    chat::users_query,
    chat::command_body,  // a change: goes to the log with the session's uid and this frame's cid
    ack,
    typing,
    presence>;

struct request
{
    std::int64_t id = 0;  // 0: a note, which gets no answer
    std::string op;
    std::string cid;             // of changes
    std::optional<seq> min_pos;  // of reads
    request_body what;
};
struct refused_frame
{
    std::int64_t re = 0;  // the request's id where it could be read
    chat::failure why;
    bool unparseable = false;  // not a JSON object: three of them close the connection
};

std::variant<request, refused_frame> parse_frame(std::string_view text, std::size_t body_limit);

// ---- HTTP bodies
struct credentials  // POST /accounts, POST /session
{
    std::string name;
    std::string password;
    std::string invite;  // empty: none
};
struct new_password  // PUT /me/password
{
    std::string old;
    std::string fresh;
};
std::variant<credentials, chat::failure> parse_credentials(std::string_view text);
std::variant<new_password, chat::failure> parse_new_password(std::string_view text);
// POST /messages: what `d` of msg.send is.
std::variant<chat::command_body, chat::failure> parse_message(std::string_view text, std::size_t body_limit);

// ---- answers. Functions named *_d give the text of a `d` object; response() puts it into its frame.
enum class result_outcome : std::uint8_t
{
    none,     // it did not happen
    unknown,  // it may have happened: ask again with the same cid
};
struct error_details
{
    result_outcome outcome = result_outcome::none;
    std::optional<std::int64_t> after_ms;
};

std::string response(std::int64_t re, seq pos, std::string_view d);            // of a read
std::string response(std::int64_t re, seq pos, bool dup, std::string_view d);  // of a change
std::string error_response(std::int64_t re, chat::failure const& why, error_details const& more = {});
std::string error_body(chat::failure const& why, error_details const& more = {});  // HTTP: {"err":{...}}

struct endpoint
{
    std::string node;
    std::string url;  // ws://host:port/ws
};
struct cluster_view
{
    health state = health::down;
    std::uint64_t epoch = 0;
    std::size_t replicas = 0;
    std::size_t want = 0;
    std::string node;    // the one that says this
    std::string reason;  // empty: none
    std::vector<endpoint> endpoints;
};
struct hello_answer
{
    std::vector<std::string> caps;
    std::optional<chat::person> me;
    std::string resume;  // ok | gone | new
    std::string lineage;
    std::int64_t interval_ms = 15000;
    std::int64_t timeout_ms = 4000;
    std::size_t frame = 65536;
    std::size_t body = 16384;
    std::size_t inflight = 32;
    std::size_t unacked = 512;
    std::optional<double> msg_per_s;  // none: no limit by rate
    std::size_t burst = 20;
    cluster_view cluster;
};

std::string hello_d(hello_answer const& what);
std::string ping_d(std::int64_t now_ms);
std::string cluster_d(cluster_view const& what);  // of `status`, and of the event `cluster`
std::string sync_d(chat::sync_page const& page);
std::string history_d(chat::history_page const& page);
std::string members_d(chat::members_page const& page);
std::string users_d(chat::users_page const& page);
// Not for a failure. `replicas`: members of the current chain.
std::string outcome_d(chat::outcome const& what, std::size_t replicas);
std::string account_body(chat::person const& who, std::string_view token);  // HTTP: {uid, name, token}
std::string sessions_body(std::vector<chat::session> const& all, chat::session_id own);

// ---- events
// True where two recipients of the same event get different text; else one text serves all of them.
bool differs_by_recipient(chat::event const& what);
// The frame of one durable event. For a batch: the same texts in batch_frame().
// `own`: the conversations of `to`, rising; of a `delivered` batch he sees the marks of these alone.
std::string event_frame(
    chat::event const& what, chat::user_id to, std::span<chat::conv_id const> own, seq prev
);
std::string batch_frame(std::span<std::string const> events);

std::string live_frame(seq pos);
std::string typing_frame(chat::conv_id conv, chat::user_id who, bool on);
std::string cluster_frame(cluster_view const& what);
std::string bye_frame(
    int code,
    std::string_view reason,
    bool reconnect,
    std::int64_t within_ms,
    std::span<std::string const> prefer
);

}  // namespace chaind::wire
