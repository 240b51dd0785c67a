#include "chainctl/progress.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

using namespace chaind::chainctl;
using namespace std::chrono_literals;

namespace
{

boost::json::object status(std::string_view joining, std::string_view failed = "[]")
{
    return boost::json::
        parse(R"({"epoch":18,"chain":[{"name":"n1","role":"head","state":"normal"},{"name":"n2","role":"tail",)"
              R"("state":"reconfiguring"}],"joining":)" +
              std::string(joining) + R"(,"failed":)" + std::string(failed) + "}")
            .as_object();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(joining)

BOOST_AUTO_TEST_CASE(a_snapshot_shows_bytes_rate_and_time_left)
{
    auto now = progress_in(
        status(R"([{"name":"n4","phase":"snapshot","bytes_done":10485760,"bytes_total":41943040}])"), {"n4"}
    );
    now.rate = 5242880;

    BOOST_TEST(now.text() == "n4: snapshot 10 MiB of 40 MiB (25 %), 5.0 MiB/s, 6 s left");
    BOOST_TEST(now.json().at("seconds_left").as_uint64() == 6U);
    BOOST_TEST(now.json().at("bytes_done").as_uint64() == 10485760U);
}

BOOST_AUTO_TEST_CASE(no_rate_no_time_left)
{
    auto const now = progress_in(
        status(R"([{"name":"n4","phase":"snapshot","bytes_done":0,"bytes_total":41943040}])"), {"n4"}
    );

    BOOST_TEST(!now.seconds_left());
    BOOST_TEST(!now.json().contains("seconds_left"));
}

BOOST_AUTO_TEST_CASE(before_and_after_its_bytes_travel_a_snapshot_says_what_is_done_with_it)
{
    progress now;
    now.node = "n4";
    now.phase = "snapshot";
    now.rate = 1;
    BOOST_TEST(now.text() == "n4: a snapshot is being made for it");

    now.bytes_done = now.bytes_total = 41943040;
    BOOST_TEST(now.text() == "n4: has the snapshot (40 MiB), checks it");
    BOOST_TEST(!now.seconds_left());
}

BOOST_AUTO_TEST_CASE(who_was_taken_out_or_is_not_wanted_is_kept_out)
{
    auto lists = status("[]");
    lists["removed"] = {"n4"};
    lists["drained"] = {"n5"};
    lists["spares"] = {"n6"};
    BOOST_TEST(kept_out(lists, "n4").value_or("") == "n4 was taken out of the chain for good");
    BOOST_TEST(kept_out(lists, "n5").value_or("") == "n5 is drained");
    BOOST_TEST(
        kept_out(lists, "n6").value_or("") == "n6 stands by, since the chain has as many machines as it wants"
    );
    BOOST_TEST(!kept_out(lists, "n2"));
    BOOST_TEST(!kept_out(lists, "n7"));
}

BOOST_AUTO_TEST_CASE(catching_up_shows_the_lag)
{
    auto const now = progress_in(status(R"([{"name":"n4","phase":"log","lag":1234}])"), {"n4"});

    BOOST_TEST(now.text() == "n4: catching up, 1,234 entries behind");
    BOOST_TEST(now.json().at("lag").as_uint64() == 1234U);
}

BOOST_AUTO_TEST_CASE(another_machines_join_is_not_ones_own)
{
    auto const now = progress_in(status(R"([{"name":"n5","phase":"log","lag":1}])"), {"n4"});

    BOOST_TEST(now.phase == "contact");
}

BOOST_AUTO_TEST_CASE(a_machine_that_went_away_says_why)
{
    auto const now = progress_in(status("[]", R"([{"name":"n4","reason":"connection lost"}])"), {"n4"});

    BOOST_TEST(now.text() == "n4: away (connection lost), waiting for it");
    BOOST_TEST(now.json().at("reason").as_string() == "connection lost");
}

BOOST_AUTO_TEST_CASE(only_a_member_that_serves_has_a_role)
{
    BOOST_TEST(role_of(status("[]"), "n1") == "head");
    auto damaged = status("[]");
    damaged["chain"].as_array().at(0).as_object()["state"] = "damaged";
    BOOST_TEST(role_of(damaged, "n1") == "head");
    BOOST_TEST(role_of(status("[]"), "n2") == "");
    BOOST_TEST(role_of(status("[]"), "n4") == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_join_is_not_told_as_one)
{
    auto now = progress_in(status("[]"), {"n2", "leaving"});
    BOOST_TEST(now.text() == "n2: its clients go to the others, then it leaves the chain");
    BOOST_TEST(now.json().at("phase").as_string() == "leaving");

    now.phase = "done";
    now.end = "out of the chain at epoch 19";
    BOOST_TEST(now.text() == "n2: out of the chain at epoch 19");
}

BOOST_AUTO_TEST_CASE(a_move_shows_whom_it_made_leave)
{
    auto const others = status(R"([{"name":"n1","phase":"log","lag":5}])");

    BOOST_TEST(progress_in(others, {"n2", "moving", true}).text() == "n1: catching up, 5 entries behind");
    BOOST_TEST(progress_in(others, {"n2", "moving"}).text() == "n2: on its way to its place");
}

BOOST_AUTO_TEST_CASE(what_has_joined_is_named_with_its_epoch)
{
    BOOST_TEST(in_the_chain(status("[]"), "n1").value() == "in the chain at epoch 18");
    BOOST_TEST(!in_the_chain(status("[]"), "n2"));  // a member that does not serve yet
    BOOST_TEST(is_member(status("[]"), "n2"));
    BOOST_TEST(!is_member(status("[]"), ""));
}

BOOST_AUTO_TEST_CASE(times_have_units)
{
    BOOST_TEST((seconds_in("90") == 90s));
    BOOST_TEST((seconds_in("90s") == 90s));
    BOOST_TEST((seconds_in("10m") == 600s));
    BOOST_TEST((seconds_in("2h") == 7200s));
    BOOST_TEST(!seconds_in(""));
    BOOST_TEST(!seconds_in("ten"));
    BOOST_TEST(!seconds_in("10 parsecs"));
}

BOOST_AUTO_TEST_SUITE_END()
