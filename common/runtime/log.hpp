#pragma once
// Logging: facts with a level, a channel (the folder's name), a constant message and values as fields. Never
// a message body, password, token or other secret.
//
// A line goes to stderr as text, or to journald with its fields when stderr is the journal. Writing never
// waits: beyond 8192 queued lines new ones are dropped and counted. Safe from every thread.

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace chaind::log
{

enum class level : std::uint8_t
{
    debug,    // per request
    info,     // lifecycle
    notice,   // the chain changed
    warning,  // odd, and handled
    error,    // somebody must act
};

struct field
{
    field(std::string_view k, std::string_view v) : key(k), value(v) {}
    field(std::string_view k, std::string const& v) : key(k), value(v) {}
    field(std::string_view k, char const* v) : key(k), value(v) {}
    template <class Number>
        requires requires(Number n) { std::to_string(n); }
    field(std::string_view k, Number v) : key(k), value(std::to_string(v))
    {
    }
    // epoch and seq
    template <class Strong>
        requires requires(Strong s) { std::to_string(s.value()); }
    field(std::string_view k, Strong v) : key(k), value(std::to_string(v.value()))
    {
    }

    std::string key;  // CamelCase: Epoch, Seq, Peer, Session, Request, Reason, ...
    std::string value;
};

// Starts the sink; before it (and in tests that never call it) lines below `warning` are dropped and the rest
// is written to stderr at once.
void start(level least);
// Writes what is queued and stops the sink.
void stop();

void set_level(level least);
[[nodiscard]] bool enabled(level at);
void write(
    level at, std::string_view channel, std::string_view message, std::initializer_list<field> fields = {}
);
[[nodiscard]] std::uint64_t dropped();

// "debug", "info", ...; false when it is none of them.
bool parse(std::string_view text, level& into);
std::string_view to_string(level at);

}  // namespace chaind::log
