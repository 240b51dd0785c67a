#include "chat/limits.hpp"
#include "chat_world.hpp"

using namespace chaind;
using namespace chaind::chat;
using namespace chaind::test;

namespace
{

struct two_people : chat_world
{
    user_id ana = account("ana");
    user_id bob = account("bob");
    user_id eve = account("eve");
    conv_id talk = dm(ana, bob);

    history_page history(user_id who, history_query what = {})
    {
        what.conv = talk;
        return std::get<history_page>(read.history(who, what));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(messages, two_people)

BOOST_AUTO_TEST_CASE(messages_are_numbered_densely_and_ids_rise)
{
    auto const other = room(ana, "general");
    auto const one = send(ana, talk, "one");
    auto const two = send(ana, other, "two");
    auto const three = send(bob, talk, "three");

    BOOST_TEST(one.at_seq == 1u);
    BOOST_TEST(two.at_seq == 1u);
    BOOST_TEST(three.at_seq == 2u);
    BOOST_TEST(three.rev == 2u);
    BOOST_TEST(one.mid == message_id(1));
    BOOST_TEST(three.mid == message_id(3));
    BOOST_TEST(three.at_ms == now_ms);
    check_digests();
}

BOOST_AUTO_TEST_CASE(a_body_is_kept_byte_by_byte)
{
    std::string const body("\0 \xf0\x9f\x91\x8d \xe2\x80\xae<script>'; DROP TABLE chat_user;--\r\n\x7f", 46);
    send(ana, talk, body);

    BOOST_TEST(history(bob).msgs.at(0).row.body == body);
}

BOOST_AUTO_TEST_CASE(empty_and_too_long_texts_are_refused_and_change_nothing)
{
    BOOST_TEST(refusal(apply(ana, text(talk, ""))) == "bad_request body");
    BOOST_TEST(refusal(apply(ana, text(talk, std::string(limits::body_bytes + 1, 'x')))) == "too_large body");
    BOOST_TEST(history(ana).msgs.empty());
    BOOST_TEST(read.counters().max_message_id == 0u);

    BOOST_TEST(refusal(apply(ana, text(talk, std::string(limits::body_bytes, 'x')))).empty());
}

BOOST_AUTO_TEST_CASE(nobody_writes_or_reads_where_he_is_not)
{
    auto const secret = room(ana, "secret", true);
    auto const open = room(ana, "open");
    auto const mid = send(ana, talk, "hi").mid;

    BOOST_TEST(refusal(apply(eve, text(talk, "x"))) == "not_found conv");
    BOOST_TEST(refusal(apply(eve, text(secret, "x"))) == "not_found conv");
    BOOST_TEST(refusal(apply(eve, text(open, "x"))) == "forbidden conv");
    BOOST_TEST(refusal(apply(eve, text(conv_id(99), "x"))) == "not_found conv");
    BOOST_TEST(refusal(apply(eve, read_upto{.conv = talk, .at_seq = 1})) == "not_found conv");
    BOOST_TEST(refusal(apply(eve, msg_edit{.mid = mid, .body = "x", .if_rev = {}})) == "not_found mid");
    BOOST_TEST(refusal(apply(eve, msg_delete{.mid = mid})) == "not_found mid");
    BOOST_TEST(refusal(apply(eve, msg_delete{.mid = message_id(999)})) == "not_found mid");
    BOOST_TEST(refusal(apply(user_id(99), text(talk, "x"))) == "unauthenticated");
    BOOST_TEST(refusal(read.history(eve, {.conv = talk})) == "not_found conv");
    BOOST_TEST(refusal(read.history(eve, {.conv = open})) == "forbidden conv");
    BOOST_TEST(refusal(read.members(eve, {.conv = secret, .after = {}})) == "not_found conv");
}

BOOST_AUTO_TEST_CASE(others_messages_are_not_mine_to_change)
{
    auto const mid = send(ana, talk, "mine").mid;

    BOOST_TEST(refusal(apply(bob, msg_edit{.mid = mid, .body = "x", .if_rev = {}})) == "forbidden mid");
    BOOST_TEST(refusal(apply(bob, msg_delete{.mid = mid})) == "forbidden mid");
    BOOST_TEST(history(bob).msgs.at(0).row.body == "mine");
}

BOOST_AUTO_TEST_CASE(an_edit_raises_rev_and_if_rev_guards_it)
{
    auto const sent = send(ana, talk, "draft");
    send(bob, talk, "later");

    auto const stale = apply(ana, msg_edit{.mid = sent.mid, .body = "x", .if_rev = 7});
    BOOST_TEST(refusal(stale) == "precondition_failed if_rev");
    auto const a = apply(ana, msg_edit{.mid = sent.mid, .body = "final", .if_rev = sent.rev});
    BOOST_TEST(expect<changed>(a).rev == 3u);
    BOOST_TEST(a.events.at(0).rev == 3u);
    BOOST_TEST((a.events.at(0).kind == event_kind::msg_edit));

    auto const shown = history(bob).msgs.at(0).row;
    BOOST_TEST(shown.body == "final");
    BOOST_TEST(shown.edited_ms != 0);
    BOOST_TEST(shown.rev == 3u);
    BOOST_TEST(shown.at_seq == 1u);
}

BOOST_AUTO_TEST_CASE(a_deleted_message_keeps_its_place_and_loses_its_text)
{
    msg_send with_mention = text(talk, "@bob secret");
    with_mention.mentions = {bob};
    auto const mid = expect<message_sent>(apply(ana, with_mention)).mid;
    apply(ana, msg_edit{.mid = mid, .body = "@bob more secret", .if_rev = {}});
    send(ana, talk, "next");

    BOOST_TEST(expect<changed>(apply(ana, msg_delete{.mid = mid})).rev == 4u);

    auto const page = history(bob);
    BOOST_TEST(page.msgs.size() == 2u);
    BOOST_TEST(page.msgs.at(0).row.deleted);
    BOOST_TEST(page.msgs.at(0).row.body.empty());
    BOOST_TEST(page.msgs.at(0).row.at_seq == 1u);
    BOOST_TEST(page.msgs.at(0).row.mentions.empty());
    BOOST_TEST(page.msgs.at(0).row.edited_ms == 0);
    BOOST_TEST(std::get<conv_summary>(read.conv(bob, talk)).mentions == 0u);
    BOOST_TEST(refusal(apply(ana, msg_edit{.mid = mid, .body = "x", .if_rev = {}})) == "not_found mid");
    // Once more, with another key: nothing happens.
    auto const again = apply(ana, msg_delete{.mid = mid});
    BOOST_TEST(expect<changed>(again).rev == 4u);
    BOOST_TEST(again.events.empty());
    // The next id goes on behind it.
    BOOST_TEST(send(ana, talk, "third").mid == message_id(3));
    check_digests();
}

BOOST_AUTO_TEST_CASE(a_deleted_text_is_not_replayed_to_those_who_were_away)
{
    auto const mid = send(ana, talk, "secret").mid;
    apply(ana, msg_edit{.mid = mid, .body = "also secret", .if_rev = {}});
    apply(ana, msg_delete{.mid = mid});

    for (auto const& e : read.events(bob, seq(0)).events)
        if (e.text) BOOST_TEST(e.text->body.empty());
}

BOOST_AUTO_TEST_CASE(mentions_count_members_until_they_are_read)
{
    msg_send message = text(talk, "@bob @eve");
    message.mentions = {eve, bob, bob};
    auto const a = apply(ana, message);
    BOOST_TEST((a.events.at(0).text->mentions == std::vector<user_id>{bob}));
    BOOST_TEST(std::get<conv_summary>(read.conv(bob, talk)).mentions == 1u);

    apply(bob, read_upto{.conv = talk, .at_seq = 1});
    BOOST_TEST(std::get<conv_summary>(read.conv(bob, talk)).mentions == 0u);

    message.mentions.assign(limits::mentions + 1, bob);
    BOOST_TEST(refusal(apply(ana, message)) == "bad_request mentions");
}

BOOST_AUTO_TEST_CASE(a_reply_points_into_the_same_conversation)
{
    auto const other = room(ana, "general");
    auto const there = send(ana, other, "there").mid;
    auto const here = send(ana, talk, "here").mid;

    msg_send reply = text(talk, "re");
    reply.reply_to = there;
    BOOST_TEST(refusal(apply(bob, reply)) == "not_found reply_to");
    reply.reply_to = here;
    BOOST_TEST(refusal(apply(bob, reply)).empty());
    BOOST_TEST(history(ana).msgs.at(1).row.reply_to == here);
}

BOOST_AUTO_TEST_CASE(a_message_is_delivered_and_read_when_every_other_member_has_it)
{
    auto const group = room(ana, "group");
    join(bob, group);
    join(eve, group);
    send(ana, group, "hello");
    auto const shown = [&] { return std::get<history_page>(read.history(ana, {.conv = group})).msgs.at(0); };

    BOOST_TEST(!shown().delivered);
    apply({}, delivered_batch{{{.uid = bob, .conv = group, .at_seq = 1}}}, "");
    BOOST_TEST(!shown().delivered);
    apply({}, delivered_batch{{{.uid = eve, .conv = group, .at_seq = 1}}}, "");
    BOOST_TEST(shown().delivered);
    BOOST_TEST(!shown().read);
    apply(eve, read_upto{.conv = group, .at_seq = 1});
    apply(bob, read_upto{.conv = group, .at_seq = 1});
    BOOST_TEST(shown().read);
}

BOOST_AUTO_TEST_CASE(watermarks_only_rise_and_never_pass_the_last_message)
{
    send(ana, talk, "1");
    send(ana, talk, "2");

    auto const batch = apply({}, delivered_batch{{{.uid = bob, .conv = talk, .at_seq = 99}}}, "");
    BOOST_TEST((batch.events.at(0).marks == std::vector<mark>{{.uid = bob, .conv = talk, .at_seq = 2}}));
    BOOST_TEST(apply({}, delivered_batch{{{.uid = bob, .conv = talk, .at_seq = 1}}}, "").events.empty());
    BOOST_TEST(apply({}, delivered_batch{{{.uid = eve, .conv = talk, .at_seq = 1}}}, "").events.empty());

    BOOST_TEST(refusal(apply(bob, read_upto{.conv = talk, .at_seq = 3})) == "bad_request seq");
    BOOST_TEST(apply(bob, read_upto{.conv = talk, .at_seq = 2}).events.size() == 1u);
    BOOST_TEST(apply(bob, read_upto{.conv = talk, .at_seq = 1}).events.empty());
    BOOST_TEST(std::get<conv_summary>(read.conv(bob, talk)).read == 2u);
}

BOOST_AUTO_TEST_CASE(what_is_read_has_been_delivered)
{
    send(ana, talk, "1");
    apply(bob, read_upto{.conv = talk, .at_seq = 1});

    BOOST_TEST(history(ana).msgs.at(0).delivered);
    BOOST_TEST(apply({}, delivered_batch{{{.uid = bob, .conv = talk, .at_seq = 1}}}, "").events.empty());
}

BOOST_AUTO_TEST_CASE(sending_moves_ones_own_read)
{
    send(ana, talk, "1");
    send(bob, talk, "2");

    BOOST_TEST(std::get<conv_summary>(read.conv(bob, talk)).read == 2u);
    BOOST_TEST(std::get<conv_summary>(read.conv(ana, talk)).read == 1u);
    BOOST_TEST(history(ana).msgs.at(0).read);
}

BOOST_AUTO_TEST_CASE(history_pages_in_both_directions)
{
    using anchor = history_query::anchor;
    for (int i = 1; i <= 10; ++i)
        send(ana, talk, std::to_string(i));
    auto const page = [&](anchor from, std::uint64_t at, std::size_t limit)
    {
        auto const got = history(bob, {.conv = talk, .from = from, .at = at, .limit = limit});
        std::string out;
        for (auto const& m : got.msgs)
            out += std::to_string(m.row.at_seq) + " ";
        return out + (got.more ? "more" : "end");
    };

    BOOST_TEST(page(anchor::newest, 0, 3) == "8 9 10 more");
    BOOST_TEST(page(anchor::newest, 0, 10) == "1 2 3 4 5 6 7 8 9 10 end");
    BOOST_TEST(page(anchor::before, 4, 2) == "2 3 more");
    BOOST_TEST(page(anchor::before, 3, 9) == "1 2 end");
    BOOST_TEST(page(anchor::before, 1, 9) == "end");
    BOOST_TEST(page(anchor::after, 7, 2) == "8 9 more");
    BOOST_TEST(page(anchor::after, 8, 9) == "9 10 end");
    BOOST_TEST(page(anchor::after, 10, 9) == "end");
    BOOST_TEST(page(anchor::around, 5, 4) == "3 4 5 6 more");
    BOOST_TEST(page(anchor::around, 1, 20) == "1 2 3 4 5 6 7 8 9 10 end");
    BOOST_TEST(page(anchor::before, 9'000'000'000'000'000, 1) == "10 more");
}

BOOST_AUTO_TEST_CASE(a_page_of_history_ends_early_at_256_kib)
{
    for (int i = 0; i < 20; ++i)
        send(ana, talk, std::string(limits::body_bytes, 'x'));

    auto const page = history(bob, {.conv = talk, .limit = 200});
    BOOST_TEST(page.more);
    BOOST_TEST(page.msgs.size() == 15u);
    BOOST_TEST(page.msgs.back().row.at_seq == 20u);
    // A text that JSON makes six times as long counts as that.
    for (int i = 0; i < 5; ++i)
        send(ana, talk, std::string(limits::body_bytes, '\x01'));
    BOOST_TEST(history(bob, {.conv = talk, .limit = 200}).msgs.size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
