#include "sim/snapshot_desk.hpp"

#include "base/hash.hpp"
#include "sim/world.hpp"

namespace chaind::sim
{
namespace
{

using trouble = chain::order_failure;

digest hash_of(std::string_view bytes)
{
    return bytes.empty() ? digest{} : hasher{}.bytes(bytes).finish();
}

// Messages first: what is old has its place and stays as it is. The end is of this position alone, and the
// last chunk of this very file.
std::string stand_in(
    std::size_t index, std::size_t count, snapshot_file const& file, std::int64_t rows_a_chunk
)
{
    hasher h;
    h.number(index);
    auto settled = file.what.at.at.value() / static_cast<std::uint64_t>(rows_a_chunk);
    if (index >= settled) h.number(file.what.at.at.value()).bytes(file.what.state.view());
    if (index + 1 == count) h.bytes(file.what.id.view());
    auto word = std::string(h.finish().view());
    std::string out;
    for (int i = 0; i < 8; ++i)
        out += word;
    return out;
}

void cut_into_chunks(snapshot_file& file, std::int64_t rows_a_chunk)
{
    auto count =
        std::min<std::size_t>(4 + file.what.at.at.value() / static_cast<std::uint64_t>(rows_a_chunk), 40);
    file.what.bytes = (count - 1) * chain::snapshot_chunk_bytes + 1 + file.what.at.at.value() % 1000;
    for (std::size_t i = 0; i < count; ++i)
    {
        file.chunks.push_back(stand_in(i, count, file, rows_a_chunk));
        file.hashes.push_back(hash_of(file.chunks.back()));
    }
}

std::size_t chunks_of(chain::snapshot_info const& what)
{
    return static_cast<std::size_t>(chain::chunks_in(what.bytes));
}

}  // namespace

void snapshot_desk::perform(chain::snapshot_order what)
{
    std::visit([this](auto const& order) { on(order); }, what);
}

void snapshot_desk::work(us span, std::function<void()> what)
{
    free_at_ = std::max(free_at_, in_.time.now()) + span;
    in_.time.at(
        free_at_,
        [this, life = life_, run = std::move(what)]
        {
            if (life == life_) run();
        }
    );
}

void snapshot_desk::answer(chain::event what)
{
    of_.deliver(of_.self(), std::move(what));
}

bool snapshot_desk::fails()
{
    bool out = in_.faults_on && in_.how.snapshot_error > 0 && in_.random.chance(in_.how.snapshot_error);
    if (out) in_.count.add(seen::snapshot_errors);
    return out;
}

void snapshot_desk::on(chain::make_snapshot const& what)
{
    work(
        in_.random.skewed(1'000, 80'000),
        [this, order = what.order]
        {
            if (order <= dropped_) return give_up(order);
            if (fails()) return answer(chain::snapshot_made{order, {}, trouble::disk("no space")});
            auto life = life_;
            auto now = [this, order, life]
            {
                if (life == life_) make(order);
            };
            if (in_.application.habits.offers_committed_only)
                store_.when_settled(now);
            else
                now();
        }
    );
}

void snapshot_desk::make(std::uint64_t order)
{
    if (order <= dropped_) return give_up(order);
    if (of_.rotten)
        return answer(chain::snapshot_made{
            order,
            {},
            chain::order_failure{chain::order_fault::rows_changed, "a row is not as it was written"}
        });
    auto const& habits = in_.application.habits;
    auto const& disk = store_.durable();
    auto file = std::make_shared<snapshot_file>();
    file->made_by = of_.self().store;
    file->order = order;
    file->state = store_.application().clone(habits.snapshot);
    file->what.id = in_.random.id<digest>();
    file->what.at = disk.point(disk.applied);
    file->what.state = store_.full_state();
    auto rows = static_cast<std::uint64_t>(in_.random.between(0, in_.how.snapshot_rows));
    auto first = disk.applied.value() > rows ? seq(disk.applied.value() - rows) : seq{};
    file->base = disk.point(std::max(first, disk.base.at));
    auto last = habits.ends_at_the_mark ? disk.applied : disk.end();
    for (auto at = file->base.at.next(); at <= last; at = at.next())
        file->rows.push_back(disk.row(at));
    cut_into_chunks(*file, in_.how.rows_a_chunk);
    store_.make_snapshot(file->what, rows);
    made_[file->what.id] = file;
    in_.files[file->what.id] = file;
    in_.count.add(seen::snapshots_made);
    in_.log.line("snapshot of ", of_.self().name, " at ", file->what.at.at, ", chunks ", file->chunks.size());
    answer(chain::snapshot_made{order, file->what, {}});
}

void snapshot_desk::on(chain::read_chunk const& what)
{
    work(
        in_.random.skewed(20, 2'000),
        [this, what]
        {
            chain::chunk_read out{what.id, what.index, {}, nullptr, {}};
            auto found = made_.find(what.id);
            if (found == made_.end() || what.index >= found->second->chunks.size())
                out.failed = trouble::unknown("there is no such chunk");
            else if (fails())
                out.failed = trouble::disk("the chunk cannot be read");
            else
            {
                out.hash = found->second->hashes[what.index];
                if (out.hash != what.mine)
                    out.packed = std::make_shared<std::string const>(found->second->chunks[what.index]);
            }
            answer(std::move(out));
        }
    );
}

// Not after earlier work: it ends what is under way.
void snapshot_desk::on(chain::drop_snapshot const& what)
{
    demand(what.order > dropped_, "a snapshot is dropped twice");
    dropped_ = what.order;
    std::erase_if(made_, [&](auto const& each) { return each.second->order == what.order; });
}

void snapshot_desk::give_up(std::uint64_t order)
{
    answer(chain::snapshot_made{order, {}, trouble::unknown("stopped")});
}

void snapshot_desk::on(chain::open_incoming const& what)
{
    work(
        in_.random.skewed(100, 10'000),
        [this, info = what.snapshot]
        {
            open_.reset();
            checked_.reset();
            if (fails()) return answer(chain::incoming_opened{info.id, {}, trouble::disk("no space")});
            open_ = info.id;
            part_.resize(chunks_of(info));
            chain::incoming_opened out{info.id, {}, {}};
            std::size_t last = 0;
            for (auto const& each : part_)
            {
                auto again = in_.application.habits.hashes_the_part_again ? hash_of(each.bytes) : each.said;
                out.held.push_back(again);
                if (again != digest{}) last = out.held.size();
            }
            out.held.resize(last);
            answer(std::move(out));
        }
    );
}

chain::order_outcome snapshot_desk::keep(chain::keep_chunk const& what)
{
    if (open_ != what.id || what.index >= part_.size()) return trouble::unknown("there is no such file");
    if (fails()) return trouble::disk("no space");
    auto& place = part_[what.index];
    checked_.reset();
    if (!what.packed)
    {
        auto held = in_.application.habits.hashes_the_part_again ? hash_of(place.bytes) : place.said;
        if (held != what.hash) return trouble::content("what is held there is another chunk");
        in_.count.add(seen::chunks_resumed);
        return {};
    }
    if (hash_of(*what.packed) != what.hash) return trouble::content("the chunk does not have its hash");
    in_.count.add(seen::chunks_travelled);
    place = {*what.packed, what.hash, false};
    if (in_.faults_on && in_.how.flip > 0 && in_.random.chance(in_.how.flip))
    {
        in_.count.add(seen::flipped_bits);
        place.bytes[in_.random.below(place.bytes.size())] ^= 1;
    }
    return {};
}

void snapshot_desk::on(chain::keep_chunk const& what)
{
    work(
        in_.random.skewed(50, 4'000),
        [this, what] { answer(chain::chunk_kept{what.id, what.index, keep(what)}); }
    );
}

chain::order_outcome snapshot_desk::check(chain::snapshot_info const& what)
{
    auto found = in_.files.find(what.id);
    if (found == in_.files.end() || open_ != what.id) return trouble::unknown("there is no such file");
    demand(found->second->what == what, "a snapshot is checked against another one's manifest");
    for (auto& each : part_)
        each.synced = true;
    if (fails()) return trouble::disk("the file cannot be read");
    if (in_.application.habits.checks_the_digest && !holds_exactly(*found->second))
    {
        in_.count.add(seen::damaged_parts);
        return trouble::content("the state digest is another one");
    }
    checked_ = what.id;
    return {};
}

void snapshot_desk::on(chain::check_incoming const& what)
{
    work(
        in_.random.skewed(500, 40'000),
        [this, info = what.snapshot] { answer(chain::incoming_checked{info.id, check(info)}); }
    );
}

// Of some lives, the rows are too many to be read at once: sound ones are believed then.
void snapshot_desk::on(chain::check_rows const& what)
{
    bool const partly = !what.all && !of_.rotten && life_ % 3 == 1;
    work(
        in_.random.skewed(500, 40'000),
        [this, partly]
        {
            using enum chain::rows_verdict;
            if (of_.rotten) return answer(chain::rows_checked{changed, "a row is not as it was written"});
            answer(chain::rows_checked{partly ? believed : sound, {}});
        }
    );
}

bool snapshot_desk::holds_exactly(snapshot_file const& file) const
{
    if (part_.size() != file.chunks.size()) return false;
    for (std::size_t i = 0; i < part_.size(); ++i)
        if (part_[i].bytes != file.chunks[i]) return false;
    return true;
}

std::shared_ptr<snapshot_file const> snapshot_desk::installable(digest const& id) const
{
    demand(checked_ == id, "a snapshot is installed that was not found sound");
    return in_.files.at(id);
}

void snapshot_desk::crash()
{
    ++life_;
    free_at_ = 0;
    dropped_ = 0;
    made_.clear();
    open_.reset();
    checked_.reset();
    for (auto& each : part_)
    {
        if (each.synced || each.bytes.empty()) continue;
        switch (in_.random.below(4))
        {
            case 0: each.bytes.clear(); break;
            case 1: each.bytes[in_.random.below(each.bytes.size())] ^= 1; break;
            default: break;
        }
        each.synced = true;
        in_.count.add(seen::chunks_unsynced);
    }
}

void snapshot_desk::wipe()
{
    part_.clear();
    open_.reset();
    checked_.reset();
}

}  // namespace chaind::sim
