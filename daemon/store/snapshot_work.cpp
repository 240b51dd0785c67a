#include "store/snapshot_work.hpp"

#include "store/chat_reader.hpp"
#include "store/chat_sum.hpp"
#include "store/log_rows.hpp"
#include "store/snapshot_rows.hpp"
#include "store/store_file.hpp"

#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include <sys/statvfs.h>
#include <unistd.h>

namespace chaind::store
{
namespace
{

using trouble = chain::order_failure;

constexpr std::uint64_t sync_every = 32u << 20;

std::string beside(std::string const& database, char const* name)
{
    return (std::filesystem::absolute(database).parent_path() / name).string();
}

// Also what a crash in the middle of SQLite's work may have left beside it.
void remove_file(std::string const& path)
{
    for (auto const* tail : {"", "-journal", "-wal", "-shm"})
        ::unlink((path + tail).c_str());
}

// What is wrong with the log as a whole, if anything.
std::string log_error(sqlite::database& db)
{
    auto const meta = load_meta(db);
    if (!meta) return "the meta row is missing";
    std::string why;
    auto const end = last_row(db).value_or(meta->base);
    return log_is_sound(db, *meta, meta->base.at, end.at, why) ? "" : why;
}

}  // namespace

std::string incoming_path(std::string const& database)
{
    return beside(database, "incoming.db.part");
}

snapshot_work::snapshot_work(snapshot_thread_options how, long_work work)
    : how_(std::move(how)),
      outgoing_path_(beside(how_.database, "outgoing.db")),
      incoming_path_(incoming_path(how_.database)),
      long_work_(std::move(work))
{
    remove_file(outgoing_path_);
}

snapshot_work::~snapshot_work()
{
    drop_outgoing();
}

void snapshot_work::drop_outgoing()
{
    outgoing_.reset();
    remove_file(outgoing_path_);
}

void snapshot_work::drop_incoming()
{
    incoming_.reset();
    remove_file(incoming_path_);
}

chain::rows_checked snapshot_work::perform(chain::check_rows const& what) const
{
    auto opened = sqlite::database::open(how_.database, sqlite::database::access::read_only);
    if (!opened)
        return {
            chain::rows_verdict::not_known, "cannot open " + how_.database + ": " + opened.error().message()
        };
    auto& db = **opened;
    sqlite3_busy_timeout(db.handle(), 5000);
    // Without rests: the chain is one replica short until this one is back.
    long_work const at_once{.progress = {}, .cancelled = long_work_.cancelled};
    interruption const stop(db, at_once);
    chat_reader reader(db);
    reader.begin();
    std::string error;
    bool const too_many = !what.all && reader.counters().pos.value() > how_.proven_at_once;
    if (!too_many && !proven_sum(db)) error = rows_differ;
    if (what.all && error.empty() && !db.failed()) error = log_error(db);
    reader.end();
    if (db.failed())
        return {
            meaning_of(db.failure()) == errc::store_damaged ? chain::rows_verdict::changed
                                                            : chain::rows_verdict::not_known,
            how_.database + ": " + db.failure_text()
        };
    if (!error.empty()) return {chain::rows_verdict::changed, std::move(error)};
    return {too_many ? chain::rows_verdict::believed : chain::rows_verdict::sound, {}};
}

// ---- for others

chain::snapshot_made snapshot_work::perform(chain::make_snapshot const& what)
{
    chain::snapshot_made out{.order = what.order, .snapshot = {}, .failed = {}};
    drop_outgoing();
    outgoing_order_ = what.order;
    if (long_work_.is_cancelled())
    {
        out.failed = trouble::unknown("stopped");
        return out;
    }
    // The copy, and the write-ahead log that cannot shrink while it is being read from: the daemon's own
    // writes need the rest.
    out.failed = room_for(2 * size_of(how_.database) + size_of(how_.database + "-wal"));
    if (out.failed) return out;
    // Not durable: it goes with this process, and its fsyncs would come in between those that people wait
    // for.
    snapshot_options const how{.log_rows = how_.log_rows, .durable = false};
    std::string why;
    auto made = make_snapshot(how_.database, outgoing_path_, how, &why, long_work_);
    if (!made)
    {
        auto const kind =
            made.error() == errc::rows_changed ? chain::order_fault::rows_changed : chain::order_fault::disk;
        out.failed = {kind, why.empty() ? made.error().message() : why};
        return out;
    }
    auto opened = chunk_file::open(outgoing_path_, false);
    if (!opened)
    {
        out.failed = trouble::disk("cannot open " + outgoing_path_ + ": " + opened.error().message());
        return out;
    }
    out.snapshot = made->info();
    outgoing_.emplace(open_file{out.snapshot, std::move(*opened)});
    // The disk may change what was written: the receiver would fetch all of it and find it wrong at the end.
    outgoing_chunks_.clear();
    out.failed = hash_chunks(*outgoing_, outgoing_path_, outgoing_->file.chunks(), outgoing_chunks_);
    if (out.failed) drop_outgoing();
    return out;
}

chain::chunk_read snapshot_work::perform(chain::read_chunk const& what)
{
    chain::chunk_read out{.id = what.id, .index = what.index, .hash = {}, .packed = {}, .failed = {}};
    if (!outgoing_ || outgoing_->what.id != what.id || what.index >= outgoing_->file.chunks())
    {
        out.failed = trouble::unknown("there is no such chunk");
        return out;
    }
    out.hash = outgoing_chunks_.at(what.index);
    if (out.hash == what.mine) return out;
    auto bytes = outgoing_->file.read(what.index);
    if (!bytes)
        out.failed = trouble::disk("cannot read " + outgoing_path_ + ": " + bytes.error().message());
    else if (chunk_hash(*bytes) != out.hash)
        out.failed = trouble::disk(
            outgoing_path_ + ": chunk " + std::to_string(what.index) + " is not what was written"
        );
    else
        out.packed = std::make_shared<std::string const>(pack_chunk(*bytes));
    return out;
}

void snapshot_work::perform(chain::drop_snapshot const& what)
{
    if (what.order == outgoing_order_) drop_outgoing();
}

// ---- from others

chain::incoming_opened snapshot_work::perform(chain::open_incoming const& what)
{
    chain::incoming_opened out{.id = what.snapshot.id, .held = {}, .failed = {}};
    incoming_.reset();
    out.failed = open(what.snapshot, out.held);
    if (!out.failed) return out;
    out.held.clear();
    incoming_.reset();
    return out;
}

chain::order_outcome snapshot_work::open(chain::snapshot_info const& what, std::vector<digest>& held)
{
    // They would be taken for part of the database that its chunks make.
    for (auto const* tail : {"-journal", "-wal", "-shm"})
        ::unlink((incoming_path_ + tail).c_str());
    auto const said = [&](error_code const& failure)
    { return trouble::disk("cannot write " + incoming_path_ + ": " + failure.message()); };

    auto opened = chunk_file::open(incoming_path_, true);
    if (!opened) return said(opened.error());
    auto const reserved = opened->reserved();
    if (!reserved) return said(reserved.error());
    if (*reserved < what.bytes)
    {
        auto no_room = room_for(what.bytes - *reserved);
        if (no_room) return no_room;
    }
    auto const before = opened->size();
    if (auto failure = opened->resize(what.bytes)) return said(failure);
    auto const left = chain::chunks_in(std::min(before, what.bytes));
    incoming_.emplace(open_file{what, std::move(*opened)});
    return hash_chunks(*incoming_, incoming_path_, left, held);
}

// Of the first `count` chunks.
chain::order_outcome snapshot_work::hash_chunks(
    open_file const& of, std::string const& path, std::uint64_t count, std::vector<digest>& out
) const
{
    for (std::uint64_t index = 0; index < count; ++index)
    {
        if (long_work_.is_cancelled()) return trouble::unknown("stopped");
        auto const bytes = of.file.read(index);
        if (!bytes) return trouble::disk("cannot read " + path + ": " + bytes.error().message());
        out.push_back(chunk_hash(*bytes));
        long_work_.rest();
    }
    return {};
}

chain::order_outcome snapshot_work::room_for(std::uint64_t bytes) const
{
    auto const folder = std::filesystem::path(incoming_path_).parent_path().string();
    struct statvfs found = {};
    if (::statvfs(folder.c_str(), &found) != 0)
        return trouble::disk("cannot look at " + folder + ": " + std::generic_category().message(errno));
    auto const free = std::uint64_t{found.f_bavail} * found.f_frsize;
    auto const needed = bytes + how_.space_margin;
    if (free >= needed) return {};
    return trouble::disk(
        "no space for the snapshot in " + folder + ": " + std::to_string(needed) + " bytes are needed and " +
        std::to_string(free) + " are free"
    );
}

microseconds snapshot_work::busy_for() const
{
    std::chrono::steady_clock::duration const since(asked_at_.load());
    if (since == since.zero()) return {};
    return std::chrono::duration_cast<microseconds>(
        std::chrono::steady_clock::now().time_since_epoch() - since
    );
}

template <class Call>
auto snapshot_work::ask_disk(Call what) -> decltype(what())
{
    asked_at_ = std::chrono::steady_clock::now().time_since_epoch().count();
    auto out = what();
    asked_at_ = 0;
    return out;
}

error_code snapshot_work::sync_incoming()
{
    unsynced_ = 0;
    return ask_disk([this] { return incoming_->file.sync(); });
}

chain::chunk_kept snapshot_work::perform(chain::keep_chunk const& what)
{
    return {.id = what.id, .index = what.index, .failed = keep(what)};
}

chain::order_outcome snapshot_work::keep(chain::keep_chunk const& what)
{
    if (!incoming_ || incoming_->what.id != what.id || what.index >= incoming_->file.chunks())
        return trouble::unknown("there is no such chunk");
    auto const name = "chunk " + std::to_string(what.index);
    auto& file = incoming_->file;
    if (!what.packed)
    {
        auto const held = ask_disk([&] { return file.read(what.index); });
        if (!held) return trouble::disk("cannot read " + incoming_path_ + ": " + held.error().message());
        if (chunk_hash(*held) != what.hash) return trouble::content(name + " is not what was held of it");
        return {};
    }
    auto const bytes = unpack_chunk(*what.packed, file.bytes_of_chunk(what.index));
    if (!bytes) return trouble::content(name + " does not unpack to its size");
    if (chunk_hash(*bytes) != what.hash) return trouble::content(name + " does not match its hash");
    auto failure = ask_disk([&] { return file.write(what.index, *bytes); });
    unsynced_ += bytes->size();
    // Else the disk would be given all of it at once, in one call of which nobody knows whether it ends.
    if (!failure && unsynced_ >= sync_every) failure = sync_incoming();
    if (failure) return trouble::disk("cannot write " + incoming_path_ + ": " + failure.message());
    return {};
}

chain::incoming_checked snapshot_work::perform(chain::check_incoming const& what)
{
    chain::incoming_checked out{.id = what.snapshot.id, .failed = check(what.snapshot)};
    // Which of its chunks are wrong nobody knows; a check that was cut short says nothing about them.
    if (out.failed && !long_work_.is_cancelled()) drop_incoming();
    return out;
}

chain::order_outcome snapshot_work::check(chain::snapshot_info const& what)
{
    if (!incoming_ || incoming_->what != what) return trouble::unknown("there is no such snapshot");
    if (auto const failure = sync_incoming())
        return trouble::disk("cannot write " + incoming_path_ + ": " + failure.message());
    std::string why;
    auto const found = check_snapshot(incoming_path_, &why, long_work_);
    if (!found) return trouble::content(why.empty() ? found.error().message() : why);
    if (found->id != what.id || found->bytes != what.bytes)
        return trouble::content(incoming_path_ + " is another snapshot's file");
    if (found->at != what.at)
        return trouble::content(incoming_path_ + " is not of the position that was offered");
    if (found->state != what.state)
        return trouble::content(incoming_path_ + " is not of the state that was offered");
    return {};
}

}  // namespace chaind::store
