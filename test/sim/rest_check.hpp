#pragma once
// A chain of which nothing is asked, and then one thing after the other, while nothing fails: it does as
// little as it must, as often as it must, and what is asked takes as long as its hops take. I25.

#include "chain/types.hpp"
#include "sim/scheduler.hpp"

#include <vector>

namespace chaind::sim
{

class node;
class world;

class rest_check
{
public:
    explicit rest_check(world& in) : in_(in) {}

    // Ends with a violation where that is not so.
    void run();

private:
    void steady();
    void idle();
    void judge_idle(std::size_t place) const;
    void judge_word(node const& of) const;
    void write_at(std::size_t place);
    void judge_write(std::size_t place, std::size_t asked, us took) const;
    void read_at(std::size_t place);
    void lose_question(std::size_t place);
    void lose(std::size_t from, std::size_t to, std::size_t asked, us timer, bool renewed = false);
    void pass(us span);
    // How long `done` takes to come true; at most `limit`.
    template <class Condition>
    us span_until(us limit, Condition done);

    world& in_;
    chain_config chain_;
    std::vector<node*> members_;
};

}  // namespace chaind::sim
