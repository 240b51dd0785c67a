#pragma once
// A backup of a cluster that is gone: one replica of a new cluster begins with it, the others with nothing.

#include "chain/types.hpp"
#include "sim/image.hpp"
#include "sim/rng.hpp"

#include <vector>

namespace chaind::sim
{

struct app_kind;
class checker;

struct backup
{
    disk_image image;  // of the store that is made from it: no identity, no promise, the newest log rows
    chain::snapshot_info what;
    std::vector<chain::entry> history;  // all that the old cluster had committed
};

// Up to `rows_most` of the rows are in its log. Writers numbered from `first_writer` on have written it. What
// it holds counts as acknowledged.
backup make_backup(
    rng& random, app_kind const& kind, checker& check, std::int64_t rows_most, std::uint64_t first_writer
);

}  // namespace chaind::sim
