// Membership, heartbeats and directives to and from protobuf.

#include "wire/peer_convert.hpp"

#include <algorithm>

namespace chaind::wire::peer
{

void put(member const& from, pb::Member& to)
{
    to.set_name(from.name.name.str());
    put(from.store, *to.mutable_store());
    put(from.boot, *to.mutable_boot());
}

bool get(pb::Member const& from, member& to)
{
    if (!is_valid_node_name(from.name())) return false;
    to.name.name = from.name();
    return get(from.store(), to.store) && get(from.boot(), to.boot);
}

void put(log_point const& from, pb::LogPoint& to)
{
    to.set_at(from.at.value());
    to.set_in(from.in.value());
    put(from.hash, *to.mutable_hash());
    to.set_ts_us(from.ts_us);
}

bool get(pb::LogPoint const& from, log_point& to)
{
    to.at = seq(from.at());
    to.in = epoch(from.in());
    to.ts_us = from.ts_us();
    return get(from.hash(), to.hash);
}

namespace
{
void put(chain_config const& from, pb::Config& to)
{
    to.set_at(from.at.value());
    to.set_state(static_cast<std::uint32_t>(from.state));
    for (auto const& m : from.members)
        peer::put(m, *to.add_members());
    to.set_has_joiner(from.joiner.has_value());
    if (from.joiner) to.set_joiner(from.joiner->name.str());
    if (!from.id.empty()) peer::put(from.id, *to.mutable_id());
}

// A configuration that breaks its own rules must not reach a core: no member twice, the joiner is the last.
bool get(pb::Config const& from, chain_config& to)
{
    auto const state = config_state_of(from.state());
    if (!state) return false;
    to.at = epoch(from.at());
    to.state = *state;
    for (auto const& m : from.members())
    {
        member next;
        if (!peer::get(m, next)) return false;
        for (auto const& earlier : to.members)
            if (earlier.name == next.name) return false;
        to.members.push_back(std::move(next));
    }
    if (!from.id().empty() && !peer::get(from.id(), to.id)) return false;
    if (!from.has_joiner()) return true;
    to.joiner = node_id{from.joiner()};
    return !to.members.empty() && to.members.back().name == *to.joiner;
}

void put(learner_progress const& from, pb::LearnerProgress& to)
{
    peer::put(from.learner, *to.mutable_learner());
    to.set_lag_entries(from.lag_entries);
    to.set_lag_us(from.lag_time.count());
    to.set_round_trip_us(from.round_trip.count());
    to.set_needs_snapshot(from.needs_snapshot);
    to.set_sent_bytes(from.sent_bytes);
    to.set_snapshot_bytes(from.snapshot_bytes);
    to.set_snapshot_done(from.snapshot_done);
    to.set_trouble(from.trouble);
}

bool get(pb::LearnerProgress const& from, learner_progress& to)
{
    to.lag_entries = from.lag_entries();
    to.lag_time = microseconds(from.lag_us());
    to.round_trip = microseconds(from.round_trip_us());
    to.needs_snapshot = from.needs_snapshot();
    to.sent_bytes = from.sent_bytes();
    to.snapshot_bytes = from.snapshot_bytes();
    to.snapshot_done = from.snapshot_done();
    to.trouble = from.trouble();
    return peer::get(from.learner(), to.learner);
}

void put(node_facts const& from, pb::NodeFacts& to)
{
    to.set_replica_addr(from.replica_addr);
    to.set_pid(from.pid);
    to.set_version(from.version);
    to.set_data_dir(from.data_dir);
    to.set_database(from.database);
    to.set_db_bytes(from.db_bytes);
    if (from.free_bytes) to.set_free_bytes(*from.free_bytes);
    to.set_moved_bytes(from.moved_bytes);
    to.set_lease_us(from.lease.count());
    to.set_min_replicas(from.min_replicas);
    to.set_can_read(from.can_read);
    to.set_can_write(from.can_write);
    to.set_cut_off(from.cut_off);
    to.set_unanswered(from.unanswered);
    for (auto const& name : from.linked)
        to.add_linked(name.name.str());
    auto& scrub = *to.mutable_scrub();
    scrub.set_running(from.scrub.running);
    scrub.set_asked(from.scrub.asked);
    scrub.set_done(from.scrub.done);
    scrub.set_all(from.scrub.all);
    scrub.set_proven_ms(from.scrub.proven_ms);
    scrub.set_error(from.scrub.error);
    if (from.sum)
    {
        to.mutable_sum()->set_checkpoint(from.sum->checkpoint);
        to.mutable_sum()->set_at(from.sum->at.value());
        peer::put(from.sum->sum, *to.mutable_sum()->mutable_sum());
    }
    if (from.set_aside)
    {
        to.mutable_set_aside()->set_folder(from.set_aside->folder);
        to.mutable_set_aside()->set_reason(from.set_aside->reason);
    }
    auto& front = *to.mutable_front();
    front.set_url(from.front.url);
    front.set_admin_addr(from.front.admin_addr);
    front.set_clients(from.front.clients);
    front.set_drained(from.front.drained);
}

// They are kept, shown and handed on for as long as their process is known, whoever it is.
constexpr std::size_t longest_fact = 4096;

bool are_short(pb::NodeFacts const& facts)
{
    auto const texts = {
        &facts.replica_addr(),
        &facts.version(),
        &facts.data_dir(),
        &facts.database(),
        &facts.cut_off(),
        &facts.scrub().error(),
        &facts.sum().checkpoint(),
        &facts.set_aside().folder(),
        &facts.set_aside().reason(),
        &facts.front().url(),
        &facts.front().admin_addr()
    };
    return std::all_of(
        texts.begin(), texts.end(), [](auto const* text) { return text->size() <= longest_fact; }
    );
}

bool get(google::protobuf::RepeatedPtrField<std::string> const& from, std::vector<node_id>& to)
{
    // More than any chain has: each is a text of its own to keep.
    if (from.size() > static_cast<int>(most_members)) return false;
    for (auto const& name : from)
    {
        if (!is_valid_node_name(name)) return false;
        to.push_back(node_id{name});
    }
    return true;
}

bool get(pb::NodeFacts const& from, node_facts& to)
{
    if (!are_short(from)) return false;
    to.replica_addr = from.replica_addr();
    to.pid = from.pid();
    to.version = from.version();
    to.data_dir = from.data_dir();
    to.database = from.database();
    to.db_bytes = from.db_bytes();
    if (from.has_free_bytes()) to.free_bytes = from.free_bytes();
    to.moved_bytes = from.moved_bytes();
    to.lease = microseconds(from.lease_us());
    to.min_replicas = from.min_replicas();
    to.can_read = from.can_read();
    to.can_write = from.can_write();
    to.cut_off = from.cut_off();
    to.unanswered = from.unanswered();
    if (!get(from.linked(), to.linked)) return false;
    to.scrub = {
        .running = from.scrub().running(),
        .asked = from.scrub().asked(),
        .done = from.scrub().done(),
        .all = from.scrub().all(),
        .proven_ms = from.scrub().proven_ms(),
        .error = from.scrub().error(),
    };
    if (from.has_set_aside())
        to.set_aside = {.folder = from.set_aside().folder(), .reason = from.set_aside().reason()};
    to.front = {
        .url = from.front().url(),
        .admin_addr = from.front().admin_addr(),
        .clients = from.front().clients(),
        .drained = from.front().drained(),
    };
    if (!from.has_sum()) return true;
    auto& sum = to.sum.emplace();
    sum.checkpoint = from.sum().checkpoint();
    sum.at = seq(from.sum().at());
    return peer::get(from.sum().sum(), sum.sum);
}
}  // namespace

void put(heartbeat const& from, pb::Heartbeat& to)
{
    put(from.from, *to.mutable_from());
    to.set_sent_us(from.sent.count());
    to.set_promised(from.promised.value());
    if (!from.promised_id.empty()) put(from.promised_id, *to.mutable_promised_id());
    put(from.end, *to.mutable_end());
    to.set_verified(from.verified.value());
    to.set_commit(from.commit.value());
    for (auto const& name : from.unreachable)
        to.add_unreachable(name.name.str());
    for (auto const& name : from.missed)
        to.add_missed(name.name.str());
    if (from.feeding) put(*from.feeding, *to.mutable_feeding());
    to.set_stepping_down(from.stepping_down);
    to.set_stalled(from.stalled);
    put(*from.facts, *to.mutable_facts());
    to.set_restored(from.restored);
    to.set_in_doubt(from.in_doubt);
    to.set_damaged(from.damaged);
    to.set_late_us(from.late.count());
    to.set_fsync_us(from.fsync.count());
    to.set_wall_us(from.wall_us);
    to.set_refused_us(from.refused_us);
    to.set_outdated(from.outdated);
    to.set_left(static_cast<std::uint32_t>(from.left));
    to.set_trouble(from.trouble);
}

bool get(pb::Heartbeat const& from, heartbeat& to)
{
    if (!get(from.from(), to.from) || !get(from.end(), to.end)) return false;
    to.sent = instant(from.sent_us());
    to.promised = epoch(from.promised());
    if (!from.promised_id().empty() && !get(from.promised_id(), to.promised_id)) return false;
    to.verified = seq(from.verified());
    to.commit = seq(from.commit());
    if (!get(from.unreachable(), to.unreachable) || !get(from.missed(), to.missed)) return false;
    if (from.has_feeding() && !get(from.feeding(), to.feeding.emplace())) return false;
    to.stepping_down = from.stepping_down();
    to.stalled = from.stalled();
    node_facts facts;
    if (!get(from.facts(), facts)) return false;
    to.facts = std::move(facts);
    to.restored = from.restored();
    to.in_doubt = from.in_doubt();
    to.damaged = from.damaged();
    to.late = microseconds(from.late_us());
    to.fsync = microseconds(from.fsync_us());
    to.wall_us = from.wall_us();
    to.refused_us = from.refused_us();
    to.outdated = from.outdated();
    to.left = room_of(from.left());
    to.trouble = from.trouble();
    return true;
}

void put(directive const& from, pb::Directive& to)
{
    put(from.config, *to.mutable_config());
    if (from.learning)
    {
        put(from.learning->learner, *to.mutable_learning()->mutable_learner());
        put(from.learning->source, *to.mutable_learning()->mutable_source());
    }
    to.set_has_lease(from.lease_for.has_value());
    if (from.lease_for) to.set_lease_for_us(from.lease_for->count());
    to.set_drain(from.drain);
    to.set_time_us(from.time_us);
    for (auto const& name : from.heard)
        to.add_heard(name.name.str());
}

bool get(pb::Directive const& from, directive& to)
{
    if (!get(from.config(), to.config)) return false;
    if (from.has_learning())
    {
        auto& learning = to.learning.emplace();
        if (!get(from.learning().learner(), learning.learner) ||
            !get(from.learning().source(), learning.source))
            return false;
    }
    if (from.has_lease()) to.lease_for = instant(from.lease_for_us());
    to.drain = from.drain();
    to.time_us = from.time_us();
    return get(from.heard(), to.heard);
}

}  // namespace chaind::wire::peer
