#include "configd/record_json.hpp"
#include "configd/registry_thread.hpp"
#include "configd/sqlite_registry.hpp"
#include "support/members.hpp"
#include "support/temp_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>

#include <sys/stat.h>

using namespace chaind;
using test::made_id;
using test::made_member;

namespace
{

control::record made_record(std::uint64_t revision)
{
    control::record out;
    out.revision = revision;
    out.current.at = epoch(revision + 10);
    out.current.state = config_state::pending;
    out.current.members = {made_member("n1"), made_member("n2", 2, 3)};
    out.current.joiner = node_id{"n2"};
    out.last_active.at = epoch(9);
    out.last_active.state = config_state::active;
    out.last_active.members = {made_member("n1")};
    out.watermark_epoch = epoch(9);
    out.watermark = seq(1234567890123);
    out.known = {node_id{"n1"}, node_id{"n2"}, node_id{"n3"}};
    out.removed = {node_id{"n3"}};
    out.want = 3;
    out.drained = {node_id{"n2"}};
    out.moving = {.who = node_id{"n3"}, .leaving = {node_id{"n1"}, node_id{"n2"}}, .members = 3};
    out.replacing = {.old = node_id{"n1"}, .with = node_id{"n4"}, .members = 3};
    out.current.id = made_id<config_id>(41);
    out.last_active.id = made_id<config_id>(42);
    out.given = {{epoch(8), made_id<config_id>(43)}, {epoch(9), made_id<config_id>(42)}, {epoch(10), {}}};
    out.claims[node_id{"n3"}] = {
        .by = made_member("n3", 7, 8),
        .promised = epoch(12),
        .lacks = "it knows epoch 10, n3 has promised 12",
        .stores_before = {made_id<store_id>(7), made_id<store_id>(9)}
    };
    return out;
}

struct registry_file
{
    test::temp_folder folder;
    std::string path = folder.path() + "/registry.db";
    std::string why;

