#include "sqlite/database.hpp"

#include "unit/store/store_fixture.hpp"

namespace chaind::test
{
namespace
{

struct database_fixture : disk_fixture
{
    database_fixture()
    {
        db->script("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, raw BLOB, other INTEGER) STRICT");
    }

    std::unique_ptr<sqlite::database> db =
        std::move(*sqlite::database::open("sql", sqlite::database::access::create, disk.name()));
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(sqlite_database, database_fixture)

BOOST_AUTO_TEST_CASE(values_come_back_as_they_were_bound)
{
    std::string const bytes("a\0b", 3);
    db->run(
        "INSERT INTO t VALUES (?, ?, ?, ?)", seq(7), std::string_view(bytes), sqlite::blob{bytes}, nullptr
    );
    db->run("INSERT INTO t VALUES (?, ?, ?, ?)", 8, "", sqlite::blob{{}}, std::optional<int>(-5));
    db->run("INSERT INTO t VALUES (?, ?, ?, ?)", 9, nullptr, numbered<store_id>(3), std::optional<int>());

    auto row = db->query("SELECT id, name, raw, other FROM t ORDER BY id");
    BOOST_TEST_REQUIRE(row.step());
    BOOST_TEST(row.number(0) == 7u);
    BOOST_TEST(row.text(1) == bytes);
    BOOST_TEST(row.bytes(2) == bytes);
    BOOST_TEST(row.null(3));
    BOOST_TEST_REQUIRE(row.step());
    BOOST_TEST(!row.null(1));
    BOOST_TEST(row.text(1).empty());
    BOOST_TEST(!row.null(2));
    BOOST_TEST(row.integer(3) == -5);
    BOOST_TEST_REQUIRE(row.step());
    BOOST_TEST(row.null(1));
    BOOST_TEST(row.id<store_id>(2) == numbered<store_id>(3));
    BOOST_TEST(row.null(3));
    BOOST_TEST(!row.step());
    BOOST_TEST(!db->failed());
}

BOOST_AUTO_TEST_CASE(one_text_may_be_in_use_twice_at_once)
{
    db->run("INSERT INTO t (id) VALUES (1), (2)");
    auto outer = db->query("SELECT id FROM t ORDER BY id");
    int pairs = 0;
    while (outer.step())
    {
        auto inner = db->query("SELECT id FROM t ORDER BY id");
        while (inner.step())
        {
            ++pairs;
        }
    }
    BOOST_TEST(pairs == 4);
}

BOOST_AUTO_TEST_CASE(the_first_failure_stays_and_stops_everything)
{
    db->run("INSERT INTO t (id) VALUES (1)");
    disk.fail_at(2, fault_disk::kind::io_error, false);  // the journal has been made
    db->run("INSERT INTO t (id) VALUES (2)");

    BOOST_TEST(db->failed());
    BOOST_TEST((db->failure().value() & 0xff) == SQLITE_IOERR);
    BOOST_TEST((&db->failure().category() == &sqlite::category()));
    BOOST_TEST(
        db->failure_text().find("INSERT INTO t (id) VALUES (2)") != std::string::npos, db->failure_text()
    );

    auto const text = db->failure_text();
    auto const operations = disk.operations();
    db->run("INSERT INTO t (id) VALUES (3)");
    db->script("DELETE FROM t");
    auto row = db->query("SELECT id FROM t");
    BOOST_TEST(!row.step());
    BOOST_TEST(row.integer(0) == 0);
    BOOST_TEST(row.text(0).empty());
    BOOST_TEST(db->failure_text() == text);
    BOOST_TEST(disk.operations() == operations);
}

BOOST_AUTO_TEST_CASE(a_reader_cannot_write)
{
    auto reader = sqlite::database::open("sql", sqlite::database::access::read_only, disk.name());
    BOOST_TEST_REQUIRE(reader.has_value());
    (*reader)->run("INSERT INTO t (id) VALUES (1)");
    BOOST_TEST(((*reader)->failure().value() & 0xff) == SQLITE_READONLY);
}

BOOST_AUTO_TEST_CASE(a_missing_file_cannot_be_read)
{
    BOOST_TEST(
        !sqlite::database::open("nowhere", sqlite::database::access::read_only, disk.name()).has_value()
    );
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
