#include "unit/store/store_fixture.hpp"

namespace chaind::test
{
namespace
{

// What perform() told, and what was on the disk when it did.
struct told
{
    explicit told(fault_disk const& on) : disk(on) {}

    store::store_observer observer()
    {
        return {
            .applied =
                [this](std::vector<chat::applied> what)
            {
                syncs_at_applied.push_back(disk.syncs());
                for (auto& each : what)
                {
                    applied.push_back(std::move(each));
                }
            },
            .checkpoint =
                [this](store::checkpoint_reached const& at)
            {
                checkpoints.emplace_back(at.id, at.at, state_digest("db", disk.name()));
                BOOST_TEST(at.sum == std::get<digest>(checkpoints.back()));
            },
        };
    }
    [[nodiscard]] std::vector<std::uint64_t> positions() const
    {
        std::vector<std::uint64_t> out;
        for (auto const& each : applied)
        {
            out.push_back(each.pos.value());
        }
        return out;
    }

    fault_disk const& disk;
    std::vector<chat::applied> applied;
    std::vector<std::uint64_t> syncs_at_applied;
    std::vector<std::tuple<std::string, seq, digest>> checkpoints;
};

digest digest_after(std::vector<chain::entry> const& rows, std::size_t count)
{
    disk_fixture other;
    auto made = other.open();
    std::vector<chain::entry> const some(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count));
    BOOST_TEST(!write_one(*made, write_of(1).adds(some)));
    BOOST_TEST(!write_one(*made, write_of(2).applies(count)));
    return state_digest("db", other.disk.name());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(perform)

BOOST_FIXTURE_TEST_CASE(answers_are_told_before_the_transaction_is_synced, disk_fixture)
{
    log_writer log;
    auto made = open();
    auto const rows = log.next_few(3, 1);
    BOOST_TEST(!write_one(*made, write_of(1).adds(rows)));
    told heard(disk);
    auto const before = disk.syncs();

    std::vector<chain::store_write> const batch{write_of(2).adds(log.next_few(2, 1)), write_of(3).applies(3)};
    BOOST_TEST(!made->perform(batch, heard.observer()));

    BOOST_TEST(heard.positions() == (std::vector<std::uint64_t>{1, 2, 3}), boost::test_tools::per_element());
    BOOST_TEST(heard.syncs_at_applied.front() == before);
    BOOST_TEST(disk.syncs() == before + 1);
    BOOST_TEST((heard.applied[1].request == rows[1].request));
}

// A later version wrote it, and carries it out where this one would pass it over.
BOOST_FIXTURE_TEST_CASE(a_command_of_a_later_version_stops_the_store_before_anything_changes, disk_fixture)
{
    constexpr std::string_view field("\x98\x3f\x01", 3);  // 1011: 1
    for (auto const& newer : {std::string("\x9a\x3f\x00", 3), account_command(77) + std::string(field)})
    {
        disk_fixture here;
        log_writer log;
        auto rows = log.next_few(2, 1);
        rows.push_back(log.next(1, newer));
        rows.push_back(log.next(1));
        survived before;
        {
            auto made = here.open();
            BOOST_TEST(!write_one(*made, write_of(1).adds(rows)));
            BOOST_TEST(!write_one(*made, write_of(2).applies(1)));
            before = survived_of(*made, "db", here.disk.name());
            BOOST_TEST((write_one(*made, write_of(3).applies(4)) == errc::newer_schema));
            BOOST_TEST(made->failure_text().find("position 3") != std::string::npos, made->failure_text());
            // It does nothing more.
            BOOST_TEST((write_one(*made, write_of(4).applies(2)) == errc::newer_schema));
        }
        BOOST_TEST(here.survived_now() == before);
        BOOST_TEST(before.suffix.size() == 3u);
    }
}

BOOST_FIXTURE_TEST_CASE(what_a_batch_adds_and_applies_is_applied_once, disk_fixture)
{
    log_writer log;
    auto const rows = log.next_few(6, 1);
    auto made = open();
    told heard(disk);
    std::vector<chain::store_write> const batch{
        write_of(1).adds({rows[0], rows[1]}).applies(1),
        write_of(2).adds({rows[2], rows[3], rows[4], rows[5]}).applies(4),
    };
    BOOST_TEST(!made->perform(batch, heard.observer()));

    BOOST_TEST(
        heard.positions() == (std::vector<std::uint64_t>{1, 2, 3, 4}), boost::test_tools::per_element()
    );
    BOOST_TEST((made->applied() == rows[3].point()));
    BOOST_TEST(state_digest("db", disk.name()) == digest_after(rows, 4));
}

BOOST_FIXTURE_TEST_CASE(rows_that_the_batch_cuts_are_never_applied, disk_fixture)
{
    log_writer log;
    auto const first = log.next_few(2, 1);
    log_writer other(log.end());
    auto const stale = log.next_few(2, 1);
    auto const fresh = other.next_few(2, 2);
    auto made = open();
    BOOST_TEST(!write_one(*made, write_of(1).adds(first)));
    BOOST_TEST(!write_one(*made, write_of(2).adds(stale)));
    told heard(disk);

    std::vector<chain::store_write> const batch{
        write_of(3).promises(promise_of(2)).cuts_after(2).adds(fresh),
        write_of(4).applies(4),
    };
    BOOST_TEST(!made->perform(batch, heard.observer()));

    BOOST_TEST(
        heard.positions() == (std::vector<std::uint64_t>{1, 2, 3, 4}), boost::test_tools::per_element()
    );
    BOOST_TEST((heard.applied[2].request == fresh[0].request));
    std::vector<chain::entry> const right{first[0], first[1], fresh[0], fresh[1]};
    BOOST_TEST(state_digest("db", disk.name()) == digest_after(right, 4));
}

BOOST_FIXTURE_TEST_CASE(a_checkpoint_shows_the_state_at_exactly_its_position, disk_fixture)
{
    log_writer log;
    auto rows = log.next_few(3, 1);
    rows.push_back(log.next(1, checkpoint_command("c1")));
    rows.push_back(log.next(1));
    rows.push_back(log.next(1, checkpoint_command("c2")));
    rows.push_back(log.next(1));
    auto made = open();
    told heard(disk);

    // The first one applies ahead of the batch's log rows, the second one to rows of the batch itself.
    BOOST_TEST(!write_one(*made, write_of(1).adds({rows[0], rows[1], rows[2], rows[3]})));
    std::vector<chain::store_write> const batch{
        write_of(2).adds({rows[4], rows[5], rows[6]}),
        write_of(3).applies(7),
    };
    BOOST_TEST(!made->perform(batch, heard.observer()));

    BOOST_TEST_REQUIRE(heard.checkpoints.size() == 2u);
    BOOST_TEST((heard.checkpoints[0] == std::tuple("c1", seq(4), digest_after(rows, 4))));
    BOOST_TEST((heard.checkpoints[1] == std::tuple("c2", seq(6), digest_after(rows, 6))));
    BOOST_TEST(
        heard.positions() == (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7}),
        boost::test_tools::per_element()
    );
    made.reset();
    BOOST_TEST((survived_now().applied == rows[6].point()));
}

BOOST_FIXTURE_TEST_CASE(readers_see_rows_of_committed_transactions_only, disk_fixture)
{
    log_writer log;
    auto made = open();
    BOOST_TEST(!write_one(*made, write_of(1).adds(log.next_few(4, 1))));
    auto db = sqlite::database::open("db", sqlite::database::access::read_only, disk.name());
    auto applied = [&]
    {
        store::chat_reader reader(**db);
        reader.begin();
        auto const out = reader.applied();
        reader.end();
        return out;
    };
    seq seen_inside(99);
    store::store_observer const peeking{
        .applied = [&](auto) { seen_inside = applied(); }, .checkpoint = [](auto const&) {}
    };

    chain::store_write const apply = write_of(2).applies(3);
    BOOST_TEST(!made->perform({&apply, 1}, peeking));

    BOOST_TEST(seen_inside == seq(0));
    BOOST_TEST(applied() == seq(3));
}

BOOST_FIXTURE_TEST_CASE(a_writer_that_breaks_an_invariant_is_stopped, disk_fixture)
{
    log_writer log;
    auto const rows = log.next_few(4, 2);
    auto prepared = [&]
    {
        disk.wipe();
        auto made = open();
        BOOST_TEST(!write_one(*made, write_of(1).promises(promise_of(2)).adds({rows[0], rows[1], rows[2]})));
        BOOST_TEST(!write_one(*made, write_of(2).applies(2)));
        return made;
    };
    auto changed = rows[3];
    changed.ts_us += 1;
    log_writer older(rows[2].point());
    auto const falling = older.next(1);
    std::vector<chain::store_write> const wrong{
        write_of(3).promises(promise_of(1)),  // falls
        write_of(3).cuts_after(1),            // below the applied mark
        write_of(3).adds({rows[1]}),          // does not follow
        write_of(3).adds({changed}),          // its hash is of another entry
        write_of(3).adds({falling}),          // follows, but the epoch falls
        write_of(3).applies(4),               // beyond the end
    };
    for (auto const& write : wrong)
    {
        auto made = prepared();
        BOOST_TEST((write_one(*made, write) == errc::store_damaged));
        BOOST_TEST(made->failure_text().starts_with("broken invariant"), made->failure_text());
        BOOST_TEST((write_one(*made, write_of(4).adds({rows[3]})) == errc::store_damaged));
        made.reset();
        auto const found = survived_now();
        BOOST_TEST((found.promised == promise_of(2)));
        BOOST_TEST((found.applied == rows[1].point()));
        BOOST_TEST((found.suffix == std::vector{rows[2].point()}));
    }
}

BOOST_FIXTURE_TEST_CASE(the_wal_does_not_grow_for_ever, disk_fixture)
{
    auto how = options();
    how.wal_pages = 20;
    auto made = open(how);
    log_writer log;
    for (std::uint64_t i = 1; i <= 200; ++i)
    {
        BOOST_TEST(!write_one(*made, write_of(i).adds({log.next(1)})));
        BOOST_TEST(!write_one(*made, write_of(i).applies(i)));
        BOOST_TEST(!made->tidy());
    }
    BOOST_TEST(disk.read("db-wal").size() < 200u * 4096);
}

// SQLite's own checkpoints, at 1,000 pages, take a failed fsync for a good one.
BOOST_FIXTURE_TEST_CASE(nobody_but_tidy_writes_into_the_database, disk_fixture)
{
    auto made = open();
    auto const before = disk.read("db");
    log_writer log;
    for (std::uint64_t i = 1; i <= 600; ++i)
        BOOST_TEST_REQUIRE(!write_one(*made, write_of(i).adds({log.next(1)})));
    BOOST_TEST(disk.read("db-wal").size() > 1100u * 4096);
    BOOST_TEST((disk.read("db") == before));
}

BOOST_FIXTURE_TEST_CASE(at_rest_a_wal_of_a_few_pages_stays_as_it_is, folder_fixture)
{
    auto const how = options();
    std::string why;
    auto opened = store::sqlite_store::open(how, &why);
    BOOST_TEST_REQUIRE(opened.has_value(), why);
    auto& made = **opened;
    log_writer log;
    BOOST_TEST(!write_one(made, write_of(1).adds({log.next(1)})));
    auto const wal = std::filesystem::file_size(how.path + "-wal");
    BOOST_TEST(wal > 0u);
    BOOST_TEST(!made.tidy_at_rest());
    BOOST_TEST(std::filesystem::file_size(how.path + "-wal") == wal);
}

// Empty pages of the database are no help to what has still to be moved there.
BOOST_FIXTURE_TEST_CASE(what_only_the_wal_has_needs_room_until_it_was_moved, folder_fixture)
{
    auto const how = options();
    std::string why;
    auto opened = store::sqlite_store::open(how, &why);
    BOOST_TEST_REQUIRE(opened.has_value(), why);
    auto& made = **opened;
    log_writer log;
    BOOST_TEST(!write_one(made, write_of(1).adds({log.next(1)})));
    auto const wal = [&] { return std::filesystem::file_size(how.path + "-wal"); };
    BOOST_TEST(made.needs().unsettled > wal() * 9 / 10);
    BOOST_TEST(made.needs().unsettled < wal());

    made.save_space(true);
    BOOST_TEST(!made.tidy_at_rest());
    BOOST_TEST(wal() == 0u);
    BOOST_TEST(made.needs().unsettled == 0u);
}

BOOST_FIXTURE_TEST_CASE(the_wal_gets_its_size_back_when_a_reader_has_gone, folder_fixture)
{
    auto how = options();
    how.wal_pages = 10;
    std::string why;
    auto opened = store::sqlite_store::open(how, &why);
    BOOST_TEST_REQUIRE(opened.has_value(), why);
    auto& made = **opened;
    log_writer log;
    std::uint64_t id = 0;
    auto const write_some = [&](int count)
    {
        for (int i = 0; i < count; ++i)
        {
            BOOST_TEST_REQUIRE(!write_one(made, write_of(++id).adds({log.next(1)})));
            BOOST_TEST_REQUIRE(!made.tidy());
        }
    };
    auto const wal = [&] { return std::filesystem::file_size(how.path + "-wal"); };
    constexpr std::uintmax_t much = 200u * 4096;
    {
        auto reader = sqlite::database::open(how.path, sqlite::database::access::read_only).value();
        reader->script("BEGIN; SELECT * FROM meta");
        write_some(300);
        BOOST_TEST(wal() > much);
    }
    BOOST_TEST_REQUIRE(!made.tidy_at_rest());
    // Not more often than each two seconds: the reader has cost one try.
    auto const until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (wal() > much && std::chrono::steady_clock::now() < until)
        write_some(1);
    BOOST_TEST(wal() < much);
    write_some(5);
    BOOST_TEST(made.end().at == seq(id));
}

BOOST_FIXTURE_TEST_CASE(a_checkpoint_without_room_is_no_failure, disk_fixture)
{
    auto how = options();
    how.wal_pages = 4;
    auto made = open(how);
    log_writer log;
    for (std::uint64_t i = 1; i <= 5; ++i)
        BOOST_TEST_REQUIRE(!write_one(*made, write_of(i).adds({log.next(1)})));
    disk.fail_at(1, fault_disk::kind::no_space, true);
    BOOST_TEST(!made->tidy());
    BOOST_TEST(disk.fault_happened());
    disk.no_more_faults();
    BOOST_TEST(!write_one(*made, write_of(6).adds({log.next(1)})));
    BOOST_TEST(!made->tidy());
    disk.power_loss();
    BOOST_TEST((open()->end() == log.end()));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
