// What passes between the replica's loop and its gateway's, when one of the two is late, stops, or has gone.

#include "node/backend_bridge.hpp"
#include "runtime/random_id.hpp"
#include "runtime/task_group.hpp"
#include "support/run_until.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>

using namespace chaind;
using namespace chaind::node;
namespace asio = boost::asio;

namespace
{

applied_batch batch_of(std::uint64_t first, std::uint64_t count, std::size_t body = 100)
{
    std::vector<chat::applied> out;
    for (auto at = first; at < first + count; ++at)
    {
        chat::applied one;
        one.pos = seq(at);
        chat::event said;
        said.pos = one.pos;
        said.text.emplace();
        said.text->body = std::string(body, 'x');
        one.events.push_back(std::move(said));
        out.push_back(std::move(one));
    }
    return std::make_shared<std::vector<chat::applied> const>(std::move(out));
}

was_applied told(applied_batch what)
{
    auto const bytes = bytes_of(*what);
    return {std::move(what), bytes};
}

struct letters
{
    std::vector<to_gateway> waiting;
    std::size_t bytes = 0;
    std::size_t bytes_max = 1'000'000;

    void put(to_gateway what) { put_in_order(waiting, std::move(what), bytes, bytes_max); }
    template <class Kind>
    std::size_t count() const
    {
        return static_cast<std::size_t>(std::count_if(
            waiting.begin(),
            waiting.end(),
            [](to_gateway const& one) { return std::holds_alternative<Kind>(one); }
        ));
    }
    std::size_t untold() const
    {
        std::size_t sum = 0;
        for (auto const& one : waiting)
            if (auto const* batch = std::get_if<was_applied>(&one)) sum += batch->bytes;
        return sum;
    }
};

struct hears final : gateway::backend::listener
{
    void on_applied(std::vector<chat::applied> const& what) override { applied = what.back().pos; }
    void on_missed(seq upto, std::vector<chat::token_hash> const&) override { missed = upto; }
    void on_view() override { ++views; }
    void on_typing(gateway::typing_note const& what) override { typing.push_back(what); }

    seq applied;
    seq missed;
    int views = 0;
    std::vector<gateway::typing_note> typing;
};

asio::awaitable<void> submit(backend_bridge& to, std::optional<gateway::submit_outcome>& outcome)
{
    chat::command what;
    what.what = chat::probe{};
    outcome = co_await to.submit(std::move(what));
}

asio::awaitable<void> read_from(backend_bridge& on, seq at, std::optional<error_code>& outcome)
{
    std::function<void(store::chat_reader&)> query = [](store::chat_reader&) {};
    outcome = co_await on.read_from(at, std::move(query));
}

struct a_bridge
{
    asio::io_context loop{1};
    runtime::task_group tasks{loop.get_executor(), "test"};
    std::deque<to_chain> sent;
    bridge_settings how;
    std::optional<backend_bridge> bridge;
    hears gateway;

    a_bridge() { start(); }
    void start()
    {
        runtime::start_random();
        bridge.emplace(loop.get_executor(), how, [this](to_chain what) { sent.push_back(std::move(what)); });
        bridge->listen(gateway);
    }
    ~a_bridge()
    {
        bridge->close();
        tasks.cancel();
        loop.restart();
        loop.run();
    }

