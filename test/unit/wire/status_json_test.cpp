// The JSON form of a status: what docs/client_api.md 4.4 says, and the same value after a way there and back.

#include "wire/status_json.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using namespace chaind;
namespace json = boost::json;

namespace
{

// Something in every field.
cluster_status full_status()
{
    cluster_status out;
    out.cluster = "chat";
    out.state = health::read_only;
    out.epoch = epoch(18);
    out.lineage = "ln";
    out.replicas = {.want = 3, .have = 2, .min = 1};
    out.committed = seq(100);
    auto& row = out.chain.emplace_back();
    row.name = node_id{"n1"};
    row.role = chain_role::head;
    row.state = member_state::damaged;
    row.replica_addr = "127.0.0.1:1";
    row.client_url = "http://127.0.0.1:2";
    row.admin_addr = "127.0.0.1:3";
    row.pid = 42;
    row.version = "1.0";
    row.clients = 7;
    row.db_bytes = 8;
    row.lease_ms = 150;
    row.scrub = scrub_status{.proven_ms = 9, .percent = 33};
    row.log_end = seq(101);
    row.committed = seq(100);
    row.lag = 0;
    out.chain.emplace_back().name = node_id{"n2"};  // never heard
    auto& coming = out.joining.emplace_back();
    coming.name = node_id{"n3"};
    coming.phase = join_phase::snapshot;
    coming.rate = 500;
    coming.source = node_id{"n2"};
    auto& away = out.failed.emplace_back();
    away.name = node_id{"n4"};
    away.since = 990'000;
    away.reason = "no heartbeat";
    away.next = "start chaind on n4";
    out.damaged = {{node_id{"n1"}, "a row has changed"}};
    out.full = {{node_id{"n1"}, 12, std::nullopt}};
    out.clocks = {{node_id{}, "set the clock of the config service's machine"}};
    out.registry = registry_trouble{"old", "put it back"};
    out.spares = out.drained = out.removed = out.not_admitted = out.removed_running = {node_id{"n5"}};
    out.set_aside = {{node_id{"n1"}, "/d", "no common point"}};
    out.forced = forced_row{node_id{"n1"}, epoch(17), 1234};
    out.client_urls = {"http://127.0.0.1:2"};
    out.changing.draining = node_id{"n2"};
    out.changing.moving = std::vector{node_id{"n1"}};
    out.changing.moving_for = node_id{"n2"};
    out.changing.replacing = replacement_row{node_id{"n1"}, node_id{"n2"}};
    out.config_service.state = service_state::up;
    out.config_service.store = "sqlite";
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(status_as_json)

BOOST_AUTO_TEST_CASE(a_status_is_the_same_after_a_way_there_and_back)
{
    auto const there = full_status();
    auto const back = wire::read_status(json::serialize(wire::status_json(there)));
    BOOST_TEST_REQUIRE(back.has_value());
    BOOST_TEST((*back == there));
}

BOOST_AUTO_TEST_CASE(names_and_words_are_those_of_the_contract)
{
    auto const all = wire::status_json(full_status());
    BOOST_TEST(all.begin()->key() == "schema");
    BOOST_TEST(all.at("schema").as_string() == "chainctl.status.v1");
    BOOST_TEST(all.at("state").as_string() == "read_only");
    BOOST_TEST(
        json::serialize(all.at("chain").at(0)) ==
        R"({"name":"n1","role":"head","state":"damaged","replica_addr":"127.0.0.1:1",)"
        R"("client_url":"http://127.0.0.1:2","admin_addr":"127.0.0.1:3","pid":42,"version":"1.0","clients":7,)"
        R"("db_bytes":8,"lease_ms":150,"scrub":{"proven_ms":9,"percent":33},"log_end":101,"committed":100,"lag":0})"
    );
    BOOST_TEST(all.at("changing").at("replacing").at("with").as_string() == "n2");
    BOOST_TEST(all.at("clocks").at(0).at("name").as_string() == "");
}

BOOST_AUTO_TEST_CASE(what_nobody_knows_is_null_or_left_out)
{
    auto const row = wire::status_json(full_status()).at("chain").at(1).as_object();
    for (auto const* key : {"pid", "version", "clients", "scrub"})
        BOOST_TEST(row.at(key).is_null(), key);
    for (auto const* key : {"log_end", "committed", "lag"})
        BOOST_TEST(!row.contains(key), key);
    BOOST_TEST(wire::status_json({}).at("changing").as_object().empty());
    BOOST_TEST(wire::status_json({}).at("registry").is_null());
}

BOOST_AUTO_TEST_CASE(a_machine_that_is_not_admitted_is_called_so)
{
    known_nodes all;
    all.nodes.emplace_back().state = node_state::not_admitted;
    all.nodes.emplace_back().state = node_state::spare;
    auto const shown = wire::nodes_json(all);
    BOOST_TEST(shown.at("nodes").at(0).at("state").as_string() == "not admitted");
    BOOST_TEST(shown.at("nodes").at(1).at("state").as_string() == "spare");
}

BOOST_AUTO_TEST_CASE(what_another_version_says_is_read_as_far_as_it_is_understood)
{
    auto const read = wire::read_status(
        R"({"state":"on fire","epoch":-1,"committed":5,"cluster":7,"more":{},"spares":["n1","no name!",3],)"
        R"("chain":[{"name":"n1","role":9,"pid":"x"},4]})"
    );
    BOOST_TEST_REQUIRE(read.has_value());
    BOOST_TEST((read->state == health::down));
    BOOST_TEST(read->epoch == epoch{});
    BOOST_TEST(read->committed == seq(5));
    BOOST_TEST(read->cluster == "");
    BOOST_TEST(read->spares.size() == 1u);
    BOOST_TEST_REQUIRE(read->chain.size() == 1u);
    BOOST_TEST(!read->chain.at(0).pid.has_value());
    BOOST_TEST(!wire::read_status("[]").has_value());
    BOOST_TEST(!wire::read_status("{").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
