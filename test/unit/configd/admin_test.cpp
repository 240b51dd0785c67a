// The admin API over its socket: each change, what it refuses, and what repeats do.

#include "unit/configd/puppets.hpp"

#include <boost/asio/write.hpp>

#include <unistd.h>

using namespace chaind;
using namespace chaind::configd::testing;

namespace
{
std::string adding(puppet const& who)
{
    return R"({"address":")" + who.address() + "\"}";
}

// A server of something else: it answers like one of HTTP, or never.
struct other_server
{
    explicit other_server(asio::io_context& on) : acceptor(on, any_port()) {}
    asio::ip::tcp::acceptor acceptor;

    [[nodiscard]] std::string address() const { return runtime::to_string(acceptor.local_endpoint()); }
    static asio::awaitable<void> answer(std::shared_ptr<other_server> self)
    {
        auto socket = co_await self->acceptor.async_accept(asio::use_awaitable);
        std::string const words = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
        co_await asio::async_write(socket, asio::buffer(words), asio::use_awaitable);
    }
};

struct admin_town : small_town
{
    std::shared_ptr<other_server> something_else(bool speaks)
    {
        auto out = std::make_shared<other_server>(loop);
        if (speaks) tasks.spawn(other_server::answer(out));
        return out;
    }
};
}  // namespace

BOOST_FIXTURE_TEST_SUITE(admin_api, admin_town)

BOOST_AUTO_TEST_CASE(a_node_is_added_when_it_is_there_under_that_name_and_of_this_cluster)
{
    auto& n3 = make("n3");
    n3.connect();
    BOOST_TEST(wait([&] { return state_of("n3") == "not admitted"; }));
    BOOST_TEST(status().at("not_admitted").at(0).as_string() == "n3");

    auto const nobody = post("/v1/nodes/n3/add", R"({"address":"127.0.0.1:1"})");
    BOOST_TEST(nobody.status == 409u);
    BOOST_TEST(problem(nobody) == "nothing listens at 127.0.0.1:1: start chaind there");
    auto const remote = post("/v1/nodes/n3/add", R"({"address":"10.1.2.3:80"})");
    BOOST_TEST(remote.status == 400u);
    BOOST_TEST(problem(remote).find("10.1.2.3:80 is not a loopback address") != std::string::npos);
    for (bool const speaks : {false, true})
    {
        auto const one = something_else(speaks);
        auto const other_server = post("/v1/nodes/n3/add", R"({"address":")" + one->address() + "\"}");
        BOOST_TEST(other_server.status == 409u);
        BOOST_TEST(problem(other_server).find(speaks ? "is no chaind" : "says nothing") != std::string::npos);
    }
    auto const wrong = post("/v1/nodes/n4/add", adding(n3));
    BOOST_TEST(wrong.status == 409u);
    BOOST_TEST(problem(wrong) == "at " + n3.address() + " is n3, not n4");
    auto& foreign = make("n5");
    foreign.of = test::made_id<cluster_id>(8);
    auto const other = post("/v1/nodes/n5/add", adding(foreign));
    BOOST_TEST(other.status == 409u);
    BOOST_TEST(problem(other).ends_with("belongs to another cluster"));
    BOOST_TEST(post("/v1/nodes/n4/add", R"({"address":"here"})").status == 400u);
    BOOST_TEST(post("/v1/nodes/n4/add").status == 400u);
    BOOST_TEST(post("/v1/want", R"({"replicas":3,"replicas":2})").status == 400u);
    BOOST_TEST(post("/v1/nodes/N4/add", adding(n3)).status == 400u);

    auto const added = post("/v1/nodes/n3/add", adding(n3));
    BOOST_TEST(added.status == 200u);
    BOOST_TEST(added.body.at("want").to_number<int>() == 3);
    BOOST_TEST(added.body.at("node").as_string() == "n3");
    BOOST_TEST(chain_is("n1 n2 n3"));
    BOOST_TEST(post("/v1/nodes/n3/add", adding(n3)).body.at("already").as_bool());
    auto const elsewhere = post("/v1/nodes/n3/add", R"({"address":"127.0.0.1:1"})");
    BOOST_TEST(elsewhere.status == 409u);
    BOOST_TEST(problem(elsewhere) == "n3 is already there, at " + n3.address());
}

