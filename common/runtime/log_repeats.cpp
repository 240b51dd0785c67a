#include "runtime/log_repeats.hpp"

#include <algorithm>

namespace chaind::log
{

namespace
{
using namespace std::chrono_literals;

constexpr auto window = 10s;
constexpr std::size_t lines_of_kind = 50;  // in a window
constexpr std::size_t kinds_max = 1024;    // messages are constants of the program: more never come

bool same_fields(line const& a, line const& b)
{
    return std::equal(
        a.fields.begin(),
        a.fields.end(),
        b.fields.begin(),
        b.fields.end(),
        [](field const& x, field const& y) { return x.key == y.key && x.value == y.value; }
    );
}
}  // namespace

line repeats::summary(state& of)
{
    auto out = of.last;
    out.fields.emplace_back("Repeated", of.left_out);
    of.left_out = 0;
    return out;
}

std::optional<line> repeats::judge(line what, time now)
{
    // Between two states that take turns a notice says that the other one is over: the next one is news.
    if (what.at == level::notice)
        for (auto& [which, seen] : kinds_)
            if (std::get<1>(which) == what.channel) seen.last_written = {};
    if (what.at == level::debug || what.at == level::notice) return what;
    if (kinds_.size() >= kinds_max) kinds_.clear();
    auto& seen = kinds_[{what.at, what.channel, what.message}];
    if (now - seen.window >= window)
    {
        seen.window = now;
        seen.written = 0;
    }
    bool const again =
        what.at != level::info && now - seen.last_written < window && same_fields(what, seen.last);
    seen.last = std::move(what);
    if (again || seen.written >= lines_of_kind)
    {
        ++seen.left_out;
        return std::nullopt;
    }
    ++seen.written;
    seen.last_written = now;
    return seen.left_out == 0 ? seen.last : summary(seen);
}

std::vector<line> repeats::overdue(time now)
{
    std::vector<line> out;
    for (auto& [which, seen] : kinds_)
        if (seen.left_out > 0 && now - seen.window >= window && now - seen.last_written >= window)
        {
            seen.last_written = now;
            out.push_back(summary(seen));
        }
    return out;
}

std::vector<line> repeats::rest()
{
    std::vector<line> out;
    for (auto& [which, seen] : kinds_)
        if (seen.left_out > 0) out.push_back(summary(seen));
    return out;
}

}  // namespace chaind::log
