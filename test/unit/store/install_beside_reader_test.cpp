// A snapshot becomes the store while another process reads the old one, as a backup does.
#include "support/watched_folders.hpp"
#include "unit/store/snapshot_fixture.hpp"

#include <sqlite3.h>

#include <chrono>
#include <functional>
#include <thread>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

namespace chaind::test
{
namespace
{

// Another process with a read transaction on the database, until it is told to go.
class reading_process
{
public:
    explicit reading_process(std::string const& path)
    {
        BOOST_TEST_REQUIRE(::pipe(told_) == 0);
        BOOST_TEST_REQUIRE(::pipe(tells_) == 0);
        child_ = ::fork();
        if (child_ == 0) ::_exit(read_until_told(path) ? 0 : 1);
        ::close(told_[0]);
        ::close(tells_[1]);
        char reads = 0;
        BOOST_TEST_REQUIRE(::read(tells_[0], &reads, 1) == 1);
    }
    ~reading_process()
    {
        go();
        ::close(tells_[0]);
    }
    reading_process(reading_process const&) = delete;
    reading_process& operator=(reading_process const&) = delete;

    // Ends it; what it had read at last was what it read at first.
    void go()
    {
        if (child_ < 0) return;
        ::close(told_[1]);
        int status = 1;
        BOOST_TEST(::waitpid(child_, &status, 0) == child_);
        BOOST_TEST(status == 0);
        child_ = -1;
    }

private:
    bool read_until_told(std::string const& path)
    {
        ::close(told_[1]);
        ::close(tells_[0]);
        auto db = sqlite::database::open(path, sqlite::database::access::read_only);
        if (!db) return false;
        (*db)->script("BEGIN");
        auto const before = applied(**db);
        char end = 0;
        bool const heard = ::write(tells_[1], "r", 1) == 1 && ::read(told_[0], &end, 1) == 0;
        return heard && before == 50 && applied(**db) == before;
    }
    static std::int64_t applied(sqlite::database& db)
    {
        auto row = db.query("SELECT applied FROM meta");
        return row.step() ? row.integer(0) : -1;
    }

    int told_[2] = {-1, -1};
    int tells_[2] = {-1, -1};
    ::pid_t child_ = -1;
};

// SQLite's files, with something that happens once: between the moment when a database is opened and that
// when its -wal is, which SQLite finds by the name.
class meanwhile
{
public:
    meanwhile(std::string database, std::function<void()> happens)
    {
        database_ = std::move(database);
        happens_ = std::move(happens);
        vfs_ = *sqlite3_vfs_find(nullptr);
        open_ = vfs_.xOpen;
        vfs_.zName = name;
        vfs_.xOpen = [](sqlite3_vfs* vfs, char const* path, sqlite3_file* file, int flags, int* out)
        {
            int const code = open_(vfs, path, file, flags, out);
            if (happens_ && path != nullptr && database_ == path) std::exchange(happens_, nullptr)();
            return code;
        };
        BOOST_TEST_REQUIRE(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK);
    }
    ~meanwhile() { sqlite3_vfs_unregister(&vfs_); }
    meanwhile(meanwhile const&) = delete;
    meanwhile& operator=(meanwhile const&) = delete;

    static constexpr char const* name = "meanwhile";

private:
    static inline std::string database_;
    static inline std::function<void()> happens_;
    static inline decltype(sqlite3_vfs::xOpen) open_ = nullptr;
    sqlite3_vfs vfs_{};
};

// An old store with 50 entries, beside it a snapshot of another one with 200.
struct beside_reader_fixture : snapshot_fixture
{
    beside_reader_fixture()
    {
        other.filled(200);
        manifest = other.snapshot("s");
        filled(50);
        std::filesystem::copy_file(other.path("s"), part);
    }
    error_code install(std::chrono::milliseconds patience)
    {
        return store::install_snapshot(part, db(), {.store = numbered<store_id>(21)}, &why, patience);
    }
    void expect_installed() const
    {
        auto made = open(options());
        BOOST_TEST(made->id() == numbered<store_id>(21));
        BOOST_TEST((made->applied() == manifest.at));
        BOOST_TEST(state_digest(db()) == manifest.state);
    }

