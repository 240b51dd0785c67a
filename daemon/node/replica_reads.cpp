// The driver's reads: tokens to the core, queries to the reader pool.

#include "node/replica_driver.hpp"

namespace chaind::node
{

void replica_driver::on(read_this& what)
{
    auto const [which, added] = reads_.try_emplace(what.as, reading{.query = std::move(what.query)});
    BOOST_ASSERT(added);
    if (stopping_) return end_read(which, make_error_code(errc::timed_out));
    feed(chain::read_wanted{what.as});
}

void replica_driver::read_step(chain::read_step const& what)
{
    auto const found = reads_.find(what.token);
    if (found == reads_.end())
    {
        // Its caller has gone; the core waits for the rows all the same.
        if (what.what == chain::read_verdict::run) feed(chain::read_done{what.token});
        return;
    }
    switch (what.what)
    {
        case chain::read_verdict::answer: end_read(found, error_code{}); return;
        case chain::read_verdict::unavailable: end_read(found, make_error_code(errc::timed_out)); return;
        case chain::read_verdict::again: return;
        case chain::read_verdict::run: run_query(found); return;
    }
}

void replica_driver::on(read_this_from& what)
{
    auto const [which, added] =
        reads_.try_emplace(what.as, reading{.query = std::move(what.query), .linearizable = false});
    BOOST_ASSERT(added);
    if (stopping_) return end_read(which, make_error_code(errc::stopped));
    if (view_.applied >= what.min_pos) return run_query(which);
    which->second.from = what.min_pos;
    behind_.emplace(what.min_pos, what.as);
}

void replica_driver::run_those_behind()
{
    while (!behind_.empty() && behind_.begin()->first <= view_.applied)
    {
        auto const token = behind_.begin()->second;
        behind_.erase(behind_.begin());
        run_query(reads_.find(token));
    }
}

// A query writes to its caller's variables: while it may run on a reader thread, the caller is not told.
void replica_driver::run_query(reading_at which)
{
    auto const token = which->first;
    auto& one = which->second;
    one.running = true;
    auto done = [this, token](error_code failed) { query_done(token, failed); };
    if (!readers_->read(one.query, done)) query_done(token, make_error_code(errc::timed_out));
}

void replica_driver::query_done(chain::read_token which, error_code failed)
{
    auto const found = reads_.find(which);
    BOOST_ASSERT(found != reads_.end());
    auto& one = found->second;
    one.running = false;
    bool const linearizable = one.linearizable;
    if (!failed && linearizable && (stopped_ || ended_)) failed = make_error_code(errc::stopped);
    // The core has the last word on what was read without an error.
    if (failed || !linearizable) end_read(found, failed);
    if (linearizable) feed(chain::read_done{which});
}

void replica_driver::end_read(reading_at which, error_code outcome)
{
    auto const token = which->first;
    reads_.erase(which);
    tell_(has_read{token, outcome});
}

void replica_driver::on(forget_read const& what)
{
    auto const found = reads_.find(what.which);
    if (found == reads_.end() || found->second.running) return;
    if (found->second.from) behind_.erase({*found->second.from, what.which});
    end_read(found, make_error_code(errc::timed_out));
}

}  // namespace chaind::node
