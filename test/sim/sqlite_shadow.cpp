// The daemon's own store, on real files, beside each simulated disk: the same transactions, the same crashes
// (closed with nothing finished), and after each start and at rest the same log and the same chat rows.

#include "sim/app.hpp"
#include "sim/trace.hpp"
#include "store/chat_reader.hpp"
#include "store/sqlite.hpp"
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
    void open(store_id id, boot_id boot, chain::recovered const& expected) override
    {
        store::store_options how;
        how.path = file();
        how.new_store = id;
        how.boot = boot;
        how.wal_pages = 50;
        std::string why;
        auto opened = store::sqlite_store::open(how, &why);
        demand(opened.has_value(), "SQLite does not open: ", why);
        store_ = std::move(*opened);
        demand(store_->id() == id, "SQLite holds another store");
        auto found = store_->recover();
        demand(found.has_value(), "SQLite does not recover: ", store_->failure_text());
        demand(found->promised == expected.promised, "SQLite: another promise, ", found->promised.at);
        demand(
            found->applied == expected.applied,
            "SQLite: applied ",
            found->applied.at,
            " not ",
            expected.applied.at
        );
        demand(found->epochs == expected.epochs, "SQLite: other epochs");
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

    void compare(log_point const& end, log_point const& applied, digest const& state) override
    {
        demand(store_->end() == end && store_->applied() == applied, "SQLite: another end or applied mark");
        auto db = store::database::open(file(), store::database::access::read_only);
        demand(db.has_value(), "SQLite: no reader");
        store::chat_reader reader(**db);
        reader.begin();
        auto rows = reader.state_digest();
        reader.end();
        demand(rows == state, "I17: the rows in SQLite differ from the model");
    }

private:
    [[nodiscard]] std::string file() const { return (home_.path() / "replica.db").string(); }

    folder home_;
    std::unique_ptr<store::sqlite_store> store_;
};

}  // namespace

app_kind chat_on_sqlite()
{
    auto out = chat_application();
    out.shadow = [](std::string const&) { return std::make_unique<sqlite_shadow>(); };
    return out;
}

}  // namespace chaind::sim