BOOST_AUTO_TEST_CASE(drain_undrain_move_and_remove)
{
    BOOST_TEST(post("/v1/nodes/n1/drain").status == 200u);  // nobody is connected to it: at once
    BOOST_TEST(chain_is("n2"));
    BOOST_TEST(state_of("n1") == "drained");
    BOOST_TEST(status().at("drained").at(0).as_string() == "n1");
    BOOST_TEST(status().at("failed").as_array().empty());
    auto const last = post("/v1/nodes/n2/drain");
    BOOST_TEST(last.status == 409u);
    BOOST_TEST(
        problem(last) ==
        "n2 is the last replica that is there with sound data: it stays until another one serves"
    );
    BOOST_TEST(wait([&] { return puppets["n1"]->told->drain; }));
    BOOST_TEST(post("/v1/nodes/n1/undrain").status == 200u);
    BOOST_TEST(chain_is("n2 n1"));

    BOOST_TEST(post("/v1/nodes/n2/move", R"({"to":"middle"})").status == 400u);
    BOOST_TEST(post("/v1/nodes/n2/move", R"({"to":"head"})").body.at("already").as_bool());
    BOOST_TEST(post("/v1/nodes/n2/move", R"({"to":"tail"})").status == 200u);
    BOOST_TEST(chain_is("n1 n2"));

    BOOST_TEST(post("/v1/nodes/n7/remove").status == 404u);
    BOOST_TEST(post("/v1/nodes/n1/remove").status == 200u);
    BOOST_TEST(chain_is("n2"));
    BOOST_TEST(state_of("n1") == "removed");
    BOOST_TEST(status().at("replicas").at("want").to_number<int>() == 1);
}

BOOST_AUTO_TEST_CASE(a_drain_waits_for_the_clients_and_ends_with_the_last)
{
    puppets["n1"]->clients = 3;
    std::optional<told_by_http> answer;
    tasks.spawn(http_question(folder.path() + "/configd.sock", "POST", "/v1/nodes/n1/drain", "", answer));
    BOOST_TEST(wait([&] { return puppets["n1"]->told->drain; }));
    BOOST_TEST(status().at("changing").at("draining").as_string() == "n1");
    BOOST_TEST(!answer);
    puppets["n1"]->clients = 0;
    BOOST_TEST(chain_is("n2"));
    BOOST_TEST(wait([&] { return answer.has_value(); }));
    BOOST_TEST(answer->status == 200u);
}

BOOST_AUTO_TEST_CASE(a_replacement_and_what_is_wanted)
{
    BOOST_TEST(problem(post("/v1/nodes/n1/replace")).starts_with("no spare is there"));
    BOOST_TEST(
        problem(post("/v1/nodes/n1/replace", R"({"with":"n3"})")) ==
        "n3 has not connected to this config service"
    );
    make("n3").connect();
    BOOST_TEST(wait([&] { return state_of("n3") == "not admitted"; }));
    auto const done = post("/v1/nodes/n1/replace", R"({"with":"n3"})");
    BOOST_TEST(done.status == 200u);
    BOOST_TEST(done.body.at("with").as_string() == "n3");
    BOOST_TEST(chain_is("n2 n3"));

    BOOST_TEST(post("/v1/want", R"({"replicas":0})").status == 400u);
    BOOST_TEST(post("/v1/want", R"({"replicas":"two"})").status == 400u);
    BOOST_TEST(post("/v1/want", R"({"replicas":5})").body.at("want").to_number<int>() == 5);
    BOOST_TEST(status().at("replicas").at("want").to_number<int>() == 5);

    auto const forced = post("/v1/force-epoch", R"({"node":"n2"})");
    BOOST_TEST(forced.status == 409u);
    BOOST_TEST(problem(forced).starts_with("the chain goes on by itself"));
}

BOOST_AUTO_TEST_CASE(of_two_administrators_the_later_one_is_told)
{
    auto const epoch = std::to_string(status().at("epoch").to_number<int>());
    auto const body = R"({"if_epoch":)" + epoch + '}';
    BOOST_TEST(post("/v1/nodes/n1/remove", body).status == 200u);
    auto const late = post("/v1/nodes/n2/remove", body);
    BOOST_TEST(late.status == 409u);
    BOOST_TEST(late.body.at("epoch").to_number<int>() > std::stoi(epoch));
    BOOST_TEST(problem(late).starts_with("the chain has changed"));
    BOOST_TEST(post("/v1/want", R"({"replicas":2,"if_epoch":"x"})").status == 400u);
}

