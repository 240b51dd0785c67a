#include "chain/describe.hpp"

#include "chain/replica.hpp"

#include <utility>

namespace chaind::chain
{
namespace
{

std::size_t size_of(std::shared_ptr<std::string const> const& what)
{
    return what ? what->size() : 0;
}

void put_rows(std::ostream& to, std::vector<entry> const& rows)
{
    if (rows.empty())
    {
        to << "no rows";
        return;
    }
    std::size_t size = 0;
    for (auto const& each : rows)
        size += size_of(each.command);
    if (rows.size() == 1)
        to << "row " << rows.front().at;
    else
        to << "rows " << rows.front().at << ".." << rows.back().at;
    to << " (" << size << " bytes)";
}

// What travels of a chunk: "held" are those that the other side has from an earlier try.
void put_chunk(
    std::ostream& to, digest const& id, std::uint64_t index, std::shared_ptr<std::string const> const& packed
)
{
    to << brief(id) << " #" << index;
    if (packed)
        to << ' ' << packed->size() << " bytes";
    else
        to << " held";
}

void put_outcome(std::ostream& to, order_outcome const& failed)
{
    if (failed) to << " failed (" << failed->what << "): " << failed->text;
}

// ---- messages

void put(std::ostream& to, append const& m)
{
    to << "append e" << m.in << " #" << m.number << " after " << m.prev << ": ";
    put_rows(to, m.entries);
    to << ", stable " << m.stable << " commit " << m.commit << " open " << m.open;
}
void put(std::ostream& to, ok const& m)
{
    to << "ok e" << m.in << " #" << m.number << " verified " << m.verified << " durable " << m.durable;
}
void put(std::ostream& to, nack const& m)
{
    to << "nack e" << m.in << " #" << m.number << " hint " << m.hint;
}
void put_least(std::ostream& to, least_room const& least)
{
    if (least != least_room{}) to << " room " << least;
}
void put(std::ostream& to, mark const& m)
{
    to << "mark e" << m.in << " stable " << m.stable << " commit " << m.commit;
    put_least(to, m.least);
}
void put(std::ostream& to, ack const& m)
{
    to << "ack e" << m.in << " commit " << m.commit << " durable " << m.durable << " verified " << m.verified;
    put_least(to, m.least);
}
void put(std::ostream& to, submit const& m)
{
    to << "submit e" << m.in;
    char const* before = ": ";
    for (auto const& each : m.submissions)
        to << std::exchange(before, ", ") << each;
}
void put(std::ostream& to, refused const& m)
{
    to << "refused e" << m.in << ' ' << brief(m.request) << ' ' << m.why;
}
void put(std::ostream& to, still_at const& m)
{
    to << "still_at e" << m.in << " #" << m.round;
}
void put(std::ostream& to, still_at_yes const& m)
{
    to << "still_at_yes e" << m.in << " #" << m.round;
}
void put(std::ostream& to, snap_offer const& m)
{
    to << "snap_offer e" << m.in << ' ' << m.snapshot;
}
void put(std::ostream& to, snap_want const& m)
{
    to << "snap_want e" << m.in << ' ' << brief(m.id) << " #" << m.index << (m.mine.empty() ? "" : " held");
}
void put(std::ostream& to, snap_chunk const& m)
{
    to << "snap_chunk e" << m.in << ' ';
    put_chunk(to, m.id, m.index, m.packed);
}

// ---- events

void put(std::ostream& to, tick const&)
{
    to << "tick";
}
void put(std::ostream& to, received const& e)
{
    to << "from " << e.from << ": " << e.message;
}
void put(std::ostream& to, peer_up const& e)
{
    to << "peer_up " << e.peer;
}
void put(std::ostream& to, peer_down const& e)
{
    to << "peer_down " << e.peer;
}
void put(std::ostream& to, directed const& e)
{
    to << "directed " << e.directive;
}
void put(std::ostream& to, peer_links const& e)
{
    to << "peer_links " << e.peer << (e.reached ? " reached" : " unreached") << (e.apart ? " apart" : "");
    if (e.at > epoch{}) to << " at " << e.at;
    if (e.refuses) to << " refuses";
    if (e.hears_config) to << " hears config";
    if (e.full) to << " full";
}
void put(std::ostream& to, config_link const& e)
{
    to << "config_link " << (e.up ? "up" : "down");
}
void put(std::ostream& to, stopping const&)
{
    to << "stopping";
}
void put(std::ostream& to, written const& e)
{
    to << "written " << e.upto;
}
void put(std::ostream& to, log_read const& e)
{
    to << "log_read " << e.id << ": ";
    put_rows(to, e.entries);
}
void put(std::ostream& to, submit_local const& e)
{
    to << "submit_local " << e.submission;
}
void put(std::ostream& to, forget_local const& e)
{
    to << "forget_local " << brief(e.request);
}
void put(std::ostream& to, read_wanted const& e)
{
    to << "read_wanted " << e.token;
}
void put(std::ostream& to, read_done const& e)
{
    to << "read_done " << e.token;
}
void put(std::ostream& to, disk_room const& e)
{
    to << "disk_room " << e.left;
}
void put(std::ostream& to, disk_stalled const& e)
{
    if (e.since)
        to << "disk_stalled since " << span(*e.since);
    else
        to << "disk_stalled no more";
}
void put(std::ostream& to, step_down const&)
{
    to << "step_down";
}
void put(std::ostream& to, snapshot_made const& e)
{
    to << "snapshot_made " << e.order;
    if (!e.failed) to << ": " << e.snapshot;
    put_outcome(to, e.failed);
}
void put(std::ostream& to, chunk_read const& e)
{
    to << "chunk_read ";
    put_chunk(to, e.id, e.index, e.packed);
    put_outcome(to, e.failed);
}
void put(std::ostream& to, incoming_opened const& e)
{
    to << "incoming_opened " << brief(e.id) << ", " << e.held.size() << " chunks held";
    put_outcome(to, e.failed);
}
void put(std::ostream& to, chunk_kept const& e)
{
    to << "chunk_kept " << brief(e.id) << " #" << e.index;
    put_outcome(to, e.failed);
}
void put(std::ostream& to, incoming_checked const& e)
{
    to << "incoming_checked " << brief(e.id);
    put_outcome(to, e.failed);
}
void put(std::ostream& to, rows_checked const& e)
{
    to << "rows_checked " << e.verdict;
    if (!e.text.empty()) to << ": " << e.text;
}
void put(std::ostream& to, compacted const& e)
{
    to << "compacted " << e.base;
}

// ---- orders

void put(std::ostream& to, make_snapshot const& o)
{
    to << "make_snapshot " << o.order;
}
void put(std::ostream& to, read_chunk const& o)
{
    to << "read_chunk " << brief(o.id) << " #" << o.index << (o.mine.empty() ? "" : " held");
}
void put(std::ostream& to, drop_snapshot const& o)
{
    to << "drop_snapshot " << o.order;
}
void put(std::ostream& to, open_incoming const& o)
{
    to << "open_incoming " << o.snapshot;
}
void put(std::ostream& to, keep_chunk const& o)
{
    to << "keep_chunk ";
    put_chunk(to, o.id, o.index, o.packed);
}
void put(std::ostream& to, check_incoming const& o)
{
    to << "check_incoming " << o.snapshot;
}
void put(std::ostream& to, check_rows const& o)
{
    to << "check_rows" << (o.all ? " all" : "");
}

template <class Variant>
std::ostream& put_any(std::ostream& to, Variant const& what)
{
    std::visit([&](auto const& each) { put(to, each); }, what);
    return to;
}

template <class List>
void add(std::vector<std::string>& to, List const& what)
{
    for (auto const& each : what)
        to.push_back(one_line(each));
}

}  // namespace

std::ostream& operator<<(std::ostream& to, entry const& what)
{
    return to << what.point() << ' ' << brief(what.request) << ' ' << size_of(what.command) << " bytes at "
              << what.ts_us << "us";
}

std::ostream& operator<<(std::ostream& to, submission const& what)
{
    return to << brief(what.request) << ' ' << size_of(what.command) << " bytes"
              << (what.frees_room ? " frees room" : "");
}

std::ostream& operator<<(std::ostream& to, order_fault what)
{
    switch (what)
    {
        case order_fault::disk: return to << "disk";
        case order_fault::rows_changed: return to << "changed rows";
        case order_fault::content: return to << "content";
        case order_fault::unknown: return to << "unknown";
    }
    return to << "order_fault " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, rows_verdict what)
{
    switch (what)
    {
        case rows_verdict::sound: return to << "sound";
        case rows_verdict::believed: return to << "believed";
        case rows_verdict::changed: return to << "changed";
        case rows_verdict::not_known: return to << "not known";
    }
    return to << "rows_verdict " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, refusal what)
{
    switch (what)
    {
        case refusal::busy: return to << "busy";
        case refusal::read_only: return to << "read_only";
        case refusal::not_known: return to << "not_known";
        case refusal::disk_full: return to << "disk_full";
        case refusal::outside: return to << "outside";
    }
    return to << "refusal " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, snapshot_info const& what)
{
    return to << "snapshot " << brief(what.id) << " at " << what.at << ", " << what.bytes << " bytes";
}

std::ostream& operator<<(std::ostream& to, snapshot_progress const& what)
{
    return to << what.bytes_done << " of " << what.bytes_total << " bytes";
}

std::ostream& operator<<(std::ostream& to, message const& what)
{
    return put_any(to, what);
}

std::ostream& operator<<(std::ostream& to, envelope const& what)
{
    return to << "to " << what.to << ": " << what.message;
}

std::ostream& operator<<(std::ostream& to, event const& what)
{
    return put_any(to, what);
}

std::ostream& operator<<(std::ostream& to, store_write const& what)
{
    to << "write " << what.id;
    char const* before = ": ";
    auto const next = [&]() -> std::ostream& { return to << std::exchange(before, ", "); };
    if (what.promise) next() << "promise " << *what.promise;
    if (what.truncate_after) next() << "truncate after " << *what.truncate_after;
    if (!what.entries.empty()) put_rows(next(), what.entries);
    if (what.apply_upto) next() << "apply up to " << *what.apply_upto;
    return to;
}

std::ostream& operator<<(std::ostream& to, log_read_request const& what)
{
    return to << "read log " << what.id << ": from " << what.from << ", at most " << what.max_bytes
              << " bytes";
}

std::ostream& operator<<(std::ostream& to, read_verdict what)
{
    switch (what)
    {
        case read_verdict::run: return to << "run";
        case read_verdict::answer: return to << "answer";
        case read_verdict::again: return to << "again";
        case read_verdict::unavailable: return to << "unavailable";
    }
    return to << "read_verdict " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, read_step const& what)
{
    return to << "read " << what.token << ": " << what.what;
}

std::ostream& operator<<(std::ostream& to, local_refusal const& what)
{
    return to << "refused " << brief(what.request) << ": " << what.why
              << (what.maybe_logged ? ", maybe logged" : "");
}

std::ostream& operator<<(std::ostream& to, snapshot_order const& what)
{
    return put_any(to, what);
}

std::ostream& operator<<(std::ostream& to, begin_anew const& what)
{
    to << "begin anew";
    if (what.install) to << " from snapshot " << brief(*what.install);
    if (!what.set_aside.empty()) to << ", set aside: " << what.set_aside;
    return to;
}

std::vector<std::string> lines(effects const& what)
{
    std::vector<std::string> out;
    add(out, what.writes);
    add(out, what.sends);
    add(out, what.heartbeats);
    add(out, what.log_reads);
    add(out, what.reads);
    add(out, what.refusals);
    add(out, what.snapshot_orders);
    if (what.may_drop) out.push_back(one_line("may drop up to ", *what.may_drop));
    if (what.anew) out.push_back(one_line(*what.anew));
    if (what.halt) out.push_back(one_line("halt: ", *what.halt));
    return out;
}

std::ostream& operator<<(std::ostream& to, effects const& what)
{
    char const* between = "";
    for (auto const& each : lines(what))
        to << std::exchange(between, "; ") << each;
    return to;
}

std::ostream& operator<<(std::ostream& to, forwarding what)
{
    return to << (what == forwarding::parallel ? "parallel" : "persist_first");
}

std::ostream& operator<<(std::ostream& to, role what)
{
    switch (what)
    {
        case role::detached: return to << "detached";
        case role::learner: return to << "learner";
        case role::head: return to << "head";
        case role::middle: return to << "middle";
        case role::tail: return to << "tail";
        case role::solo: return to << "solo";
    }
    return to << "role " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, not_served what)
{
    switch (what)
    {
        case not_served::nothing: return to << "nothing";
        case not_served::stopping: return to << "stopping";
        case not_served::disk_stalled: return to << "disk_stalled";
        case not_served::taking_snapshot: return to << "taking_snapshot";
        case not_served::catching_up: return to << "catching_up";
        case not_served::not_active: return to << "not_active";
        case not_served::disk_full: return to << "disk_full";
        case not_served::too_few_replicas: return to << "too_few_replicas";
        case not_served::taking_its_place: return to << "taking_its_place";
        case not_served::apart: return to << "apart";
        case not_served::unreached: return to << "unreached";
        case not_served::overtaken: return to << "overtaken";
        case not_served::head_refuses: return to << "head_refuses";
        case not_served::nothing_commits: return to << "nothing_commits";
        case not_served::too_slow: return to << "too_slow";
    }
    return to << "not_served " << static_cast<int>(what);
}

std::ostream& operator<<(std::ostream& to, replica_status const& what)
{
    to << what.part << (what.active ? " active" : "") << " in " << what.config << ": base " << what.base.at
       << " applied " << what.applied << " commit " << what.commit << " stable " << what.stable
       << " verified " << what.verified << " durable " << what.durable << " end " << what.end;
    if (what.lease_until > 0us) to << ", lease until " << span(what.lease_until);
    if (what.pending_submissions > 0) to << ", " << what.pending_submissions << " undecided";
    if (what.receiving) to << ", receiving " << *what.receiving;
    if (what.least != least_room{}) to << ", room " << what.least;
    if (what.clock_error) to << ", clock wrong by " << span(*what.clock_error);
    if (what.refused_us != 0) to << ", refuses " << what.refused_us << "us ahead";
    return to;
}

bool is_idle(event const& in, effects const& out)
{
    return std::holds_alternative<tick>(in) && lines(out).empty();
}

}  // namespace chaind::chain
