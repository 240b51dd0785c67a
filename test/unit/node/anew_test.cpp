// Whole replicas, as in the daemon, and a config service: one comes back with an empty disk, is
// given a snapshot, and goes on from it in the same process on the same ports.

#include "chaind/process.hpp"
#include "sqlite/database.hpp"
#include "unit/node/config_host.hpp"
#include "wire/status_json.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

using namespace chaind;
using namespace chaind::node::testing;

namespace
{

asio::awaitable<void> run_process(program::chaind_process& what)
{
    co_await what.run();
}

asio::awaitable<void> submit_probes(gateway::backend& on, int count, int& applied)
{
    for (int i = 0; i < count; ++i)
    {
        chat::command probe;
        probe.what = chat::probe{};
        auto const outcome = co_await on.submit(std::move(probe));
        if (std::holds_alternative<chat::applied>(outcome)) ++applied;
    }
}

struct three_processes : config_host
{
    std::map<std::string, std::unique_ptr<program::chaind_process>> replicas;

    three_processes() : config_host(60s)
    {
        for (auto const* name : {"n1", "n2", "n3"})
            start(name);
    }
    ~three_processes()
    {
        while (!replicas.empty())
            stop(replicas.begin()->first);
    }

    std::string folder_of(std::string const& name) const { return folder.path() + '/' + name; }

    void start(std::string const& name)
    {
        program::chaind_settings how;
        how.name = name;
        how.data_dir = folder_of(name);
        how.client_listen = how.replica_listen = how.admin_listen = "127.0.0.1:0";
        how.configd = "127.0.0.1:" + std::to_string(config->address().port());
        how.driver.core.snapshot_after = 1;
        program::complete(how);
        replicas[name] = std::make_unique<program::chaind_process>(how, loop);
        tasks.spawn(run_process(*replicas[name]));
    }

    void stop(std::string const& name)
    {
        end(*replicas.at(name));
        replicas.erase(name);
    }

    bool chain_of(std::size_t length)
    {
        return wait(
            [&]
            {
                for (auto const& [name, one] : replicas)
                    if (one->replica() == nullptr || !one->replica()->backend().view().can_write ||
                        one->replica()->backend().view().replicas != length)
                        return false;
                return true;
            }
        );
    }

    int probe(std::string const& name, int count)
    {
        int applied = 0;
        bool done = false;
        tasks.spawn(probe_all(replicas.at(name)->replica()->backend(), count, applied, done));
        wait([&] { return done; });
        return applied;
    }
    static asio::awaitable<void> probe_all(gateway::backend& on, int count, int& applied, bool& done)
    {
        co_await submit_probes(on, count, applied);
        done = true;
    }

    // A -wal would make good what is done to the file.
    static void into_one_file(std::string const& database)
    {
        auto db = sqlite::database::open(database, sqlite::database::access::create).value();
        db->script("PRAGMA wal_checkpoint(TRUNCATE)");
        BOOST_TEST_REQUIRE(!db->failed(), db->failure_text());
    }