    std::unique_ptr<configd::sqlite_registry> open(std::uint8_t identity = 1)
    {
        auto out = configd::sqlite_registry::open(path, {made_id<cluster_id>(identity), "lineage"}, why);
        BOOST_TEST_REQUIRE(out.has_value(), why);
        return std::move(*out);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(registry, registry_file)

BOOST_AUTO_TEST_CASE(a_record_comes_back_as_it_was)
{
    BOOST_TEST((configd::record_from_json(configd::to_json(made_record(5))) == made_record(5)));
    BOOST_TEST((configd::record_from_json(configd::to_json({})) == control::record{}));
}

BOOST_AUTO_TEST_CASE(what_is_no_whole_record_is_refused)
{
    auto const good = configd::to_json(made_record(5));
    for (std::size_t n = 0; n < good.size(); n += 7)
        BOOST_TEST(!configd::record_from_json(good.substr(0, n)).has_value());
    auto bad_name = good;
    bad_name.replace(bad_name.find("\"n1\""), 4, "\"N1\"");
    BOOST_TEST(!configd::record_from_json(bad_name).has_value());
    BOOST_TEST(!configd::record_from_json("[]").has_value());
}

BOOST_AUTO_TEST_CASE(a_new_registry_has_revision_0_and_keeps_what_it_is_given)
{
    BOOST_TEST(open()->load()->revision == 0u);

    BOOST_TEST(!open()->replace(made_record(1), ""));

    auto const again = open(2);
    BOOST_TEST((again->load().value() == made_record(1)));
    BOOST_TEST((again->identity().cluster == made_id<cluster_id>(1)));
    struct stat file{};
    BOOST_TEST_REQUIRE(::stat(path.c_str(), &file) == 0);
    BOOST_TEST((file.st_mode & 0777) == 0600u);
}

BOOST_AUTO_TEST_CASE(a_record_replaces_only_the_one_before_it)
{
    auto const store = open();
    BOOST_TEST(!store->replace(made_record(1), ""));
    BOOST_TEST(!store->replace(made_record(2), ""));

    for (auto const revision : {1u, 2u, 4u})
        BOOST_TEST((store->replace(made_record(revision), "") == errc::epoch_conflict));

    BOOST_TEST((store->load().value() == made_record(2)));
    BOOST_TEST(!store->replace(made_record(3), ""));
}

BOOST_AUTO_TEST_CASE(a_record_of_an_earlier_version_is_read)
{
    auto text = configd::to_json(made_record(5));
    auto const added = text.find(",\"drained\"");
    BOOST_TEST_REQUIRE(added != std::string::npos);
    text = text.substr(0, added) + '}';
    auto expected = made_record(5);
    expected.drained.clear();
    expected.moving.reset();
    expected.replacing.reset();
    expected.given.clear();
    expected.claims.clear();
    BOOST_TEST((configd::record_from_json(text) == expected));
}

BOOST_AUTO_TEST_CASE(a_chain_of_nobody_is_no_record)
{
    for (bool const current : {true, false})
    {
        auto written = made_record(5);
        (current ? written.current : written.last_active).members.clear();
        BOOST_TEST(!configd::record_from_json(configd::to_json(written)).has_value());
    }
    BOOST_TEST(configd::record_from_json(configd::to_json({})).has_value());
}

// It is not said for whom those that are named were to leave, nor how many there were.
BOOST_AUTO_TEST_CASE(a_change_that_an_earlier_version_has_begun_is_read)
{
    auto text = configd::to_json(made_record(5));
    for (std::string const added : {R"(,"moving_for":"n3","moving_of":3)", R"(,"of":3)"})
    {
        auto const at = text.find(added);
        BOOST_TEST_REQUIRE(at != std::string::npos);
        text.erase(at, added.size());
    }
    auto expected = made_record(5);
    expected.moving.reset();
    expected.replacing->members = 0;
    BOOST_TEST((configd::record_from_json(text) == expected));
}

BOOST_AUTO_TEST_CASE(a_registry_of_the_first_version_is_opened)
{
    {
        auto const db = sqlite::database::open(path, sqlite::database::access::create);
        (*db)->script(
            "CREATE TABLE identity(cluster BLOB NOT NULL, lineage TEXT NOT NULL) STRICT;"
            "CREATE TABLE chain(revision INTEGER NOT NULL, record TEXT NOT NULL) STRICT;"
            "CREATE TABLE event(number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, epoch INTEGER NOT NULL,"
            " what TEXT NOT NULL, node TEXT NOT NULL, why TEXT NOT NULL) STRICT;"
            "PRAGMA user_version=1;"
        );
        (*db)->run("INSERT INTO identity VALUES(?,?)", made_id<cluster_id>(5), std::string("earlier"));
    }
    auto const store = open();
    BOOST_TEST(store->identity().lineage == "earlier");
    BOOST_TEST(store->tokens().value().empty());
}

BOOST_AUTO_TEST_CASE(another_lineage_is_stored_with_the_record_or_not_at_all)
{
    auto const store = open();
    BOOST_TEST(!store->replace(made_record(1), "second"));
    BOOST_TEST(store->identity().lineage == "second");
    BOOST_TEST((store->replace(made_record(1), "third") == errc::epoch_conflict));
    BOOST_TEST(store->identity().lineage == "second");
}

BOOST_AUTO_TEST_CASE(tokens_are_replaced_whole)
{
    std::vector<control::join_token> const two{
        {std::string(32, 'a'), 5, node_id{"n9"}, made_id<store_id>(9)}, {std::string("b\0c", 3), 6, {}, {}}
    };
    BOOST_TEST(!open()->keep(two));
    BOOST_TEST((open()->tokens().value() == two));
    BOOST_TEST(!open()->keep({two[1]}));
    BOOST_TEST(open()->tokens().value().size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_second_process_is_kept_out)
{
    auto const first = open();

    auto const second = configd::sqlite_registry::open(path, {made_id<cluster_id>(1), "x"}, why);

    BOOST_TEST((second.error() == errc::locked));
    BOOST_TEST(why.find(std::to_string(::getpid())) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(nothing_is_kept_in_a_file_that_was_deleted)
{
    auto const store = open();
    std::vector<configd::event_row> const one{{1, 5, epoch(1), "pending", "", "a"}};
    BOOST_TEST(!store->append(one));
    std::filesystem::remove(path);
    BOOST_TEST((store->append({{2, 6, epoch(1), "active", "", "a"}}) == errc::disk_failed));
    BOOST_TEST(store->failure_text().find("was deleted or replaced") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(events_are_kept_in_order)
{
    BOOST_TEST(!open()->append({{1, 5, epoch(1), "pending", "", "a"}, {2, 6, epoch(2), "removed", "n1", "b"}})
    );

    auto const rows = open()->newest_events(1).value();

    BOOST_TEST_REQUIRE(rows.size() == 1u);
    BOOST_TEST(rows[0].number == 2u);
    BOOST_TEST(rows[0].node == "n1");
    BOOST_TEST(rows[0].in.value() == 2u);
}

BOOST_AUTO_TEST_CASE(the_thread_answers_on_the_loop_in_order)
{
    boost::asio::io_context loop;
    std::vector<int> seen;
    {
        configd::registry_thread thread(loop.get_executor(), open());
        thread.replace(
            made_record(1),
            "",
            [&](error_code failed, std::string const&) { seen.push_back(failed ? -1 : 1); }
        );
        thread.replace(
            made_record(3),
            "",
            [&](error_code failed, std::string const&)
            { seen.push_back(failed == errc::epoch_conflict ? 2 : -2); }
        );
    }

    BOOST_TEST(seen.empty());
    loop.run();
    BOOST_TEST(seen == (std::vector<int>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
