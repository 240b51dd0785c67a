#pragma once
// What one replica's disk holds: a log from its base on, and the application's rows up to the applied mark.

#include "chain/types.hpp"
#include "sim/app.hpp"
#include "sim/rng.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace chaind::sim
{

// The application's rows are kept as they were at `kept_at` <= applied; what is missing up to the applied
// mark is applied again when somebody wants it, from the log and from those of its dropped rows that are
// above.
struct disk_image
{
    chain_config promised;
    log_point base;
    std::vector<chain::entry> log;  // row i is at base + 1 + i
    seq applied;
    std::shared_ptr<app const> kept;  // none: nothing is applied there
    seq kept_at;
    std::vector<chain::entry> dropped;  // kept_at + 1 to base
    std::optional<store_id> restored;   // that store is made from a backup, and in no chain since

    [[nodiscard]] seq end() const { return log.empty() ? base.at : log.back().at; }
    [[nodiscard]] bool reaches(seq at) const { return at >= base.at && at <= end(); }
    // Each requires reaches(at).
    [[nodiscard]] log_point point(seq at) const { return at == base.at ? base : row(at).point(); }
    [[nodiscard]] digest const& hash(seq at) const { return at == base.at ? base.hash : row(at).hash; }
    [[nodiscard]] chain::entry const& row(seq at) const  // base < at <= end
    {
        if (at <= base.at || at > end()) has_no_row(at);
        return log[at - base.at - 1];
    }
    [[nodiscard]] std::unique_ptr<app> application(app_kind const& kind) const;  // as of `applied`

    void keep(std::shared_ptr<app const> what);  // as of `applied`
    void perform(chain::store_write const& what);
    void perform_but_apply(chain::store_write const& what);
    // Drops rows up to `upto`, which is applied; `forget` without a thought for the application.
    void compact(seq upto, app_kind const& kind);
    void forget(seq upto);

private:
    [[noreturn]] void has_no_row(seq at) const;
};

// The row after that one, as no head of this simulation has written it; its command is asked for by its
// stamp.
[[nodiscard]] chain::entry written_elsewhere(
    rng& random,
    log_point const& after,
    epoch in,
    std::function<std::string(std::int64_t ts_us)> const& command
);

}  // namespace chaind::sim
