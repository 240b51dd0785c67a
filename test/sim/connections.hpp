#pragma once
// Which replicas have a connection with which run of which other, as TCP would: it ends when a process ends
// or a direction stays cut for long, and comes back by itself. Tells the cores peer_up and peer_down.

#include "chain/types.hpp"
#include "membership/config.hpp"
#include "sim/scheduler.hpp"

#include <vector>

namespace chaind::sim
{

class world;
class node;

class connections
{
public:
    explicit connections(world& in) : in_(in) {}

    void start();
    // From the process at `from` to that one, which is or was at `to`.
    [[nodiscard]] bool up(node const& from, node const& to, member const& process) const;
    // Another one in the place of the one that there is, before anybody has missed it.
    void renew(node const& one, node const& other);

private:
    struct pair
    {
        int a = 0, b = 0;
        bool up = false;
        member at_a, at_b;  // the processes it connects
        us broken_since = -1;
        us retry_at = 0;
        chain::peer_links a_says, b_says;  // of itself, as the other one was told
        us full_until = -1;                // much waits on the way in both directions
    };
    [[nodiscard]] std::size_t place_of(int a, int b) const;
    void poll();
    void poll(pair& each);
    void open(pair& each);
    void close(pair& each);
    void fill(pair& each);
    void tell_changes(pair& each);

    world& in_;
    std::vector<pair> pairs_;  // (0, 1), (0, 2), ..., (1, 2), ...
};

}  // namespace chaind::sim
