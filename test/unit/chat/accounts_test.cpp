#include "chat/limits.hpp"
#include "chat_world.hpp"

using namespace chaind;
using namespace chaind::chat;
using namespace chaind::test;

BOOST_FIXTURE_TEST_SUITE(accounts, chat_world)

BOOST_AUTO_TEST_CASE(the_first_account_is_the_owner_and_names_keep_their_case_for_show)
{
    auto const ana = account("Ana");
    auto const bob = account("bob");

    auto const owner = read.find_person(ana).value();
    BOOST_TEST((owner == person{.uid = user_id(1), .name = "ana", .display = "Ana", .as = role::owner}));
    BOOST_TEST((read.find_person(bob).value().as == role::member));
    check_digests();
}

BOOST_AUTO_TEST_CASE(a_name_is_given_once_whatever_its_case)
{
    account("ana");

    account_create const again{.name = "ANA", .password_hash = "h", .first_token = token("x"), .label = ""};
    BOOST_TEST(refusal(apply({}, again)) == "conflict name");
    BOOST_TEST(read.counters().users == 1u);
}

BOOST_AUTO_TEST_CASE(reserved_and_broken_names_are_refused)
{
    for (std::string const name : {"admin", "System", "a", "a/b", ""})
    {
        account_create const made{.name = name, .password_hash = "h", .first_token = token("x"), .label = ""};
        BOOST_TEST(refusal(apply({}, made)) == "bad_request name", name);
    }
    BOOST_TEST(read.counters().users == 0u);
}

BOOST_AUTO_TEST_CASE(a_retried_registration_gets_the_same_account_but_no_second_session)
{
    account_create made{.name = "ana", .password_hash = "h1", .first_token = token("t1"), .label = ""};
    auto const first = apply({}, made, "key");
    made.password_hash = "h2";
    made.first_token = token("t2");
    auto const again = apply({}, made, "key");

    BOOST_TEST(again.dup);
    BOOST_TEST((again.result == first.result));
    BOOST_TEST(again.effect_pos == first.pos);
    BOOST_TEST(again.events.empty());
    BOOST_TEST(read.find_session(token("t1")).has_value());
    BOOST_TEST(!read.find_session(token("t2")));
    BOOST_TEST(read.find_login("ana").value().password_hash == "h1");
}

BOOST_AUTO_TEST_CASE(a_session_is_known_by_its_token_and_by_nothing_else)
{
    auto const ana = account("ana");
    auto const rev = read.find_login("ana").value().password_rev;
    auto const id = expect<session_created>(
                        apply(ana, session_create{.token = token("t2"), .label = "web", .password_rev = rev})
    )
                        .id;

    auto const found = read.find_session(token("t2")).value();
    BOOST_TEST(found.row.id == id);
    BOOST_TEST(found.who.name == "ana");
    BOOST_TEST(!read.find_session(token("other")));
    BOOST_TEST(read.sessions_of(ana).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_login_that_proved_an_old_password_opens_no_session)
{
    auto const ana = account("ana");
    auto const old = read.find_login("ana").value().password_rev;
    expect<done>(
        apply(ana, password_change{.password_hash = "new", .password_rev = old, .keep = session_id(1)})
    );

    auto const late = apply(ana, session_create{.token = token("t"), .label = "", .password_rev = old});
    BOOST_TEST(refusal(late) == "unauthenticated");
    auto const second =
        apply(ana, password_change{.password_hash = "x", .password_rev = old, .keep = session_id(1)});
    BOOST_TEST(refusal(second) == "unauthenticated");
    BOOST_TEST(read.find_login("ana").value().password_hash == "new");
}

BOOST_AUTO_TEST_CASE(a_new_password_ends_all_other_sessions)
{
    auto const ana = account("ana");
    auto const bob = account("bob");
    auto const rev = read.find_login("ana").value().password_rev;
    auto const kept = expect<session_created>(
                          apply(ana, session_create{.token = token("k"), .label = "", .password_rev = rev})
    )
                          .id;

    auto const a = apply(ana, password_change{.password_hash = "n", .password_rev = rev, .keep = kept});

    BOOST_TEST((a.revoked == std::vector<token_hash>{token("ana")}));
    BOOST_TEST(!read.find_session(token("ana")));
    BOOST_TEST(read.find_session(token("k")).has_value());
    BOOST_TEST(read.sessions_of(bob).size() == 1u);
    check_digests();
}

BOOST_AUTO_TEST_CASE(sessions_are_revoked_one_or_all_and_only_own_ones)
{
    auto const ana = account("ana");
    auto const bob = account("bob");

    auto const others = read.sessions_of(bob).front().id;
    BOOST_TEST(apply(ana, session_revoke{.id = others}).revoked.empty());
    BOOST_TEST(read.sessions_of(bob).size() == 1u);

    auto const own = read.sessions_of(ana).front().id;
    auto const cid = fresh_cid();
    BOOST_TEST((apply(ana, session_revoke{.id = own}, cid).revoked == std::vector<token_hash>{token("ana")}));
    BOOST_TEST(apply(ana, session_revoke{.id = own}, cid).dup);
    BOOST_TEST(apply(bob, session_revoke_all{.keep = {}}).revoked.size() == 1u);
    BOOST_TEST(read.sessions_of(bob).empty());
}

BOOST_AUTO_TEST_CASE(the_oldest_session_makes_room_for_one_too_many)
{
    auto const ana = account("ana");
    auto const rev = read.find_login("ana").value().password_rev;
    applied last;
    for (std::size_t i = 0; i < limits::sessions_of_user; ++i)
        last = apply(
            ana, session_create{.token = token("t" + std::to_string(i)), .label = "", .password_rev = rev}
        );

    BOOST_TEST((last.revoked == std::vector<token_hash>{token("ana")}));
    BOOST_TEST(read.sessions_of(ana).size() == limits::sessions_of_user);
}

BOOST_AUTO_TEST_CASE(a_long_label_is_cut_between_characters)
{
    auto const ana = account("ana");
    auto const rev = read.find_login("ana").value().password_rev;
    std::string label(127, 'a');
    label += "\xc3\xa4";
    apply(ana, session_create{.token = token("t"), .label = label, .password_rev = rev});

    BOOST_TEST(read.find_session(token("t")).value().row.label == std::string(127, 'a'));
}

BOOST_AUTO_TEST_CASE(a_session_says_that_it_is_in_use)
{
    auto const ana = account("ana");
    auto const bob = account("bob");
    auto const own = read.sessions_of(ana).at(0);
    BOOST_TEST(own.used_ms == 0);
    now_ms += limits::day_ms;
    apply(ana, session_touch{.id = own.id});
    BOOST_TEST(read.sessions_of(ana).at(0).used_ms == now_ms);
    check_digests();
    // Nobody else's, and none that is not there.
    now_ms += limits::day_ms;
    auto const before = read.sessions_of(ana);
    BOOST_TEST(refusal(apply(bob, session_touch{.id = own.id})).empty());
    BOOST_TEST(refusal(apply(ana, session_touch{.id = session_id(99)})).empty());
    BOOST_TEST((read.sessions_of(ana) == before));
    check_digests();
}

BOOST_AUTO_TEST_SUITE_END()
