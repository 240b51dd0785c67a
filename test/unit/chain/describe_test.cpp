// What the core prints of itself: in words, and never what clients have written.

#include "chain/describe.hpp"

#include "chain/replica.hpp"

#include <boost/test/unit_test.hpp>

namespace chaind::chain
{
namespace
{

auto const secret = std::make_shared<std::string const>("what only two people know");

member somebody(std::string const& name)
{
    member out{.name = {name}, .store = {}, .boot = {}};
    out.boot.bytes[0] = 0xAB;
    return out;
}

entry row(std::uint64_t at)
{
    entry out;
    out.at = seq{at};
    out.in = epoch{2};
    out.command = secret;
    out.hash.bytes[0] = 0x1F;
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(printing)

BOOST_AUTO_TEST_CASE(a_message_says_its_positions_and_the_size_of_what_it_carries)
{
    message const what = append{epoch{3}, 7, row(4).point(), {row(5), row(6)}, seq{4}, seq{3}, seq{4}};
    BOOST_TEST(
        one_line(what) == "append e3 #7 after 4/e2#1f000000: rows 5..6 (50 bytes), stable 4 commit 3 open 4"
    );
    BOOST_TEST(
        one_line(received{somebody("n1"), ok{epoch{3}, 7, seq{6}, seq{5}}}) ==
        "from n1/ab00: ok e3 #7 verified 6 durable 5"
    );
}

BOOST_AUTO_TEST_CASE(a_step_is_one_line_and_each_of_its_effects_too)
{
    effects what;
    BOOST_TEST(one_line(what).empty());
    BOOST_TEST(is_idle(tick{}, what));
    what.writes.push_back(
        {.id = 9, .promise = {}, .truncate_after = seq{4}, .entries = {row(5)}, .apply_upto = seq{3}}
    );
    what.reads.push_back({1, read_verdict::again});
    what.halt = "no way";
    BOOST_TEST(
        one_line(what) ==
        "write 9: truncate after 4, row 5 (25 bytes), apply up to 3; read 1: again; halt: no way"
    );
    BOOST_TEST(lines(what).size() == 3u);
    BOOST_TEST(!is_idle(tick{}, what));
}

BOOST_AUTO_TEST_CASE(what_clients_have_written_is_never_printed)
{
    submission const theirs{{}, secret, true};
    event const events[] = {
        received{somebody("n1"), append{epoch{1}, 1, {}, {row(1)}, {}, {}, {}}},
        received{somebody("n1"), submit{epoch{1}, {theirs}}},
        received{somebody("n1"), snap_chunk{epoch{1}, {}, 0, {}, secret}},
        submit_local{theirs},
        log_read{1, {row(1)}},
        chunk_read{{}, 0, {}, secret, {}},
    };
    for (auto const& each : events)
    {
        auto const text = one_line(each);
        BOOST_TEST(text.find(*secret) == std::string::npos, text);
        BOOST_TEST(text.find("25 bytes") != std::string::npos, text);
    }
    effects out;
    out.writes.push_back({.id = 1, .promise = {}, .truncate_after = {}, .entries = {row(1)}, .apply_upto = {}}
    );
    out.sends.push_back({somebody("n1"), submit{epoch{1}, {theirs}}});
    out.snapshot_orders.emplace_back(keep_chunk{{}, 0, {}, secret});
    for (auto const& text : lines(out))
    {
        BOOST_TEST(text.find(*secret) == std::string::npos, text);
        BOOST_TEST(text.find("25 bytes") != std::string::npos, text);
    }
}

BOOST_AUTO_TEST_CASE(a_chain_names_its_members_head_first)
{
    chain_config const what{
        .at = epoch{5},
        .state = config_state::pending,
        .members = {somebody("n1"), somebody("n2")},
        .joiner = node_id{{"n2"}}
    };
    BOOST_TEST(one_line(what) == "e5 PENDING [n1/ab00 n2/ab00] joiner n2");
    BOOST_TEST(
        one_line(directive{.config = what, .learning = {}, .lease_for = 1500us, .drain = true}) ==
        "e5 PENDING [n1/ab00 n2/ab00] joiner n2, lease from 1500us, drain"
    );
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::chain