BOOST_AUTO_TEST_CASE(a_repeated_request_gets_the_same_answer)
{
    auto const first = post("/v1/join-tokens", R"({"ttl_s":60,"request_id":"a"})");
    auto const again = post("/v1/join-tokens", R"({"ttl_s":60,"request_id":"a"})");
    BOOST_TEST(first.status == 200u);
    BOOST_TEST(first.body == again.body);
    BOOST_TEST(post("/v1/join-tokens", R"({"ttl_s":61,"request_id":"a"})").status == 409u);
    auto const other = post("/v1/join-tokens", R"({"ttl_s":60,"request_id":"b"})");
    BOOST_TEST(other.body != first.body);
    BOOST_TEST(post("/v1/join-tokens", R"({"request_id":""})").status == 400u);
    BOOST_TEST(post("/v1/join-tokens", "[]").status == 400u);
    BOOST_TEST(post("/v1/join-tokens", R"({"ttl_s":601})").status == 400u);
}

BOOST_AUTO_TEST_CASE(what_was_asked_is_written_down_with_who_asked)
{
    BOOST_TEST(post("/v1/nodes/n1/move", R"({"to":"tail"})").status == 200u);
    bool found = false;
    auto const events = ask("GET", "/v1/events").body;
    for (auto const& row : events.at("events").as_array())
        if (row.at("what").as_string() == "asked")
        {
            found = true;
            BOOST_TEST(row.at("node").as_string() == "n1");
            BOOST_TEST(
                std::string(row.at("why").as_string()) ==
                "uid " + std::to_string(::getuid()) + ": move to=tail"
            );
        }
    BOOST_TEST(found);
}

BOOST_AUTO_TEST_CASE(a_request_that_is_refused_is_marked_in_the_events)
{
    BOOST_TEST(post("/v1/nodes/n7/remove").status == 404u);
    BOOST_TEST(post("/v1/want", R"({"replicas":200})").status == 400u);
    std::string told;
    auto const events = ask("GET", "/v1/events").body;
    for (auto const& row : events.at("events").as_array())
        if (row.at("what").as_string() == "asked" || row.at("what").as_string() == "declined")
            told += std::string(row.at("what").as_string()) + ' ' + std::string(row.at("node").as_string()) +
                    ' ' + std::string(row.at("why").as_string()) + '\n';
    auto const uid = "uid " + std::to_string(::getuid()) + ": ";
    BOOST_TEST(
        told ==
        "asked n7 " + uid + "remove\n" + "declined n7 " + uid +
            "remove: no node n7 is known; `chainctl nodes` lists them, `chainctl join-token create` here and "
            "`chainctl join` there take in a new one\n" +
            "asked  " + uid + "want replicas=200\n" + "declined  " + uid +
            "want replicas=200: replicas: a number from 1 to 99\n"
    );
}

BOOST_AUTO_TEST_CASE(a_dry_run_is_answered_as_the_change_would_be_and_changes_nothing)
{
    auto const events = ask("GET", "/v1/events").body;
    auto const before = status();
    auto const would = [this](std::string const& target, std::string body = {})
    { return post("/v1/dry-run/" + target, std::move(body)); };
    auto& n3 = make("n3");

    BOOST_TEST(would("nodes/n2/remove").body.at("dry_run").as_bool());
    BOOST_TEST(would("nodes/n2/drain").status == 200u);
    BOOST_TEST(would("nodes/n2/undrain").body.at("already").as_bool());
    BOOST_TEST(would("nodes/n1/move", R"({"to":"tail"})").status == 200u);
    BOOST_TEST(would("nodes/n1/move", R"({"to":"middle"})").status == 400u);
    BOOST_TEST(would("nodes/n7/remove").status == 404u);
    BOOST_TEST(would("nodes/n3/add", adding(n3)).status == 200u);
    BOOST_TEST(would("nodes/n3/add", R"({"address":"127.0.0.1:1"})").status == 409u);
    BOOST_TEST(problem(would("nodes/n1/replace")).starts_with("no spare is there"));
    BOOST_TEST(would("want", R"({"replicas":5})").status == 200u);
    BOOST_TEST(would("want", R"({"replicas":0})").status == 400u);
    BOOST_TEST(would("want", R"({"replicas":5,"if_epoch":99})").status == 409u);
    BOOST_TEST(problem(would("force-epoch", R"({"node":"n2"})")).starts_with("the chain goes on by itself"));
    BOOST_TEST(would("join-tokens", R"({"ttl_s":60})").body.contains("token") == false);
    BOOST_TEST(would("join-tokens", R"({"ttl_s":601})").status == 400u);
    BOOST_TEST(would("nodes/n1/abort").status == 200u);
    BOOST_TEST(would("nodes/n9/abort").status == 404u);
    BOOST_TEST(would("nonsense").status == 404u);

    BOOST_TEST(ask("GET", "/v1/events").body == events);
    auto const after = status();
    for (auto const* key : {"epoch", "replicas", "drained", "removed", "changing", "state"})
        BOOST_TEST(after.at(key) == before.at(key), key);
    BOOST_TEST(puppets["n1"]->links == 1);
}

