// Three replicas, each on its own thread as in the daemon, and a config service, on real sockets and disks.

#include "chaind/chaind_settings.hpp"
#include "net/greet_once.hpp"
#include "node/replica_thread.hpp"
#include "runtime/random_id.hpp"
#include "unit/node/config_host.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

using namespace chaind;
using namespace chaind::node::testing;

namespace
{

asio::awaitable<void> submit_probe(gateway::backend& on, std::optional<bool>& applied)
{
    chat::command probe;
    probe.what = chat::probe{};
    auto const outcome = co_await on.submit(std::move(probe));
    applied = std::holds_alternative<chat::applied>(outcome);
}

asio::awaitable<void> read_something(gateway::backend& on, std::optional<error_code>& outcome)
{
    std::function<void(store::chat_reader&)> const query = [](store::chat_reader&) {};
    outcome = co_await on.read(query);
}

asio::awaitable<void> greet(
    asio::ip::tcp::endpoint to, wire::peer::hello what, std::optional<result<net::greeting_answer>>& answer
)
{
    answer = co_await net::greet_once(to, std::move(what), 20s);
}

struct three_drivers : config_host
{
    std::map<std::string, std::unique_ptr<node::replica_thread>> replicas;

    three_drivers() : config_host(30s)
    {
        for (auto const* name : {"n1", "n2", "n3"})
            start(name);
    }
    void start(std::string const& name) { start(name, loop); }
    ~three_drivers()
    {
        for (auto const& [name, one] : replicas)
            stop(*one);
    }

    // Its gateway lives on `on`.
    void start(std::string const& name, asio::io_context& on)
    {
        node::driver_settings how;
        how.cluster = cluster;
        how.listen = any_port();
        how.configd = config->address();
        how.database = folder.path() + '/' + name + ".db";
        how.core.self = {node_id{name}, {}, runtime::random_id<boot_id>()};
        store::store_options opening;
        opening.path = how.database;
        opening.new_store = runtime::random_id<store_id>();
        opening.boot = how.core.self.boot;
        auto store = store::sqlite_store::open(opening);
        BOOST_TEST_REQUIRE(store.has_value());
        how.core.self.store = (*store)->id();
        auto recovered = (*store)->recover();
        store::reader_options reading;
        reading.path = how.database;
        auto made = std::make_unique<node::replica_thread>(on);
        auto readers = store::reader_pool::open(reading, made->post());
        BOOST_TEST_REQUIRE((recovered.has_value() && readers.has_value()));
        made->build(how, {}, std::move(*recovered), std::move(*store), std::move(*readers), die);
        replicas[name] = std::move(made);
        replicas[name]->start();
    }

    void stop(node::replica_thread& one)
    {
        one.step_down();
        end(one);
    }

    // Of one whose gateway lives on another loop than the rest.
    void stop_elsewhere(std::string const& name, asio::io_context& on)
    {
        replicas.at(name)->step_down();
        runtime::task_group ending(on.get_executor(), "test");
        bool stopped = false;
        ending.spawn(stop_part(*replicas.at(name), stopped));
        BOOST_TEST_REQUIRE(test::run_until(on, limit, [&] { return stopped; }));
        replicas.erase(name);
    }

    bool chain_of(std::size_t length)
    {
        return wait(
            [&]
            {
                for (auto const& [name, one] : replicas)
                    if (!one->backend().view().can_write || one->backend().view().replicas != length)
                        return false;
                return true;
            }
        );
    }

    bool probe(std::string const& name)
    {
        std::optional<bool> applied;
        tasks.spawn(submit_probe(replicas.at(name)->backend(), applied));
        wait([&] { return applied.has_value(); });
        return applied.value_or(false);
    }

    result<net::greeting_answer> ask(std::string const& name, wire::peer::hello const& what)
    {
        std::optional<result<net::greeting_answer>> answer;
        tasks.spawn(greet(replicas.at(name)->address(), what, answer));
        wait([&] { return answer.has_value(); });
        return *answer;
    }

