// What goes out live is what a replay of the same positions gives, for each of eight people in a random
// history. A failure prints its seed.
#include "chat/audience.hpp"

#include "gateway/feed.hpp"
#include "gateway/hub.hpp"
#include "unit/chat/chat_world.hpp"
#include "unit/chat/random_commands.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace chaind;
using namespace chaind::test;

namespace
{

constexpr std::uint64_t people = 8;
constexpr int entries = 1000;

// Of which only its listener is used.
class silent_chain final : public gateway::backend
{
public:
    boost::asio::awaitable<gateway::submit_outcome> submit(chat::command) override
    {
        co_return gateway::undecided{};
    }
    boost::asio::awaitable<error_code> read(std::function<void(store::chat_reader&)>) override
    {
        co_return errc::stopped;
    }
    boost::asio::awaitable<error_code> read_from(seq, std::function<void(store::chat_reader&)>) override
    {
        co_return errc::stopped;
    }
    void tell_others(gateway::typing_note const&) override {}
    [[nodiscard]] gateway::chain_view const& view() const override { return view_; }
    void listen(listener&) override {}

private:
    gateway::chain_view view_;
};

// The session of somebody who takes everything; `told` are the frames.
class eager final : public gateway::subscriber
{
public:
    explicit eager(chat::user_id who) : who_(who) {}

    [[nodiscard]] chat::user_id user() const override { return who_; }
    [[nodiscard]] chat::token_hash const& token() const override { return token_; }
    [[nodiscard]] bool push(gateway::published_ptr what) override
    {
        last = what->what();
        chat::keep_own_marks(
            last.marks, [&](auto conv) { return std::binary_search(own.begin(), own.end(), conv); }
        );
        told.push_back(what->frame(who_, own, seq()));
        return true;
    }
    void missed_events() override {}
    void hint(std::shared_ptr<std::string const>) override {}
    void end(int, std::string, bool) override {}
    void tick(time_point) override {}

    std::vector<std::string> told;
    chat::event last;

private:
    chat::user_id who_;
    chat::token_hash token_ = "of nobody in the history";
};

struct live_people
{
    live_people()
    {
        for (std::uint64_t n = 1; n <= people; ++n)
        {
            steady.push_back(std::make_unique<eager>(chat::user_id(n)));
            coming_and_going.push_back(std::make_unique<eager>(chat::user_id(n)));
        }
        for (auto const& one : steady)
            come(*one, seq());
    }

    void come(eager& who, seq upto)
    {
        sessions.opened(who);
        BOOST_TEST_REQUIRE(sessions.greeted(who));
        BOOST_TEST_REQUIRE(sessions.join(who, upto));
    }

    boost::asio::io_context loop;
    silent_chain chain;
    gateway::settings limits;
    runtime::task_group tasks{loop.get_executor(), "test"};
    gateway::hub sessions{chain, limits, "", tasks};
    std::vector<std::unique_ptr<eager>> steady;
    std::vector<std::unique_ptr<eager>> coming_and_going;  // there for twenty entries of forty
};

std::vector<std::string> replayed(chat_world& world, eager const& who, seq since)
{
    std::vector<std::string> out;
    for (auto const& e : world.read.events(who.user(), since).events)
        out.push_back(gateway::published(e).frame(who.user(), who.own, seq()));
    return out;
}

// Of what he was told live, the positions that a replay still tells at the end: nothing of removed rooms.
bool is_still_told(chat_world const& world, chat::event const& e)
{
    auto const is_there = [&](chat::conv_id conv)
    {
        auto const is_removed = [&](chat::conv_id id)
        { return world.model.conversations().at(id).gone != seq(); };
        return chat::is_told(e, conv, is_removed);
    };
    bool const of_marks = e.to == chat::audience::marks;
    return of_marks ? std::any_of(e.marks.begin(), e.marks.end(), [&](auto& m) { return is_there(m.conv); })
                    : is_there(e.conv);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(audience_of_events)

BOOST_DATA_TEST_CASE(what_is_told_live_is_what_a_replay_tells, boost::unit_test::data::xrange(1, 21), seed)
{
    chat_world world;
    live_people live;
    random_commands random(static_cast<std::uint64_t>(seed));
    std::vector<std::vector<chat::event>> told_to(people);
    for (int i = 1; i <= entries; ++i)
    {
        auto const c = random.next(world);
        auto const before = world.pos;
        live.sessions.on_applied({world.apply(c.uid, c.what, c.cid)});
        for (std::size_t n = 0; n < people; ++n)
        {
            auto& steady = *live.steady[n];
            auto const told = std::exchange(steady.told, {});
            if (!told.empty()) told_to[n].push_back(steady.last);
            BOOST_TEST(told == replayed(world, steady, before), boost::test_tools::per_element());
        }
    }
    std::size_t compared = 0;
    for (std::size_t n = 0; n < people; ++n)
    {
        std::vector<seq> positions;
        for (auto const& e : told_to[n])
            if (is_still_told(world, e)) positions.push_back(e.pos);
        std::vector<seq> at_the_end;
        for (chat::events_page page; page.upto < world.pos;)
        {
            page = world.read.events(chat::user_id(n + 1), page.upto, page.sizes);
            for (auto const& e : page.events)
                at_the_end.push_back(e.pos);
        }
        BOOST_TEST(positions == at_the_end, boost::test_tools::per_element());
        compared += positions.size();
    }
    // Else the histories would be of refusals alone.
    BOOST_TEST(compared > 150u);
}

BOOST_DATA_TEST_CASE(
    who_comes_back_is_told_what_those_saw_who_stayed, boost::unit_test::data::xrange(21, 31), seed
)
{
    chat_world world;
    live_people live;
    random_commands random(static_cast<std::uint64_t>(seed));
    seq left_at;
    for (int i = 1; i <= entries; ++i)
    {
        auto const c = random.next(world);
        live.sessions.on_applied({world.apply(c.uid, c.what, c.cid)});
        if (i % 20 != 0) continue;
        for (auto const& one : live.coming_and_going)
            if (i % 40 == 0)
                live.sessions.closed(*one);
            else
                live.come(*one, left_at);
        left_at = world.pos;
    }
    for (auto const& one : live.coming_and_going)
        live.come(*one, left_at);
    for (std::size_t n = 0; n < people; ++n)
        BOOST_TEST(live.steady[n]->told == live.coming_and_going[n]->told, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
