#include "sim/image.hpp"

#include "sim/trace.hpp"

#include <algorithm>

namespace chaind::sim
{
namespace
{

// To copy an application takes much longer than to apply a row.
constexpr std::size_t dropped_max = 3000;

std::unique_ptr<app> advance(disk_image const& image, seq upto, app_kind const& kind)
{
    auto out = image.kept ? image.kept->clone({}) : kind.make();
    for (auto const& row : image.dropped)
        (void)out->apply(row);
    for (auto at = std::max(image.kept_at, image.base.at).next(); at <= upto; at = at.next())
        (void)out->apply(image.row(at));
    return out;
}

}  // namespace

void disk_image::has_no_row(seq at) const
{
    throw violation(text("the log has no row ", at, ": ", base.at, " to ", end()));
}

std::unique_ptr<app> disk_image::application(app_kind const& kind) const
{
    return advance(*this, applied, kind);
}

void disk_image::keep(std::shared_ptr<app const> what)
{
    kept = std::move(what);
    kept_at = applied;
    dropped.clear();
}

void disk_image::perform_but_apply(chain::store_write const& what)
{
    if (what.promise) promised = *what.promise;
    auto const& members = promised.members;
    if (restored &&
        std::any_of(members.begin(), members.end(), [&](auto const& m) { return m.store == *restored; }))
        restored.reset();
    if (what.truncate_after && *what.truncate_after < end())
    {
        demand(*what.truncate_after >= base.at, "truncation below the log's base");
        log.resize(*what.truncate_after - base.at);
    }
    log.insert(log.end(), what.entries.begin(), what.entries.end());
}

void disk_image::perform(chain::store_write const& what)
{
    perform_but_apply(what);
    if (what.apply_upto) applied = std::max(applied, *what.apply_upto);
}

void disk_image::compact(seq upto, app_kind const& kind)
{
    if (upto <= base.at) return;
    for (auto at = std::max(kept_at, base.at).next(); at <= upto; at = at.next())
        dropped.push_back(row(at));
    forget(upto);
    if (dropped.size() <= dropped_max) return;
    kept = advance(*this, upto, kind);
    kept_at = upto;
    dropped.clear();
}

void disk_image::forget(seq upto)
{
    if (upto <= base.at) return;
    auto const next = point(upto);
    log.erase(log.begin(), log.begin() + static_cast<std::ptrdiff_t>(upto - base.at));
    base = next;
}

chain::entry written_elsewhere(
    rng& random,
    log_point const& after,
    epoch in,
    std::function<std::string(std::int64_t ts_us)> const& command
)
{
    chain::entry row;
    row.at = after.at.next();
    row.in = in;
    row.ts_us = after.ts_us + 1 + random.between(0, 1'000);
    row.request = random.id<request_id>();
    row.command = std::make_shared<std::string const>(command(row.ts_us));
    row.hash = chain::entry_hash(after.hash, row);
    return row;
}

}  // namespace chaind::sim
