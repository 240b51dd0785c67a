#include "sim/backup.hpp"

#include "sim/checker.hpp"

namespace chaind::sim
{

backup make_backup(
    rng& random, app_kind const& kind, checker& check, std::int64_t rows_most, std::uint64_t first_writer
)
{
    backup out;
    std::shared_ptr<app> state = kind.make();
    auto const count = random.between(20, 300);
    log_point last;
    last.in = epoch(1);
    last.ts_us = epoch_us - 3'600'000'000;
    for (std::int64_t i = 0; i < count; ++i)
    {
        auto const command = [&](std::int64_t ts_us)
        {
            op_key const key{first_writer + random.below(2), static_cast<std::uint64_t>(i) + 1};
            return kind.command(key, {.key_ms = ts_us / 1000, .asked_ms = ts_us / 1000});
        };
        auto const in = random.chance(0.05) ? last.in.next() : last.in;
        auto row = written_elsewhere(random, last, in, command);
        last = row.point();
        auto const result = state->apply(row);
        check.on_history(row, result, state->state());
        out.history.push_back(std::move(row));
    }
    out.image.log = out.history;
    out.image.applied = last.at;
    out.image.keep(state);
    auto const rows = static_cast<std::uint64_t>(random.between(0, std::min(rows_most, count)));
    out.image.forget(seq(last.at.value() - rows));
    out.what.id = random.id<digest>();
    out.what.at = last;
    out.what.state = state->full_state();
    return out;
}

}  // namespace chaind::sim
