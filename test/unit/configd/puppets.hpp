#pragma once
// A config service with make-believe replicas on real sockets: they promise whatever is newer, hold nothing,
// and answer who asks for them. And an administrator's client on the Unix socket.

#include "configd/service.hpp"
#include "configd/sqlite_registry.hpp"
#include "net/dialer.hpp"
#include "net/peer_listener.hpp"
#include "runtime/address.hpp"
#include "runtime/random_id.hpp"
#include "runtime/within.hpp"
#include "support/members.hpp"
#include "support/run_until.hpp"
#include "support/temp_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace chaind::configd::testing
{

namespace asio = boost::asio;
namespace json = boost::json;

inline asio::ip::tcp::endpoint any_port()
{
    return {asio::ip::address_v4::loopback(), 0};
}

// One replica's outside.
class puppet
{
public:
    puppet(runtime::task_group& tasks, member who, asio::ip::tcp::endpoint configd, cluster_id cluster)
        : self(std::move(who)),
          of(cluster),
          tasks_(tasks),
          listener_(tasks, any_port(), 1u << 20, listening()),
          dialer_(std::make_shared<net::dialer>(tasks, "configd", configd, 1u << 20, dialling()))
    {
        listener_.start();
    }

    void connect()
    {
        dialer_->start();
        tasks_.spawn(beat());
    }
    void stop()
    {
        stopped_ = true;
        dialer_->stop();
        listener_.stop();
    }
    [[nodiscard]] std::string address() const { return runtime::to_string(listener_.address()); }

    member self;
    cluster_id of;
    std::string token;
    bool says_hello_without_cluster = false;
    int clients = 0;
    bool promises = true;
    bool lies = false;  // of a commit that its own log does not reach
    [[nodiscard]] std::string const& refusal() const { return dialer_->refusal(); }
    int links = 0;  // made so far
    std::function<void()> on_welcome = [] {};
    epoch promised;
    std::optional<directive> told;
    // Of all that it was asked to compare, what it keeps; 0: it says nothing.
    std::uint8_t sum = 0xaa;
    std::vector<std::uint64_t> checkpoints;  // asked for here, as the head
    std::function<std::uint64_t()> checkpoint = [] { return std::uint64_t{0}; };  // that it has met last
    std::vector<std::uint64_t> proofs;                                            // asked for; 0: no more
    rows_reading scrub;
    std::optional<set_aside_store> set_aside;
    int beats = 0;

private:
    net::accept_events listening()
    {
        return {
            .objection = [](wire::peer::hello const& from, std::string const&)
            { return from.what_for == wire::peer::purpose::identify ? "" : "only to identify"; },
            .answer =
                [this](wire::peer::hello const&)
            {
                wire::peer::welcome out;
                out.cluster = of;
                out.from = self;
                return out;
            },
            .up = [](auto const&, auto const&) {},
            .received = [](auto const&, auto const&) { return false; },
            .down = [](auto const&) {},
        };
    }
    net::dial_events dialling()
    {
        return {
            .greeting =
                [this]
            {
                wire::peer::hello out;
                out.protocol_min = out.protocol_max = 1;
                if (!says_hello_without_cluster) out.cluster = of;
                out.from = self;
                out.what_for = wire::peer::purpose::control;
                out.token = token;
                return out;
            },
            .objection = [](wire::peer::welcome const&) { return std::string(); },
            .up =
                [this](wire::peer::welcome const&)
            {
                ++links;
                on_welcome();
            },
            .received =
                [this](wire::peer::frame what)
            {
                if (auto const* order = std::get_if<wire::peer::instruction>(&what)) told = order->what;
                if (auto const* at = std::get_if<wire::peer::verify>(&what)) checkpoints.push_back(at->id);
                if (auto const* at = std::get_if<wire::peer::prove>(&what)) proofs.push_back(at->id);
            },
            .down = [] {},
        };
    }
    asio::awaitable<void> beat()
    {
        asio::steady_timer pause(tasks_.executor());
        while (!stopped_)
        {
            heartbeat hb;
            hb.from = self;
            hb.sent = instant(
                std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now().time_since_epoch())
            );
            if (told && promises) promised = told->config.at;
            hb.promised = promised;
            if (lies) hb.commit = seq(std::uint64_t{1} << 40);
            if (told && told->learning && told->learning->source == self)
            {
                hb.feeding.emplace();
                hb.feeding->learner = told->learning->learner;
            }
            node_facts facts;
            facts.replica_addr = address();
            facts.pid = 1;
            facts.front.clients = static_cast<std::uint64_t>(clients);
            facts.front.drained = told && told->drain && clients == 0;
            facts.scrub = scrub;
            if (auto const id = checkpoint(); id != 0 && sum != 0)
                facts.sum = {
                    .checkpoint = std::to_string(id), .at = seq(9), .sum = test::made_id<digest>(sum)
                };
            facts.set_aside = set_aside;
            hb.facts = std::move(facts);
            ++beats;
            dialer_->send(wire::peer::encode(std::move(hb)));
            pause.expires_after(10ms);
            co_await runtime::wait_on(pause);
        }
    }

    runtime::task_group& tasks_;
    net::peer_listener listener_;
    std::shared_ptr<net::dialer> dialer_;
    bool stopped_ = false;
};

