#pragma once
// The controller's state and its parts; only the files that implement its members include this. One step is:
// take in one event, then decide once. All decisions are functions of what is stored and what was heard, so
// that they can be made again at every step until they have taken effect.

#include "base/recent_peak.hpp"
#include "control/clock_votes.hpp"
#include "control/controller.hpp"
#include "control/failure_detector.hpp"
#include "control/leases.hpp"
#include "control/link_watch.hpp"
#include "control/next_chain.hpp"
#include "control/roster.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace chaind::control
{

// What a disk and a way say of themselves may be any number. Of a replica whose disk takes longer
// no heartbeat counts (`stalled`).
inline microseconds bounded_pace(microseconds said)
{
    return std::clamp<microseconds>(said, {}, 1s);
}

class controller::impl
{
public:
    impl(settings how, record from, instant now);

    effects step(instant now, event const& what);
    admin_reply judged(event const& asked);  // of a copy, which is of no other use afterwards
    [[nodiscard]] std::string objection(member const& who, instant now) const;
    [[nodiscard]] record const& current() const { return rec_; }
    [[nodiscard]] std::vector<node_status> nodes() const;
    [[nodiscard]] std::optional<learner_assignment> learning() const { return learning_; }
    [[nodiscard]] std::optional<join_status> joining() const;
    [[nodiscard]] std::optional<node_id> draining() const;
    [[nodiscard]] bool being_forced() const;  // a forced epoch is on its way to the registry
    [[nodiscard]] bool changing() const;      // a configuration that is PENDING, or any that is being stored
    [[nodiscard]] bool is_older() const { return !claims_.empty() || !strangers_.empty(); }
    [[nodiscard]] std::string registry_lacks() const
    {
        auto const& claims = claims_.empty() ? strangers_ : claims_;
        return claims.empty() ? "" : claims.begin()->second.lacks;
    }
    [[nodiscard]] std::int64_t time_us() const { return clocks_.time_us(now_); }
    [[nodiscard]] std::optional<microseconds> own_clock_error() const { return clocks_.own_error(); }
    [[nodiscard]] bool goes_on_without(node_id const& name) const;
    [[nodiscard]] bool is_known(node_id const& name) const;

private:
    // ---- controller.cpp: events
    void on(tick const& e);
    void on(heard const& e);
    void note_alive(heartbeat const& hb);
    [[nodiscard]] bool stands_still(node const& what) const;  // so it says
    [[nodiscard]] instant back_by() const;                    // those whom we assume alive
    void on(connected const& e);
    void on(connection_lost const& e);
    [[nodiscard]] std::string spoken_for(member const& who, instant now) const;
    [[nodiscard]] bool expects_another(member const& who, instant now) const;
    [[nodiscard]] bool is_missed(std::vector<member> const& chain, std::size_t place) const;
    void on(probed const& e);
    void on(stored const& e);
    void after_own_pause();
    void note_watermark(heartbeat const& hb);
    void note_promised_end(heartbeat const& hb);
    [[nodiscard]] std::string what_registry_lacks(heartbeat const& hb) const;
    void note_claim(heartbeat const& hb);
    void note_stranger(heartbeat const& hb);
    [[nodiscard]] bool all_agree(heartbeat const& newest) const;
    void answer(heartbeat const& hb);
    [[nodiscard]] std::vector<node_id> heard_members() const;
    [[nodiscard]] directive directive_for(node_id const& name) const;
    void broadcast();
    void persist(record next, bool new_lineage = false);
    void pending_stored();
    void active_stored(chain_config const& before);

    // ---- reconfigure.cpp: which chain, and when it is ACTIVE
    struct proposal
    {
        std::vector<member> members;
        std::optional<node_id> joiner;
        bool cold = false;
        std::vector<link_watch::link> dead_links{};  // for which somebody leaves, if so
    };
    void decide();
    bool attend_claims();  // true: the registry is older, or that is being stored
    void decide_bootstrap();
    void decide_active();
    void decide_pending();
    void propose(proposal const& what);
    [[nodiscard]] config_id new_id(chain_config const& of);
    [[nodiscard]] std::optional<proposal> plan(std::optional<member> const& joiner);
    [[nodiscard]] bool all_is_well() const;  // of an ACTIVE chain: its plan is to stay as it is
    [[nodiscard]] std::optional<proposal> plan_cold_start(std::vector<member> const& base);
    [[nodiscard]] std::vector<returned> returned_ones() const;
    [[nodiscard]] bool stays(member const& m, std::vector<member> const& chain) const
    {
        return !is_to_leave(m.name) && !being_moved(m, chain);
    }
    [[nodiscard]] observations observe(std::vector<member> const& base) const;
    [[nodiscard]] bool vouched(std::vector<member> const& chain, std::size_t place) const;
    void watch_links();
    void take_back_links();
    [[nodiscard]] bool promised(member const& m) const;  // rec_.current.at, durably
    [[nodiscard]] microseconds deaf_after(heartbeat const& last) const;
    [[nodiscard]] bool leases_settled() const;
    [[nodiscard]] bool joiner_complete() const;
    [[nodiscard]] bool intact() const;
    bool try_activate();
    [[nodiscard]] std::string why_not_in_a_cold_chain(member const& m) const;
    [[nodiscard]] std::string why_out(member const& m, proposal const& next) const;

    // ---- learners.cpp: who catches up, and when it is spliced
    void attend_learner();
    void give_up_learning(std::string why, bool blame_the_source);
    [[nodiscard]] bool misses_the_tail(node_id const& name) const;
    [[nodiscard]] bool may_learn(node_id const& name) const;
    [[nodiscard]] bool ready(node_id const& name) const;
    [[nodiscard]] microseconds longest_wait(node_id const& name) const;
    [[nodiscard]] bool has_place_for(node_id const& name) const;
    [[nodiscard]] int rank(node_id const& name) const;  // the least comes in first
    [[nodiscard]] std::optional<node_id> next_learner() const;
    [[nodiscard]] member const& next_source() const;
    [[nodiscard]] learner_progress const* progress() const;
    void note_trouble();
    void note_join(learner_progress const& told);
    void joined(node_id const& name);
    [[nodiscard]] microseconds pace_of_splice() const;
    [[nodiscard]] microseconds splice_lag() const;
    [[nodiscard]] microseconds splice_stall() const;
    [[nodiscard]] std::optional<member> ready_joiner() const;
    [[nodiscard]] std::string why_away(node const& what) const;
    [[nodiscard]] std::string what_is_wrong(node_id const& name, node const& what) const;
    [[nodiscard]] held is_held(node_id const& name, node const& what) const;
    [[nodiscard]] std::string why_held(held back, node const& what) const;
    [[nodiscard]] bool has_lost_writes(node const& what) const;

    // ---- requests.cpp: what people ask for is looked at when it comes, ...
    void on(drained_clients const& e);
    void on(remove_node const& e);
    void on(add_node const& e);
    void on(drain_node const& e);
    void on(undrain_node const& e);
    void on(move_node const& e);
    void on(replace_node const& e);
    void on(set_want const& e);
    void on(force_epoch const& e);
    void on(withdrawn const& e);
    [[nodiscard]] std::optional<admin_verdict> not_now() const;
    [[nodiscard]] std::optional<admin_verdict> not_there(node_id const& name) const;
    [[nodiscard]] bool is_relied_on(member const& m) const;
    [[nodiscard]] bool is_damaged(node_id const& name) const;  // by its own word
    [[nodiscard]] bool others_alive(node_id const& than) const;
    [[nodiscard]] std::size_t members_alive(node_id const& but_for) const;
    [[nodiscard]] bool is_there(node_id const& name) const;  // its newest run is heard
    [[nodiscard]] bool stands_by(node_id const& name) const;
    [[nodiscard]] bool can_go_on() const;
    void reply(std::uint64_t request, admin_verdict verdict, std::optional<node_id> with = {});
    void finish(admin_verdict verdict);

    // ---- ... and done, step by step, in administration.cpp
    enum class verb : std::uint8_t
    {
        remove,
        add,
        drain,
        undrain,
        move,
        replace,
        want,
        force
    };
    struct administration
    {
        verb what = verb::add;
        std::uint64_t request = 0;
        node_id who{};
        instant since{};
        bool to_head = false;
        std::optional<node_id> with{};
        std::size_t want = 0;            // to be, or what it was before a removal
        bool clients_gone = false;       // of a drain
        std::size_t others = 0;          // alive in the chain when people asked
        bool marked = false;             // what it asks for has been stored, or is being
        bool withdrawn = false;          // meanwhile
        std::optional<record> before{};  // it was marked
    };
    void take_on(administration what);
    bool attend_administrator();  // true: something is being stored
    bool put_back_what_is_withdrawn();
    bool attend_force();
    bool attend_stored_changes();
    void attend_replacement(record& next);
    void attend_move(record& next);
    [[nodiscard]] std::string why_no_move() const;
    void given_up(std::string what, node_id who, std::string why);
    void mark(record& in) const;
    [[nodiscard]] bool takes_a_member_out() const;
    [[nodiscard]] std::vector<node_id> in_the_way(node_id const& who, bool to_head) const;
    [[nodiscard]] bool are_enough(std::size_t there, std::size_t asked, node_id const& replaced) const;
    [[nodiscard]] bool is_whole_for_the_move(std::vector<member> const& chain) const;
    [[nodiscard]] bool being_moved(member const& m, std::vector<member> const& chain) const;
    void attend_watermark();

    // ---- clocks.cpp: whose clock is wrong
    void compare_clocks();
    [[nodiscard]] bool may_lead(member const& m) const;
    [[nodiscard]] bool refuses_with_reason(member const& by, member const& head) const;
    void note_refusal(heartbeat const& hb);
    [[nodiscard]] bool loses_the_head(std::vector<member> const& chain, std::size_t place) const;
    [[nodiscard]] bool leaves_for_room(std::vector<member> const& chain, std::size_t place) const;
    [[nodiscard]] std::string what_its_clock_is(node_id const& name) const;

    // ---- small questions
    [[nodiscard]] std::vector<node_id> const& known() const;
    [[nodiscard]] bool is_removed(node_id const& name) const;
    [[nodiscard]] bool is_drained(node_id const& name) const;
    [[nodiscard]] bool is_to_leave(node_id const& name) const;  // removed or drained
    [[nodiscard]] bool alive(member const& m) const;            // in time, in exactly that run
    [[nodiscard]] bool pending() const { return rec_.current.state == config_state::pending; }
    [[nodiscard]] chain_config const& told() const;  // what replicas may know
    void tell(std::string what, node_id who, std::string why);
    void complain(member const& about, std::string why);  // once for each run of it

    settings how_;
    record rec_;                     // as the registry has it durably
    std::optional<record> writing_;  // on its way there, ...
    instant writing_since_{};        // ... since then
    std::vector<notice> with_it_;    // facts once it is there
    instant now_{};
    instant last_step_{};
    instant started_{};

    std::map<node_id, member> linked_;  // who speaks for each name
    failure_detector detector_;
    recent_peak late_{late_counts};  // by how much our own steps came late
    leases leases_;
    link_watch links_;
    clock_votes clocks_;
    std::map<node_id, bool>
        clock_told_;  // of each name: it was said that its clock is wrong; "": of the own one
    roster nodes_;
    std::optional<learner_assignment> learning_;
    std::optional<instant>
        keeps_up_since_;   // since when the learner is behind by as long as it takes, no longer
    microseconds pace_{};  // of the newest splice
    instant fed_at_{};     // when the source last spoke of its learner
    std::optional<instant> trouble_since_;  // since when the learner or its source cannot go on
    std::optional<join_status> join_;       // the newest learner's
    member told_by_;                        // its newest source, ...
    std::uint64_t told_bytes_ = 0;          // ... and how much that one has sent, as it counts
    std::optional<node_id> bad_source_;     // it could not help the last learner

    instant pending_since_{};
    std::map<member, seq> promised_end_;  // of members that promised the PENDING configuration
    std::optional<instant> cold_since_;   // since when somebody waits for the others after a power loss
    seq watermark_;                       // highest commit heard, ...
    epoch watermark_epoch_;               // ... and the ACTIVE epoch in which it was
    instant watermark_saved_{};
    epoch highest_;          // that anybody has promised
    std::uint64_t ids_ = 0;  // made in this run

    std::optional<administration> administration_;

    std::map<node_id, older_claim> claims_;  // they count at once, stored or not
    // Of names that the registry does not know: each counts while its process is connected, since anybody may
    // use such a name, and none but that process could take it back.
    std::map<node_id, older_claim> strangers_;
    std::set<member> complained_;             // one notice for each run of a refused node
    std::optional<instant> stranger_told_;    // that somebody with an unknown name was refused
    bool bootstrap_waits_ = false;            // said so
    std::map<node_id, held> bootstrap_held_;  // with whom the first chain cannot begin
    effects* out_ = nullptr;                  // of the step under way
};

}  // namespace chaind::control
