#pragma once
// Messages between machines: each direction of each link has its own delay, loss, duplication, reordering and
// cut. Machine number `config_machine()` is the config service's.

#include "sim/profile.hpp"
#include "sim/scheduler.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace chaind::sim
{

class network
{
public:
    network(scheduler& time, rng& random, profile const& how);

    [[nodiscard]] int config_machine() const { return machines_ - 1; }

    // Runs `deliver`, or copies of it, when the message arrives: never, once or several times.
    template <class Action>
    void send(int from, int to, Action&& deliver)
    {
        auto const arrives = route(from, to);
        if (!arrives) return;
        // A cut swallows what is still on its way.
        auto arrive = [this, from, to, what = std::forward<Action>(deliver)]() mutable
        {
            if (open(from, to)) what();
        };
        if (arrives->again) time_.at(*arrives->again, arrive);
        time_.at(arrives->at, std::move(arrive));
    }

    // Cuts are counted: two faults may cut the same direction.
    void cut(int from, int to, int change) { link(from, to).cuts += change; }
    [[nodiscard]] bool open(int from, int to) const { return at(from, to).cuts == 0; }
    [[nodiscard]] bool open_both(int a, int b) const { return open(a, b) && open(b, a); }
    void set_slow(int from, int to, us extra) { link(from, to).extra = extra; }
    // No cut, loss, duplicate, reordering or spike from now on.
    void heal();
    [[nodiscard]] us delay(int from, int to);

private:
    struct direction
    {
        int cuts = 0;
        us extra = 0;
        us last_arrival = 0;
    };
    struct arrival
    {
        us at = 0;
        std::optional<us> again;
    };
    std::optional<arrival> route(int from, int to);
    direction& link(int from, int to) { return links_[static_cast<std::size_t>(from * machines_ + to)]; }
    [[nodiscard]] direction const& at(int from, int to) const
    {
        return links_[static_cast<std::size_t>(from * machines_ + to)];
    }

    scheduler& time_;
    rng& random_;
    profile const& how_;
    int machines_;
    bool healed_ = false;
    std::vector<direction> links_;
};

}  // namespace chaind::sim
