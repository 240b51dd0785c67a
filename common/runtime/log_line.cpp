#include "runtime/log_line.hpp"

#include "base/utf8.hpp"
#include "runtime/printable.hpp"
#include "runtime/utc.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

namespace chaind::log
{

namespace
{
constexpr std::array<std::string_view, 5> level_names{"debug", "info", "notice", "warning", "error"};
constexpr std::array<int, 5> syslog_priorities{7, 6, 5, 4, 3};
constexpr std::size_t value_limit = 1024;  // a hostile value cannot fill the journal

bool is_plain(char c)
{
    return static_cast<unsigned char>(c) > 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

void append_escaped(std::string& to, std::string_view value)
{
    bool const whole = runtime::is_utf8(value);
    for (char c : utf8_prefix(value, value_limit))
    {
        auto const byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            (to += '\\') += c;
        else if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !whole))
        {
            std::array<char, 5> code{};
            std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned>(byte));
            to += code.data();
        }
        else
            to += c;
    }
    if (value.size() > value_limit) to += "...";
}

std::string timestamp(std::int64_t wall_us)
{
    std::array<char, 16> ms{};
    std::snprintf(ms.data(), ms.size(), ".%03dZ", static_cast<int>(wall_us / 1000 % 1000));
    return runtime::in_utc(wall_us, "%Y-%m-%dT%H:%M:%S") + ms.data();
}
}  // namespace

bool parse(std::string_view text, level& into)
{
    auto const found = std::find(level_names.begin(), level_names.end(), text);
    if (found == level_names.end()) return false;
    into = static_cast<level>(found - level_names.begin());
    return true;
}

std::string_view to_string(level at)
{
    return level_names.at(static_cast<std::size_t>(at));
}

std::string as_text(line const& what)
{
    std::string out = timestamp(what.wall_us);
    (out += ' ') += to_string(what.at);
    ((out += ' ') += what.channel) += ": ";
    append_escaped(out, what.message);
    for (auto const& f : what.fields)
    {
        ((out += ' ') += f.key) += '=';
        bool const bare = !f.value.empty() && std::all_of(f.value.begin(), f.value.end(), is_plain);
        if (!bare) out += '"';
        append_escaped(out, f.value);
        if (!bare) out += '"';
    }
    out += '\n';
    return out;
}

std::vector<std::string> as_journal_fields(line const& what)
{
    // A field's value may hold any byte; only MESSAGE is shown by default, so it carries the values as well.
    std::string message = what.message;
    std::vector<std::string> out;
    for (auto const& f : what.fields)
    {
        ((message += ' ') += f.key) += '=';
        append_escaped(message, f.value);
        std::string name = "CHAIND_";
        for (char c : f.key)
            name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        out.push_back(name + '=' + std::string(utf8_prefix(f.value, value_limit)));
    }
    out.push_back("MESSAGE=" + message);
    out.push_back("PRIORITY=" + std::to_string(syslog_priorities.at(static_cast<std::size_t>(what.at))));
    out.push_back("CHANNEL=" + what.channel);
    return out;
}

}  // namespace chaind::log