    snapshot_fixture other;
    store::snapshot_manifest manifest;
    std::string part = path("incoming.db.part");
    std::string why;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(installing_beside_a_reader, beside_reader_fixture)

BOOST_AUTO_TEST_CASE(a_reader_that_stays_keeps_the_old_store_which_goes_on)
{
    reading_process reader(db());
    BOOST_TEST((install(100ms) == errc::locked), why);
    BOOST_TEST(why == db() + ": somebody else reads it");
    BOOST_TEST(std::filesystem::exists(part));
    BOOST_TEST((store::check_snapshot(part, &why).value() == manifest), why);
    {
        auto made = open(options());
        BOOST_TEST(made->id() == numbered<store_id>(7));
        BOOST_TEST(made->applied().at == seq(50));
        fill(*made, log, 60);
    }
    BOOST_TEST((install(0ms) == errc::locked), why);
    reader.go();
    BOOST_TEST(!install(0ms), why);
    expect_installed();
}

BOOST_AUTO_TEST_CASE(a_reader_that_goes_soon_is_waited_for)
{
    reading_process reader(db());
    std::filesystem::remove(db() + ".lock");
    error_code outcome = errc::stopped;
    std::thread installing([&] { outcome = install(60s); });
    // The first thing that it makes.
    while (!std::filesystem::exists(db() + ".lock"))
        std::this_thread::yield();
    reader.go();
    installing.join();
    BOOST_TEST(!outcome, why);
    expect_installed();
}

// A database without its -wal is an older one that looks whole; a -wal without its database is nothing.
BOOST_AUTO_TEST_CASE(what_is_set_aside_half_leaves_no_database_without_its_log)
{
    reading_process reader(db());
    watched_folders folders;
    folders.fail_rename(2);
    BOOST_TEST((store::set_aside(db(), "x", &why).error() == errc::disk_failed), why);
    bool const database = std::filesystem::exists(db());
    bool const log_of_it = std::filesystem::exists(db() + "-wal");
    BOOST_TEST((!database || log_of_it));
    BOOST_TEST(database + log_of_it == 1);
    reader.go();
}

BOOST_AUTO_TEST_CASE(a_store_that_is_read_can_be_set_aside)
{
    reading_process reader(db());
    auto const moved_to = store::set_aside(db(), "20261123T150000Z", &why);
    BOOST_TEST_REQUIRE(moved_to.has_value(), why);
    BOOST_TEST(!install(0ms), why);
    expect_installed();
    reader.go();
    BOOST_TEST(number_in(*moved_to + "/chaind.db", "SELECT applied FROM meta") == 50);
}

// Else it would read the old database through the -wal of the new one.
BOOST_AUTO_TEST_CASE(a_backup_that_had_opened_the_old_database_reads_the_new_one)
{
    auto const target = path("backup");
    auto const backup = [&]
    {
        std::filesystem::remove(target);
        return store::make_snapshot(db(), target, {.vfs = meanwhile::name}, &why);
    };
    std::unique_ptr<store::sqlite_store> made;
    {
        meanwhile const replaced(
            db(),
            [&]
            {
                BOOST_TEST(!install(0ms), why);
                made = open(options());
                snapshot_fixture::fill(*made, other.log, 230);
            }
        );
        auto const taken = backup();
        BOOST_TEST_REQUIRE(taken.has_value(), why);
        BOOST_TEST((taken->at == made->applied()));
        BOOST_TEST((store::check_snapshot(target, &why).value() == *taken), why);
    }
    made.reset();
    {
        meanwhile const moved(db(), [&] { BOOST_TEST(store::set_aside(db(), "x", &why).has_value(), why); });
        BOOST_TEST((backup().error() == errc::disk_failed));
        BOOST_TEST(why == "cannot open " + db() + ": unable to open database file (14)");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
