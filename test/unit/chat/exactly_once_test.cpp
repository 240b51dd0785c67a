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

// ---- clocks that are wrong. `now_ms` is what it really is, and what the devices believe.

BOOST_AUTO_TEST_CASE(a_key_outside_of_the_window_may_have_been_carried_out_and_is_told_the_time)
{
    for (auto const days : {-31, -40, -400, 2, 3, 400})
    {
        auto const a = apply(ana, text(talk, "x"), make_ulid(now_ms + days * day_ms, 77));
        auto const& why = std::get<failure>(a.result);
        BOOST_TEST(refusal(a) == "bad_request cid");
        BOOST_TEST(why.maybe_done);
        BOOST_TEST(why.message.find("its time is 20") != std::string::npos, why.message);
        BOOST_TEST(why.message.find("clock") != std::string::npos, why.message);
    }
    auto const malformed = apply(ana, text(talk, "x"), "not-a-ulid");
    BOOST_TEST(!std::get<failure>(malformed.result).maybe_done);
}

BOOST_AUTO_TEST_CASE(a_stamp_ahead_of_all_other_clocks_changes_nothing_for_people)
{
    machines_ahead_ms = 0;
    auto const before = fresh_cid();
    apply(ana, text(talk, "before"), before);
    for (auto const days : {1, 29, 31, 40, 4000})
    {
        head_ahead_ms = days * day_ms;
        auto const during = send(ana, talk, "during");
        BOOST_TEST(during.at_ms == now_ms);
        head_ahead_ms = 0;
        // The stamps go on where they were.
        BOOST_TEST(send(ana, talk, "after").at_ms == now_ms);
        BOOST_TEST(apply(ana, text(talk, "before"), before).dup);
        BOOST_TEST(apply({}, probe{}, "").pos == pos);
        BOOST_TEST(read.counters().at_ms <= now_ms);
    }
    check_digests();
}

BOOST_AUTO_TEST_CASE(when_all_machines_were_ahead_the_time_comes_back_with_them)
{
    machines_ahead_ms = head_ahead_ms = 40 * day_ms;
    auto const ahead = [&] { return make_ulid(now_ms + 40 * day_ms, 5); };
    auto const key = ahead();
    BOOST_TEST(refusal(apply(ana, text(talk, "by the device's clock"))) == "bad_request cid");
    apply(ana, text(talk, "by the server's"), key);

    machines_ahead_ms = head_ahead_ms = 0;
    BOOST_TEST(send(ana, talk, "right again").at_ms == now_ms);
    BOOST_TEST(apply(ana, text(talk, "by the server's"), key).dup);
}

BOOST_AUTO_TEST_CASE(machines_without_power_do_not_set_the_time_back)
{
    auto const at = send(ana, talk, "before").at_ms;
    machines_ahead_ms = head_ahead_ms = -9000 * day_ms;
    now_ms += 60'000;
    auto const later = send(ana, talk, "the devices know the time");
    BOOST_TEST(later.at_ms >= at);
    BOOST_TEST(later.at_ms <= now_ms);
    // One device that is as wrong as the machines does set it back, until the next one asks.
    machines_ahead_ms = head_ahead_ms = 0;
    BOOST_TEST(send(ana, talk, "set right").at_ms == now_ms);
}

// The stamps cannot come down again, so that they say nothing either.
BOOST_AUTO_TEST_CASE(machines_without_power_after_a_time_ahead_leave_the_time_to_the_devices)
{
    head_ahead_ms = 40 * day_ms;
    machines_ahead_ms = 0;
    send(ana, talk, "a stamp far ahead");
    machines_ahead_ms = head_ahead_ms = -9000 * day_ms;
    now_ms += 60'000;
    auto const before = read.counters().at_ms;
    apply({}, probe{}, "");
    BOOST_TEST(read.counters().at_ms == before);
    auto const by_the_device = send(ana, talk, "the devices know the time").at_ms;
    BOOST_TEST(by_the_device == now_ms - 1);  // its key is made before the entry
    now_ms -= 5000;
    BOOST_TEST(send(ana, talk, "a device that is slow").at_ms == by_the_device);
    check_digests();
}