BOOST_AUTO_TEST_CASE(of_a_removed_machine_it_is_said_when_that_was_and_how_it_comes_back)
{
    BOOST_TEST(post("/v1/nodes/n2/remove").status == 200u);
    BOOST_TEST(chain_is("n1"));
    BOOST_TEST(wait([&] { return status().at("removed_running").as_array().size() == 1; }));
    for (auto const* verb : {"undrain", "drain", "move"})
    {
        auto const refused = post("/v1/nodes/n2/" + std::string(verb), R"({"to":"head"})");
        BOOST_TEST(refused.status == 404u);
        BOOST_TEST(problem(refused).starts_with("n2 was removed by an administrator (20"), problem(refused));
        BOOST_TEST(problem(refused).find("chainctl add-node n2 HOST:PORT") != std::string::npos);
    }
    auto const elsewhere = post("/v1/nodes/n2/add", R"({"address":"127.0.0.1:1"})");
    BOOST_TEST(elsewhere.status == 409u);
    BOOST_TEST(
        problem(elsewhere).find("its chaind still runs at " + puppets["n2"]->address()) != std::string::npos
    );
    BOOST_TEST(problem(elsewhere).find("stop that one first") != std::string::npos);
    // A request that was refused is no removal, nor is one before it was taken in again.
    BOOST_TEST(post("/v1/nodes/n2/add", adding(*puppets["n2"])).status == 200u);
    BOOST_TEST(chain_is("n1 n2"));
    BOOST_TEST(status().at("removed_running").as_array().empty());
}

BOOST_AUTO_TEST_CASE(a_database_that_was_set_aside_is_an_event_once)
{
    auto const told = [this]
    {
        std::size_t out = 0;
        auto const events = ask("GET", "/v1/events").body;
        for (auto const& row : events.at("events").as_array())
            if (row.at("what").as_string() == "set_aside" && row.at("node").as_string() == "n2" &&
                row.at("why").as_string().find("no common point; its database is kept in /d/set-aside-1") ==
                    0)
                ++out;
        return out;
    };
    puppets["n2"]->set_aside = {.folder = "/d/set-aside-1", .reason = "no common point"};
    BOOST_TEST(wait([&] { return told() == 1; }));
    BOOST_TEST(status().at("set_aside").at(0).at("name").as_string() == "n2");
    auto const beats = puppets["n2"]->beats;
    BOOST_TEST(wait([&] { return puppets["n2"]->beats > beats + 20; }));
    BOOST_TEST(told() == 1);
    stop_config();  // its memory goes, the events stay
    start_config();
    BOOST_TEST(chain_is("n1 n2"));
    BOOST_TEST(told() == 1);
}

BOOST_AUTO_TEST_CASE(a_registry_older_than_the_replicas_is_the_reason_that_is_given)
{
    puppets["n2"]->promises = false;
    puppets["n2"]->promised = epoch(1000);
    told_by_http refused;
    BOOST_TEST(wait(
        [&]
        {
            refused = post("/v1/want", R"({"replicas":2})");
            return refused.status == 409u;
        }
    ));
    BOOST_TEST(problem(refused).starts_with("the registry is older than the replicas"));
    BOOST_TEST(problem(refused).find("n2 has promised 1000") != std::string::npos);
    BOOST_TEST(problem(refused).find("chainctl force-epoch") != std::string::npos);
    BOOST_TEST(problem(post("/v1/verify")).starts_with("the registry is older than the replicas"));
}

