#pragma once
// Makes things go wrong, one after another and several at a time, by the weights of the profile.

#include "sim/profile.hpp"

#include <functional>
#include <vector>

namespace chaind::sim
{

class world;
class node;

class nemesis
{
public:
    explicit nemesis(world& in) : in_(in) {}

    void start();
    // No new faults; ends the pauses. Cut links are healed by the network.
    void stop();

private:
    void next();
    void strike(fault what);
    void crash(node& which, bool power_lost);
    void power_loss_all();
    void fsync_error(node& which);
    void slow_disk(node& which);
    void fill_disks(node& which);
    void pause(node& which);
    void pause_config();
    void standstill();
    void config_kill(us down);
    // Cuts every direction for which `cuts(from, to)` holds, for a while.
    void cut_for(us span, std::function<bool(int, int)> const& cuts);
    void isolate(node const& which, bool from_peers, bool from_config, us span);
    void rejoin_under_old_tail();
    void removed_and_cut_off();
    void lose_control_link(node& which);
    void goodbye_and_linger(node& which);
    void impostor(node& which);
    void mistaken_word(node& which);
    void new_disk(node& which);
    void clock_jump();
    void put_registry_back();  // nemesis_admin.cpp
    [[nodiscard]] bool all_know_the_chain() const;
    void administer(fault what, node& which);  // nemesis_admin.cpp
    void undo_later(us span, std::function<void()> what);
    node& any();
    node& end_of_chain();
    us cut_time();

    world& in_;
    bool stopped_ = false;
    bool clock_is_wrong_ = false;
    bool standing_still_ = false;
    bool quiet_ = false;  // nothing else goes wrong meanwhile
};

}  // namespace chaind::sim
