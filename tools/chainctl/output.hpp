#pragma once
// How chainctl prints: data on stdout, talk on stderr; colour only on a terminal and without NO_COLOR.

#include <boost/json/value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::chainctl
{

enum class format : std::uint8_t
{
    table,
    wide,
    json,
    jsonl,
    name,
};

enum class tint : std::uint8_t
{
    plain,
    good,
    warning,
    bad,
    faint,
};

// The text in that colour where stdout takes colour, else the text.
std::string coloured(tint how, std::string_view text);
bool stdout_is_terminal();
bool stdin_is_terminal();

// Columns as wide as their widest cell, two spaces apart; the first row is the heading.
std::string table(std::vector<std::vector<std::string>> const& rows);

// 1046221 -> "1,046,221"; 84934656 -> "81 MiB"; 252 -> "4 min 12 s".
std::string with_thousands(std::uint64_t n);
std::string in_bytes(std::uint64_t n);
std::string in_words(std::uint64_t seconds);
// Milliseconds since 1970 -> "2026-11-23 12:02:11Z".
std::string utc(std::int64_t at_ms);

// One line of JSON on stdout.
void print_json(boost::json::value const& what);
void say(std::string_view text);  // a line on stderr

// A cell of an object, with a fallback for what is absent or of another type.
std::string text_at(boost::json::object const& from, std::string_view key, std::string fallback = "");
std::uint64_t number_at(boost::json::object const& from, std::string_view key);
// "1,046,221", or "-" for what nobody knows.
std::string count_at(boost::json::object const& from, std::string_view key);
boost::json::array const& list_at(boost::json::object const& from, std::string_view key);
boost::json::object const& object_at(boost::json::object const& from, std::string_view key);

}  // namespace chaind::chainctl
