#include "harness.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

template <class Id>
Id made_id(std::uint64_t n)
{
    Id out;
    for (auto& byte : out.bytes)
    {
        byte = static_cast<std::uint8_t>(n);
        n >>= 8;
    }
    return out;
}

}  // namespace

char const* name_of(message const& m)
{
    static constexpr char const* names[] = {
        "append",
        "ok",
        "nack",
        "mark",
        "ack",
        "submit",
        "refused",
        "still_at",
        "still_at_yes",
        "snap_offer",
        "snap_want",
        "snap_chunk"
    };
    return names[m.index()];
}

recovered disk::recover() const
{
    recovered out;
    out.promised = promised;
    out.restored = restored;
    out.rows_suspect = rows_suspect;
    out.base = base;
    out.applied = applied > base.at ? row(applied).point() : base;
    for (auto const& e : rows)
    {
        if (out.epochs.empty() || out.epochs.back().first < e.in) out.epochs.emplace_back(e.in, e.at);
        if (e.at > applied) out.suffix.push_back(e);
    }
    return out;
}

harness::harness(std::size_t count, std::function<void(settings&)> tune)
{
    for (std::size_t i = 0; i < count; ++i)
    {
        auto& m = machines_.emplace_back();
        m.how.self = {
            {std::string(1, static_cast<char>('a' + i))},
            made_id<store_id>(next_id_++),
            made_id<boot_id>(next_id_++)
        };
        if (tune) tune(m.how);
        m.core.emplace(m.how, m.store.recover());
    }
}

void harness::crash(std::size_t i)
{
    auto& m = at(i);
    m.core.reset();
    m.queued.clear();
    m.orders.clear();
    auto const name = m.how.self.name;
    std::erase_if(network_, [&](letter const& l) { return l.from.name == name || l.what.to.name == name; });
    for (std::size_t other = 0; other < machines_.size(); ++other)
        if (at(other).core) (void)step(other, peer_down{m.how.self});
}

void harness::restart(std::size_t i)
{
    auto& m = at(i);
    if (m.core) crash(i);
    m.how.self.boot = made_id<boot_id>(next_id_++);
    m.applied.clear();
    m.reads.clear();
    m.anew.reset();
    m.ordered.clear();
    m.made_by = 0;
    m.made_in_vain = false;
    m.core.emplace(m.how, m.store.recover());
    for (std::size_t other = 0; other < machines_.size(); ++other)
    {
        if (other == i || !at(other).core) continue;
        (void)step(other, peer_up{m.how.self});
        (void)step(i, peer_up{at(other).how.self});
        (void)step(i, peer_links{.peer = at(other).how.self, .reached = true});
    }
}

void harness::wipe(std::size_t i)
{
    if (at(i).core) crash(i);
    at(i).store = {};
    at(i).how.self.store = made_id<store_id>(next_id_++);
    restart(i);
}

// The new store is of another history or from another machine: no identity goes over, the promise stays.
void harness::start_anew(std::size_t i)
{
    auto& m = at(i);
    BOOST_TEST_REQUIRE(m.anew.has_value());
    auto const next = *m.anew;
    crash(i);
    m.store = next.install ? files_.at(*next.install).content : disk{};
    m.store.promised = next.promised;
    m.part.clear();
    m.how.self.store = made_id<store_id>(next_id_++);
    restart(i);
}

void harness::compact(std::size_t i, seq upto)
{
    auto& s = at(i).store;
    BOOST_TEST_REQUIRE((upto <= s.applied && upto > s.base.at));
    auto const base = s.row(upto).point();
    s.rows.erase(s.rows.begin(), s.rows.begin() + static_cast<std::ptrdiff_t>(upto - s.base.at));
    s.base = base;
    (void)step(i, compacted{base});
}

effects harness::step(std::size_t i, event what)
{
    now_t const here{.steady = now.steady, .wall_us = now.wall_us + at(i).clock_ahead.count()};
    auto done = at(i).core->step(here, what);
    if (watch) watch(i, what, done);
    auto todo = done;
    perform(i, todo);
    return done;
}

void harness::perform(std::size_t i, effects& todo)
{
    auto& m = at(i);
    if (todo.halt && !m.halted) m.halted = todo.halt;
    if (todo.anew && !m.anew) m.anew = todo.anew;
    if (todo.may_drop) m.may_drop.push_back(*todo.may_drop);
    for (auto& each : todo.snapshot_orders)
    {
        m.ordered.push_back(each);
        m.orders.push_back(std::move(each));
    }
    for (auto& write : todo.writes)
        m.queued.push_back(std::move(write));
    for (auto& letter_out : todo.sends)
    {
        ++sent[name_of(letter_out.message)];
        network_.push_back({m.how.self, std::move(letter_out)});
    }
    for (auto& each : todo.heartbeats)
        m.heartbeats.push_back(std::move(each));
    for (auto& each : todo.reads)
        m.reads.push_back(each);
    for (auto& each : todo.refusals)
        m.refusals.push_back(each);
    for (auto const& each : todo.log_reads)
    {
        ++m.log_reads;
        log_read rows{each.id, {}};
        std::size_t bytes = 0;
        for (auto at_row = each.from; at_row > m.store.base.at && at_row <= m.store.end();
             at_row = at_row.next())
        {
            auto const& e = m.store.row(at_row);
            if (!rows.entries.empty() && bytes + e.bytes() > each.max_bytes) break;
            bytes += e.bytes();
            rows.entries.push_back(e);
        }
        rows_read_.emplace_back(i, std::move(rows));
    }
}

