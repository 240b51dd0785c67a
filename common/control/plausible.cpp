#include "control/plausible.hpp"

#include "base/rules.hpp"

#include <cstdint>

namespace chaind::control
{
namespace
{

// A million writes a second do not get there in eight years; nor does a chain that changes as often.
constexpr std::uint64_t highest_number = std::uint64_t{1} << 48;
// Between two words of one run.
constexpr std::uint64_t most_entries_at_once = std::uint64_t{1} << 32;
// A clock that has run for 30,000 years.
constexpr instant latest{std::int64_t{1} << 60};
// Words wait in networks and in programs that are paused; what comes out then spans what it waited.
constexpr microseconds longest_delay = 60s;
constexpr std::size_t longest_text = 4096;

std::string against_itself(heartbeat const& what)
{
    if (what.sent < instant{} || what.sent > latest) return "its clock shows no time";
    for (auto const number :
         {what.promised.value(),
          what.end.in.value(),
          what.end.at.value(),
          what.verified.value(),
          what.commit.value()})
        if (number > highest_number) return "no log and no chain gets as far as " + std::to_string(number);
    if (what.commit > what.end.at)
        return "it says that position " + std::to_string(what.commit.value()) +
               " is committed, and its own log ends at " + std::to_string(what.end.at.value());
    // A restored log is of epochs that were before this chain; who has promised nothing is in none.
    if (what.end.in > what.promised && !what.restored && what.promised != epoch{})
        return "its log ends in epoch " + std::to_string(what.end.in.value()) + ", and it has promised " +
               std::to_string(what.promised.value());
    if (what.feeding && what.feeding->lag_time < microseconds{}) return "its learner is ahead of time";
    if (what.unreachable.size() > most_members || what.trouble.size() > longest_text ||
        (what.feeding && what.feeding->trouble.size() > longest_text))
        return "it says too much";
    return {};
}

std::string against_before(heartbeat const& what, earlier_word const& before, instant now)
{
    auto const& last = before.what;
    if (what.sent <= last.sent) return {};  // late, and not taken as news
    if (what.sent - last.sent > 2 * (now - before.heard) + longest_delay)
        return "its clock has jumped by " +
               std::to_string((what.sent - last.sent - (now - before.heard)).count() / 1'000'000) + " s";
    if (what.promised < last.promised) return "its promise has fallen";
    if (what.end.at > last.end.at && what.end.at - last.end.at > most_entries_at_once)
        return "its log has grown by " + std::to_string(what.end.at - last.end.at) + " entries at once";
    return {};
}

}  // namespace

std::string implausible(heartbeat const& what, earlier_word const* before, instant now)
{
    if (!rule(rule_id::a_heartbeat_is_plausible)) return {};
    auto why = against_itself(what);
    if (why.empty() && before != nullptr) why = against_before(what, *before, now);
    return why;
}

}  // namespace chaind::control
