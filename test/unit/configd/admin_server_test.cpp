// The administrators' socket by itself: who holds a connection and does nothing with it loses it.

#include "configd/admin_server.hpp"

#include "unit/configd/puppets.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace chaind::configd
{
namespace
{

using namespace testing;
using unix_socket = asio::local::stream_protocol;
using clock = std::chrono::steady_clock;

constexpr auto idle_limit = 200ms;

asio::awaitable<admin_answer> answer_after(
    asio::io_context& on, std::chrono::milliseconds pause, json::object what
)
{
    asio::steady_timer timer(on, pause);
    co_await runtime::wait_on(timer);
    co_return admin_answer(200, std::move(what));
}

struct socket_alone
{
    test::temp_folder folder;
    asio::io_context loop{1};
    runtime::task_group tasks{loop.get_executor(), "test"};
    std::string const path = folder.path() + "/admin.sock";
    std::chrono::milliseconds thinks = 0ms;
    std::size_t answer_bytes = 1;
    std::size_t asked = 0;
    admin_server server{
        tasks,
        path,
        [this](admin_request const&)
        {
            ++asked;
            return answer_after(loop, thinks, {{"x", std::string(answer_bytes, 'x')}});
        },
        idle_limit
    };
    unix_socket::socket client{loop};
    std::string got;
    std::optional<boost::system::error_code> ended;  // the client's side of the connection

    socket_alone()
    {
        server.start();
        client.connect(unix_socket::endpoint(path));
    }
    ~socket_alone()
    {
        server.stop();
        client.close();
        tasks.cancel();
        test::run_until(loop, 20s, [&] { return tasks.size() == 0 && ended.has_value(); });
    }

    void read_to_the_end()
    {
        asio::async_read(
            client, asio::dynamic_buffer(got), [this](auto failed, std::size_t) { ended = failed; }
        );
    }
    void send(std::string_view text) { asio::write(client, asio::buffer(text)); }
    bool wait(std::function<bool()> const& holds) { return test::run_until(loop, 20s, holds); }
    // It ends, and not before the limit has passed.
    void check_it_is_closed_for_idleness()
    {
        auto const begun = clock::now();
        BOOST_TEST(wait([&] { return ended.has_value(); }));
        BOOST_TEST((clock::now() - begun >= idle_limit - 50ms));
    }
};

constexpr std::string_view question = "GET /v1/status HTTP/1.1\r\nHost: configd\r\n\r\n";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(admin_socket, socket_alone)

BOOST_AUTO_TEST_CASE(who_asks_nothing_is_let_go)
{
    read_to_the_end();
    check_it_is_closed_for_idleness();
    BOOST_TEST(got == "");
    BOOST_TEST(asked == 0u);
}

BOOST_AUTO_TEST_CASE(half_a_question_is_none)
{
    read_to_the_end();
    send(question.substr(0, question.size() - 2));
    check_it_is_closed_for_idleness();
    BOOST_TEST(asked == 0u);
}

// A change takes as long as it takes; after its answer the connection is good for the next one.
BOOST_AUTO_TEST_CASE(who_waits_for_an_answer_is_not_idle)
{
    thinks = 3 * idle_limit;
    read_to_the_end();
    send(question);
    BOOST_TEST(wait([&] { return got.find("\r\n\r\n") != std::string::npos || ended; }));
    BOOST_TEST(got.starts_with("HTTP/1.1 200"));
    thinks = 0ms;
    send(question);
    BOOST_TEST(wait([&] { return asked == 2 || ended; }));
    check_it_is_closed_for_idleness();
    BOOST_TEST(got.find("HTTP/1.1 200", 1) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(who_does_not_take_its_answer_is_let_go)
{
    answer_bytes = 16u << 20;
    send(question);
    BOOST_TEST(wait([&] { return asked == 1; }));
    BOOST_TEST(wait([&] { return tasks.size() == 1; }));  // that accepts; nobody serves any more
    // What the kernel took is all that there is to read.
    read_to_the_end();
    BOOST_TEST(wait([&] { return ended.has_value(); }));
    BOOST_TEST(got.starts_with("HTTP/1.1 200"));
    BOOST_TEST(got.size() < answer_bytes);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::configd
