// The daemon's own store, on real files, beside each simulated disk: the same transactions, the same crashes
// (closed with nothing finished), the same snapshots made and installed, and after each start and at rest the
// same log and the same chat rows. Only how a snapshot travels is left out: its file is copied.

#include "sim/app.hpp"
#include "sim/trace.hpp"
#include "sqlite/database.hpp"
#include "store/chat_reader.hpp"
#include "store/snapshot_file.hpp"
#include "store/snapshot_install.hpp"
#include "store/sqlite_store.hpp"

#include <cstdlib>
#include <filesystem>

namespace chaind::sim
{
namespace
{

// In memory where the system has such a folder: what is simulated here is the order of things, not the disk.
class folder
{
public:
    folder()
    {
        auto base = std::filesystem::is_directory("/dev/shm") ? std::filesystem::path("/dev/shm")
                                                              : std::filesystem::temp_directory_path();
        auto pattern = (base / "chaind_sim_XXXXXX").string();
        demand(::mkdtemp(pattern.data()) != nullptr, "no folder for the simulation");
        path_ = pattern;
    }
    ~folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    folder(folder const&) = delete;
    folder& operator=(folder const&) = delete;

    [[nodiscard]] std::filesystem::path const& path() const { return path_; }

private:
    std::filesystem::path path_;
};

class sqlite_shadow final : public shadow_store
{
public:
    explicit sqlite_shadow(std::shared_ptr<folder> snapshots) : snapshots_(std::move(snapshots)) {}

    void open(store_id id, boot_id boot, chain::recovered const& expected) override
    {
        store::store_options how;
        how.path = file();
        how.new_store = id;
        how.boot = boot;
        how.wal_pages = 50;
        how.log_keep_entries = 0;
        std::string why;
        auto opened = store::sqlite_store::open(how, &why);
        demand(opened.has_value(), "SQLite does not open: ", why);
        store_ = std::move(*opened);
        demand(store_->id() == id, "SQLite holds another store");
        auto found = store_->recover();
        demand(found.has_value(), "SQLite does not recover: ", store_->failure_text());
        demand(found->restored == expected.restored, "SQLite: forgets that it was restored");
        demand(found->promised == expected.promised, "SQLite: another promise, ", found->promised.at);
        demand(
            found->applied == expected.applied,
            "SQLite: applied ",
            found->applied.at,
            " not ",
            expected.applied.at
        );
        // Rows are dropped with the next transaction, so that there may be more of them here.
        demand(found->base.at <= expected.base.at, "SQLite: another base, ", found->base.at);
        demand(found->base != expected.base || found->epochs == expected.epochs, "SQLite: other epochs");
        demand(found->suffix.size() == expected.suffix.size(), "SQLite: another suffix");
        for (std::size_t i = 0; i < found->suffix.size(); ++i)
            demand(found->suffix[i].hash == expected.suffix[i].hash, "SQLite: another row in the suffix");
    }

    void perform(std::vector<chain::store_write> const& transaction) override
    {
        auto failed = store_->perform(transaction, {[](auto const&) {}, [](auto const&) {}});
        demand(!failed, "SQLite: ", failed.message(), ": ", store_->failure_text());
        failed = store_->tidy();
        demand(!failed, "SQLite: ", store_->failure_text());
    }

    void close() override { store_.reset(); }

    void wipe() override
    {
        store_.reset();
        for (auto const& each : std::filesystem::directory_iterator(home_.path()))
            std::filesystem::remove_all(each.path());
    }

    void set_aside() override
    {
        store_.reset();
        std::string why;
        if (!std::filesystem::exists(file())) return;
        auto moved = store::set_aside(file(), text("20260101T000000Z-", ++set_aside_), &why);
        demand(moved.has_value(), "SQLite: not set aside: ", why);
    }

    void compact(seq upto) override { store_->allow_drop(upto); }

    void make_snapshot(chain::snapshot_info const& expected, std::uint64_t log_rows) override
    {
        std::string why;
        auto made = store::make_snapshot(
            file(), snapshot(expected.id), {.id = expected.id, .log_rows = log_rows}, &why
        );
        demand(made.has_value(), "SQLite: no snapshot: ", why);
        demand(made->id == expected.id && made->at == expected.at, "SQLite: a snapshot of ", made->at.at);
        demand(made->state == expected.state, "I17: SQLite: a snapshot of another state");
    }

    void install(digest const& which, store_id id, chain_config const& promised) override
    {
        store_.reset();
        auto const part = (home_.path() / "incoming.db.part").string();
        std::filesystem::copy_file(snapshot(which), part, std::filesystem::copy_options::overwrite_existing);
        std::string why;
        auto sound = store::check_snapshot(part, &why);
        demand(sound.has_value(), "SQLite: a damaged snapshot: ", why);
        auto failed = store::install_snapshot(part, file(), {.store = id, .promised = promised}, &why);
        demand(!failed, "SQLite: not installed: ", why);
    }

    void restore(std::vector<chain::entry> const& history, chain::snapshot_info const& expected, store_id id)
        override
    {
        auto const old = (home_.path() / "old.db").string();
        auto const kept = (home_.path() / "backup.db").string();
        std::vector<chain::store_write> all(1);
        all[0].id = 1;
        all[0].promise.emplace();
        all[0].promise->at = expected.at.in;
        all[0].promise->state = config_state::active;
        all[0].entries = history;
        all[0].apply_upto = expected.at.at;
        std::string why;
        store::store_options how;
        how.path = old;
        auto opened = store::sqlite_store::open(how, &why);
        demand(opened.has_value(), "SQLite does not open: ", why);
        auto failed = (*opened)->perform(all, {[](auto const&) {}, [](auto const&) {}});
        demand(!failed, "SQLite: ", failed.message(), ": ", (*opened)->failure_text());
        opened->reset();
        auto made = store::make_snapshot(
            old, kept, {.id = expected.id, .log_rows = static_cast<std::uint64_t>(history.size())}, &why
        );
        demand(made.has_value(), "SQLite: no backup: ", why);
        demand(
            made->at == expected.at && made->state == expected.state, "I17: SQLite: a backup of another state"
        );
        auto restored = store::restore_backup(kept, file(), id, &why);
        demand(restored.has_value(), "SQLite: not restored: ", why);
    }

    void compare(log_point const& end, log_point const& applied, digest const& state) override
    {
        demand(store_->end() == end && store_->applied() == applied, "SQLite: another end or applied mark");
        auto db = sqlite::database::open(file(), sqlite::database::access::read_only);
        demand(db.has_value(), "SQLite: no reader");
        store::chat_reader reader(**db);
        reader.begin();
        auto rows = reader.state_digest();
        reader.end();
        demand(rows == state, "I17: the rows in SQLite differ from the model");
    }

private:
    [[nodiscard]] std::string file() const { return (home_.path() / "replica.db").string(); }

    [[nodiscard]] std::string snapshot(digest const& id) const
    {
        return (snapshots_->path() / (to_string(id) + ".db")).string();
    }

    folder home_;
    std::shared_ptr<folder> snapshots_;  // of all replicas
    int set_aside_ = 0;
    std::unique_ptr<store::sqlite_store> store_;
};

}  // namespace

app_kind chat_on_sqlite()
{
    auto out = chat_application();
    out.shadow = [snapshots = std::make_shared<folder>()](std::string const&)
    { return std::make_unique<sqlite_shadow>(snapshots); };
    return out;
}

}  // namespace chaind::sim