BOOST_AUTO_TEST_CASE(connections_are_bounded)
{
    std::vector<asio::local::stream_protocol::socket> idle;
    asio::local::stream_protocol::endpoint const at(folder.path() + "/configd.sock");
    for (int i = 0; i < 64; ++i)
        idle.emplace_back(loop).connect(at);
    loop.run_for(50ms);
    asio::local::stream_protocol::socket one_more(loop);
    one_more.connect(at);
    std::array<char, 1> byte{};
    std::optional<boost::system::error_code> ended;
    one_more.async_read_some(asio::buffer(byte), [&](auto failed, auto) { ended = failed; });
    BOOST_TEST(wait([&] { return ended.has_value(); }));
    BOOST_TEST((*ended == asio::error::eof || *ended == asio::error::connection_reset));
    idle.clear();
    loop.run_for(50ms);
    BOOST_TEST(ask("GET", "/v1/status").status == 200u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(admission, small_town)

BOOST_AUTO_TEST_CASE(a_token_lets_one_new_node_in)
{
    auto const made = post("/v1/join-tokens").body;
    std::string const token(made.at("token").as_string());
    BOOST_TEST(token.starts_with("cj1."));
    auto& n3 = make("n3");
    n3.token = token;
    n3.says_hello_without_cluster = true;
    n3.connect();
    BOOST_TEST(chain_is("n1 n2 n3"));

    auto& n4 = make("n4");
    n4.token = token;
    n4.says_hello_without_cluster = true;
    n4.connect();
    bool refused = false;
    BOOST_TEST(wait(
        [&]
        {
            auto const events = ask("GET", "/v1/events").body;
            for (auto const& row : events.at("events").as_array())
                refused =
                    refused || (row.at("what").as_string() == "refused" &&
                                row.at("why").as_string() == "this join token has been used already, by n3");
            return refused;
        }
    ));
    BOOST_TEST(state_of("n4") == "not listed");
}

// It ran there without one, or its folder is a copy of another machine's: its disk belongs to the cluster.
BOOST_AUTO_TEST_CASE(a_machine_that_is_not_known_comes_in_by_a_token_whatever_its_disk_says)
{
    auto& n3 = make("n3");
    n3.connect();
    BOOST_TEST(wait([&] { return state_of("n3") == "not admitted"; }));
    n3.stop();
    auto& again = make("n3", n3.self.store);
    again.token = "cj1." + std::string(43, 'A');
    again.connect();
    BOOST_TEST(wait([&] { return again.refusal() == "this join token is of another cluster"; }));
    BOOST_TEST(status().at("join_refusals").at("wrong_tokens").to_number<int>() > 0);
    again.token = std::string(post("/v1/join-tokens").body.at("token").as_string());
    BOOST_TEST(chain_is("n1 n2 n3"));
    again.stop();
    // Who is known needs none, and is not judged by the one that it has.
    auto& later = make("n3", n3.self.store);
    later.token = "nonsense";
    later.connect();
    BOOST_TEST(chain_is("n1 n2 n3"));
}

// It throws its token away then.
BOOST_AUTO_TEST_CASE(who_shows_a_token_is_welcome_when_that_is_kept)
{
    auto& n3 = make("n3");
    n3.token = std::string(post("/v1/join-tokens").body.at("token").as_string());
    n3.says_hello_without_cluster = true;
    std::string used_by = "nobody";
    n3.on_welcome = [&]
    {
        auto const registry =
            sqlite::database::open(folder.path() + "/registry.db", sqlite::database::access::read_only);
        BOOST_TEST_REQUIRE(registry.has_value());
        auto rows = (*registry)->query("SELECT used_by FROM join_token");
        if (rows.step()) used_by = rows.text(0);
    };
    n3.connect();
    BOOST_TEST(wait([&] { return n3.links > 0; }));
    BOOST_TEST(used_by == "n3");
}

BOOST_AUTO_TEST_CASE(a_token_outlives_the_service)
{
    std::string const token(post("/v1/join-tokens").body.at("token").as_string());
    stop_config();
    start_config();
    auto& n3 = make("n3");
    n3.token = token;
    n3.says_hello_without_cluster = true;
    n3.connect();
    BOOST_TEST(chain_is("n1 n2 n3"));
}

BOOST_AUTO_TEST_CASE(a_token_that_let_a_machine_in_never_brings_it_back)
{
    std::string const token(post("/v1/join-tokens").body.at("token").as_string());
    auto& n3 = make("n3");
    n3.token = token;
    n3.says_hello_without_cluster = true;
    n3.connect();
    BOOST_TEST(chain_is("n1 n2 n3"));
    BOOST_TEST(post("/v1/nodes/n3/remove").status == 200u);
    BOOST_TEST(chain_is("n1 n2"));
    n3.stop();

    // The same machine, and another one under its name: neither comes in, and each reason is written down
    // once.
    auto const refusals = [&](std::string const& why)
    {
        int found = 0;
        auto const events = ask("GET", "/v1/events").body;
        for (auto const& row : events.at("events").as_array())
            found += row.at("what").as_string() == "refused" && row.at("why").as_string() == why ? 1 : 0;
        return found;
    };
    auto const show = [&](puppet& who)
    {
        who.token = token;
        who.says_hello_without_cluster = true;
        who.connect();
    };
    show(make("n3", n3.self.store));
    BOOST_TEST(wait([&] { return refusals("n3 was removed: it needs a new join token") == 1; }));
    show(make("n3", test::made_id<store_id>(77)));
    BOOST_TEST(wait([&] { return refusals("this join token has been used already, by n3") == 1; }));
    loop.run_for(300ms);  // puppets try again and again
    BOOST_TEST(refusals("n3 was removed: it needs a new join token") == 1);
    BOOST_TEST(state_of("n3") == "removed");
    BOOST_TEST(chain_is("n1 n2"));
}

BOOST_AUTO_TEST_CASE(wrong_tokens_are_counted_and_not_written_down)
{
    auto const before = ask("GET", "/v1/events").body.at("events").as_array().size();
    auto& n3 = make("n3");
    n3.token = "cj1." + std::string(43, 'A');
    n3.says_hello_without_cluster = true;
    n3.connect();
    BOOST_TEST(wait(
        [&]
        {
            auto const seen = ask("GET", "/v1/status").body.at("join_refusals").as_object();
            return seen.at("wrong_tokens").to_number<int>() > 2 &&
                   seen.at("last_from").as_string() == "127.0.0.1";
        }
    ));
    BOOST_TEST(ask("GET", "/v1/events").body.at("events").as_array().size() == before);
    // A right token from the same address is let in.
    n3.token = std::string(post("/v1/join-tokens").body.at("token").as_string());
    BOOST_TEST(chain_is("n1 n2 n3"));
}

BOOST_AUTO_TEST_CASE(an_address_may_show_ten_wrong_tokens_a_minute)
{
    configd::join_tries tries;
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(tries.wrong("192.0.2.1:" + std::to_string(1000 + i), "no", 5000) == "no");
    BOOST_TEST(
        tries.wrong("192.0.2.1:9", "no", 6000) ==
        "too many wrong join tokens from this address: try again in 59 s"
    );
    BOOST_TEST(tries.wrong("192.0.2.2:9", "no", 6000) == "no");
    BOOST_TEST(tries.wrong("192.0.2.1:9", "no", 65000) == "no");
    BOOST_TEST(tries.shown().at("wrong_tokens").as_uint64() == 13u);
    BOOST_TEST(tries.shown().at("too_many").as_uint64() == 1u);
    // An owner of a /64 has as many as of one address.
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(tries.wrong("[2001:db8::" + std::to_string(i) + "]:1", "no", 70000) == "no");
    BOOST_TEST(tries.wrong("[2001:db8::ffff]:1", "no", 70000).starts_with("too many"));
    BOOST_TEST(tries.wrong("[2001:db8:0:1::1]:1", "no", 70000) == "no");
    // An IPv4 address is one however a socket writes it, and stands for no other.
    for (int i = 0; i < 10; ++i)
        BOOST_TEST(tries.wrong("[::ffff:192.0.2.9]:1", "no", 70000) == "no");
    BOOST_TEST(tries.wrong("192.0.2.9:1", "no", 70000).starts_with("too many"));
    BOOST_TEST(tries.wrong("[::ffff:192.0.2.10]:1", "no", 70000) == "no");
    // Many addresses take no more memory than a thousand.
    for (int i = 0; i < 3000; ++i)
        static_cast<void>(
            tries.wrong("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ":1", "no", 71000)
        );
    BOOST_TEST(tries.wrong("198.51.100.1:1", "no", 71000).starts_with("too many"));
}

BOOST_AUTO_TEST_SUITE_END()
