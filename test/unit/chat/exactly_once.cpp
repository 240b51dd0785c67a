#include "chat/limits.hpp"
#include "chat_world.hpp"

using namespace chaind;
using namespace chaind::chat;
using namespace chaind::test;

namespace
{

struct a_conversation : chat_world
{
    user_id ana = account("ana");
    user_id bob = account("bob");
    conv_id talk = dm(ana, bob);
    static constexpr auto day_ms = limits::day_ms;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(exactly_once, a_conversation)

BOOST_AUTO_TEST_CASE(the_same_key_takes_effect_once_and_answers_the_same)
{
    auto const cid = fresh_cid();
    auto const first = apply(ana, text(talk, "hi"), cid);
    auto const again = apply(ana, text(talk, "hi"), cid);

    BOOST_TEST(!first.dup);
    BOOST_TEST(again.dup);
    BOOST_TEST((again.result == first.result));
    BOOST_TEST(again.effect_pos == first.pos);
    BOOST_TEST(again.events.empty());
    BOOST_TEST(model.messages().size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_same_key_of_another_person_is_another_key)
{
    auto const cid = fresh_cid();
    apply(ana, text(talk, "hi"), cid);

    BOOST_TEST(!apply(bob, text(talk, "hi"), cid).dup);
    BOOST_TEST(model.messages().size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_same_key_for_something_else_is_a_mistake)
{
    auto const cid = fresh_cid();
    apply(ana, text(talk, "hi"), cid);

    BOOST_TEST(refusal(apply(ana, text(talk, "ho"), cid)) == "cid_mismatch cid");
    BOOST_TEST(refusal(apply(ana, read_upto{.conv = talk, .at_seq = 1}, cid)) == "cid_mismatch cid");
    BOOST_TEST(apply(ana, text(talk, "hi"), cid).dup);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_kept_like_an_answer)
{
    auto const open = room(ana, "open");
    auto const cid = fresh_cid();
    BOOST_TEST(refusal(apply(bob, text(open, "x"), cid)) == "forbidden conv");
    join(bob, open);

    auto const again = apply(bob, text(open, "x"), cid);
    BOOST_TEST(again.dup);
    BOOST_TEST(refusal(again) == "forbidden conv");
}

BOOST_AUTO_TEST_CASE(a_key_must_be_a_ulid_of_about_now)
{
    BOOST_TEST(refusal(apply(ana, text(talk, "x"), "")) == "bad_request cid");
    BOOST_TEST(refusal(apply(ana, text(talk, "x"), "not-a-ulid")) == "bad_request cid");
    // The entry comes one ms after `now_ms`.
    auto const next = now_ms + 1;
    BOOST_TEST(refusal(apply(ana, text(talk, "x"), make_ulid(next - 30 * day_ms, 1))).empty());
    BOOST_TEST(refusal(apply(ana, text(talk, "x"), make_ulid(next - 30 * day_ms, 2))) == "bad_request cid");
    BOOST_TEST(refusal(apply(ana, text(talk, "x"), make_ulid(now_ms + 1 + day_ms, 3))).empty());
    BOOST_TEST(refusal(apply(ana, text(talk, "x"), make_ulid(now_ms + 2 + day_ms, 4))) == "bad_request cid");
    BOOST_TEST(model.messages().size() == 2u);
}

BOOST_AUTO_TEST_CASE(no_moment_lets_a_key_take_effect_twice)
{
    // The latest time that a key may have, so that it stays young longest.
    auto const cid = make_ulid(now_ms + 1 + day_ms, 1);
    apply(ana, text(talk, "once"), cid);
    auto const sent_ms = now_ms;

    for (auto const days : {1, 29, 30, 31})
    {
        now_ms = sent_ms + days * day_ms - 1;
        BOOST_TEST(apply(ana, text(talk, "once"), cid).dup);
    }
    now_ms = sent_ms + 31 * day_ms;
    BOOST_TEST(refusal(apply(ana, text(talk, "once"), cid)) == "bad_request cid");
    BOOST_TEST(model.messages().size() == 1u);
}

BOOST_AUTO_TEST_CASE(expired_results_are_forgotten_oldest_first_a_few_at_a_time)
{
    for (int i = 0; i < 20; ++i)
        send(ana, talk, "x");
    BOOST_TEST(model.oldest_remembered().has_value());
    now_ms += 32 * day_ms;
    for (int i = 0; i < 4; ++i)
        apply({}, probe{}, "");

    BOOST_TEST(!model.oldest_remembered());
    check_digests();
}

BOOST_AUTO_TEST_CASE(time_never_runs_back)
{
    auto const first = send(ana, talk, "1");
    now_ms -= 1000;
    auto const second = send(ana, talk, "2");

    BOOST_TEST(second.at_ms >= first.at_ms);
}

BOOST_AUTO_TEST_CASE(a_checkpoint_and_unreadable_bytes_change_nothing_but_the_position)
{
    auto const before = read.counters();
    auto const a = apply({}, checkpoint{.id = "c1"}, "");
    BOOST_TEST(a.checkpoint.value() == "c1");
    BOOST_TEST(read.counters().pos == pos);
    BOOST_TEST(read.counters().max_message_id == before.max_message_id);

    model_state fresh;
    auto const refused = apply_unreadable(fresh, {.pos = seq(4), .ts_us = 5000, .request = {}});
    BOOST_TEST(refusal(refused) == "bad_request");
    BOOST_TEST(fresh.get_counters().pos == seq(4));
}

BOOST_AUTO_TEST_SUITE_END()
