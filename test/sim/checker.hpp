#pragma once
// The invariants of docs/protocol.md 13, looked at after every event. It sees everything at once: all disks,
// all cores, the registry, all answers. A check that fails throws `violation`.

#include "chain/types.hpp"
#include "control/join_tokens.hpp"
#include "control/types.hpp"
#include "sim/app.hpp"

#include <map>
#include <set>
#include <unordered_map>
#include <vector>

namespace chaind::sim
{

class world;
class node;
struct disk_image;
struct snapshot_file;

class checker
{
public:
    explicit checker(world& in) : in_(in) {}

    void on_event(node const& where, chain::event const& what);  // before the core sees it
    void on_write(node const& where, chain::store_write const& what);
    void on_applied(node const& where, chain::entry const& what, outcome const& result, digest const& state);
    void on_acknowledged(seq at);
    // It was committed and acknowledged by a cluster of which a backup is left.
    void on_history(chain::entry const& what, outcome const& result, digest const& state);
    void on_directive(member const& to, directive const& what);
    void on_registry(control::record const& now);  // it is durable
    void on_forced(control::record const& now);    // the same, by an administrator's order
    // Join tokens, in checker_tokens.cpp.
    void on_token(std::string const& token, std::int64_t ttl_ms);  // it was made
    void on_tokens(std::vector<control::join_token> const& kept);  // the registry has these
    void on_let_in(member const& who, std::string const& token);   // it is told so
    [[nodiscard]] bool all_known() const;                          // who was let in
    void on_step(node const& where);                               // this core has handled an event
    void on_disk_changed();                                        // a transaction, a crash or another disk

    // checker_snapshots.cpp
    void on_new_store(store_id id);
    void on_recovered(node const& where);
    void on_may_drop(node const& where, seq upto);
    void on_compacted(node const& where, log_point const& base);
    void on_leaves_store(node const& where);  // it is about to have another one, by its own decision
    void on_installed(node const& where, snapshot_file const& file, disk_image const& now, bool exact);

    // A read that begins now must see at least this.
    [[nodiscard]] seq read_floor() const { return std::max(acknowledged_, seen_by_reads_); }
    void on_read(seq floor, seq saw);

    void on_answered(outcome const& what);

    // Everybody is up, nobody writes: all must be the same.
    void demand_equal() const;

    [[nodiscard]] seq acknowledged() const { return acknowledged_; }
    [[nodiscard]] std::size_t committed() const { return committed_.size(); }

private:
    struct position
    {
        digest log;
        digest state;
    };
    struct assigned
    {
        chain::entry row;
        digest previous;  // the hash before it
    };
    struct promised_view  // of one process in one epoch
    {
        boot_id boot;
        epoch at;
        seq stable;
        seq commit;
        seq commit_at_promise;
    };
    // What a pair of neighbours is judged by, of one of them.
    struct share
    {
        boot_id boot;
        epoch at, promised;
        seq stable, verified, commit;
        chain::write_id log = 0;  // the last one that was ordered

        friend bool operator==(share const&, share const&) = default;
    };

    // Whether it is the first time that this row is written.
    bool check_row(chain::entry const& row, digest const& previous);
    void check_durability() const;
    void check_core(node const& each);
    void check_lease(node const& each) const;
    void check_neighbours(node const& each);
    void check_pair(node const& before, node const& after) const;
    void check_activation(control::record const& now) const;
    void know_config(chain_config const& what);
    void know_registry(control::record const& now);
    void check_known(control::record const& now);  // checker_tokens.cpp
    [[nodiscard]] bool agrees(disk_image const& disk, seq upto, digest const& want) const;

    world& in_;
    std::vector<position> committed_;  // index: seq - 1
    std::unordered_map<op_key, std::string, op_key_hash> answers_;
    std::unordered_map<op_key, seq, op_key_hash> effects_;
    std::map<epoch, std::vector<member>> configs_;
    std::unordered_map<std::uint64_t, assigned> assigned_;  // epoch and seq -> row
    bool stamped_alone_ = false;  // something, by a wrong clock, where no other one was heard
    std::map<std::pair<boot_id, epoch>, instant> leases_given_;  // from when on, by its own clock
    std::vector<promised_view> views_;                           // by the node's index
    std::vector<share> judged_;  // of each node, when it and its neighbours were judged last
    std::set<store_id> stores_;
    std::map<std::string, std::int64_t> tokens_;  // when each expires, in ms since 1970
    std::map<std::string, member> let_in_;        // by which token
    std::map<std::string, node_id> used_by_;      // hash of a token's secret: its machine, once it is kept
    std::map<node_id, std::size_t> taken_in_;     // how often that name became one of the cluster's
    control::record registry_;
    std::vector<node const*> chain_;  // the machines of its last ACTIVE chain's members, in their order
    seq highest_commit_;              // that any replica has known
    seq longest_;                     // end of a log, on any disk so far
    epoch highest_active_;
    seq acknowledged_;
    seq seen_by_reads_;
};

}  // namespace chaind::sim
