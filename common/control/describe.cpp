#include "control/describe.hpp"

#include "control/controller.hpp"
#include "control/failure_detector.hpp"

#include <utility>

namespace chaind::control
{
namespace
{

void put_names(std::ostream& to, char const* title, std::vector<node_id> const& names)
{
    if (names.empty()) return;
    to << title;
    for (auto const& each : names)
        to << ' ' << each;
}

// ---- events

void put(std::ostream& to, tick const& e)
{
    to << "tick";
    if (e.wall_us != 0) to << " wall " << e.wall_us << "us";
}
void put(std::ostream& to, heard const& e)
{
    to << e.heartbeat;
}
void put(std::ostream& to, connected const& e)
{
    to << "connected " << e.from;
    if (!e.kernel.empty()) to << " on kernel " << e.kernel;
}
void put(std::ostream& to, connection_lost const& e)
{
    to << "connection_lost " << e.from;
}
void put(std::ostream& to, probed const& e)
{
    to << "probed " << e.who << (e.gone ? " gone" : " not known to be gone");
}
void put(std::ostream& to, stored const& e)
{
    to << "stored r" << e.revision;
}
void put(std::ostream& to, drained_clients const& e)
{
    to << "drained_clients " << e.who;
}
void put(std::ostream& to, remove_node const& e)
{
    to << "remove_node " << e.who << ", request " << e.request;
}
void put(std::ostream& to, add_node const& e)
{
    to << "add_node " << e.who << ", request " << e.request;
}
void put(std::ostream& to, drain_node const& e)
{
    to << "drain_node " << e.who << ", request " << e.request;
}
void put(std::ostream& to, undrain_node const& e)
{
    to << "undrain_node " << e.who << ", request " << e.request;
}
void put(std::ostream& to, move_node const& e)
{
    to << "move_node " << e.who << " to " << (e.to_head ? "head" : "tail") << ", request " << e.request;
}
void put(std::ostream& to, replace_node const& e)
{
    to << "replace_node " << e.who;
    if (e.with) to << " by " << *e.with;
    to << ", request " << e.request;
}
void put(std::ostream& to, set_want const& e)
{
    to << "set_want " << e.members << ", request " << e.request;
}
void put(std::ostream& to, force_epoch const& e)
{
    to << "force_epoch " << e.who << ", request " << e.request;
}
void put(std::ostream& to, withdrawn const& e)
{
    to << "withdrawn, request " << e.request;
}

}  // namespace

std::ostream& operator<<(std::ostream& to, older_claim const& what)
{
    return to << what.by << " has promised e" << what.promised << ": " << what.lacks;
}

std::ostream& operator<<(std::ostream& to, record const& what)
{
    to << 'r' << what.revision << ' ' << what.current;
    if (what.last_active != what.current) to << " after " << what.last_active;
    to << ", watermark " << what.watermark << "/e" << what.watermark_epoch << ", want " << what.want;
    put_names(to, ", known", what.known);
    put_names(to, ", removed", what.removed);
    put_names(to, ", drained", what.drained);
    if (what.moving)
    {
        put_names(to, ", moving", what.moving->leaving);
        to << " for " << what.moving->who << " of " << what.moving->members;
    }
    if (what.replacing)
        to << ", replacing " << what.replacing->old << " by " << what.replacing->with << " of "
           << what.replacing->members;
    for (auto const& [at, id] : what.given)
        to << ", given e" << at << " id " << brief(id);
    for (auto const& [name, claim] : what.claims)
        to << ", older: " << claim;
    return to;
}

std::ostream& operator<<(std::ostream& to, event const& what)
{
    std::visit([&](auto const& each) { put(to, each); }, what);
    return to;
}

std::ostream& operator<<(std::ostream& to, outgoing const& what)
{
    return to << "to " << what.to << ": " << what.directive;
}

std::ostream& operator<<(std::ostream& to, admin_verdict what)
{
    switch (what)
    {
        case admin_verdict::done: return to << "done";
        case admin_verdict::already: return to << "already";
        case admin_verdict::no_such_node: return to << "no_such_node";
        case admin_verdict::removed: return to << "removed";
        case admin_verdict::last_replica: return to << "last_replica";
        case admin_verdict::not_now: return to << "not_now";
        case admin_verdict::others_left: return to << "others_left";
        case admin_verdict::no_spare: return to << "no_spare";
        case admin_verdict::not_a_member: return to << "not_a_member";
        case admin_verdict::is_a_member: return to << "is_a_member";
        case admin_verdict::not_alive: return to << "not_alive";
        case admin_verdict::not_needed: return to << "not_needed";
        case admin_verdict::bad_number: return to << "bad_number";
        case admin_verdict::wrong_clock: return to << "wrong_clock";
        case admin_verdict::old_registry: return to << "old_registry";
    }
    return to << "admin_verdict " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, admin_reply const& what)
{
    to << "reply to request " << what.request << ": " << what.verdict << " in e" << what.current;
    if (what.with) to << ", " << *what.with << " comes";
    if (what.passing) to << ", passing";
    if (what.nobody_heard) to << ", nobody of the chain is heard";
    return to;
}

std::ostream& operator<<(std::ostream& to, notice const& what)
{
    to << "notice in e" << what.at << ": ";
    if (!what.who.empty()) to << what.who << ' ';
    to << what.what;
    return what.why.empty() ? to : to << ": " << what.why;
}

std::vector<std::string> lines(effects const& what)
{
    std::vector<std::string> out;
    if (what.persist) out.push_back(one_line("store ", *what.persist));
    if (what.new_lineage) out.emplace_back("new lineage");
    for (auto const& each : what.directives)
        out.push_back(one_line(each));
    for (auto const& each : what.hang_ups)
        out.push_back(one_line("hang up on ", each.on, ": ", each.why));
    for (auto const& each : what.probes)
        out.push_back(one_line("probe ", each));
    for (auto const& each : what.replies)
        out.push_back(one_line(each));
    for (auto const& each : what.notices)
        out.push_back(one_line(each));
    return out;
}

std::ostream& operator<<(std::ostream& to, effects const& what)
{
    char const* between = "";
    for (auto const& each : lines(what))
        to << std::exchange(between, "; ") << each;
    return to;
}

std::ostream& operator<<(std::ostream& to, held what)
{
    switch (what)
    {
        case held::no: return to << "no";
        case held::lost_writes: return to << "lost_writes";
        case held::has_log: return to << "has_log";
        case held::second_restored: return to << "second_restored";
        case held::contradicts: return to << "contradicts";
    }
    return to << "held " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, verdict what)
{
    switch (what)
    {
        case verdict::alive: return to << "alive";
        case verdict::silent: return to << "silent";
        case verdict::left: return to << "left";
        case verdict::gone: return to << "gone";
    }
    return to << "verdict " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, rows_proof::state what)
{
    switch (what)
    {
        case rows_proof::state::waiting: return to << "waiting";
        case rows_proof::state::running: return to << "running";
        case rows_proof::state::proven: return to << "proven";
        case rows_proof::state::changed: return to << "changed";
        case rows_proof::state::unproven: return to << "unproven";
    }
    return to << "rows_proof::state " << static_cast<int>(what);
}

bool is_idle(event const& in, effects const& out)
{
    return std::holds_alternative<tick>(in) && lines(out).empty();
}

}  // namespace chaind::control
