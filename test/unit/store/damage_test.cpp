// Flipped bits, missing rows, marks that lie: found at open or at the first read, and never served.
#include "unit/store/store_fixture.hpp"

#include <random>

namespace chaind::test
{
namespace
{

struct damage_fixture : disk_fixture
{
    static constexpr std::uint64_t rows = 40;
    static constexpr std::uint64_t applied = 30;

    damage_fixture()
    {
        auto made = open();
        BOOST_TEST_REQUIRE(!write_one(*made, write_of(1).promises(promise_of(1)).adds(log)));
        BOOST_TEST_REQUIRE(!write_one(*made, write_of(2).applies(applied)));
    }

    // As somebody with an SQLite shell would: the file itself stays well-formed.
    void tamper(std::string const& sql)
    {
        auto db = sqlite::database::open("db", sqlite::database::access::create, disk.name());
        BOOST_TEST_REQUIRE(db.has_value());
        (*db)->script(sql);
        BOOST_TEST_REQUIRE(!(*db)->failed(), (*db)->failure_text());
    }

    store::store_options trusting() const
    {
        auto how = options();
        how.verify_rows = 0;
        return how;
    }

    std::vector<chain::entry> const log = log_writer().next_few(rows, 1);
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(damage, damage_fixture)

BOOST_AUTO_TEST_CASE(every_changed_column_of_a_log_row_is_noticed_at_open)
{
    for (std::string const change :
         {"ts_us = ts_us + 1",
          "epoch = epoch + 1",
          "request = zeroblob(16)",
          "request = x'00'",
          "command = x'00'",
          "command = zeroblob(0)",
          "hash = zeroblob(16)"})
    {
        for (std::uint64_t const at : {std::uint64_t{3}, applied, applied + 1, rows})
        {
            damage_fixture other;
            other.tamper("UPDATE log SET " + change + " WHERE seq = " + std::to_string(at));
            std::string why;
            auto refused = store::sqlite_store::open(other.options(), &why);
            BOOST_TEST((refused.error() == errc::store_damaged), change << " at " << at);
            BOOST_TEST(!why.empty());
        }
    }
}

BOOST_AUTO_TEST_CASE(missing_rows_and_lying_marks_are_noticed_at_open)
{
    for (std::string const sql :
         {"DELETE FROM log WHERE seq = 1",
          "DELETE FROM log WHERE seq = 20",
          "DELETE FROM log WHERE seq = 35",
          "DELETE FROM log WHERE seq >= 30",
          "DELETE FROM log",
          "DELETE FROM meta",
          "UPDATE meta SET applied = 31",
          "UPDATE meta SET applied = 41",
          "UPDATE meta SET applied_hash = zeroblob(16)",
          "UPDATE log_epoch SET first = 2",
          "UPDATE log_epoch SET epoch = 2"})
    {
        damage_fixture other;
        other.tamper(sql);
        BOOST_TEST((store::sqlite_store::open(other.options()).error() == errc::store_damaged), sql);
    }
}

BOOST_AUTO_TEST_CASE(an_old_damaged_row_is_noticed_when_it_is_read_and_stops_the_store)
{
    tamper("UPDATE log SET command = x'00' WHERE seq = 5");
    auto made = open(trusting());

    BOOST_TEST(made->read_log(seq(6), 1u << 20).has_value());
    auto const read = made->read_log(seq(2), 1u << 20);

    BOOST_TEST((read.error() == errc::store_damaged));
    BOOST_TEST(made->failure_text() == "log row 5 does not match its hash");
    BOOST_TEST((made->read_log(seq(6), 1u << 20).error() == errc::store_damaged));
    BOOST_TEST((write_one(*made, write_of(3).applies(31)) == errc::store_damaged));
}

BOOST_AUTO_TEST_CASE(rows_before_a_damaged_one_are_still_right)
{
    tamper("UPDATE log SET command = x'00' WHERE seq = 5");
    auto made = open(trusting());

    auto const read = made->read_log(seq(2), log[1].bytes() + log[2].bytes());

    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST(read->size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_row_that_is_damaged_while_the_store_runs_is_not_applied)
{
    auto made = open();
    tamper("UPDATE log SET command = x'00' WHERE seq = 32");
    std::vector<seq> told;
    store::store_observer const listening{
        .applied =
            [&](std::vector<chat::applied> what)
        {
            for (auto const& each : what)
            {
                told.push_back(each.pos);
            }
        },
        .checkpoint = [](auto const&) {},
    };

    chain::store_write const apply = write_of(3).applies(33);
    BOOST_TEST((made->perform({&apply, 1}, listening) == errc::store_damaged));

    BOOST_TEST(told.empty());
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_anywhere_is_refused_or_was_of_no_consequence)
{
    open();  // moves the WAL into the database on closing
    auto const sound = disk.read("db");
    auto const right = survived_now();
    std::mt19937_64 random(17);
    int refused = 0;
    for (int i = 0; i < 1000; ++i)
    {
        auto bytes = sound;
        auto const at = random() % bytes.size();
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        disk.wipe();
        disk.replace("db", bytes);
        auto made = store::sqlite_store::open(options());
        if (!made)
        {
            ++refused;
            continue;
        }
        // Rows of the chat state have no hash of their own: the digest between replicas finds those.
        auto const found = (*made)->recover();
        BOOST_TEST_REQUIRE(found.has_value());
        BOOST_TEST((found->applied == right.applied), "byte " << at);
        BOOST_TEST(found->suffix.size() == right.suffix.size());
        auto const read = (*made)->read_log(seq(1), 1u << 20);
        BOOST_TEST_REQUIRE(read.has_value());
        BOOST_TEST(read->size() == rows);
        for (std::size_t n = 0; n < read->size(); ++n)
        {
            BOOST_TEST(((*read)[n].point() == log[n].point()), "byte " << at);
            BOOST_TEST(*(*read)[n].command == *log[n].command, "byte " << at);
        }
    }
    BOOST_TEST(refused > 50);
    BOOST_TEST_MESSAGE(refused << " of 1000 flips refused");
}

BOOST_AUTO_TEST_CASE(a_file_cut_short_is_refused)
{
    open();
    auto const sound = disk.read("db");
    for (std::size_t pages = 1; pages < sound.size() / 4096; ++pages)
    {
        disk.wipe();
        disk.replace("db", sound.substr(0, pages * 4096));
        BOOST_TEST((store::sqlite_store::open(options()).error() == errc::store_damaged), pages);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
