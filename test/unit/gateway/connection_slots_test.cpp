// Who gets a connection when not all can have one.
#include "gateway/connection_slots.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <unordered_set>

namespace chaind::test
{

namespace
{

using gateway::connection_slots;

struct slots
{
    connection_slots all;
    connection_slots::limits limits{.all = 10, .of_a_group = 4, .kept = 4};
    std::unordered_set<connection_slots::id> busy;
    connection_slots::id last = 0;

    connection_slots::verdict ask(std::string const& from)
    {
        return all.admit(
            ++last,
            boost::asio::ip::make_address(from),
            limits,
            [this](connection_slots::id one) { return busy.contains(one); }
        );
    }
    // A newcomer for whom there is room.
    connection_slots::id add(std::string const& from)
    {
        auto const got = ask(from);
        BOOST_TEST(got.admitted);
        BOOST_TEST(!got.instead_of);
        return last;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(connection_places, slots)

BOOST_AUTO_TEST_CASE(a_newcomer_takes_the_place_of_who_waited_longest_in_the_largest_group)
{
    auto const alone = add("10.0.0.9");
    auto const first = add("10.0.0.1");
    add("10.0.0.1");
    add("10.0.0.1");
    add("10.0.0.2");
    add("10.0.0.2");
    auto const got = ask("10.0.0.3");
    BOOST_TEST(got.admitted);
    BOOST_TEST(got.instead_of.value() == first);
    BOOST_TEST(all.size() == 6U);
    BOOST_TEST(all.strangers() == 6U);
    for (int i = 0; i < 20; ++i)
        BOOST_TEST((ask("10.0.0.1").instead_of.value() != alone));
}

BOOST_AUTO_TEST_CASE(an_address_at_its_limit_displaces_its_own)
{
    auto const other = add("2001:db8::1");
    auto const first = add("2001:db8:0:1::1");
    add("2001:db8:0:1::2");
    add("2001:db8:0:1::3");
    add("2001:db8:0:1::4");
    BOOST_TEST(ask("2001:db8:0:1::5").instead_of.value() == first);
    BOOST_TEST(ask("2001:db8:0:1::5").instead_of.value() != other);
}

BOOST_AUTO_TEST_CASE(who_signed_in_loses_no_place_and_has_the_kept_ones)
{
    std::vector<connection_slots::id> known;
    for (int i = 0; i < 4; ++i)
    {
        known.push_back(add("10.0.1." + std::to_string(i)));
        all.signed_in(known.back());
        all.signed_in(known.back());
    }
    for (int i = 0; i < 6; ++i)
        add("10.0.0." + std::to_string(i));
    BOOST_TEST(all.size() == 10U);
    for (int i = 0; i < 50; ++i)
    {
        auto const got = ask("10.0.2." + std::to_string(i));
        BOOST_TEST(got.admitted);
        for (auto const one : known)
            BOOST_TEST(got.instead_of.value() != one);
        BOOST_TEST(all.size() == 10U);
        if (i % 8 == 7 && known.size() < 8)
        {
            known.push_back(last);
            all.signed_in(last);
        }
    }
    BOOST_TEST(all.size() - all.strangers() == known.size());
}

BOOST_AUTO_TEST_CASE(all_signed_in_and_the_next_is_refused)
{
    for (int i = 0; i < 10; ++i)
    {
        auto const got = ask("10.0.0." + std::to_string(i));
        BOOST_TEST(got.admitted);
        all.signed_in(last);
    }
    BOOST_TEST(!ask("10.0.1.1").admitted);
    BOOST_TEST(all.size() == 10U);
    all.ended(3);
    BOOST_TEST(ask("10.0.1.1").admitted);
}

BOOST_AUTO_TEST_CASE(who_is_being_answered_keeps_his_place)
{
    for (int i = 0; i < 6; ++i)
        busy.insert(add("10.0.0." + std::to_string(i)));
    BOOST_TEST(!ask("10.0.1.1").admitted);
    busy.erase(5);
    BOOST_TEST(ask("10.0.1.1").instead_of.value() == 5U);
}

BOOST_AUTO_TEST_CASE(this_machines_own_have_no_limit_by_address_and_give_way_last)
{
    for (int i = 0; i < 5; ++i)
        add(i % 2 == 0 ? "127.0.0.1" : "::ffff:127.0.0.1");
    auto const other = add("10.0.0.1");
    BOOST_TEST(ask("10.0.0.2").instead_of.value() == other);
    auto const second = last;
    BOOST_TEST(ask("127.0.0.1").instead_of.value() == second);
    BOOST_TEST(ask("127.0.0.1").instead_of.value() == 1U);
}

BOOST_AUTO_TEST_CASE(who_has_ended_leaves_nothing)
{
    for (int round = 0; round < 3; ++round)
    {
        for (int i = 0; i < 6; ++i)
            add("10.0.0." + std::to_string(i));
        all.signed_in(last);
        for (int i = 0; i < 6; ++i)
            all.ended(last - static_cast<connection_slots::id>(i));
        all.ended(last);
        BOOST_TEST(all.size() == 0U);
        BOOST_TEST(all.strangers() == 0U);
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
