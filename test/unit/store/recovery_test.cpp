#include "unit/store/store_fixture.hpp"

#include <sys/stat.h>

namespace chaind::test
{

BOOST_AUTO_TEST_SUITE(recovery)

BOOST_FIXTURE_TEST_CASE(a_new_store_is_empty_and_keeps_its_identity, disk_fixture)
{
    {
        auto made = open();
        auto const found = made->recover();
        BOOST_TEST_REQUIRE(found.has_value());
        BOOST_TEST((found->promised.state == config_state::none));
        BOOST_TEST((found->applied == log_point{}));
        BOOST_TEST((found->base == log_point{}));
        BOOST_TEST(found->suffix.empty());
        BOOST_TEST(found->epochs.empty());
    }

    auto how = options();
    how.new_store = numbered<store_id>(99);
    auto again = open(how);

    BOOST_TEST(again->id() == numbered<store_id>(7));
}

BOOST_FIXTURE_TEST_CASE(a_store_belongs_to_one_cluster, disk_fixture)
{
    {
        auto made = open();
        BOOST_TEST(!made->cluster().has_value());
        BOOST_TEST(!made->set_cluster(numbered<cluster_id>(1)));
    }
    auto again = open();

    BOOST_TEST((again->cluster() == numbered<cluster_id>(1)));
    BOOST_TEST(!again->set_cluster(numbered<cluster_id>(1)));
    BOOST_TEST((again->set_cluster(numbered<cluster_id>(2)) == errc::wrong_cluster));
}

BOOST_FIXTURE_TEST_CASE(a_promise_survives_with_all_its_fields, disk_fixture)
{
    {
        auto made = open();
        BOOST_TEST(!write_one(*made, write_of(1).promises(promise_of(3, config_state::pending))));
        disk.power_loss();
    }
    BOOST_TEST((survived_now().promised == promise_of(3, config_state::pending)));
    {
        auto made = open();
        BOOST_TEST(!write_one(*made, write_of(2).promises(promise_of(3))));
        disk.power_loss();
    }
    BOOST_TEST((survived_now().promised == promise_of(3)));
}

BOOST_FIXTURE_TEST_CASE(rows_above_the_applied_mark_come_back_whole, disk_fixture)
{
    log_writer log;
    auto const rows = log.next_few(5, 2);
    {
        auto made = open();
        BOOST_TEST(!write_one(*made, write_of(1).adds(rows)));
        BOOST_TEST(!write_one(*made, write_of(2).applies(2)));
        disk.power_loss();
    }

    auto again = open();
    auto const found = again->recover();

    BOOST_TEST_REQUIRE(found.has_value());
    BOOST_TEST((found->applied == rows[1].point()));
    BOOST_TEST_REQUIRE(found->suffix.size() == 3u);
    for (std::size_t i = 0; i < 3; ++i)
    {
        BOOST_TEST((found->suffix[i].point() == rows[i + 2].point()));
        BOOST_TEST((found->suffix[i].request == rows[i + 2].request));
        BOOST_TEST(*found->suffix[i].command == *rows[i + 2].command);
    }
    BOOST_TEST((found->epochs == std::vector<std::pair<epoch, seq>>{{epoch(2), seq(1)}}));
}

BOOST_FIXTURE_TEST_CASE(a_cut_suffix_and_its_successor_are_one_step, disk_fixture)
{
    log_writer log;
    auto const first = log.next_few(2, 1);
    log_writer other(log.end());
    auto const stale = log.next_few(4, 1);
    auto const fresh = other.next_few(2, 3);
    {
        auto made = open();
        BOOST_TEST(!write_one(*made, write_of(1).adds(first)));
        BOOST_TEST(!write_one(*made, write_of(2).adds(stale)));
        BOOST_TEST(!write_one(*made, write_of(3).promises(promise_of(3)).cuts_after(2).adds(fresh)));
        BOOST_TEST((made->end() == fresh.back().point()));
        disk.power_loss();
    }

    auto const found = survived_now();

    BOOST_TEST(
        (found.suffix == std::vector{first[0].point(), first[1].point(), fresh[0].point(), fresh[1].point()})
    );
    BOOST_TEST((found.epochs == std::vector<std::pair<epoch, seq>>{{epoch(1), seq(1)}, {epoch(3), seq(3)}}));
}

BOOST_FIXTURE_TEST_CASE(a_log_cut_to_nothing_begins_anew, disk_fixture)
{
    log_writer stale, fresh;
    auto made = open();
    BOOST_TEST(!write_one(*made, write_of(1).adds(stale.next_few(3, 1))));

    BOOST_TEST(!write_one(*made, write_of(2).cuts_after(0).adds(fresh.next_few(1, 2))));

    made.reset();
    auto const found = survived_now();
    BOOST_TEST((found.suffix == std::vector{fresh.end()}));
    BOOST_TEST((found.epochs == std::vector<std::pair<epoch, seq>>{{epoch(2), seq(1)}}));
}

BOOST_FIXTURE_TEST_CASE(log_reads_are_bounded_by_bytes_and_never_empty_inside_the_log, disk_fixture)
{
    log_writer log;
    auto const rows = log.next_few(10, 1);
    auto made = open();
    BOOST_TEST(!write_one(*made, write_of(1).adds(rows)));

    BOOST_TEST(made->read_log(seq(1), 1u << 20)->size() == 10u);
    BOOST_TEST(made->read_log(seq(4), 1)->size() == 1u);
    BOOST_TEST((made->read_log(seq(4), 1)->front().point() == rows[3].point()));
    BOOST_TEST(made->read_log(seq(4), rows[3].bytes() + rows[4].bytes())->size() == 2u);
    BOOST_TEST(made->read_log(seq(11), 1u << 20)->empty());
    BOOST_TEST(made->read_log(seq(0), 1u << 20)->empty());
}

BOOST_FIXTURE_TEST_CASE(a_second_process_is_refused_with_a_clear_text, folder_fixture)
{
    auto first = store::sqlite_store::open(options());
    BOOST_TEST_REQUIRE(first.has_value());

    std::string why;
    auto second = store::sqlite_store::open(options(), &why);

    BOOST_TEST((second.error() == errc::locked));
    BOOST_TEST(why == options().path + " is in use by process " + std::to_string(getpid()));

    first->reset();
    BOOST_TEST(store::sqlite_store::open(options()).has_value());
}

BOOST_FIXTURE_TEST_CASE(only_the_owner_can_read_the_files, folder_fixture)
{
    auto made = store::sqlite_store::open(options());
    BOOST_TEST_REQUIRE(made.has_value());
    auto mode = [](std::filesystem::path const& of)
    {
        struct stat found = {};
        BOOST_TEST_REQUIRE(stat(of.c_str(), &found) == 0);
        return found.st_mode & 0777;
    };

    BOOST_TEST(mode(folder / "data") == 0700u);
    int files = 0;
    for (auto const& each : std::filesystem::directory_iterator(folder / "data"))
    {
        BOOST_TEST(mode(each.path()) == 0600u, each.path());
        ++files;
    }
    BOOST_TEST(files >= 3);  // database, WAL, lock
}

BOOST_FIXTURE_TEST_CASE(each_commit_is_synced_in_a_wal, disk_fixture)
{
    log_writer log;
    auto made = open();
    for (int i = 0; i < 3; ++i)
    {
        auto const before = disk.syncs();
        BOOST_TEST(!write_one(*made, write_of(1).adds({log.next(1)})));
        BOOST_TEST(disk.syncs() >= before + 1);
    }
    BOOST_TEST(!disk.read("db-wal").empty());
}

BOOST_FIXTURE_TEST_CASE(a_newer_schema_is_refused_and_left_alone, disk_fixture)
{
    open();
    {
        auto db = sqlite::database::open("db", sqlite::database::access::create, disk.name());
        (*db)->script("PRAGMA user_version = 4711");
    }
    auto const before = disk.read("db");

    std::string why;
    auto refused = store::sqlite_store::open(options(), &why);

    BOOST_TEST((refused.error() == errc::newer_schema));
    BOOST_TEST(why.find("4711") != std::string::npos, why);
    BOOST_TEST((disk.read("db") == before));
}

BOOST_FIXTURE_TEST_CASE(a_foreign_database_is_refused, disk_fixture)
{
    {
        auto db = sqlite::database::open("db", sqlite::database::access::create, disk.name());
        (*db)->script("CREATE TABLE recipes (name TEXT)");
    }
    BOOST_TEST((store::sqlite_store::open(options()).error() == errc::store_damaged));

    disk.replace("db", "This is a letter to my aunt and no database at all." + std::string(5000, '.'));
    BOOST_TEST((store::sqlite_store::open(options()).error() == errc::store_damaged));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