    std::string ports(std::string const& name) const
    {
        std::ifstream in(folder_of(name) + "/ports.json");
        return {std::istreambuf_iterator<char>(in), {}};
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(another_store, three_processes)

BOOST_AUTO_TEST_CASE(an_empty_disk_is_given_a_snapshot_and_the_process_goes_on_from_it)
{
    BOOST_TEST_REQUIRE(chain_of(3));
    BOOST_TEST_REQUIRE(probe("n1", 20) == 20);
    stop("n3");
    std::filesystem::remove_all(folder_of("n3"));
    BOOST_TEST_REQUIRE(chain_of(2));
    BOOST_TEST_REQUIRE(probe("n1", 20) == 20);

    start("n3");
    auto& back = *replicas.at("n3");
    BOOST_TEST_REQUIRE(wait([&] { return back.runs() == 1; }));
    auto const before = ports("n3");

    BOOST_TEST_REQUIRE(chain_of(3));
    BOOST_TEST(back.runs() == 2u);
    BOOST_TEST(ports("n3") == before);
    BOOST_TEST(asked(*back.replica(), [](node::replica_driver& d) { return d.moved_bytes(); }) > 0u);
    BOOST_TEST(!std::filesystem::exists(folder_of("n3") + "/incoming.db.part"));
    BOOST_TEST(probe("n3", 5) == 5);
    auto const& head = replicas.at("n1")->replica()->backend().view();
    BOOST_TEST(
        wait([&] { return back.replica()->backend().view().applied == seq(45) && head.applied == seq(45); })
    );
}

// Each way in which a file may be no database, or none of ours.
BOOST_AUTO_TEST_CASE(a_database_that_cannot_be_used_is_set_aside_when_the_chain_goes_on_without_it)
{
    namespace fs = std::filesystem;
    auto const file = folder_of("n3") + "/chain.db";
    auto const overwrite = [&](std::string const& bytes) { std::ofstream(file, std::ios::trunc) << bytes; };
    struct damage
    {
        char const* what;
        std::function<void()> done;
    };
    std::vector<damage> const all{
        {"garbage", [&] { overwrite(std::string(100'000, 'x')); }},
        {"truncated", [&] { fs::resize_file(file, 4096 * 3 + 100); }},
        {"a table is missing",
         [&]
         {
             auto db = sqlite::database::open(file, sqlite::database::access::create).value();
             db->script("DROP TABLE promised_member; PRAGMA wal_checkpoint(TRUNCATE)");
         }},
        {"somebody else's database",
         [&]
         {
             fs::remove(file);
             auto db = sqlite::database::open(file, sqlite::database::access::create).value();
             db->script("CREATE TABLE t(x)");
         }},
        {"gone, with its log left", [&] { fs::rename(file, file + "-wal"); }},
        {"a newer version's",
         [&]
         {
             auto db = sqlite::database::open(file, sqlite::database::access::create).value();
             db->script("PRAGMA user_version = 999; PRAGMA wal_checkpoint(TRUNCATE)");
         }},
        {"a folder",
         [&]
         {
             fs::remove(file);
             fs::create_directory(file);
         }},
    };
    BOOST_TEST_REQUIRE(chain_of(3));
    std::size_t aside = 0;
    for (auto const& [what, damage] : all)
    {
        BOOST_TEST_CONTEXT(what)
        {
            stop("n3");
            BOOST_TEST_REQUIRE(chain_of(2));
            BOOST_TEST_REQUIRE(probe("n1", 3) == 3);
            into_one_file(file);
            damage();
            start("n3");
            BOOST_TEST_REQUIRE(chain_of(3));
            BOOST_TEST(probe("n3", 3) == 3);
            std::size_t found = 0;
            for (auto const& each : fs::directory_iterator(folder_of("n3")))
                if (each.path().filename().string().starts_with("set-aside-")) ++found;
            BOOST_TEST(found == aside + 1);
            aside = found;
        }
    }
}

// It may be the only one that has everything: it is waited for people, or for the others.
BOOST_AUTO_TEST_CASE(a_database_that_cannot_be_used_stays_while_the_chain_counts_on_it)
{
    BOOST_TEST_REQUIRE(chain_of(3));
    BOOST_TEST_REQUIRE(probe("n1", 3) == 3);
    stop("n3");
    stop("n2");
    BOOST_TEST_REQUIRE(chain_of(1));
    stop("n1");
    auto const file = folder_of("n1") + "/chain.db";
    into_one_file(file);
    std::string whole;
    {
        std::ifstream in(file, std::ios::binary);
        whole.assign(std::istreambuf_iterator<char>(in), {});
    }
    std::ofstream(file, std::ios::trunc) << "no database";

    start("n1");
    start("n2");
    BOOST_TEST_REQUIRE(wait(
        [&]
        {
            auto* other = replicas.at("n2")->replica();
            if (other == nullptr) return false;
            auto const status = boost::json::serialize(wire::status_json(other->backend().view().status));
            return status.find("its database cannot be used") != std::string::npos &&
                   status.find("chainctl force-epoch") != std::string::npos;
        }
    ));
    BOOST_TEST(replicas.at("n1")->replica() == nullptr);
    BOOST_TEST(std::filesystem::file_size(file) == 11u);

    std::ofstream(file, std::ios::binary | std::ios::trunc) << whole;
    start("n3");
    BOOST_TEST_REQUIRE(chain_of(3));
    BOOST_TEST(probe("n1", 3) == 3);
}

BOOST_AUTO_TEST_SUITE_END()
