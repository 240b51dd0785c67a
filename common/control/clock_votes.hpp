#pragma once
// What time it is, by most of the clocks that there are: each machine's, which its heartbeats carry, and the
// config service's own. Sans I/O: nothing here reads a clock.
//
// What was agreed on goes on by the boot-time clock, which nobody sets, until more than half of the clocks,
// and two at least, say otherwise together. So one clock that jumps changes nothing, also where only two are
// left; nor do two of four while the fourth machine is away. Where no agreement has been found yet (the
// config service has just started, and the clocks differ), one that is behind the newest entry of the log is
// known to be wrong, and of the others the lower middle one counts: a time that is too early makes new stamps
// a little late, one that is too late stays in the log. A clock that is alone says nothing, since it may be
// the wrong one; nor does less than half of those that there are to be, since the first to be heard may be
// wrong together.

#include "base/time.hpp"
#include "membership/config.hpp"

#include <boost/container/small_vector.hpp>

#include <map>
#include <optional>

namespace chaind::control
{

class clock_votes
{
public:
    explicit clock_votes(microseconds tolerance) : tolerance_(tolerance) {}

    // The config service's own clock. Each 0 means: not known.
    void own(std::int64_t wall_us, instant now);
    // A machine's clock, and the stamp of its log's last entry. Where it is the config service's machine, the
    // two have one clock, which counts once.
    void heard(
        node_id const& from, std::int64_t wall_us, std::int64_t stamp_us, bool on_own_machine, instant now
    );
    // Looks at all clocks that were heard lately. There are to be those of `members` machines, and the own
    // one; where a time is agreed on already, of `wanted` machines if that is more: who is away would have a
    // say. True: somebody's clock has become wrong, or right again.
    bool judge(instant now, std::size_t members, std::size_t wanted);
    // This process has stood still: what is old is so because of that.
    void forgive(microseconds pause);

    [[nodiscard]] std::int64_t time_us(instant now) const;  // 0: not known
    // How much it is ahead of what most say; nothing within the tolerance.
    [[nodiscard]] std::optional<microseconds> error(node_id const& of) const;
    [[nodiscard]] std::optional<microseconds> own_error() const { return own_.error; }
    // It has been so for a while: no second that somebody corrects at once.
    [[nodiscard]] bool is_wrong(node_id const& who, instant now) const;
    // No clock that is right gives such a stamp.
    [[nodiscard]] bool is_ahead(std::int64_t stamp_us, instant now) const;

private:
    struct vote
    {
        std::int64_t offset_us = 0;  // of its wall clock to the config service's boot-time clock
        instant heard{};
        bool known = false;
        bool is_own = false;  // of the config service's machine
        std::optional<microseconds> error{};
        instant wrong_since{};
    };
    void take(vote& from, std::int64_t wall_us, instant now);
    bool judge(vote& one, instant now) const;
    void agree(instant now, std::size_t members, std::size_t wanted);
    [[nodiscard]] bool counts(vote const& one, instant now) const;
    [[nodiscard]] bool own_is_a_members(instant now) const;
    // Each word of a machine asks for them.
    using offset_list = boost::container::small_vector<std::int64_t, 8>;
    [[nodiscard]] offset_list offsets(instant now) const;

    microseconds tolerance_;
    vote own_;
    std::map<node_id, vote> nodes_;
    std::int64_t newest_stamp_us_ = 0;
    std::optional<std::int64_t> agreed_us_;  // offset to the boot-time clock
    bool firm_ = false;                      // two clocks and more have agreed on it
};

}  // namespace chaind::control
