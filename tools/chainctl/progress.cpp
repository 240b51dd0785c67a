#include "chainctl/progress.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <iostream>

#include <unistd.h>

namespace chaind::chainctl
{
namespace
{

namespace json = boost::json;
using clock = std::chrono::steady_clock;

constexpr auto json_every = std::chrono::seconds(1);
constexpr auto text_every = std::chrono::seconds(10);

bool stderr_is_terminal()
{
    static bool const answer = ::isatty(STDERR_FILENO) == 1;
    return answer;
}

std::string in_the_chain_at(std::uint64_t epoch)
{
    return "in the chain at epoch " + std::to_string(epoch);
}

}  // namespace

json::object const* row_of(json::array const& rows, std::string const& node, bool or_another)
{
    json::object const* another = nullptr;
    for (auto const& value : rows)
    {
        if (!value.is_object()) continue;
        if (text_at(value.get_object(), "name") == node) return &value.get_object();
        if (or_another && another == nullptr) another = &value.get_object();
    }
    return another;
}

std::optional<std::uint64_t> progress::seconds_left() const
{
    if (rate == 0 || bytes_total <= bytes_done) return std::nullopt;
    return (bytes_total - bytes_done + rate - 1) / rate;
}

std::string progress::text() const
{
    if (phase == "contact") return node + ": contact";
    if (phase == "splice") return node + ": splicing in as tail";
    if (phase == "leaving") return node + ": its clients go to the others, then it leaves the chain";
    if (phase == "moving") return node + ": on its way to its place";
    if (phase == "done") return node + ": " + (end.empty() ? in_the_chain_at(epoch) : end);
    if (phase == "away") return node + ": away (" + reason + "), waiting for it";
    if (phase == "log") return node + ": catching up, " + with_thousands(lag) + " entries behind";
    if (phase == "snapshot" && bytes_total == 0) return node + ": a snapshot is being made for it";
    if (phase == "snapshot" && bytes_done == bytes_total)
        return node + ": has the snapshot (" + in_bytes(bytes_total) + "), checks it";
    std::string out = node + ": " + phase;
    if (bytes_total > 0)
        out += " " + in_bytes(bytes_done) + " of " + in_bytes(bytes_total) + " (" +
               std::to_string(bytes_done * 100 / bytes_total) + " %)";
    if (parts_total > 0) out += " " + std::to_string(parts_done * 100 / parts_total) + " %";
    if (rate > 0) out += ", " + in_bytes(rate) + "/s";
    if (auto const left = seconds_left()) out += ", " + in_words(*left) + " left";
    return out;
}

json::object progress::json() const
{
    json::object out{{"schema", "chainctl.progress.v1"}, {"node", node}, {"phase", phase}, {"epoch", epoch}};
    if (bytes_total > 0) out["bytes_total"] = bytes_total;
    if (bytes_total > 0) out["bytes_done"] = bytes_done;
    if (parts_total > 0) out["percent"] = parts_done * 100 / parts_total;
    if (rate > 0) out["rate"] = rate;
    if (auto const left = seconds_left()) out["seconds_left"] = *left;
    if (phase == "log") out["lag"] = lag;
    if (!reason.empty()) out["reason"] = reason;
    return out;
}

progress progress_in(json::object const& status, errand const& what)
{
    progress out;
    out.node = what.node;
    out.phase = what.phase;
    out.epoch = number_at(status, "epoch");
    if (auto const* row = row_of(list_at(status, "joining"), what.node, what.with_others))
    {
        out.node = text_at(*row, "name");
        out.phase = text_at(*row, "phase", "contact");
        out.bytes_done = number_at(*row, "bytes_done");
        out.bytes_total = number_at(*row, "bytes_total");
        out.rate = number_at(*row, "rate");
        out.lag = number_at(*row, "lag");
    }
    else if (auto const* away = row_of(list_at(status, "failed"), what.node))
    {
        out.phase = "away";
        out.reason = text_at(*away, "reason", "no reason known");
    }
    return out;
}

std::string role_of(json::object const& status, std::string const& node)
{
    auto const* row = row_of(list_at(status, "chain"), node);
    if (row == nullptr) return "";
    auto const state = text_at(*row, "state");
    return state == "normal" || state == "damaged" || state == "full" ? text_at(*row, "role") : "";
}

std::string place_of(json::object const& status, std::string const& node)
{
    auto const* row = row_of(list_at(status, "chain"), node);
    return row == nullptr ? "" : text_at(*row, "role");
}

bool is_listed(json::object const& status, std::string_view list, std::string const& node)
{
    auto const& names = list_at(status, list);
    return std::any_of(
        names.begin(),
        names.end(),
        [&](json::value const& one) { return one.is_string() && one.get_string() == node; }
    );
}

std::string whereabouts(json::object const& status, std::string const& node)
{
    if (auto const* away = row_of(list_at(status, "failed"), node))
        return node + " is away (" + text_at(*away, "reason", "no reason known") + ")";
    if (is_listed(status, "removed", node)) return node + " was taken out of the chain for good";
    if (is_listed(status, "drained", node)) return node + " is drained";
    if (is_listed(status, "spares", node))
        return node + " stands by, since the chain has as many machines as it wants";
    auto const place = place_of(status, node);
    if (place.empty()) return node + " is not in the chain";
    return node + (place == "head" || place == "tail" ? " is the " + place : " is in the chain");
}

std::optional<std::string> kept_out(json::object const& status, std::string const& node)
{
    bool const out = is_listed(status, "removed", node) || is_listed(status, "drained", node);
    if (!out && !is_listed(status, "spares", node)) return std::nullopt;
    return whereabouts(status, node);
}

bool is_member(json::object const& status, std::string const& node)
{
    return row_of(list_at(status, "chain"), node) != nullptr;
}

std::optional<std::string> in_the_chain(json::object const& status, std::string const& node)
{
    if (role_of(status, node).empty()) return std::nullopt;
    return in_the_chain_at(number_at(status, "epoch"));
}

void progress_line::show(progress const& now)
{
    auto const at = clock::now();
    bool const new_phase = now.phase != last_.phase || now.node != last_.node || now.reason != last_.reason;
    bool const for_programs = as_ == format::json || as_ == format::jsonl;
    auto const every = for_programs ? json_every : text_every;
    if (stderr_is_terminal())
    {
        if (new_phase) end();
        std::cerr << "\r\x1b[K" << now.text() << std::flush;
        open_ = true;
    }
    else if (new_phase || (!(now == last_) && at - said_at_ >= every))
    {
        std::cerr << (for_programs ? boost::json::serialize(now.json()) : now.text()) << std::endl;
        said_at_ = at;
    }
    else
    {
        return;  // `last_` is what was said
    }
    last_ = now;
}

void progress_line::end()
{
    if (open_) std::cerr << std::endl;
    open_ = false;
}

std::optional<std::chrono::seconds> seconds_in(std::string_view text)
{
    std::uint64_t number = 0;
    auto const [end, bad] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (bad != std::errc{} || number > 1'000'000) return std::nullopt;
    std::string_view const unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    if (unit.empty() || unit == "s") return std::chrono::seconds(number);
    if (unit == "m" || unit == "min") return std::chrono::minutes(number);
    if (unit == "h") return std::chrono::hours(number);
    return std::nullopt;
}

bool wait_limit_is_good(invocation const& call)
{
    if (!call.has("--wait-at-most") || seconds_in(call.value("--wait-at-most"))) return true;
    say("chainctl: --wait-at-most takes a time such as 90s or 10m");
    return false;
}

}  // namespace chaind::chainctl
