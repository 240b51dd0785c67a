// What administrators ask for while the chain is being changed: it waits for that, and not for other
// administrators.

#include "unit/configd/puppets.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>

using namespace chaind;
using namespace chaind::configd::testing;

namespace
{

using unix_socket = asio::local::stream_protocol;

// n1 has died and n2 holds back its promise: a chain of n2 and n3 is PENDING until a test lets it go on.
struct interrupted_town : small_town
{
    interrupted_town()
    {
        auto& n3 = make("n3");
        n3.connect();
        BOOST_TEST_REQUIRE(wait([&] { return state_of("n3") == "not admitted"; }));
        BOOST_TEST_REQUIRE(post("/v1/nodes/n3/add", R"({"address":")" + n3.address() + "\"}").status == 200u);
        BOOST_TEST_REQUIRE(chain_is("n1 n2 n3"));
        interrupt();
    }
    void interrupt()
    {
        puppets["n2"]->promises = false;
        puppets["n1"]->stop();
        BOOST_TEST_REQUIRE(wait([&] { return is_changing() && members() == 2; }));
    }
    void go_on() { puppets["n2"]->promises = true; }

    bool is_changing()
    {
        auto const now = status();
        auto const& rows = now.at("chain").as_array();
        return std::any_of(
            rows.begin(), rows.end(), [](auto const& row) { return row.at("state") == "reconfiguring"; }
        );
    }
    std::size_t members() { return status().at("chain").as_array().size(); }
    std::string epoch_now() { return std::to_string(status().at("epoch").to_number<int>()); }
    std::ptrdiff_t events(char const* what)
    {
        auto const told = ask("GET", "/v1/events").body;
        auto const& rows = told.at("events").as_array();
        return std::count_if(
            rows.begin(), rows.end(), [&](auto const& row) { return row.at("what") == what; }
        );
    }
    // By a connection that the test may close.
    unix_socket::socket sent(std::string const& target)
    {
        unix_socket::socket out(loop);
        out.connect(unix_socket::endpoint(folder.path() + "/configd.sock"));
        auto const text = "POST " + target + " HTTP/1.1\r\nHost: configd\r\nContent-Length: 0\r\n\r\n";
        asio::write(out, asio::buffer(text));
        return out;
    }
    // Sends it, and sees that it has come and is not answered.
    void send(std::string target, std::string body, std::optional<told_by_http>& answer)
    {
        auto const before = events("asked");
        tasks.spawn(
            http_question(folder.path() + "/configd.sock", "POST", std::move(target), std::move(body), answer)
        );
        BOOST_TEST_REQUIRE(wait([&] { return events("asked") > before; }));
        static_cast<void>(status());
        BOOST_TEST(!answer);
    }
    void expect_answer(std::optional<told_by_http> const& answer, unsigned status_code)
    {
        BOOST_TEST_REQUIRE(wait([&] { return answer.has_value(); }));
        BOOST_TEST(answer->status == status_code, json::serialize(answer->body));
    }

    std::optional<told_by_http> first, second;
};

