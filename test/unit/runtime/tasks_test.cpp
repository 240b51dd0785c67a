#include "runtime/task_group.hpp"
#include "runtime/within.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

namespace asio = boost::asio;
namespace runtime = chaind::runtime;
using namespace std::chrono_literals;

namespace
{

asio::awaitable<chaind::result<std::string>> at_once()
{
    co_return std::string("done");
}

asio::awaitable<chaind::result<std::string>> never(bool& ended)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await runtime::wait_on(timer);
    ended = true;
    co_return std::string("too late");
}

asio::awaitable<chaind::result<std::string>> throws()
{
    throw std::runtime_error("planned");
    co_return std::string();
}

struct loop
{
    asio::io_context context{1};
    runtime::task_group tasks{context.get_executor(), "test"};

    void run(asio::awaitable<void> what)
    {
        tasks.spawn(std::move(what));
        context.run();
        BOOST_TEST(tasks.size() == 0u);
    }
};

asio::awaitable<void> try_deadlines(bool& reached)
{
    auto const quick = co_await runtime::within(10s, at_once());
    BOOST_TEST(quick.value() == "done");

    bool ended = false;
    auto const late = co_await runtime::within(5ms, never(ended));
    BOOST_TEST((late.error() == chaind::errc::timed_out));
    BOOST_TEST(ended);

    bool thrown = false;
    try
    {
        static_cast<void>(co_await runtime::within(10s, throws()));
    }
    catch (std::runtime_error const&)
    {
        thrown = true;
    }
    BOOST_TEST(thrown);
    reached = true;
}

asio::awaitable<void> sleep_for_ever(int& ended)
{
    asio::steady_timer timer(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await runtime::wait_on(timer);
    ++ended;
}

// Hears nothing but terminal cancellation.
asio::awaitable<void> sleep_stubbornly(int& ended)
{
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    co_await sleep_for_ever(ended);
}

asio::awaitable<void> stop_others(runtime::task_group& others, bool& reached)
{
    co_await others.stop(20ms);
    BOOST_TEST(others.size() == 0u);
    reached = true;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tasks, loop)

BOOST_AUTO_TEST_CASE(a_deadline_gives_the_outcome_or_ends_the_operation)
{
    bool reached = false;

    run(try_deadlines(reached));

    BOOST_TEST(reached);
}

BOOST_AUTO_TEST_CASE(stopping_a_group_ends_all_even_the_stubborn)
{
    runtime::task_group others(context.get_executor(), "test");
    int ended = 0;
    bool reached = false;
    others.spawn(sleep_for_ever(ended));
    others.spawn(sleep_stubbornly(ended));

    run(stop_others(others, reached));
    others.spawn(sleep_for_ever(ended));

    BOOST_TEST(reached);
    BOOST_TEST(ended == 2);
    BOOST_TEST(others.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