    template <class Condition>
    bool wait(Condition const& holds)
    {
        return test::run_until(loop, 20s, holds);
    }
    template <class Kind>
    std::optional<Kind> next()
    {
        if (!wait([&] { return !sent.empty(); })) return std::nullopt;
        auto one = std::move(sent.front());
        sent.pop_front();
        auto* const found = std::get_if<Kind>(&one);
        if (found == nullptr) return std::nullopt;
        return std::move(*found);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(letters_that_wait, letters)

BOOST_AUTO_TEST_CASE(a_gateway_that_does_not_look_costs_a_bounded_memory)
{
    for (std::uint64_t at = 1; at < 200'000; at += 100)
    {
        put(told(batch_of(at, 100)));
        put(progress{seq(at + 99), seq(at + 99)});
        BOOST_TEST_REQUIRE(untold() <= bytes_max);
    }

    BOOST_TEST(count<were_missed>() == 1u);
    BOOST_TEST(waiting.size() < 200u);
}

BOOST_AUTO_TEST_CASE(what_makes_room_is_missed_before_any_answer_that_may_have_seen_it)
{
    bytes_max = 10'000;
    put(told(batch_of(1, 3)));
    put(has_read{7, {}});
    put(not_decided{request_id{}, {}});
    put(told(batch_of(4, 3, 20'000)));

    BOOST_TEST_REQUIRE(waiting.size() == 3u);
    BOOST_TEST((std::get<were_missed>(waiting[0]).upto == seq(6)));
    BOOST_TEST(std::get<has_read>(waiting[1]).which == 7u);
    BOOST_TEST(count<not_decided>() == 1u);
    put(told(batch_of(7, 3)));
    BOOST_TEST(count<was_applied>() == 1u);
}

BOOST_AUTO_TEST_CASE(sessions_that_ended_are_told_of_whatever_made_room)
{
    bytes_max = 10'000;
    auto const with = [](std::uint64_t at, std::string token)
    {
        auto all = *batch_of(at, 2);
        all.front().revoked.push_back(std::move(token));
        return std::make_shared<std::vector<chat::applied> const>(std::move(all));
    };
    put(told(with(1, "one")));
    put(told(batch_of(3, 1, 20'000)));
    put(told(with(4, "two")));
    put(told(batch_of(6, 1, 20'000)));

    BOOST_TEST_REQUIRE(waiting.size() == 1u);
    auto const& missed = std::get<were_missed>(waiting[0]);
    BOOST_TEST((missed.upto == seq(6)));
    BOOST_TEST_REQUIRE(missed.revoked.size() == 2u);
    BOOST_TEST(missed.revoked[0] == "one");
    BOOST_TEST(missed.revoked[1] == "two");
}

BOOST_AUTO_TEST_CASE(of_who_types_a_late_gateway_hears_nothing)
{
    gateway::typing_note const note{chat::conv_id(7), chat::user_id(5), true};
    put(note);
    BOOST_TEST(count<gateway::typing_note>() == 1u);
    while (waiting.size() < letters_before_hearsay_is_lost)
        put(has_read{7, {}});
    for (int i = 0; i < 1000; ++i)
        put(note);
    BOOST_TEST(count<gateway::typing_note>() == 1u);
    put(has_read{8, {}});
    BOOST_TEST(waiting.size() == letters_before_hearsay_is_lost + 1);
}

BOOST_AUTO_TEST_CASE(of_views_the_last_one_counts_and_a_status_that_one_brought_is_kept)
{
    auto const status = std::make_shared<cluster_status const>();
    gateway::chain_view view;
    put(progress{seq(1), seq(1)});
    view.lineage = "one";
    put(looks{view, status});
    view.lineage = "two";
    put(looks{view, nullptr});
    put(progress{seq(5), seq(6)});

    BOOST_TEST_REQUIRE(waiting.size() == 1u);
    auto const& last = std::get<looks>(waiting[0]);
    BOOST_TEST(last.view.lineage == "two");
    BOOST_TEST(last.status == status);
    BOOST_TEST((last.view.applied == seq(5)));
    BOOST_TEST((last.view.committed == seq(6)));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(bridge_to_a_replica, a_bridge)

BOOST_AUTO_TEST_CASE(what_it_is_told_arrives_in_order)
{
    auto const tell = bridge->tell();
    tell(told(batch_of(1, 2)));
    tell(progress{seq(2), seq(2)});

    BOOST_TEST(bridge->view().applied == seq{});
    BOOST_TEST(wait([&] { return bridge->view().applied == seq(2); }));
    BOOST_TEST((gateway.applied == seq(2)));
}

BOOST_AUTO_TEST_CASE(who_types_is_told_both_ways)
{
    gateway::typing_note const note{chat::conv_id(7), chat::user_id(5), true};
    bridge->tell_others(note);
    auto const sent_on = next<gateway::typing_note>();
    BOOST_TEST_REQUIRE(sent_on.has_value());
    BOOST_TEST((sent_on->conv == note.conv && sent_on->who == note.who && sent_on->on));
    bridge->tell()(note);
    BOOST_TEST(wait([&] { return gateway.typing.size() == 1; }));
    BOOST_TEST((gateway.typing.at(0).who == note.who));
}

BOOST_AUTO_TEST_CASE(a_command_without_an_answer_is_forgotten_at_the_limit)
{
    how.submit_limit = 20ms;
    start();
    std::optional<gateway::submit_outcome> outcome;
    tasks.spawn(submit(*bridge, outcome));
    auto const asked = next<submit_this>();
    BOOST_TEST_REQUIRE(asked.has_value());

    BOOST_TEST_REQUIRE(wait([&] { return outcome.has_value(); }));
    BOOST_TEST((std::get<gateway::undecided>(*outcome).why == gateway::no_answer::timed_out));
    auto const forgotten = next<forget_command>();
    BOOST_TEST_REQUIRE(forgotten.has_value());
    BOOST_TEST((forgotten->which == asked->as));
}

BOOST_AUTO_TEST_CASE(a_caller_who_is_cancelled_stays_until_his_query_cannot_run_any_more)
{
    std::optional<error_code> outcome;
    tasks.spawn(read_from(*bridge, seq(3), outcome));
    auto const asked = next<read_this_from>();
    BOOST_TEST_REQUIRE(asked.has_value());

    tasks.cancel();
    auto const forgotten = next<forget_read>();
    BOOST_TEST_REQUIRE(forgotten.has_value());
    BOOST_TEST(forgotten->which == asked->as);
    BOOST_TEST(!outcome.has_value());
    BOOST_TEST(tasks.size() == 1u);

    bridge->tell()(has_read{asked->as, make_error_code(errc::timed_out)});
    BOOST_TEST(wait([&] { return tasks.size() == 0; }));
}

BOOST_AUTO_TEST_CASE(who_waits_is_told_when_the_replica_ends_and_who_comes_later_at_once)
{
    std::optional<gateway::submit_outcome> written;
    std::optional<error_code> read;
    tasks.spawn(submit(*bridge, written));
    tasks.spawn(read_from(*bridge, seq(3), read));
    BOOST_TEST_REQUIRE(wait([&] { return sent.size() == 2; }));

    bridge->close();
    BOOST_TEST(wait([&] { return written.has_value() && read.has_value(); }));
    auto const& none = std::get<gateway::undecided>(*written);
    BOOST_TEST((none.why == gateway::no_answer::unavailable));
    BOOST_TEST(none.maybe_logged);
    BOOST_TEST((*read == errc::stopped));

    std::optional<gateway::submit_outcome> later;
    tasks.spawn(submit(*bridge, later));
    BOOST_TEST_REQUIRE(wait([&] { return later.has_value(); }));
    BOOST_TEST(!std::get<gateway::undecided>(*later).maybe_logged);
    BOOST_TEST(sent.size() == 2u);
}

BOOST_AUTO_TEST_CASE(more_than_may_wait_are_refused_here)
{
    how.pending_max = 2;
    start();
    std::optional<gateway::submit_outcome> outcomes[3];
    std::optional<error_code> reads[3];
    for (auto& one : outcomes)
        tasks.spawn(submit(*bridge, one));
    for (auto& one : reads)
        tasks.spawn(read_from(*bridge, seq(3), one));

    BOOST_TEST_REQUIRE(wait([&] { return outcomes[2].has_value() && reads[2].has_value(); }));
    BOOST_TEST((std::get<gateway::undecided>(*outcomes[2]).why == gateway::no_answer::busy));
    BOOST_TEST((*reads[2] == errc::timed_out));
    BOOST_TEST(sent.size() == 4u);
    bridge->close();
    BOOST_TEST(wait([&] { return tasks.size() == 0; }));
}

BOOST_AUTO_TEST_CASE(nothing_is_told_to_a_gateway_that_has_gone)
{
    auto const tell = bridge->tell();
    tell(told(batch_of(1, 2)));
    bridge.reset();
    loop.restart();
    loop.run_for(std::chrono::milliseconds(1));
    BOOST_TEST((gateway.applied == seq{}));
    start();
}

BOOST_AUTO_TEST_SUITE_END()
