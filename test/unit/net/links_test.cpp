// Dialer and listener against each other and against strangers, over loopback.

#include "net/dialer.hpp"
#include "net/greet_once.hpp"
#include "net/peer_listener.hpp"
#include "support/framed.hpp"
#include "support/members.hpp"
#include "support/run_until.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <deque>
#include <thread>

using namespace chaind;
namespace asio = boost::asio;
namespace peer = chaind::wire::peer;
using test::framed;
using test::made_id;
using test::made_member;
using tcp = asio::ip::tcp;

namespace
{

constexpr std::chrono::seconds limit{30};

peer::hello made_hello(std::string name = "n1")
{
    return {1, 1, made_id<cluster_id>(1), made_member(std::move(name)), peer::purpose::chain, {}};
}

// A listener that welcomes cluster 1, and what became of its links.
struct fixture
{
    asio::io_context context{1};
    runtime::task_group tasks{context.get_executor(), "test"};
    std::vector<std::string> log;
    std::shared_ptr<net::frame_link> accepted;
    net::peer_listener listener{
        tasks,
        tcp::endpoint(asio::ip::address_v4::loopback(), 0),
        1u << 20,
        handlers(),
        {.links = 16, .stranger = std::chrono::milliseconds(300), .frame = 100'000}
    };
    std::shared_ptr<net::dialer> dialer;
    std::deque<tcp::socket> strangers;

    fixture() { listener.start(); }
    ~fixture()
    {
        if (dialer) dialer->stop();
        listener.stop();
        tasks.cancel();
        context.restart();
        context.run();
    }

    net::accept_events handlers()
    {
        return {
            .objection = [](peer::hello const& from, std::string const&) -> std::string
            { return from.cluster == made_id<cluster_id>(1) ? "" : "another cluster"; },
            .answer = [](peer::hello const&)
            { return peer::welcome{1, made_id<cluster_id>(1), made_member("n2")}; },
            .up =
                [this](std::shared_ptr<net::frame_link> const& link, peer::hello const& from)
            {
                accepted = link;
                log.push_back("accepted " + from.from.name.name.str());
            },
            .received =
                [this](std::shared_ptr<net::frame_link> const&, peer::frame what)
            {
                auto const* const word = std::get_if<peer::verify>(&what);
                log.push_back(
                    word == nullptr ? "heard something large" : "heard " + std::to_string(word->id)
                );
                return true;
            },
            .down = [this](std::shared_ptr<net::frame_link> const&) { log.push_back("gone"); },
            .known = [](node_id const& name) { return name.name.view().starts_with('n'); },
        };
    }

    // Somebody who sends these bytes and then nothing.
    tcp::socket& stranger(std::string const& bytes = {})
    {
        auto& socket = strangers.emplace_back(context);
        socket.connect(listener.address());
        if (!bytes.empty()) asio::write(socket, asio::buffer(bytes));
        return socket;
    }
    // The other side closes it, having sent what it has to say.
    bool is_closed(tcp::socket& socket)
    {
        socket.non_blocking(true);
        auto const ended = [&]
        {
            std::array<char, 4096> said{};
            boost::system::error_code why;
            while (!why)
                socket.read_some(asio::buffer(said), why);
            return why != asio::error::would_block;
        };
        return test::run_until(context, limit, ended);
    }

    void dial(std::string expected = "n2")
    {
        net::dial_events tell{
            .greeting = [] { return made_hello(); },
            .objection = [expected](peer::welcome const& from) -> std::string
            { return from.from.name.name == expected ? "" : "somebody else"; },
            .up = [this](peer::welcome const&) { log.push_back("up"); },
            .received = [](peer::frame const&) {},
            .down = [this] { log.push_back("down"); },
        };
        dialer = std::make_shared<net::dialer>(tasks, "n2", listener.address(), 1u << 20, tell);
        dialer->start();
    }

    // Runs the loop until that stands in the log so often.
    bool see(std::string const& what, long times = 1)
    {
        auto const seen = [&] { return std::count(log.begin(), log.end(), what) >= times; };
        return test::run_until(context, limit, seen);
    }

    result<net::greeting_answer> answer_to(peer::hello what, tcp::endpoint to);

    // What a stranger who sends these bytes is answered until the connection ends.
    std::string answer_to(std::string const& bytes)
    {
        std::string answer;
        bool done = false;
        std::thread stranger(
            [&, at = listener.address()]
            {
                asio::io_context own;
                tcp::socket socket(own);
                socket.connect(at);
                asio::write(socket, asio::buffer(bytes));
                boost::system::error_code end;
                asio::read(socket, asio::dynamic_buffer(answer), end);
                asio::post(context, [&] { done = true; });
            }
        );
        auto const ends = [&] { return test::run_until(context, limit, [&] { return done; }); };
        if (!ends())
        {
            BOOST_ERROR("the connection does not end");
            tasks.cancel();  // ends it
            BOOST_TEST(ends());
        }
        stranger.join();
        return answer;
    }
};

asio::awaitable<void> greet(
    tcp::endpoint to, peer::hello what, std::optional<result<net::greeting_answer>>& answer
)
{
    answer = co_await net::greet_once(to, std::move(what), std::chrono::seconds(20));
}

result<net::greeting_answer> fixture::answer_to(peer::hello what, tcp::endpoint to)
{
    std::optional<result<net::greeting_answer>> answer;
    tasks.spawn(greet(to, std::move(what), answer));
    BOOST_TEST_REQUIRE(test::run_until(context, limit, [&] { return answer.has_value(); }));
    return *answer;
}

// The reason in the refusal that these bytes are.
std::string reason(std::string const& answer)
{
    if (answer.size() < net::frame_header_bytes) return "no answer";
    auto const frame = peer::decode(std::string_view(answer).substr(net::frame_header_bytes));
    if (!frame || !std::holds_alternative<peer::refused>(*frame)) return "no refusal";
    return std::get<peer::refused>(*frame).reason;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(links, fixture)

BOOST_AUTO_TEST_CASE(a_dialled_link_greets_and_carries_frames_in_order)
{
    dial();
    BOOST_TEST_REQUIRE(see("up"));

    for (std::uint64_t i = 1; i <= 100; ++i)
        BOOST_TEST(dialer->send(peer::encode(peer::verify{i})));

    BOOST_TEST(see("heard 100"));
    BOOST_TEST(log[log.size() - 2] == "heard 99");
}

BOOST_AUTO_TEST_CASE(a_link_that_ends_is_dialled_again)
{
    dial();
    BOOST_TEST_REQUIRE(see("up"));

    accepted->close();

    BOOST_TEST(see("down"));
    BOOST_TEST(see("up", 2));
    BOOST_TEST(see("gone"));
}

BOOST_AUTO_TEST_CASE(a_link_whose_last_word_is_no_says_why_and_is_dialled_again)
{
    dial();
    BOOST_TEST_REQUIRE(see("up"));
    BOOST_TEST(dialer->refusal() == "");

    accepted->send(peer::encode(peer::refused{"it cannot be"}));
    accepted->close_after_writing();

    BOOST_TEST(see("down"));
    BOOST_TEST(dialer->refusal() == "it cannot be");
    BOOST_TEST(see("up", 2));
    BOOST_TEST(dialer->refusal() == "");
}

BOOST_AUTO_TEST_CASE(a_link_to_somebody_else_is_not_up)
{
    dial("n9");

    BOOST_TEST(see("gone", 2));
    BOOST_TEST(std::count(log.begin(), log.end(), "up") == 0);
    BOOST_TEST(!dialer->send("x"));
}

BOOST_AUTO_TEST_CASE(a_full_outbox_closes_the_link)
{
    dial();
    BOOST_TEST_REQUIRE(see("up"));

    bool sent = true;
    for (int i = 0; i < 40 && sent; ++i)
        sent = dialer->send(std::string(100'000, 'x'));

    BOOST_TEST(!sent);
    BOOST_TEST(see("up", 2));
}

BOOST_AUTO_TEST_CASE(strangers_are_told_why_and_closed)
{
    auto other = made_hello();
    other.cluster = made_id<cluster_id>(2);
    BOOST_TEST(reason(answer_to(framed(peer::encode(other)))) == "another cluster");

    auto future = made_hello();
    future.protocol_min = peer::protocol_max + 1;
    future.protocol_max = peer::protocol_max + 2;
    BOOST_TEST(reason(answer_to(framed(peer::encode(future)))).starts_with("no protocol version in common"));

    BOOST_TEST(reason(answer_to(framed(peer::encode(peer::verify{1})))) == "the first frame must be a hello");
    BOOST_TEST(reason(answer_to("GET / HTTP/1.1\r\nHost: x\r\n\r\n")) != "no answer");
    BOOST_TEST(reason(answer_to(framed("garbage"))) != "no answer");
    BOOST_TEST(accepted == nullptr);
}

BOOST_AUTO_TEST_CASE(who_is_silent_and_has_not_shown_that_it_belongs_here_is_closed)
{
    auto const word = framed(peer::encode(peer::verify{1}));
    auto const hello = framed(peer::encode(made_hello()));
    auto const unknown = framed(peer::encode(made_hello("x1")));
    auto& speaks = stranger(hello + word);
    BOOST_TEST_REQUIRE(see("heard 1"));
    for (auto const& bytes : {std::string(), hello.substr(0, 20), hello, unknown, unknown + word})
    {
        BOOST_TEST_CONTEXT(bytes.size())
        BOOST_TEST(is_closed(stranger(bytes)));
    }
    // What has spoken in a known name stays, however long it is silent.
    asio::write(speaks, asio::buffer(framed(peer::encode(peer::verify{7}))));
    BOOST_TEST(see("heard 7"));
}

// To take such a frame apart takes as long as a silence lasts: one of them would cost a member its place.
BOOST_AUTO_TEST_CASE(what_is_large_is_taken_of_a_known_name_alone)
{
    auto const large = framed(peer::encode(peer::refused{std::string(20'000, 'x')}));
    BOOST_TEST(is_closed(stranger(framed(peer::encode(made_hello("x1"))) + large)));
    BOOST_TEST_REQUIRE(see("accepted x1"));
    BOOST_TEST(std::count(log.begin(), log.end(), "heard something large") == 0);
    auto& known = stranger(framed(peer::encode(made_hello("n1"))) + large);
    BOOST_TEST(see("heard something large"));
    auto const beyond = framed(peer::encode(peer::refused{std::string(200'000, 'x')}));
    asio::write(known, asio::buffer(beyond));
    BOOST_TEST(is_closed(known));
}

BOOST_AUTO_TEST_CASE(strangers_who_take_all_places_keep_no_member_out)
{
    dial();
    BOOST_TEST_REQUIRE(see("up"));
    BOOST_TEST(dialer->send(peer::encode(peer::verify{1})));
    BOOST_TEST_REQUIRE(see("heard 1"));
    for (int i = 0; i < 100; ++i)
    {
        stranger();
        context.poll();
    }
    stranger(framed(peer::encode(made_hello("n3"))) + framed(peer::encode(peer::verify{3})));
    BOOST_TEST(see("heard 3"));
    for (int i = 0; i < 100; ++i)
    {
        stranger(framed(peer::encode(made_hello("x" + std::to_string(i)))));
        context.poll();
    }
    BOOST_TEST(dialer->send(peer::encode(peer::verify{2})));
    BOOST_TEST(see("heard 2"));
    BOOST_TEST(std::count(log.begin(), log.end(), "down") == 0);
}

// Each in another run of a name that is known, as a process that is started anew.
BOOST_AUTO_TEST_CASE(of_too_many_links_that_belong_here_the_most_silent_one_is_closed)
{
    for (int i = 0; i < 40; ++i)
    {
        auto const number = std::to_string(i);
        stranger(
            framed(peer::encode(made_hello("n" + number))) +
            framed(peer::encode(peer::verify{static_cast<std::uint64_t>(i)}))
        );
        BOOST_TEST_REQUIRE(see("heard " + number));
    }
    BOOST_TEST(see("gone", 20));
    auto& last = strangers.back();
    asio::write(last, asio::buffer(framed(peer::encode(peer::verify{99}))));
    BOOST_TEST(see("heard 99"));
}

BOOST_AUTO_TEST_CASE(who_asks_who_is_here_is_told_and_makes_no_link)
{
    auto asks = made_hello();
    asks.what_for = peer::purpose::identify;
    asks.from = {};

    auto const answer = answer_to(asks, listener.address());

    BOOST_TEST_REQUIRE(answer.has_value());
    auto const& welcome = std::get<peer::welcome>(*answer);
    BOOST_TEST((welcome.cluster == made_id<cluster_id>(1)));
    BOOST_TEST((welcome.from == made_member("n2")));
    BOOST_TEST(log.empty());
}

BOOST_AUTO_TEST_CASE(one_greeting_tells_a_refusal_from_nobody_there)
{
    auto other = made_hello();
    other.cluster = made_id<cluster_id>(2);
    auto const refused = answer_to(other, listener.address());
    BOOST_TEST_REQUIRE(refused.has_value());
    BOOST_TEST(std::get<peer::refused>(*refused).reason == "another cluster");

    tcp::acceptor free(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    auto const nobody = free.local_endpoint();
    free.close();
    BOOST_TEST((answer_to(made_hello(), nobody).error() == asio::error::connection_refused));
}

BOOST_AUTO_TEST_SUITE_END()
