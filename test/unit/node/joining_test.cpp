// The first contact of a new disk with the config service, and the file that holds its token.

#include "chaind/first_contact.hpp"
#include "chaind/join_token.hpp"
#include "net/peer_listener.hpp"
#include "runtime/options.hpp"
#include "support/members.hpp"
#include "support/run_until.hpp"
#include "support/temp_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <optional>

using namespace chaind;
using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace peer = chaind::wire::peer;
using test::made_id;
using test::made_member;
using tcp = asio::ip::tcp;

namespace
{

asio::awaitable<void> meet(
    tcp::endpoint to,
    peer::hello what,
    std::chrono::seconds patience,
    std::optional<program::first_contact>& outcome
)
{
    outcome = co_await program::meet_config_service(to, std::move(what), patience);
}

// A config service of cluster 1 that lets in whoever shows the right token.
struct doorkeeper
{
    asio::io_context loop{1};
    runtime::task_group tasks{loop.get_executor(), "test"};
    net::peer_listener listener{
        tasks, tcp::endpoint(asio::ip::address_v4::loopback(), 0), 1u << 20, handlers()
    };

    doorkeeper() { listener.start(); }
    ~doorkeeper()
    {
        listener.stop();
        tasks.cancel();
        loop.restart();
        loop.run();
    }

    static net::accept_events handlers()
    {
        using link_ptr = std::shared_ptr<net::frame_link>;
        return {
            .objection = [](peer::hello const& from, std::string const&) -> std::string
            { return from.token == "cj1.right" ? "" : "this join token is not known"; },
            .answer = [](peer::hello const&) { return peer::welcome{1, made_id<cluster_id>(1), {}}; },
            .up = [](link_ptr const&, peer::hello const&) {},
            .received = [](link_ptr const&, peer::frame const&) { return true; },
            .down = [](link_ptr const&) {},
        };
    }

    program::first_contact contact(tcp::endpoint to, std::string token, std::chrono::seconds patience = 20s)
    {
        std::optional<program::first_contact> outcome;
        tasks.spawn(meet(to, program::greeting_of(made_member("n4"), {}, std::move(token)), patience, outcome)
        );
        BOOST_TEST_REQUIRE(test::run_until(loop, 30s, [&] { return outcome.has_value(); }));
        return *outcome;
    }
};

struct token_file
{
    test::temp_folder folder;
    std::string path = folder.path() + "/token";

    void write(std::string const& text, std::filesystem::perms mode) const
    {
        std::ofstream(path) << text;
        std::filesystem::permissions(path, mode);
    }
    std::string complaint() const
    {
        try
        {
            return "none, but it reads " + program::read_join_token(path);
        }
        catch (runtime::config_error const& wrong)
        {
            return wrong.what();
        }
    }
};

using std::filesystem::perms;
constexpr auto ours_alone = perms::owner_read | perms::owner_write;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(first_contact, doorkeeper)

BOOST_AUTO_TEST_CASE(who_is_let_in_learns_the_cluster)
{
    auto const met = contact(listener.address(), "cj1.right");

    BOOST_TEST_REQUIRE(met.cluster.has_value());
    BOOST_TEST((*met.cluster == made_id<cluster_id>(1)));
    BOOST_TEST(!met.refused);
}

BOOST_AUTO_TEST_CASE(a_refusal_ends_it_with_its_reason)
{
    auto const met = contact(listener.address(), "cj1.wrong");

    BOOST_TEST(met.refused);
    BOOST_TEST(!met.cluster.has_value());
    BOOST_TEST(met.why == "this join token is not known");
}

BOOST_AUTO_TEST_CASE(a_join_that_nobody_answers_ends_when_patience_does)
{
    auto const nobody = listener.address();
    listener.stop();

    auto const met = contact(nobody, {}, 0s);

    BOOST_TEST(!met.refused);
    BOOST_TEST(!met.cluster.has_value());
    BOOST_TEST(!met.why.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(join_token, token_file)

BOOST_AUTO_TEST_CASE(a_token_is_what_its_file_holds_without_the_line_s_end)
{
    write("cj1.abc\n", ours_alone);
    BOOST_TEST(program::read_join_token(path) == "cj1.abc");

    program::remove_join_token(path);
    BOOST_TEST(!std::filesystem::exists(path));
    program::remove_join_token(path);
}

BOOST_AUTO_TEST_CASE(a_file_that_others_may_read_is_refused)
{
    for (auto const mode : {perms::group_read, perms::others_read, perms::group_write})
    {
        write("cj1.secret\n", ours_alone | mode);
        BOOST_TEST(complaint().find("mode must be 0600") != std::string::npos);
        BOOST_TEST(complaint().find("secret") == std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_token_is_refused_and_not_repeated)
{
    for (auto const& text :
         {std::string(), std::string("\n\n"), std::string("two words"), std::string(513, 'x')})
    {
        write(text, ours_alone);
        BOOST_TEST(complaint().ends_with("holds no join token"));
    }
    path += ".missing";
    BOOST_TEST(complaint().find("cannot be read") != std::string::npos);
    path = folder.path();
    BOOST_TEST(complaint().find("not a file") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