BOOST_AUTO_TEST_CASE(a_gateway_behind_all_others_does_not_set_the_time_back)
{
    machines_ahead_ms = -40 * day_ms;
    for (int i = 0; i < 3; ++i)
        BOOST_TEST(std::abs(send(ana, talk, "x").at_ms - now_ms) <= 1);
    // Nor after a quiet day.
    now_ms += day_ms;
    BOOST_TEST(std::abs(send(ana, talk, "x").at_ms - now_ms) <= 1);
}

// All clocks agree on a wrong time, everything that is remembered goes by it, and then they are right again.
BOOST_AUTO_TEST_CASE(what_was_forgotten_too_early_is_not_carried_out_again)
{
    machines_ahead_ms = 0;
    auto const early = fresh_cid();
    apply(ana, text(talk, "once"), early);
    now_ms += 1000;
    auto const late = fresh_cid();
    apply(ana, text(talk, "also once"), late);

    machines_ahead_ms = head_ahead_ms = 40 * day_ms;
    for (int i = 0; i < 4; ++i)
        apply({}, probe{}, "");
    BOOST_TEST(!model.oldest_remembered());
    machines_ahead_ms = head_ahead_ms = 0;
    now_ms += 1000;
    send(ana, talk, "and time goes on");

    for (auto const& [cid, body] : {std::pair(early, "once"), std::pair(late, "also once")})
    {
        auto const again = apply(ana, text(talk, body), cid);
        BOOST_TEST(refusal(again) == "bad_request cid");
        BOOST_TEST(std::get<failure>(again.result).maybe_done);
    }
    BOOST_TEST(model.messages().size() == 3u);
    BOOST_TEST(read.counters().forgotten_ms > 0);
    check_digests();
}

// A device that was as far ahead as is allowed had its result forgotten, too: new keys have the time that
// they need, and that time is told.
BOOST_AUTO_TEST_CASE(what_was_forgotten_too_early_ends_nobodys_new_keys)
{
    machines_ahead_ms = 0;
    auto const ahead_ms = now_ms + day_ms - 1000;
    apply(ana, text(talk, "from tomorrow"), make_ulid(ahead_ms, 9));
    for (auto const days : {10, 20, 30, 40, 80})
    {
        machines_ahead_ms = head_ahead_ms = days * day_ms;
        apply(ana, text(talk, "later and later"), make_ulid(now_ms + days * day_ms + day_ms - 1000, 10));
        for (int i = 0; i < 4; ++i)
            apply({}, probe{}, "");
    }
    machines_ahead_ms = head_ahead_ms = 0;
    now_ms += 1000;

    auto const refused = apply(ana, text(talk, "by a clock that is right"));
    BOOST_TEST(refusal(refused) == "bad_request cid");
    BOOST_TEST(refused.at_ms <= now_ms);
    BOOST_TEST_REQUIRE(refused.forgotten_ms > now_ms);
    BOOST_TEST(refusal(apply(ana, text(talk, "from tomorrow"), make_ulid(ahead_ms, 9))) == "bad_request cid");
    for (int i = 0; i < 3; ++i)
    {
        auto const taken =
            apply(ana, text(talk, "by the time that was told"), make_ulid(refused.forgotten_ms, 20 + i));
        BOOST_TEST(std::holds_alternative<message_sent>(taken.result));
        BOOST_TEST(taken.at_ms <= now_ms + 1);
    }
    check_digests();
}

BOOST_AUTO_TEST_CASE(a_checkpoint_changes_nothing_but_the_position)
{
    auto const before = read.counters();
    auto const a = apply({}, checkpoint{.id = "c1"}, "");
    BOOST_TEST(a.checkpoint.value() == "c1");
    BOOST_TEST(read.counters().pos == pos);
    BOOST_TEST(read.counters().max_message_id == before.max_message_id);
}

BOOST_AUTO_TEST_SUITE_END()
