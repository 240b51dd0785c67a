#pragma once
// The processes that speak for each known name. A name has one current run; words of an earlier run that
// arrive late are told from the news of a restart.

#include "control/back_off.hpp"
#include "control/failure_detector.hpp"
#include "control/plausible.hpp"
#include "membership/messages.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>

namespace chaind::control
{

struct node
{
    member who;  // its current run; empty: not heard yet
    std::optional<heartbeat> last;
    instant last_at{};  // when that came
    // The end of its log by its last two words, of one run, both: a single mistaken word is no disk.
    seq end_twice;
    std::optional<instant> low_since;   // so long has its disk been low, as it says
    bool connected_anew = false;        // and nothing has come since: whatever comes next is its word
    std::deque<member> past;            // earlier runs, newest last
    back_off return_after;              // when it left the chain
    instant member_since{};             // of the last time it became one
    std::optional<epoch> deaf_to;       // it was heard, but did not promise this epoch
    std::string left_because;           // for people
    std::optional<member> silent_then;  // the run that left, if it was not heard any more when it did
    std::string failed_because;         // its last try to catch up; for people
    std::optional<node_id> unheard_by;  // the source of that try had no word of it
    std::string contradiction;          // in its newest word, which was not taken for that, ...
    instant contradicted_at{};          // ... and came then
    bool damage_told = false;           // of its current run
    bool outdated_told = false;         // of its current run
};

class roster
{
public:
    // Takes in one heartbeat; false when it says nothing new: a late word of an earlier run, or older than
    // what this run has said already.
    [[nodiscard]] bool heard(heartbeat const& what, failure_detector& detector, instant now);
    // It has a new connection. What it said on an earlier one says nothing of the order of its words.
    void connected(member const& who);
    // The word before one that comes now, of the same run on the same connection.
    [[nodiscard]] std::optional<earlier_word> before(member const& who) const;

    [[nodiscard]] node* find(node_id const& name);
    [[nodiscard]] node const* find(node_id const& name) const;
    [[nodiscard]] node& at(node_id const& name) { return nodes_[name]; }
    // The newest heartbeat of exactly this run, if it is the current one.
    [[nodiscard]] heartbeat const* last_of(member const& who) const;
    // Has another run of that name been heard since?
    [[nodiscard]] bool superseded(member const& who) const;

    [[nodiscard]] auto begin() const { return nodes_.begin(); }
    [[nodiscard]] auto end() const { return nodes_.end(); }

private:
    std::map<node_id, node> nodes_;
};

}  // namespace chaind::control
