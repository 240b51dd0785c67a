#include "sim/mistakes.hpp"
#include "sim/trace.hpp"

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace chaind::sim
{
namespace
{

constexpr std::pair<r, std::string_view> all_rules[] = {
    {r::none, "none"},
    {r::stable_resets_in_a_new_epoch, "stable_resets_in_a_new_epoch"},
    {r::stable_waits_for_fsync, "stable_waits_for_fsync"},
    {r::stable_stays_within_verified, "stable_stays_within_verified"},
    {r::stable_waits_for_predecessor, "stable_waits_for_predecessor"},
    {r::tail_waits_for_all_disks, "tail_waits_for_all_disks"},
    {r::commit_comes_from_the_tail, "commit_comes_from_the_tail"},
    {r::verified_resets_in_a_new_epoch, "verified_resets_in_a_new_epoch"},
    {r::commits_only_when_active, "commits_only_when_active"},
    {r::messages_of_other_epochs_are_dropped, "messages_of_other_epochs_are_dropped"},
    {r::a_restart_leaves_the_epoch, "a_restart_leaves_the_epoch"},
    {r::apply_waits_for_commit, "apply_waits_for_commit"},
    {r::prev_is_matched_by_hash, "prev_is_matched_by_hash"},
    {r::survivors_come_from_the_active_config, "survivors_come_from_the_active_config"},
    {r::activation_waits_for_the_joiner, "activation_waits_for_the_joiner"},
    {r::a_learner_promises_first, "a_learner_promises_first"},
    {r::a_restarted_member_is_no_learner, "a_restarted_member_is_no_learner"},
    {r::a_stale_suffix_is_cut, "a_stale_suffix_is_cut"},
    {r::probes_stay_within_verified, "probes_stay_within_verified"},
    {r::forwards_stay_within_verified, "forwards_stay_within_verified"},
    {r::cold_start_takes_members_only, "cold_start_takes_members_only"},
    {r::cold_start_checks_the_store, "cold_start_checks_the_store"},
    {r::cold_start_orders_by_log, "cold_start_orders_by_log"},
    {r::own_pause_is_no_verdict, "own_pause_is_no_verdict"},
    {r::a_restarted_config_service_waits_a_lease, "a_restarted_config_service_waits_a_lease"},
    {r::activation_waits_for_leases, "activation_waits_for_leases"},
    {r::a_lease_counts_from_the_send_time, "a_lease_counts_from_the_send_time"},
    {r::a_lease_has_a_margin, "a_lease_has_a_margin"},
    {r::reads_check_the_lease, "reads_check_the_lease"},
    {r::the_lease_is_checked_after_the_read, "the_lease_is_checked_after_the_read"},
    {r::reads_notice_a_new_epoch, "reads_notice_a_new_epoch"},
    {r::a_read_waits_before_its_snapshot, "a_read_waits_before_its_snapshot"},
    {r::a_read_waits_for_pending_entries, "a_read_waits_for_pending_entries"},
    {r::a_barrier_asks_everybody, "a_barrier_asks_everybody"},
    {r::a_barrier_waits_for_commit, "a_barrier_waits_for_commit"},
    {r::a_promise_is_durable_before_acting, "a_promise_is_durable_before_acting"},
    {r::truncation_spares_the_commit, "truncation_spares_the_commit"},
    {r::retries_are_deduplicated, "retries_are_deduplicated"},
    {r::activation_waits_for_all_promises, "activation_waits_for_all_promises"},
    {r::activation_is_durable_before_it_is_told, "activation_is_durable_before_it_is_told"},
    {r::cold_start_checks_the_watermark, "cold_start_checks_the_watermark"},
    {r::compaction_respects_pins, "compaction_respects_pins"},
    {r::member_xor_learner, "member_xor_learner"},
    {r::a_learner_keeps_no_stale_suffix, "a_learner_keeps_no_stale_suffix"},
    {r::snapshot_digest_is_checked, "snapshot_digest_is_checked"},
    {r::snapshot_covers_only_committed, "snapshot_covers_only_committed"},
    {r::identity_is_not_inherited, "identity_is_not_inherited"},
    {r::a_snapshot_keeps_the_dedupe_table, "a_snapshot_keeps_the_dedupe_table"},
    {r::a_snapshot_keeps_the_counters, "a_snapshot_keeps_the_counters"},
    {r::a_snapshot_ends_at_its_mark, "a_snapshot_ends_at_its_mark"},
    {r::a_part_is_hashed_again, "a_part_is_hashed_again"},
    {r::an_installation_is_whole, "an_installation_is_whole"},
    {r::a_returning_store_is_checked, "a_returning_store_is_checked"},
    {r::a_start_writes_again, "a_start_writes_again"},
    {r::what_needs_room_is_refused, "what_needs_room_is_refused"},
    {r::death_is_told_by_the_same_kernel, "death_is_told_by_the_same_kernel"},
    {r::who_says_goodbye_has_no_lease, "who_says_goodbye_has_no_lease"},
    {r::who_falls_silent_with_others_is_waited_for, "who_falls_silent_with_others_is_waited_for"},
    {r::who_may_be_on_its_way_is_waited_for, "who_may_be_on_its_way_is_waited_for"},
    {r::the_first_word_excuses_the_others, "the_first_word_excuses_the_others"},
    {r::nothing_is_planned_on_who_is_waited_for, "nothing_is_planned_on_who_is_waited_for"},
    {r::a_promise_names_its_configuration, "a_promise_names_its_configuration"},
    {r::a_heartbeat_is_plausible, "a_heartbeat_is_plausible"},
    {r::a_commit_is_on_every_disk, "a_commit_is_on_every_disk"},
    {r::a_name_has_one_link, "a_name_has_one_link"},
    {r::a_stamp_follows_most_clocks, "a_stamp_follows_most_clocks"},
    {r::a_row_far_ahead_is_not_taken, "a_row_far_ahead_is_not_taken"},
    {r::a_restored_log_begins_alone, "a_restored_log_begins_alone"},
    {r::a_new_chain_begins_above_a_restored_log, "a_new_chain_begins_above_a_restored_log"},
    {r::a_join_token_is_used_once, "a_join_token_is_used_once"},
    {r::a_used_token_is_kept_first, "a_used_token_is_kept_first"},
};

}  // namespace

r rule_by_name(std::string_view name)
{
    for (auto [rule, known] : all_rules)
        if (known == name) return rule;
    throw std::invalid_argument("no rule " + std::string(name));
}

std::string_view name(r rule)
{
    for (auto [known, text] : all_rules)
        if (known == rule) return text;
    return "?";
}

std::vector<std::string_view> rule_names()
{
    std::vector<std::string_view> out;
    for (auto [rule, text] : all_rules)
        if (rule != r::none) out.push_back(text);
    return out;
}

std::vector<mistake> read_mistakes(std::string const& path)
{
    std::ifstream in(path);
    if (!in) throw std::invalid_argument("cannot read " + path);
    std::vector<mistake> out;
    for (std::string line; std::getline(in, line);)
    {
        std::istringstream fields(line);
        std::string broken, also, profile, policy;
        mistake each;
        if (line.empty() || line[0] == '#') continue;
        if (!(fields >> broken >> also >> profile >> policy >> each.seed))
            throw std::invalid_argument(path + ": " + line);
        each.broken = rule_by_name(broken);
        each.also = also == "-" ? r::none : rule_by_name(also);
        each.profile = profile;
        each.policy = policy == "fp" ? chain::forwarding::parallel : chain::forwarding::persist_first;
        out.push_back(each);
    }
    return out;
}

}  // namespace chaind::sim
