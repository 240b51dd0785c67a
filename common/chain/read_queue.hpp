#pragma once
// Linearizable local reads (docs/protocol.md 5): a read waits until everything that this log held when it
// arrived is applied, then reads, then proves that no newer epoch was ACTIVE: by the lease, or without a
// clock by asking all other members whether they are still in the epoch.

#include "chain/types.hpp"

#include <map>
#include <set>

namespace chaind::chain
{

class read_queue
{
public:
    // The replica's state as reads judge it.
    struct view
    {
        bool is_member = false;  // of the newest known configuration
        bool active = false;     // and that is ACTIVE and durably promised
        bool lease = false;      // valid now
        bool served = false;     // by the replica's own judgement reads are answered now
        epoch in;
        seq end;
        seq applied;
        std::vector<member> const* others = nullptr;  // the other members; set when active
        settings const* how = nullptr;
        instant now{};
    };

    void wanted(read_token token, view const& v, effects& out);
    void done(read_token token, view const& v, effects& out);
    void answered(member const& from, still_at_yes const& what, view const& v);
    [[nodiscard]] bool none() const { return reads_.empty(); }
    // After each step: lets those go on that can.
    void advance(view const& v, effects& out);
    // Rows above `last` were deleted: reads that waited for more begin again.
    void truncated(seq last);
    // A new epoch: the barrier under way proves nothing any more.
    void new_epoch();

private:
    enum class stage : std::uint8_t
    {
        fresh,     // waits for an ACTIVE epoch; nothing noted yet
        waiting,   // for the applied mark (and the barrier, when it goes by that)
        running,   // the driver reads
        settling,  // has read; only a planted mistake comes here
    };
    struct read
    {
        instant arrived{};
        stage at = stage::fresh;
        epoch in;                 // noted
        seq upto;                 // noted: the log's end
        bool by_barrier = false;  // else by lease
        std::uint64_t round = 0;  // the barrier that proves it
        bool stale = false;       // what it noted is void
    };
    struct barrier
    {
        std::uint64_t round = 0;  // 0: none under way
        epoch in;
        std::set<member> missing;
        instant asked{};
    };

    [[nodiscard]] bool worth_a_look(view const& v);
    void note(read& each, view const& v);
    void need_barrier(read& each);
    [[nodiscard]] bool may_run(read& each, view const& v);
    [[nodiscard]] static bool is_over(read const& each, view const& v);  // it is not waited for any longer
    void ask(view const& v, effects& out);

    // What advance() saw last: as long as nothing of it changes, no read can go on.
    struct seen
    {
        bool is_member = false;
        bool active = false;
        bool lease = false;
        epoch in;
        seq applied;
        std::uint64_t completed_round = 0;

        friend bool operator==(seen const&, seen const&) = default;
    };

    std::map<read_token, read> reads_;
    seen seen_;
    instant looked_at_{};
    bool changed_ = false;  // a read came, or must begin again
    barrier barrier_;
    std::uint64_t last_round_ = 0;       // begun
    std::uint64_t completed_round_ = 0;  // all said yes
    bool barrier_wanted_ = false;        // by a read that arrived after the last round began
};

}  // namespace chaind::chain