    error_code read(std::string const& name)
    {
        std::optional<error_code> outcome;
        tasks.spawn(read_something(replicas.at(name)->backend(), outcome));
        wait([&] { return outcome.has_value(); });
        return outcome.value_or(make_error_code(errc::timed_out));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(three_replicas, three_drivers)

BOOST_AUTO_TEST_CASE(three_replicas_form_a_chain_that_commits_and_reads_at_each_of_them)
{
    BOOST_TEST_REQUIRE(chain_of(3));

    for (auto const* name : {"n1", "n2", "n3"})
    {
        BOOST_TEST(probe(name));
        BOOST_TEST(!read(name));
    }
    BOOST_TEST(wait([&] { return replicas.at("n2")->backend().view().applied == seq(3); }));
    BOOST_TEST(replicas.at("n1")->backend().view().lineage == "lineage");
}

BOOST_AUTO_TEST_CASE(a_chain_goes_on_without_its_head_and_takes_it_back)
{
    BOOST_TEST_REQUIRE(chain_of(3));
    BOOST_TEST_REQUIRE(probe("n2"));

    stop(*replicas.at("n1"));
    replicas.erase("n1");

    BOOST_TEST(probe("n3"));
    BOOST_TEST(chain_of(2));
    start("n1");
    BOOST_TEST(chain_of(3));
    BOOST_TEST(probe("n1"));
    auto const part = [](node::replica_driver& of) { return of.status().part; };
    BOOST_TEST((asked(*replicas.at("n1"), part) == chain::role::tail));
}

BOOST_AUTO_TEST_CASE(a_gateway_that_is_stuck_costs_the_replica_neither_its_place_nor_the_others_their_time)
{
    BOOST_TEST_REQUIRE(chain_of(3));
    stop(*replicas.at("n3"));
    replicas.erase("n3");
    BOOST_TEST_REQUIRE(chain_of(2));

    asio::io_context stuck(1);
    auto const lives = asio::make_work_guard(stuck);
    start("n3", stuck);
    BOOST_TEST_REQUIRE(wait([&] { return replicas.at("n1")->backend().view().replicas == 3; }));
    auto const at = replicas.at("n1")->backend().view().at;
    auto const until = std::chrono::steady_clock::now() + 2 * silence;
    do
        BOOST_TEST_REQUIRE(probe("n1"));
    while (std::chrono::steady_clock::now() < until);
    BOOST_TEST((replicas.at("n1")->backend().view().at == at));

    // What waited for it is all there.
    auto& late = replicas.at("n3")->backend();
    BOOST_TEST((late.view().applied == seq{}));
    auto const end = replicas.at("n1")->backend().view().applied;
    BOOST_TEST(test::run_until(stuck, limit, [&] { return late.view().applied >= end; }));
    stop_elsewhere("n3", stuck);
}

BOOST_AUTO_TEST_CASE(a_replica_says_who_it_is_and_speaks_with_its_own_cluster_alone)
{
    wire::peer::hello who;
    who.what_for = wire::peer::purpose::identify;
    auto const answer = ask("n2", who);
    BOOST_TEST_REQUIRE(answer.has_value());
    auto const& here = std::get<wire::peer::welcome>(*answer);
    BOOST_TEST(here.from.name.name == "n2");
    BOOST_TEST((here.cluster == cluster));

    who.what_for = wire::peer::purpose::chain;
    who.from.name.name = "n9";
    who.cluster = runtime::random_id<cluster_id>();
    auto const stranger = ask("n2", who);
    BOOST_TEST_REQUIRE(stranger.has_value());
    BOOST_TEST(std::get<wire::peer::refused>(*stranger).reason == "this replica belongs to another cluster");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(chaind_configuration)

BOOST_AUTO_TEST_CASE(the_example_in_etc_is_what_the_program_says)
{
    program::chaind_settings settings;
    std::ifstream in(CHAIND_ETC "/chaind.conf");
    std::string const text(std::istreambuf_iterator<char>(in), {});

    BOOST_TEST(text.ends_with(program::chaind_options(settings).print_example()));
}

BOOST_AUTO_TEST_CASE(links_that_would_leave_the_machine_are_refused)
{
    for (auto member :
         {&program::chaind_settings::replica_listen,
          &program::chaind_settings::admin_listen,
          &program::chaind_settings::configd})
    {
        program::chaind_settings settings;
        settings.name = "n1";
        program::complete(settings);
        settings.*member = "192.0.2.1:7000";
        BOOST_CHECK_THROW(program::complete(settings), runtime::config_error);
    }
}

BOOST_AUTO_TEST_CASE(the_options_of_state_transfer_arrive_where_they_count)
{
    program::chaind_settings settings;
    auto options = program::chaind_options(settings);
    std::vector<char const*> const given{
        "chaind",
        "--name",
        "n1",
        "--snapshot-rate",
        "0",
        "--snapshot-share",
        "100",
        "--snapshot-after",
        "1",
        "--log-keep-entries",
        "1",
        "--log-keep-bytes",
        "1MiB",
        "--join",
    };
    options.parse(static_cast<int>(given.size()), given.data(), [&] { program::complete(settings); });

    BOOST_TEST(settings.driver.core.snapshot_rate == 0u);
    BOOST_TEST(settings.driver.snapshot_share == 100u);
    BOOST_TEST(settings.driver.core.snapshot_after == 1u);
    BOOST_TEST(settings.log_keep_entries == 1u);
    BOOST_TEST(settings.log_keep_bytes == 1u << 20);
    BOOST_TEST(settings.join);
}

BOOST_AUTO_TEST_SUITE_END()
