#pragma once
// One replica's snapshot files: it makes them from its disk, reads chunks of them, takes another's in. A file
// is some dozens of short stand-ins, one for each chunk, equal at equal index for files of near positions as
// far as their content would be; what stands behind it is a copy of the application. The incoming part
// survives its process; chunks that were not synced may be lost or torn by then.

#include "chain/types.hpp"
#include "sim/app.hpp"
#include "sim/disk.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chaind::sim
{

class world;
class node;

struct snapshot_file
{
    chain::snapshot_info what;
    std::vector<std::string> chunks;
    std::vector<digest> hashes;
    log_point base;                  // of the rows
    std::vector<chain::entry> rows;  // the newest up to what.at
    std::shared_ptr<app const> state;
    store_id made_by;
    std::uint64_t order = 0;
};

class snapshot_desk
{
public:
    snapshot_desk(world& in, node& of, disk& store) : in_(in), of_(of), store_(store) {}

    void perform(chain::snapshot_order what);
    // The process is gone; the part stays, as far as it was synced.
    void crash();
    // The disk is another one.
    void wipe();

    // The part, when it is complete, for an installation. Throws `violation` when it was not found sound.
    [[nodiscard]] std::shared_ptr<snapshot_file const> installable(digest const& id) const;
    // Chunk for chunk what its source made of it.
    [[nodiscard]] bool holds_exactly(snapshot_file const& file) const;
    void installed() { part_.clear(); }

    // Files made here and not dropped yet: the log from there on is wanted.
    [[nodiscard]] std::map<digest, std::shared_ptr<snapshot_file const>> const& made() const { return made_; }

private:
    struct piece
    {
        std::string bytes;  // none: a hole
        digest said;        // what it was when it was kept
        bool synced = false;
    };

    void on(chain::make_snapshot const& what);
    void on(chain::read_chunk const& what);
    void on(chain::drop_snapshot const& what);
    void on(chain::open_incoming const& what);
    void on(chain::keep_chunk const& what);
    void on(chain::check_incoming const& what);
    void on(chain::check_rows const& what);
    void make(std::uint64_t order);
    void give_up(std::uint64_t order);
    [[nodiscard]] chain::order_outcome keep(chain::keep_chunk const& what);
    [[nodiscard]] chain::order_outcome check(chain::snapshot_info const& what);
    // After all earlier work; never when the process has died by then.
    void work(us span, std::function<void()> what);
    void answer(chain::event what);
    [[nodiscard]] bool fails();

    world& in_;
    node& of_;
    disk& store_;
    std::map<digest, std::shared_ptr<snapshot_file const>> made_;
    std::vector<piece> part_;
    std::optional<digest> open_;     // the file that the part is filled up to
    std::optional<digest> checked_;  // and was found sound
    us free_at_ = 0;
    std::uint64_t dropped_ = 0;  // the last order, of this life; a later one may be under way already
    std::uint64_t life_ = 0;
};

}  // namespace chaind::sim
