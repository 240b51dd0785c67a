#include "chainctl/output.hpp"

#include "runtime/printable.hpp"
#include "runtime/standard_output.hpp"
#include "runtime/utc.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include <unistd.h>

namespace chaind::chainctl
{
namespace
{

constexpr std::size_t longest_text = 64u << 10;

// Columns of a terminal, not bytes: continuation bytes of UTF-8 and colour sequences take none.
std::size_t width(std::string_view text)
{
    std::size_t columns = 0;
    bool in_escape = false;
    for (char c : text)
    {
        if (c == '\x1b') in_escape = true;
        if (!in_escape && (static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++columns;
        if (in_escape && c == 'm') in_escape = false;
    }
    return columns;
}

}  // namespace

bool stdout_is_terminal()
{
    return ::isatty(STDOUT_FILENO) == 1;
}

bool stdin_is_terminal()
{
    return ::isatty(STDIN_FILENO) == 1;
}

std::string coloured(tint how, std::string_view text)
{
    static bool const allowed = stdout_is_terminal() && std::getenv("NO_COLOR") == nullptr;
    char const* start = "";
    switch (how)
    {
        case tint::plain: break;
        case tint::good: start = "\x1b[32m"; break;
        case tint::warning: start = "\x1b[33m"; break;
        case tint::bad: start = "\x1b[31m"; break;
        case tint::faint: start = "\x1b[2m"; break;
    }
    if (!allowed || how == tint::plain) return std::string(text);
    return start + std::string(text) + "\x1b[0m";
}

std::string table(std::vector<std::vector<std::string>> const& rows)
{
    std::vector<std::size_t> widths;
    for (auto const& row : rows)
    {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width(row[i]));
    }
    std::string out;
    for (auto const& row : rows)
    {
        std::string line = "  ";
        for (std::size_t i = 0; i < row.size(); ++i)
        {
            line += row[i];
            if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
        }
        out += line + "\n";
    }
    return out;
}

std::string with_thousands(std::uint64_t n)
{
    auto const digits = std::to_string(n);
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i)
    {
        if (i > 0 && (digits.size() - i) % 3 == 0) out.push_back(',');
        out.push_back(digits[i]);
    }
    return out;
}

std::string in_bytes(std::uint64_t n)
{
    static constexpr std::string_view units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    std::uint64_t tenths = n * 10;
    while (tenths >= 10240 && unit + 1 < std::size(units))
    {
        tenths /= 1024;
        ++unit;
    }
    std::string out = std::to_string(tenths / 10);
    if (unit > 0 && tenths < 100) out += "." + std::to_string(tenths % 10);
    return out + " " + std::string(units[unit]);
}

std::string in_words(std::uint64_t seconds)
{
    if (seconds < 60) return std::to_string(seconds) + " s";
    if (seconds < 3600) return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
    if (seconds < 86400)
        return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
    return std::to_string(seconds / 86400) + " d " + std::to_string(seconds / 3600 % 24) + " h";
}

std::string utc(std::int64_t at_ms)
{
    return runtime::in_utc(at_ms * 1000);
}

void print_json(boost::json::value const& what)
{
    std::cout << boost::json::serialize(what) << '\n';
    runtime::flush_output();
}

void say(std::string_view text)
{
    std::cerr << text << std::endl;
}

std::string text_at(boost::json::object const& from, std::string_view key, std::string fallback)
{
    auto const* found = from.if_contains(key);
    if (found == nullptr || found->is_null()) return fallback;
    // Much of it is the word of somebody who is not known: it must not act on the terminal.
    if (auto const* text = found->if_string())
        return runtime::printable({text->data(), text->size()}, longest_text);
    return boost::json::serialize(*found);
}

std::uint64_t number_at(boost::json::object const& from, std::string_view key)
{
    auto const* found = from.if_contains(key);
    if (found == nullptr || !found->is_number()) return 0;
    boost::system::error_code inexact;
    auto const number = found->to_number<std::uint64_t>(inexact);
    return inexact ? 0 : number;
}

std::string count_at(boost::json::object const& from, std::string_view key)
{
    auto const* found = from.if_contains(key);
    return found != nullptr && found->is_number() ? with_thousands(number_at(from, key)) : "-";
}

boost::json::array const& list_at(boost::json::object const& from, std::string_view key)
{
    static boost::json::array const none;
    auto const* found = from.if_contains(key);
    return found != nullptr && found->is_array() ? found->get_array() : none;
}

boost::json::object const& object_at(boost::json::object const& from, std::string_view key)
{
    static boost::json::object const none;
    auto const* found = from.if_contains(key);
    return found != nullptr && found->is_object() ? found->get_object() : none;
}

}  // namespace chaind::chainctl
