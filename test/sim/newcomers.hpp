#pragma once
// Machines that were given a join token: each shows it until it is told whether it may come in. Tokens are
// copied, kept, and shown again by others, later.

#include "sim/scheduler.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace chaind::sim
{

class world;
class node;

class newcomers
{
public:
    explicit newcomers(world& in) : in_(in) {}

    // An administrator makes a token for that machine.
    void invite(node& which, std::int64_t ttl_ms);

private:
    void bring(node& which, std::string token);
    void show(std::size_t guest);

    struct visitor
    {
        node* which = nullptr;
        std::string token;
        bool told = false;
    };

    world& in_;
    std::vector<visitor> visitors_;
    std::vector<std::string> tokens_;  // all that were made
};

}  // namespace chaind::sim
