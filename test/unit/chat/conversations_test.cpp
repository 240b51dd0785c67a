#include "chat/limits.hpp"
#include "chat_world.hpp"

#include <algorithm>
#include <map>
#include <vector>

using namespace chaind;
using namespace chaind::chat;
using namespace chaind::test;

namespace
{

struct three_people : chat_world
{
    user_id ana = account("ana");
    user_id bob = account("bob");
    user_id eve = account("eve");

    sync_page sync(user_id who, sync_query const& what = {})
    {
        return std::get<sync_page>(read.sync(who, what));
    }
    std::string kinds(user_id who, seq since)
    {
        std::string out;
        for (auto const& e : read.events(who, since).events)
            out += std::to_string(static_cast<int>(e.kind)) + "@" + std::to_string(e.pos.value()) + " ";
        return out;
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(conversations, three_people)

BOOST_AUTO_TEST_CASE(two_people_have_one_direct_conversation)
{
    auto const a = apply(ana, dm_create{.peer = bob});
    auto const b = apply(bob, dm_create{.peer = ana});

    BOOST_TEST(expect<conv_made>(a).conv == expect<conv_made>(b).conv);
    BOOST_TEST(expect<conv_made>(a).name == "bob");
    BOOST_TEST(expect<conv_made>(b).name == "ana");
    BOOST_TEST(b.events.empty());
    BOOST_TEST(!b.dup);
    BOOST_TEST(refusal(apply(ana, dm_create{.peer = ana})) == "bad_request members");
    BOOST_TEST(refusal(apply(ana, dm_create{.peer = user_id(99)})) == "not_found members");
    check_digests();
}

BOOST_AUTO_TEST_CASE(public_rooms_have_unique_names_private_ones_do_not_tell)
{
    room(ana, "General");
    room(ana, "secret", true);

    room_create again{.name = "general", .priv = false, .topic = {}};
    BOOST_TEST(refusal(apply(bob, again)) == "conflict name");
    again.name = "secret";
    BOOST_TEST(refusal(apply(bob, again)).empty());
    again.name = "x";
    BOOST_TEST(refusal(apply(bob, again)) == "bad_request name");
    again.name = "topical";
    again.topic.assign(limits::topic_bytes + 1, 't');
    BOOST_TEST(refusal(apply(bob, again)) == "too_large topic");
}

BOOST_AUTO_TEST_CASE(people_join_and_leave_public_rooms)
{
    auto const open = room(ana, "open");
    send(ana, open, "before");

    auto const joined = apply(bob, conv_join{.conv = open});
    BOOST_TEST(expect<changed>(joined).rev == 1u);
    BOOST_TEST((joined.events.at(0).kind == event_kind::conv_member));
    BOOST_TEST(joined.events.at(0).on);
    BOOST_TEST(apply(bob, conv_join{.conv = open}).events.empty());
    // What was said before he came is not unread, but he may read it.
    BOOST_TEST(std::get<conv_summary>(read.conv(bob, open)).read == 1u);
    BOOST_TEST(std::get<history_page>(read.history(bob, {.conv = open})).msgs.size() == 1u);

    BOOST_TEST(!apply(bob, conv_leave{.conv = open}).events.at(0).on);
    BOOST_TEST(refusal(apply(bob, conv_leave{.conv = open})) == "forbidden conv");
    BOOST_TEST(refusal(apply(bob, text(open, "x"))) == "forbidden conv");
    BOOST_TEST(model.conversations().at(open).members == 1u);
    check_digests();
}

BOOST_AUTO_TEST_CASE(private_rooms_and_direct_conversations_cannot_be_joined)
{
    auto const secret = room(ana, "secret", true);
    auto const talk = dm(ana, bob);

    BOOST_TEST(refusal(apply(eve, conv_join{.conv = secret})) == "not_found conv");
    BOOST_TEST(refusal(apply(eve, conv_join{.conv = talk})) == "not_found conv");
    BOOST_TEST(refusal(apply(eve, conv_join{.conv = conv_id(77)})) == "not_found conv");
    BOOST_TEST(refusal(apply(ana, conv_leave{.conv = talk})) == "forbidden conv");
    BOOST_TEST(refusal(apply(eve, conv_leave{.conv = talk})) == "not_found conv");
}

BOOST_AUTO_TEST_CASE(sync_shows_own_conversations_public_rooms_and_people)
{
    auto const talk = dm(ana, bob);
    auto const open = room(bob, "open");
    room(bob, "secret", true);
    send(bob, talk, "hi");

    auto const page = sync(ana);
    BOOST_TEST(page.next.empty());
    BOOST_TEST(page.users.size() == 3u);
    BOOST_REQUIRE(page.convs.size() == 2u);
    BOOST_TEST(page.convs[0].conv.id == talk);
    BOOST_TEST(page.convs[0].member);
    BOOST_TEST(page.convs[0].peer->name == "bob");
    BOOST_TEST(page.convs[0].last->body == "hi");
    BOOST_TEST(page.convs[0].read == 0u);
    BOOST_TEST(page.convs[1].conv.id == open);
    BOOST_TEST(!page.convs[1].member);
    BOOST_TEST(!page.convs[1].last);  // it is not his to read
}

BOOST_AUTO_TEST_CASE(sync_since_a_pos_shows_what_changed)
{
    auto const talk = dm(ana, bob);
    room(ana, "quiet");
    auto const then = pos;
    send(bob, talk, "hi");

    auto const page = sync(ana, {.since = then, .next = {}});
    BOOST_REQUIRE(page.convs.size() == 1u);
    BOOST_TEST(page.convs[0].conv.id == talk);
    BOOST_TEST(page.users.empty());
}

BOOST_AUTO_TEST_CASE(sync_comes_in_pages_that_lose_nothing)
{
    for (int i = 0; i < 400; ++i)
        room(ana, "a" + std::to_string(i));
    for (int i = 0; i < 400; ++i)
        room(bob, "b" + std::to_string(i));

    std::size_t convs = 0;
    std::size_t users = 0;
    int pages = 0;
    sync_query what;
    do
    {
        auto page = sync(ana, what);
        convs += page.convs.size();
        users += page.users.size();
        what.next = page.next;
        ++pages;
    } while (!what.next.empty() && pages < 10);
    BOOST_TEST(convs == 800u);
    BOOST_TEST(users == 3u);
    BOOST_TEST(pages == 2);
    BOOST_TEST(refusal(read.sync(ana, {.since = {}, .next = "x"})) == "bad_request next");
    BOOST_TEST(refusal(read.sync(ana, {.since = {}, .next = "m:-1"})) == "bad_request next");
}

BOOST_AUTO_TEST_CASE(a_user_is_in_at_most_1000_rooms)
{
    for (std::uint64_t i = 0; i < limits::rooms_of_user; ++i)
        room(ana, "r" + std::to_string(i));
    auto const others = room(bob, "others");
    auto const cid = fresh_cid();

    BOOST_TEST(refusal(apply(ana, conv_join{.conv = others}, cid)) == "quota_exceeded");
    apply(ana, conv_leave{.conv = conv_id(1)});
    // The same key may be tried again once there is room.
    BOOST_TEST(refusal(apply(ana, conv_join{.conv = others}, cid)).empty());
}

BOOST_AUTO_TEST_CASE(rooms_are_counted_for_who_made_them)
{
    for (std::uint64_t i = 0; i < limits::rooms_made_by_user; ++i)
    {
        auto const made = room(ana, "r" + std::to_string(i), i % 2 == 0);
        apply(ana, conv_leave{.conv = made});
    }
    room_create const more{.name = "more", .priv = true, .topic = {}};
    BOOST_TEST(refusal(apply(ana, more)) == "quota_exceeded");
    // Others' rooms are still open to her, and removing one makes room.
    join(ana, room(bob, "others"));
    BOOST_TEST(refusal(apply(ana, conv_archive{.conv = conv_id(1)})).empty());
    BOOST_TEST(refusal(apply(ana, more)).empty());
    check_digests();
}

BOOST_AUTO_TEST_CASE(a_room_is_removed_by_who_made_it_or_by_the_owner)
{
    auto const open = room(bob, "open");
    auto const secret = room(bob, "secret", true);
    auto const talk = dm(ana, bob);
    join(eve, open);

    BOOST_TEST(refusal(apply(eve, conv_archive{.conv = open})) == "forbidden conv");
    BOOST_TEST(refusal(apply(eve, conv_archive{.conv = secret})) == "not_found conv");
    BOOST_TEST(refusal(apply(eve, conv_archive{.conv = talk})) == "not_found conv");
    BOOST_TEST(refusal(apply(bob, conv_archive{.conv = talk})) == "forbidden conv");
    BOOST_TEST(refusal(apply(ana, conv_archive{.conv = talk})) == "forbidden conv");
    BOOST_TEST(refusal(apply(ana, conv_archive{.conv = conv_id(77)})) == "not_found conv");

    // Who made it, although he has left; and ana, who has the first account, although she never saw it.
    apply(bob, conv_leave{.conv = open});
    auto const gone = apply(bob, conv_archive{.conv = open});
    BOOST_TEST((gone.events.at(0).kind == event_kind::conv_gone));
    BOOST_TEST((gone.events.at(0).to == audience::everyone));
    auto const hidden = apply(ana, conv_archive{.conv = secret});
    BOOST_TEST((hidden.events.at(0).to == audience::members));
    BOOST_TEST(refusal(apply(ana, conv_archive{.conv = secret})) == "not_found conv");
    check_digests();
}

BOOST_AUTO_TEST_CASE(of_a_removed_room_nothing_is_left_to_see_or_do)
{
    auto const start = pos;
    auto const open = room(bob, "open");
    join(eve, open);
    auto const sent = send(eve, open, "what was said");
    apply(bob, conv_archive{.conv = open});
    auto const at = pos;

    for (auto const who : {ana, bob, eve})
    {
        BOOST_TEST(refusal(read.history(who, {.conv = open})) == "not_found conv");
        BOOST_TEST(refusal(read.members(who, {.conv = open, .after = {}})) == "not_found conv");
        BOOST_TEST(sync(who).convs.empty());
        BOOST_TEST(read.conversations_of(who).empty());
        BOOST_TEST(kinds(who, start) == "9@" + std::to_string(at.value()) + " ");
        BOOST_TEST(refusal(apply(who, conv_join{.conv = open})) == "not_found conv");
        BOOST_TEST(refusal(apply(who, conv_leave{.conv = open})) == "not_found conv");
        BOOST_TEST(refusal(apply(who, text(open, "x"))) == "not_found conv");
        BOOST_TEST(refusal(apply(who, read_upto{.conv = open, .at_seq = 1})) == "not_found conv");
    }
    BOOST_TEST(refusal(apply(eve, msg_edit{.mid = sent.mid, .body = "x", .if_rev = {}})) == "not_found mid");
    BOOST_TEST(refusal(apply(eve, msg_delete{.mid = sent.mid})) == "not_found mid");
    BOOST_TEST(apply({}, delivered_batch{{{.uid = bob, .conv = open, .at_seq = 1}}}).events.empty());
    // Its name is free.
    BOOST_TEST(refusal(apply(eve, room_create{.name = "open", .priv = false, .topic = {}})).empty());
    check_digests();
}

BOOST_AUTO_TEST_CASE(removed_rooms_make_place_for_others)
{
    std::vector<conv_id> all;
    for (std::uint64_t i = 0; i < limits::rooms_of_user; ++i)
    {
        auto const one = room(i % 2 == 0 ? bob : eve, "r" + std::to_string(i));
        join(ana, one);
        if (i < 3) all.push_back(one);
    }
    auto const another = room(bob, "another");
    BOOST_TEST(refusal(apply(ana, conv_join{.conv = another})) == "quota_exceeded");
    for (auto const one : all)
        apply(ana, conv_archive{.conv = one});
    join(ana, another);
    BOOST_TEST(refusal(apply(ana, room_create{.name = "mine", .priv = true, .topic = {}})).empty());
    check_digests();
}

BOOST_AUTO_TEST_CASE(who_has_left_sees_nothing_of_what_came_later)
{
    auto const start = pos;
    auto const open = room(ana, "open");
    join(bob, open);
    auto const edited = send(ana, open, "agenda: to be written");
    auto const deleted = send(ana, open, "regretted");
    auto const kept = send(ana, open, "as it is");
    auto const early = send(ana, open, "a typo");
    apply(ana, msg_edit{.mid = early.mid, .body = "no typo", .if_rev = {}});
    apply(bob, conv_leave{.conv = open});
    apply(ana, msg_edit{.mid = edited.mid, .body = "SECRET", .if_rev = {}});
    apply(ana, msg_delete{.mid = deleted.mid});
    join(eve, open);

    auto const shown = [&](user_id who)
    {
        std::map<std::uint64_t, std::string> out;
        for (auto const& e : read.events(who, start).events)
            if (e.kind == event_kind::msg_new) out[e.at_seq] = e.text->deleted ? "-" : e.text->body;
        return out;
    };
    std::map<std::uint64_t, std::string> const of_then{{1, "-"}, {2, "-"}, {3, "as it is"}, {4, "no typo"}};
    BOOST_TEST((shown(bob) == of_then));
    // Changed or deleted later: the two look the same, and tell no revision of later.
    auto const events = read.events(bob, start).events;
    auto const find = [&](message_id mid)
    {
        return *std::find_if(
                    events.begin(), events.end(), [&](event const& e) { return e.mid == mid; }
        )->text;
    };
    BOOST_TEST(find(edited.mid).body.empty());
    BOOST_TEST(find(edited.mid).edited_ms == 0);
    BOOST_TEST(find(edited.mid).rev == 1u);
    BOOST_TEST(find(deleted.mid).rev == 2u);
    BOOST_TEST(find(kept.mid).rev == 3u);
    // How many are in it now is not his to know either.
    for (auto const& e : events)
        if (e.kind == event_kind::conv_member) BOOST_TEST(e.about->members == (e.on ? 2u : 1u));

    // Back again, everything is his to read; gone once more, what changes from then on is not.
    join(bob, open);
    BOOST_TEST(shown(bob)[1] == "SECRET");
    apply(bob, conv_leave{.conv = open});
    apply(ana, msg_edit{.mid = kept.mid, .body = "SECRET 2", .if_rev = {}});
    apply(ana, msg_edit{.mid = early.mid, .body = "SECRET 3", .if_rev = {}});
    std::map<std::uint64_t, std::string> const again{{1, "SECRET"}, {2, "-"}, {3, "-"}, {4, "-"}};
    BOOST_TEST((shown(bob) == again));
    for (auto const& e : read.events(bob, start).events)
        BOOST_TEST((!e.text || e.text->body.find("SECRET ") == std::string::npos));
    // Those who are in it see it as it is.
    BOOST_TEST(shown(ana)[3] == "SECRET 2");
}

// The first one that is looked at, too.
BOOST_AUTO_TEST_CASE(who_has_left_reads_what_nobody_has_changed_since)
{
    auto const open = room(ana, "open");
    join(bob, open);
    auto const start = pos;
    send(ana, open, "first");
    auto const second = send(ana, open, "second");
    apply(bob, conv_leave{.conv = open});
    apply(ana, msg_edit{.mid = second.mid, .body = "SECRET", .if_rev = {}});
    std::vector<std::string> shown;
    for (auto const& e : read.events(bob, start).events)
        if (e.text) shown.push_back(e.text->body);
    BOOST_TEST(shown == (std::vector<std::string>{"first", ""}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_new_conversation_is_told_with_the_people_whom_it_names)
{
    auto const then = pos;
    dm(ana, bob);
    room(ana, "open");
    auto const told = read.events(ana, then).events;
    auto const people = [&](std::size_t which)
    {
        std::string out;
        for (auto const& who : told.at(which).people)
            out += (out.empty() ? "" : " ") + who.name;
        return out;
    };
    BOOST_TEST(people(0) == "ana bob");
    BOOST_TEST(people(1) == "ana");
}

BOOST_AUTO_TEST_CASE(what_was_deleted_is_nothing_to_read)
{
    auto const talk = dm(ana, bob);
    std::vector<message_sent> all;
    for (int i = 0; i < 4; ++i)
        all.push_back(send(ana, talk, "oops"));
    apply(bob, read_upto{.conv = talk, .at_seq = 1});
    for (auto const i : {0u, 1u, 3u})
        apply(ana, msg_delete{.mid = all[i].mid});
    auto const one = std::get<conv_summary>(read.conv(bob, talk));
    BOOST_TEST(one.conv.last_seq - one.read == 3u);
    BOOST_TEST(one.unread_deleted == 2u);
}

// Mentions and deletions of what somebody has not read are counted for each conversation of each page.
BOOST_AUTO_TEST_CASE(however_much_nobody_has_read_a_page_costs_no_more)
{
    auto const talk = dm(ana, bob);
    auto const say = [&](std::uint64_t times)
    {
        for (std::uint64_t i = 0; i < times; ++i)
        {
            auto to_bob = text(talk, "@bob");
            to_bob.mentions = {bob};
            apply(ana, to_bob);
            apply(ana, msg_delete{.mid = send(ana, talk, "oops").mid});
        }
    };
    auto const cost = [&] { return steps_of([&] { static_cast<void>(read.sync(bob, {})); }); };
    auto const few = 100u;
    say(few);
    auto const exact = std::get<conv_summary>(read.conv(bob, talk));
    BOOST_TEST(exact.mentions == few);
    BOOST_TEST(exact.unread_deleted == few);
    say(counted_at_most);
    auto const before = cost();
    say(2 * counted_at_most);
    BOOST_TEST(cost() < before + before / 10);
    auto const at_most = std::get<conv_summary>(read.conv(bob, talk));
    BOOST_TEST(at_most.mentions == counted_at_most);
    BOOST_TEST(at_most.unread_deleted == counted_at_most);
}

BOOST_AUTO_TEST_CASE(everybody_missed_exactly_his_own_events)
{
    auto const start = pos;
    auto const talk = dm(ana, bob);                    // start + 1
    send(ana, talk, "1");                              // + 2
    auto const open = room(ana, "open");               // + 3: everybody
    send(ana, open, "2");                              // + 4
    join(eve, open);                                   // + 5
    send(ana, open, "3");                              // + 6
    apply(eve, conv_leave{.conv = open});              // + 7
    send(ana, open, "4");                              // + 8
    join(eve, open);                                   // + 9
    apply(bob, read_upto{.conv = talk, .at_seq = 1});  // + 10

    auto const at = [&](int offset)
    { return std::to_string(start.value() + static_cast<std::uint64_t>(offset)); };
    BOOST_TEST(kinds(bob, start) == "6@" + at(1) + " 1@" + at(2) + " 6@" + at(3) + " 4@" + at(10) + " ");
    BOOST_TEST(
        kinds(eve, start) ==
        "6@" + at(3) + " 7@" + at(5) + " 1@" + at(6) + " 7@" + at(7) + " 7@" + at(9) + " "
    );
    BOOST_TEST(kinds(ana, pos).empty());
    BOOST_TEST(read.events(eve, start).upto == pos);
    BOOST_TEST(read.conversations_of(eve).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_batch_of_watermarks_shows_everybody_his_own_conversations)
{
    auto const first = dm(ana, bob);
    auto const second = dm(ana, eve);
    send(ana, first, "1");
    send(ana, second, "2");
    auto const then = pos;
    apply(
        {},
        delivered_batch{{{.uid = bob, .conv = first, .at_seq = 1}, {.uid = eve, .conv = second, .at_seq = 1}}
        },
        ""
    );

    BOOST_TEST(read.events(ana, then).events.at(0).marks.size() == 2u);
    auto const of_eve = read.events(eve, then).events.at(0).marks;
    BOOST_TEST((of_eve == std::vector<mark>{{.uid = eve, .conv = second, .at_seq = 1}}));
}

BOOST_AUTO_TEST_CASE(missed_events_come_in_bounded_pages)
{
    auto const talk = dm(ana, bob);
    auto const then = pos;
    for (int i = 0; i < 300; ++i)
        send(ana, talk, "x");

    auto const first = read.events(bob, then);
    BOOST_TEST(first.events.size() == 256u);
    BOOST_TEST(first.upto == then + 256);
    auto const rest = read.events(bob, first.upto);
    BOOST_TEST(rest.events.size() == 44u);
    BOOST_TEST(rest.upto == pos);
    BOOST_TEST(rest.events.back().text->body == "x");
}

// Of any size: what is not sent yet stands in memory.
BOOST_AUTO_TEST_CASE(a_page_of_missed_events_ends_at_a_megabyte_of_texts)
{
    auto const talk = dm(ana, bob);
    auto const then = pos;
    std::string const text(8000, 'x');
    for (int i = 0; i < 200; ++i)
        send(ana, talk, text);

    auto const first = read.events(bob, then);
    BOOST_TEST(first.events.size() == 128u);  // of 8,256 bytes each, the last one reaches it
    BOOST_TEST(first.upto == then + 128);
    BOOST_TEST(read.events(bob, first.upto).events.size() == 72u);
}

// Everything that somebody missed, page by page, as a session reads it.
struct coming_and_going : three_people
{
    // Bob comes into a room and goes, so often; others too, while he is inside and while he is outside.
    conv_id revolve(std::string const& name, int times)
    {
        auto const open = room(ana, name);
        for (int i = 0; i < times; ++i)
        {
            join(bob, open);
            if (i % 3 == 0) join(eve, open);
            apply(bob, conv_leave{.conv = open});
            if (i % 3 == 2) apply(eve, conv_leave{.conv = open});
        }
        return open;
    }
    std::vector<event> resume(user_id who, seq since, std::size_t& counted)
    {
        std::vector<event> out;
        events_page page;
        page.upto = since;
        while (page.upto < pos)
        {
            page = read.events(who, page.upto, std::move(page.sizes));
            out.insert(out.end(), page.events.begin(), page.events.end());
            counted += page.counted;
        }
        return out;
    }
};

BOOST_FIXTURE_TEST_CASE(who_comes_and_goes_resumes_at_the_cost_of_what_he_missed, coming_and_going)
{
    struct cost
    {
        std::uint64_t steps = 0;
        std::size_t counted = 0;
        std::size_t events = 0;
    };
    auto const cost_of = [&](std::string const& name, int times)
    {
        cost out;
        auto const then = pos;
        revolve(name, times);
        out.steps = steps_of([&] { out.events = resume(bob, then, out.counted).size(); });
        return out;
    };
    auto const once = cost_of("once", 300);
    auto const four = cost_of("four", 1200);
    BOOST_TEST_REQUIRE(once.events > 2 * 300u);
    BOOST_TEST(four.events > 3 * once.events);
    BOOST_TEST(four.steps < 5 * once.steps);
    // The rows of the room are counted once, not for each page; and what was counted is told, for it is paid.
    BOOST_TEST(four.counted >= 1200u);
    BOOST_TEST(four.counted < 5 * once.counted);
}

BOOST_FIXTURE_TEST_CASE(who_comes_and_goes_is_told_how_many_there_were, coming_and_going)
{
    auto const then = pos;
    auto const open = revolve("open", 400);
    // What each entry said when it was made, of the position at which it was.
    std::map<std::uint64_t, std::uint64_t> members;
    std::uint64_t now = 1;
    for (auto const& [at, e] : model.events())
    {
        if (e.conv != open || at <= then) continue;
        if (e.kind == event_kind::conv_member) now = e.on ? now + 1 : now - 1;
        members[at.value()] = now;
    }
    std::size_t counted = 0;
    std::size_t told = 0;
    for (auto const& e : resume(bob, then, counted))
    {
        if (e.kind != event_kind::conv_member) continue;
        ++told;
        BOOST_TEST(e.about->members == members.at(e.pos.value()));
    }
    BOOST_TEST(told > 800u);

    // Each page for itself, from wherever, says the same.
    for (seq at = then; at < pos; at = at + 97)
        for (auto const& e : read.events(bob, at).events)
            if (e.kind == event_kind::conv_member) BOOST_TEST(e.about->members == members.at(e.pos.value()));
}

BOOST_AUTO_TEST_CASE(a_large_room_is_not_told_of_every_watermark)
{
    auto const crowd = room(ana, "crowd");
    for (std::uint64_t i = 0; i < limits::broadcast_members; ++i)
        join(account("u" + std::to_string(i)), crowd);
    join(bob, crowd);
    send(ana, crowd, "hello");

    auto const own = apply(bob, read_upto{.conv = crowd, .at_seq = 1}).events.at(0);
    BOOST_TEST((own.to == audience::user));
    BOOST_TEST(
        apply({}, delivered_batch{{{.uid = user_id(5), .conv = crowd, .at_seq = 1}}}, "").events.empty()
    );
    check_digests();
}

BOOST_AUTO_TEST_CASE(people_are_found_by_prefix_and_members_by_page)
{
    auto const open = room(ana, "open");
    join(bob, open);

    BOOST_TEST(read.users({.prefix = "B", .after = {}}).users.at(0).name == "bob");
    BOOST_TEST(read.users({.prefix = "%", .after = {}}).users.empty());
    auto const first = read.users({.prefix = "", .after = {}, .limit = 2});
    BOOST_TEST(first.users.size() == 2u);
    BOOST_TEST(read.users({.prefix = "", .after = first.next.value()}).users.at(0).name == "eve");
    auto const members = std::get<members_page>(read.members(bob, {.conv = open, .after = {}}));
    BOOST_TEST(members.members.size() == 2u);
    BOOST_TEST(!members.next);
}

BOOST_AUTO_TEST_SUITE_END()