std::string if_epoch(std::string const& number)
{
    return R"({"if_epoch":)" + number + '}';
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(turn_of_a_change, interrupted_town)

BOOST_AUTO_TEST_CASE(a_change_waits_until_the_reconfiguration_is_over_and_is_done)
{
    send("/v1/nodes/n3/remove", if_epoch(epoch_now()), first);
    BOOST_TEST(is_changing());
    go_on();
    expect_answer(first, 200);
    BOOST_TEST(chain_is("n2"));
    BOOST_TEST(state_of("n3") == "removed");
}

BOOST_AUTO_TEST_CASE(a_change_that_waited_is_judged_by_the_chain_that_it_finds)
{
    send("/v1/nodes/n2/remove", "", first);
    puppets["n3"]->stop();
    BOOST_TEST(wait([&] { return members() == 1; }));
    BOOST_TEST(!first);
    go_on();
    expect_answer(first, 409);
    BOOST_TEST(
        problem(*first) ==
        "n2 is the last replica that is there with sound data: it stays until another one serves"
    );
}

BOOST_AUTO_TEST_CASE(who_has_gone_meanwhile_changes_nothing)
{
    auto const before = events("asked");
    auto leaver = sent("/v1/nodes/n3/remove");
    BOOST_TEST_REQUIRE(wait([&] { return events("asked") > before; }));
    leaver.close();
    go_on();
    BOOST_TEST(wait([&] { return events("declined") == 1; }));
    // So does who had gone before it was read: this process, or its machine, stood still.
    sent("/v1/nodes/n3/drain").close();
    BOOST_TEST(wait([&] { return events("declined") == 2; }));
    BOOST_TEST(chain_is("n2 n3"));

    // Whoever will only send no more waits.
    auto waits = sent("/v1/nodes/n3/remove");
    waits.shutdown(unix_socket::socket::shutdown_send);
    BOOST_TEST(chain_is("n2"));
    BOOST_TEST(events("declined") == 2);
}

BOOST_AUTO_TEST_CASE(its_epoch_must_hold_all_the_time)
{
    auto const epoch = epoch_now();
    send("/v1/nodes/n3/drain", R"({"request_id":"a","if_epoch":)" + epoch + '}', first);
    puppets["n3"]->stop();
    // At once: the chain of n2 alone stays PENDING.
    expect_answer(first, 409);
    BOOST_TEST(is_changing());
    BOOST_TEST(problem(*first).starts_with("the chain has changed"));
    BOOST_TEST(first->body.at("epoch").to_number<int>() > std::stoi(epoch));

    // It is not remembered as under way.
    go_on();
    BOOST_TEST(post("/v1/nodes/n3/drain", R"({"request_id":"a"})").status == 200u);
}

BOOST_AUTO_TEST_CASE(of_two_that_wait_the_first_is_done_and_the_second_gets_the_epoch)
{
    auto const epoch = epoch_now();
    send("/v1/nodes/n3/remove", if_epoch(epoch), first);
    send("/v1/nodes/n2/remove", if_epoch(epoch), second);
    go_on();
    expect_answer(first, 200);
    expect_answer(second, 409);
    BOOST_TEST(problem(*second).starts_with("another change is under way"));
    BOOST_TEST(second->body.at("epoch").to_number<int>() >= std::stoi(epoch));
    BOOST_TEST(chain_is("n2"));
}

BOOST_AUTO_TEST_CASE(a_reconfiguration_that_does_not_end_is_waited_for_only_so_long)
{
    go_on();
    BOOST_TEST(chain_is("n2 n3"));
    stop_config();
    patience = 200ms;
    start_config();
    BOOST_TEST(chain_is("n2 n3"));
    puppets["n2"]->promises = false;
    puppets["n3"]->stop();
    BOOST_TEST(wait([&] { return is_changing(); }));

    auto const begun = std::chrono::steady_clock::now();
    auto const refused = post("/v1/want", R"({"replicas":5})");
    BOOST_TEST((std::chrono::steady_clock::now() - begun >= patience));
    BOOST_TEST(refused.status == 409u);
    BOOST_TEST(problem(refused) == "another change is under way; ask again in a moment");
    BOOST_TEST(is_changing());
    go_on();
    BOOST_TEST(chain_is("n2"));
    BOOST_TEST(post("/v1/want", R"({"replicas":5})").status == 200u);
}

BOOST_AUTO_TEST_CASE(with_nobody_to_make_it_a_change_is_refused_by_that)
{
    stop_config();
    for (auto const* who : {"n2", "n3"})
        puppets[who]->stop();
    patience = 200ms;
    start_config();
    auto const refused = post("/v1/want", R"({"replicas":5})");
    BOOST_TEST(refused.status == 409u);
    BOOST_TEST(
        problem(refused) == "no machine of the chain is heard: start n2 or n3 first; see `chainctl status`"
    );
}

BOOST_AUTO_TEST_CASE(a_service_that_stops_does_not_wait)
{
    send("/v1/nodes/n3/remove", "", first);
    auto const begun = std::chrono::steady_clock::now();
    stop_config();
    BOOST_TEST((std::chrono::steady_clock::now() - begun < patience));
    start_config();
    go_on();
    BOOST_TEST(chain_is("n2 n3"));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_CASE(what_another_administrator_has_begun_is_not_waited_for, small_town)
{
    puppets["n1"]->clients = 3;
    std::optional<told_by_http> draining;
    tasks.spawn(http_question(folder.path() + "/configd.sock", "POST", "/v1/nodes/n1/drain", "", draining));
    BOOST_TEST(wait([&] { return puppets["n1"]->told->drain; }));
    auto const second = post("/v1/want", R"({"replicas":5})");
    BOOST_TEST(second.status == 409u);
    BOOST_TEST(problem(second) == "another change is under way; ask again in a moment");
    BOOST_TEST(!draining);

    // Nor while the chain is being changed for it.
    puppets["n2"]->promises = false;
    puppets["n1"]->clients = 0;
    BOOST_TEST(wait([&] { return status().at("chain").as_array().size() == 1; }));
    BOOST_TEST(post("/v1/want", R"({"replicas":5})").status == 409u);
    BOOST_TEST(!draining);
    puppets["n2"]->promises = true;
    BOOST_TEST(wait([&] { return draining.has_value(); }));
    BOOST_TEST(draining->status == 200u);
    BOOST_TEST(post("/v1/want", R"({"replicas":5})").status == 200u);
}
