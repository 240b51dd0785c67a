#pragma once
// The safety rules that the simulator breaks one at a time to prove that it would notice
// (test/sim/README.md). In the daemons rule() is the constant true and costs nothing; the library variant
// built with CHAIND_PLANTED_MISTAKES asks a global. Use at the place that enforces a rule:  if
// (!rule(r::tail_waits_for_all_disks) || ...) ...

#include <cstdint>

namespace chaind
{

// One enumerator a rule, named after what holds when it is kept.
enum class r : std::uint8_t
{
    none,
    stable_resets_in_a_new_epoch,
    stable_waits_for_fsync,
    stable_stays_within_verified,
    stable_waits_for_predecessor,
    tail_waits_for_all_disks,
    commit_comes_from_the_tail,
    verified_resets_in_a_new_epoch,
    commits_only_when_active,
    messages_of_other_epochs_are_dropped,
    a_restart_leaves_the_epoch,
    apply_waits_for_commit,
    prev_is_matched_by_hash,
    survivors_come_from_the_active_config,
    activation_waits_for_the_joiner,
    a_learner_promises_first,
    a_restarted_member_is_no_learner,
    a_stale_suffix_is_cut,
    probes_stay_within_verified,
    forwards_stay_within_verified,
    cold_start_takes_members_only,
    cold_start_checks_the_store,
    cold_start_orders_by_log,
    own_pause_is_no_verdict,
    a_restarted_config_service_waits_a_lease,
    activation_waits_for_leases,
    a_lease_counts_from_the_send_time,
    a_lease_has_a_margin,
    reads_check_the_lease,
    the_lease_is_checked_after_the_read,
    reads_notice_a_new_epoch,
    a_read_waits_before_its_snapshot,
    a_read_waits_for_pending_entries,
    a_barrier_asks_everybody,
    a_barrier_waits_for_commit,
    a_promise_is_durable_before_acting,
    truncation_spares_the_commit,
    retries_are_deduplicated,
    activation_waits_for_all_promises,
    activation_is_durable_before_it_is_told,
    cold_start_checks_the_watermark,
    compaction_respects_pins,
    member_xor_learner,
    a_learner_keeps_no_stale_suffix,
    snapshot_digest_is_checked,      // by whoever takes a snapshot in
    snapshot_covers_only_committed,  // by whoever makes one
    identity_is_not_inherited,       // a store made from a snapshot has an identity of its own
    a_snapshot_keeps_the_dedupe_table,
    a_snapshot_keeps_the_counters,
    a_snapshot_ends_at_its_mark,   // no log row above the state that it holds
    a_part_is_hashed_again,        // what an earlier try left may be torn
    an_installation_is_whole,      // the old store or the new one
    a_returning_store_is_checked,  // its rows, before it is spliced
    a_start_writes_again,          // what a failed fsync left in memory is not on the disk
    what_needs_room_is_refused,    // while a member's disk is low
    death_is_told_by_the_same_kernel,
    who_says_goodbye_has_no_lease,
    who_falls_silent_with_others_is_waited_for,
    who_may_be_on_its_way_is_waited_for,
    the_first_word_excuses_the_others,
    nothing_is_planned_on_who_is_waited_for,
    a_promise_names_its_configuration,  // not its number alone
    a_heartbeat_is_plausible,
    a_commit_is_on_every_disk,  // as each of them says
    a_name_has_one_link,        // while its process speaks on it
    a_stamp_follows_most_clocks,
    a_row_far_ahead_is_not_taken,
    a_restored_log_begins_alone,
    a_new_chain_begins_above_a_restored_log,
    a_join_token_is_used_once,
    a_used_token_is_kept_first,
};

#ifdef CHAIND_PLANTED_MISTAKES
// Breaks one rule, or two where the second would hide the first. r::none: all rules hold again.
void plant_mistake(r broken, r also = r::none);
bool rule(r which);
#else
constexpr bool rule(r)
{
    return true;
}
#endif

}  // namespace chaind
