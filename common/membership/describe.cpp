#include "membership/describe.hpp"

#include <utility>

namespace chaind
{

std::string span(microseconds time)
{
    auto const us = time.count();
    return us % 1000 == 0 ? std::to_string(us / 1000) + "ms" : std::to_string(us) + "us";
}

std::ostream& operator<<(std::ostream& to, member const& what)
{
    return to << what.name << '/' << to_hex(what.boot.view().substr(0, 2));
}

std::ostream& operator<<(std::ostream& to, config_state what)
{
    switch (what)
    {
        case config_state::none: return to << "none";
        case config_state::pending: return to << "PENDING";
        case config_state::active: return to << "ACTIVE";
    }
    return to << "config_state " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, chain_config const& what)
{
    to << 'e' << what.at << ' ' << what.state << " [";
    char const* between = "";
    for (auto const& each : what.members)
        to << std::exchange(between, " ") << each;
    to << ']';
    if (what.joiner) to << " joiner " << *what.joiner;
    if (!what.id.empty()) to << " id " << brief(what.id);
    return to;
}

std::ostream& operator<<(std::ostream& to, log_point const& what)
{
    to << what.at << "/e" << what.in;
    return what.hash.empty() ? to : to << '#' << brief(what.hash);
}

std::ostream& operator<<(std::ostream& to, room what)
{
    switch (what)
    {
        case room::ample: return to << "ample";
        case room::enough: return to << "enough";
        case room::low: return to << "low";
        case room::none: return to << "none";
    }
    return to << "room " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, least_room const& what)
{
    to << what.left;
    return what.who.empty() ? to : to << " at " << what.who;
}

std::ostream& operator<<(std::ostream& to, learner_progress const& what)
{
    to << what.learner << " lacks " << what.lag_entries;
    if (what.lag_time == microseconds::max())
        to << " since ever";
    else if (what.lag_time > 0us)
        to << " for " << span(what.lag_time);
    if (what.round_trip > 0us) to << " round trip " << span(what.round_trip);
    if (what.needs_snapshot) to << " by snapshot";
    if (what.sent_bytes > 0) to << " sent " << what.sent_bytes << " bytes";
    if (what.snapshot_bytes > 0)
        to << " has " << what.snapshot_done << " of " << what.snapshot_bytes << " bytes";
    if (!what.trouble.empty()) to << " trouble: " << what.trouble;
    return to;
}

std::ostream& operator<<(std::ostream& to, heartbeat const& what)
{
    to << "heartbeat of " << what.from;
    if (what.sent > 0us) to << " sent " << span(what.sent);
    to << " promised e" << what.promised;
    if (!what.promised_id.empty()) to << " id " << brief(what.promised_id);
    to << " end " << what.end << " verified " << what.verified << " commit " << what.commit;
    for (auto const& each : what.unreachable)
        to << " unreachable " << each;
    for (auto const& each : what.missed)
        to << " misses " << each;
    if (what.feeding) to << " feeding " << *what.feeding;
    if (what.stepping_down) to << " stepping down";
    if (what.stalled) to << " stalled";
    if (what.restored) to << " restored";
    if (what.in_doubt) to << " in doubt";
    if (what.damaged) to << " damaged";
    if (what.outdated) to << " outdated";
    if (what.fsync > 0us) to << " fsync " << span(what.fsync);
    if (what.late > 0us) to << " late " << span(what.late);
    if (what.left != room::ample) to << " room " << what.left;
    if (what.wall_us != 0) to << " wall " << what.wall_us << "us";
    if (what.refused_us != 0) to << " refuses " << what.refused_us << "us ahead";
    if (!what.trouble.empty()) to << " trouble: " << what.trouble;
    if (what.facts->can_write)
        to << " takes writes";
    else if (what.facts->can_read)
        to << " takes reads";
    return to;
}

std::ostream& operator<<(std::ostream& to, learner_assignment const& what)
{
    return to << what.learner << " from " << what.source;
}

std::ostream& operator<<(std::ostream& to, directive const& what)
{
    to << what.config;
    if (what.learning) to << ", learner " << *what.learning;
    if (what.lease_for) to << ", lease";
    if (what.lease_for && *what.lease_for > 0us) to << " from " << span(*what.lease_for);
    if (what.drain) to << ", drain";
    if (what.time_us != 0) to << ", time " << what.time_us << "us";
    if (!what.heard.empty()) to << ", hears";
    for (auto const& name : what.heard)
        to << ' ' << name;
    return to;
}

}  // namespace chaind
