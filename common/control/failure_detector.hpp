#pragma once
// Which processes are alive, judged by what arrived and when. Sans I/O: time is a parameter.
//
// The model: a process that is silent for `silence` has failed, perhaps falsely (a pause, a cut link), so
// that nothing which must be safe may rest on it. So has one that said that it was leaving and whose
// connection then ended, but it may go on for a while all the same. One that is `gone` cannot be alive: its
// connection ended, and the kernel that runs both of us says that it has ended, too. Only then need nobody
// wait for its lease.
//
// Assumed: processes fail one at a time. Where several whose connections stand fall silent together, the
// host or the network that they share is the likelier cause, and each is waited for up to `longest`. Two that
// truly end at once without their connections ending (two machines lose power) are noticed that much later;
// whose connection ends shares no silence.

#include "base/time.hpp"
#include "membership/config.hpp"

#include <boost/endian/conversion.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <optional>

namespace chaind::control
{

enum class verdict : std::uint8_t
{
    alive,
    silent,  // failed by the clock alone, or never heard of
    left,    // it said so, and its connection ended
    gone,    // surely dead
};

class failure_detector
{
public:
    // `longest`: what a host that is late, or a silence that is shared, may make of `silence`.
    explicit failure_detector(microseconds silence, microseconds longest = {})
        : silence_(silence), longest_(std::max(silence, longest))
    {
    }

    // `late`: by how much its words come late, as it says itself.
    void heard(member const& who, instant now, bool stepping_down, microseconds late = {});
    // The observer was late by so much lately.
    void own_lateness(microseconds by) { own_late_ = by; }
    // How long a word of it may be waited for: twice what either side is late by is no silence.
    [[nodiscard]] microseconds patience(member const& who) const;
    // It has a connection; `same_kernel`: as this process, so that its end can be seen.
    void connected(member const& who, bool same_kernel);
    [[nodiscard]] bool is_on_this_kernel(member const& who) const
    {
        auto const found = connections_.find(who);
        return found != connections_.end() && found->second;
    }
    // Its connection ended. True: ask the kernel whether the process still exists (a probe).
    [[nodiscard]] bool lost(member const& who);
    // The answer to a probe. It counts only while nothing was heard since the connection ended.
    void probed(member const& who, bool gone);
    // It was not heard, but the observer is to blame: it gets a whole silence from now on, and until
    // `back_by` unless somebody says that it is missed.
    void assume(member const& who, instant now, instant back_by);
    // Somebody who should hear it does not: if we have not either, it is not on its way to us.
    void missed(member const& who);
    // The observer itself was deaf since `since`: that time is no silence of whoever was in time then.
    void forgive(instant since, instant now);
    void forget(member const& who)
    {
        known_.erase(who);
        connections_.erase(who);
    }

    [[nodiscard]] verdict judge(member const& who, instant now) const;
    [[nodiscard]] bool alive(member const& who, instant now) const
    {
        return judge(who, now) == verdict::alive;
    }
    // Alive by assumption only: nothing to remove it for, but nothing to build on either.
    [[nodiscard]] bool assumed(member const& who, instant now) const;
    // Alive and heard within `silence`, and its connection stands: not by assumption, nor waited for since
    // its words come late, others are silent, too, or it may have ended.
    [[nodiscard]] bool heard_in_time(member const& who, instant now) const;
    [[nodiscard]] std::optional<instant> last_heard(member const& who) const;
    // Alive only since others are silent, too.
    [[nodiscard]] bool only_waited_for(member const& who, instant now) const;
    // When it was heard again after its last silence, or first.
    [[nodiscard]] instant speaks_since(member const& who) const;

private:
    struct state
    {
        instant heard{};
        instant speaks_since{};   // the first word after the last silence
        instant excused_until{};  // somebody who was silent with it has spoken meanwhile
        bool stepping_down = false;
        bool lost = false;
        bool gone = false;
        bool assumed = false;
        instant back_by{};  // while assumed: it may be on its way to us until then
        microseconds late{};
    };

    [[nodiscard]] microseconds patience(state const& with) const;
    [[nodiscard]] verdict judge(member const& who, state const& of, instant now) const;
    [[nodiscard]] bool overdue(state const& of, instant now) const { return of.heard + patience(of) < now; }
    // Longer than one whose words come late would be waited for if they did not.
    [[nodiscard]] bool quiet(state const& of, instant now) const { return of.heard + silence_ < now; }
    // They fell silent together and both connections stand: `other`, which has not spoken since, may yet.
    [[nodiscard]] bool shares_silence(state const& of, member const& other, state const& its, instant now)
        const;
    void excuse_the_others(member const& who, state const& was, instant now);

    microseconds silence_;
    microseconds longest_;
    microseconds own_late_{};
    struct by_run  // runs differ in their boots, which are random
    {
        std::size_t operator()(member const& m) const
        {
            return static_cast<std::size_t>(boost::endian::load_little_u64(m.boot.bytes.data()));
        }
    };
    boost::unordered_flat_map<member, state, by_run> known_;
    // The newest that stands; true: to a process on the same kernel.
    boost::unordered_flat_map<member, bool, by_run> connections_;
};

}  // namespace chaind::control
