#include "base/library_fault.hpp"
#include "runtime/run_loop.hpp"
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

// An operation whose handler is thrown out of, as a library's does whose own check fails.
asio::awaitable<void> wait_for_a_fault(int& destroyed)
{
    struct noted
    {
        explicit noted(int& at) : to(at) {}
        ~noted() { ++to; }
        int& to;
    } const here(destroyed);
    auto initiation = [](auto handler)
    {
        auto const on = asio::get_associated_executor(handler);
        asio::post(
            on,
            [kept = std::move(handler)]() mutable
            {
                auto const gone = std::move(kept);
                throw chaind::library_fault("planned");
            }
        );
    };
    co_await asio::async_initiate<asio::use_awaitable_t<> const, void()>(initiation, asio::use_awaitable);
}

asio::awaitable<chaind::result<std::string>> faulty(int& destroyed)
{
    co_await wait_for_a_fault(destroyed);
    co_return std::string("never");
}

asio::awaitable<void> race_a_fault(int& destroyed, bool& reached)
{
    auto const lost = co_await runtime::within(10s, faulty(destroyed));
    BOOST_TEST((lost.error() == chaind::errc::stopped));
    reached = true;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(tasks, loop)

BOOST_AUTO_TEST_CASE(a_fault_in_a_library_ends_its_task_and_nothing_else)
{
    int destroyed = 0;
    int ended = 0;
    bool raced = false;
    bool stopped = false;
    runtime::task_group others(context.get_executor(), "test");
    others.spawn(wait_for_a_fault(destroyed));
    others.spawn(wait_for_a_fault(destroyed));
    others.spawn(sleep_for_ever(ended));
    tasks.spawn(race_a_fault(destroyed, raced));
    tasks.spawn(stop_others(others, stopped));

    runtime::run_loop(context);

    BOOST_TEST(destroyed == 3);
    BOOST_TEST(ended == 1);
    BOOST_TEST(raced);
    BOOST_TEST(stopped);
    BOOST_TEST(tasks.size() == 0u);
}

BOOST_AUTO_TEST_CASE(another_exception_in_the_loop_passes)
{
    asio::post(context, [] { throw std::runtime_error("planned"); });
    BOOST_CHECK_THROW(runtime::run_loop(context), std::runtime_error);
}

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
