#pragma once
// A config service as in its daemon, for a chain of n1, n2 and n3, on the loop that the test runs.

#include "configd/service.hpp"
#include "configd/sqlite_registry.hpp"
#include "node/replica_thread.hpp"
#include "runtime/random_id.hpp"
#include "support/run_until.hpp"
#include "support/temp_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <memory>
#include <stdexcept>
#include <string>

namespace chaind::node::testing
{

namespace asio = boost::asio;

inline void die(int code, std::string const& why)
{
    throw std::runtime_error(why + " (exit " + std::to_string(code) + ')');
}

inline asio::ip::tcp::endpoint any_port()
{
    return {asio::ip::address_v4::loopback(), 0};
}

template <class Part>
asio::awaitable<void> stop_part(Part& what, bool& stopped)
{
    co_await what.stop();
    stopped = true;
}

// What the replica's driver says, asked on its own thread.
template <class Question>
auto asked(replica_thread& of, Question const& question)
{
    std::promise<decltype(question(std::declval<replica_driver&>()))> told;
    of.perform([&](replica_driver& driver) { told.set_value(question(driver)); });
    return told.get_future().get();
}

constexpr std::chrono::microseconds silence = 2s;  // a busy machine is no failure here

struct config_host
{
    test::temp_folder folder;
    std::chrono::seconds limit;  // of each wait
    asio::io_context loop{1};
    runtime::task_group tasks{loop.get_executor(), "test"};
    cluster_id cluster;
    std::unique_ptr<configd::service> config;

    explicit config_host(std::chrono::seconds patience) : limit(patience)
    {
        runtime::start_random();
        cluster = runtime::random_id<cluster_id>();
        std::string why;
        auto store =
            configd::sqlite_registry::open(folder.path() + "/registry.db", {cluster, "lineage"}, why);
        BOOST_TEST_REQUIRE(store.has_value(), why);
        configd::service_settings how;
        how.core.bootstrap = {node_id{"n1"}, node_id{"n2"}, node_id{"n3"}};
        how.core.silence = silence;
        how.data_dir = folder.path();
        how.listen = any_port();
        config =
            std::make_unique<configd::service>(loop, how, std::move(*store), configd::stored_chain{}, die);
        config->start();
    }
    ~config_host() { end(*config); }

    template <class Condition>
    bool wait(Condition const& holds)
    {
        return test::run_until(loop, limit, holds);
    }

    template <class Part>
    void end(Part& what)
    {
        bool stopped = false;
        tasks.spawn(stop_part(what, stopped));
        BOOST_TEST_REQUIRE(wait([&] { return stopped; }));
    }
};

}  // namespace chaind::node::testing