struct told_by_http
{
    unsigned status = 0;
    json::object body;
};

inline asio::awaitable<void> http_question(
    std::string path,
    std::string method,
    std::string target,
    std::string body,
    std::optional<told_by_http>& out
)
{
    namespace http = boost::beast::http;
    asio::local::stream_protocol::socket socket(co_await asio::this_coro::executor);
    co_await socket.async_connect(asio::local::stream_protocol::endpoint(path), asio::use_awaitable);
    http::request<http::string_body> question;
    question.method_string(method);
    question.target(target);
    question.version(11);
    question.body() = body;
    question.prepare_payload();
    co_await http::async_write(socket, question, asio::use_awaitable);
    boost::beast::flat_buffer buffer;
    http::response<http::string_body> answer;
    co_await http::async_read(socket, buffer, answer, asio::use_awaitable);
    told_by_http got;
    got.status = answer.result_int();
    got.body = json::parse(answer.body()).as_object();
    out = std::move(got);
}

inline asio::awaitable<void> stop_service(service& on, std::optional<bool>& stopped)
{
    co_await on.stop();
    stopped = true;
}

struct small_town
{
    test::temp_folder folder;
    asio::io_context loop{1};
    runtime::task_group tasks{loop.get_executor(), "test"};
    cluster_id cluster = test::made_id<cluster_id>(7);
    std::unique_ptr<service> config;
    std::map<std::string, std::unique_ptr<puppet>> puppets;
    std::uint8_t stores = 0;
    std::chrono::milliseconds patience = 20s;

    small_town()
    {
        runtime::start_random();
        start_config();
        for (auto const* name : {"n1", "n2"})
            make(name).connect();
        BOOST_TEST_REQUIRE(chain_is("n1 n2"));
    }
    ~small_town()
    {
        for (auto const& [name, one] : puppets)
            one->stop();
        stop_config();
        tasks.cancel();
        wait([&] { return tasks.size() == 0; });
    }

    void start_config()
    {
        std::string why;
        auto store = sqlite_registry::open(folder.path() + "/registry.db", {cluster, "lineage"}, why);
        BOOST_TEST_REQUIRE(store.has_value(), why);
        stored_chain from{
            (*store)->load().value(), (*store)->newest_events(2000).value(), (*store)->tokens().value()
        };
        service_settings how;
        how.core.bootstrap = {node_id{"n1"}, node_id{"n2"}};
        // A busy machine is no failure here: all puppets beat on the service's own loop, whose pauses it
        // forgives.
        how.core.silence = 500ms;
        how.core.splice_stall = 3s;
        how.core.deaf_wait = 60s;  // nor is who holds back its promise left out for it
        how.change_patience = patience;
        how.data_dir = folder.path();
        how.listen = port ? *port : any_port();
        auto const die = [](int, std::string const& what) { throw std::runtime_error(what); };
        config = std::make_unique<service>(loop, how, std::move(*store), std::move(from), die);
        config->start();
        port = config->address();
    }
    void stop_config()
    {
        std::optional<bool> stopped;
        tasks.spawn(stop_service(*config, stopped));
        wait([&] { return stopped.has_value(); });
        config.reset();
    }

    // With a disk of its own, or with that one; a second machine of one name is kept beside the first.
    puppet& make(std::string const& name, std::optional<store_id> store = std::nullopt)
    {
        auto key = name;
        while (store && puppets.contains(key))
            key += " again";
        auto& out = puppets[key];
        auto const number = ++stores;
        auto who = test::made_member(name, number, number);
        who.store = store.value_or(who.store);
        out = std::make_unique<puppet>(tasks, who, config->address(), cluster);
        return *out;
    }

    template <class Condition>
    bool wait(Condition const& holds)
    {
        return test::run_until(loop, 90s, holds);
    }
    told_by_http ask(std::string method, std::string target, std::string body = {})
    {
        std::optional<told_by_http> out;
        tasks.spawn(http_question(
            folder.path() + "/configd.sock", std::move(method), std::move(target), std::move(body), out
        ));
        BOOST_TEST_REQUIRE(wait([&] { return out.has_value(); }));
        return *out;
    }
    told_by_http post(std::string target, std::string body = {})
    {
        return ask("POST", std::move(target), std::move(body));
    }
    json::object status() { return ask("GET", "/v1/status").body; }
    bool chain_is(std::string const& names)
    {
        auto const until = std::chrono::steady_clock::now() + 90s;
        std::string now;
        while (now != names && std::chrono::steady_clock::now() < until)
        {
            loop.run_one_for(20ms);
            now.clear();
            auto const s = status();
            for (auto const& row : s.at("chain").as_array())
                if (row.at("state").as_string() == "normal")
                    now += (now.empty() ? "" : " ") + std::string(row.at("name").as_string());
        }
        return now == names;
    }
    std::string state_of(std::string const& name)
    {
        auto const all = ask("GET", "/v1/nodes").body;
        for (auto const& row : all.at("nodes").as_array())
            if (row.at("name").as_string() == name) return std::string(row.at("state").as_string());
        return "not listed";
    }
    std::optional<asio::ip::tcp::endpoint> port;
};

inline std::string problem(told_by_http const& from)
{
    return std::string(from.body.at("err").at("msg").as_string());
}

}  // namespace chaind::configd::testing