void harness::write_one(std::size_t i)
{
    auto& m = at(i);
    auto const write = std::move(m.queued.front());
    m.queued.pop_front();
    if (write.promise)
    {
        BOOST_TEST_REQUIRE(write.promise->at > m.store.promised.at);
        m.store.promised = *write.promise;
    }
    if (write.truncate_after)
    {
        BOOST_TEST_REQUIRE(*write.truncate_after >= m.store.applied);
        if (*write.truncate_after < m.store.end())
            m.store.rows.resize(*write.truncate_after - m.store.base.at);
    }
    for (auto const& e : write.entries)
    {
        BOOST_TEST_REQUIRE(e.at == m.store.end().next());
        auto const before = m.store.rows.empty() ? m.store.base.hash : m.store.rows.back().hash;
        BOOST_TEST_REQUIRE(entry_hash(before, e) == e.hash);
        m.store.rows.push_back(e);
    }
    if (write.apply_upto)
    {
        BOOST_TEST_REQUIRE(*write.apply_upto <= m.store.end());
        for (auto n = m.store.applied.next(); n <= *write.apply_upto; n = n.next())
            m.applied.push_back(m.store.row(n).request);
        m.store.applied = *write.apply_upto;
    }
    (void)step(i, written{write.id});
}

void harness::run()
{
    for (int rounds = 0;; ++rounds)
    {
        BOOST_TEST_REQUIRE(rounds < 100'000);
        bool idle = true;
        while (!rows_read_.empty())
        {
            auto [i, rows] = std::move(rows_read_.front());
            rows_read_.pop_front();
            if (at(i).core) (void)step(i, std::move(rows));
            idle = false;
        }
        for (auto todo = network_.size(); todo > 0; --todo)
        {
            auto next = std::move(network_.front());
            network_.pop_front();
            idle = false;
            if (lose && lose(next.from, next.what)) continue;
            for (std::size_t i = 0; i < machines_.size(); ++i)
                if (at(i).core && at(i).how.self == next.what.to)
                    (void)step(i, received{next.from, next.what.message});
        }
        for (std::size_t i = 0; i < machines_.size(); ++i)
        {
            if (!at(i).core || !at(i).disk_runs || at(i).queued.empty()) continue;
            write_one(i);
            idle = false;
        }
        for (std::size_t i = 0; i < machines_.size(); ++i)
        {
            auto& m = at(i);
            if (!m.core || !m.snapshots_run || m.orders.empty()) continue;
            auto const next = std::move(m.orders.front());
            m.orders.pop_front();
            carry_out(i, next);
            idle = false;
        }
        if (idle) return;
    }
}

void harness::pass(microseconds time)
{
    for (microseconds done{}; done < time; done += 5ms)
    {
        run();
        now.steady += 5ms;
        now.wall_us += 5000;
        for (std::size_t i = 0; i < machines_.size(); ++i)
            if (at(i).core) (void)step(i, tick{});
    }
    run();
}

chain_config harness::config(std::vector<std::size_t> const& members, config_state state, epoch at_epoch)
    const
{
    chain_config out;
    out.at = at_epoch;
    out.state = state;
    for (auto i : members)
        out.members.push_back(triple(i));
    return out;
}

void harness::direct_one(std::size_t i, chain_config const& what, std::optional<instant> lease_for)
{
    (void)step(
        i,
        directed{
            {.config = what, .learning = {}, .lease_for = lease_for, .time_us = time_is_told ? now.wall_us : 0
            }
        }
    );
}

void harness::direct(chain_config const& what, std::optional<learner_assignment> learning)
{
    current = std::max(current, what.at);
    for (std::size_t i = 0; i < machines_.size(); ++i)
        if (at(i).core)
            (void)step(
                i,
                directed{
                    {.config = what,
                     .learning = learning,
                     .lease_for = {},
                     .time_us = time_is_told ? now.wall_us : 0}
                }
            );
}

void harness::assign(std::vector<std::size_t> const& members, std::size_t learner, std::size_t source)
{
    direct(
        config(members, config_state::active, current),
        learner_assignment{.learner = triple(learner), .source = triple(source)}
    );
}

void harness::form(std::vector<std::size_t> const& members)
{
    auto const next = current.next();
    direct(config(members, config_state::pending, next));
    run();
    direct(config(members, config_state::active, next));
    run();
}

void harness::lease_all()
{
    for (std::size_t i = 0; i < machines_.size(); ++i)
        if (at(i).core) direct_one(i, status(i).config, now.steady);
    run();
}

request_id harness::submit(std::size_t i, std::string command)
{
    auto const request = made_id<request_id>(next_id_++);
    (void)step(i, submit_local{{request, std::make_shared<std::string const>(std::move(command))}});
    return request;
}

std::vector<read_verdict> harness::verdicts(std::size_t i, read_token token) const
{
    std::vector<read_verdict> out;
    for (auto const& each : machines_.at(i).reads)
        if (each.token == token) out.push_back(each.what);
    return out;
}

std::vector<std::string> harness::log(std::size_t i) const
{
    std::vector<std::string> out;
    for (auto const& e : machines_.at(i).store.rows)
        out.push_back(*e.command);
    return out;
}

}  // namespace chaind::chain
