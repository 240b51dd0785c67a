// What scripts are given over HTTP (docs/client_api.md 2.3): the pages of a conversation, and the same limits
// as over WebSocket.
#include "chat_fixture.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <vector>

namespace chaind::test
{

namespace json = boost::json;

namespace
{

struct script : two_people
{
    using two_people::two_people;

    http_answer get(std::string const& path)
    {
        return http(chain.port(), "GET", path, {{}, {{"Authorization", "Bearer " + ana.token}}});
    }
    http_answer send(std::string const& token)
    {
        http_options with;
        with.body = json::serialize(message("from a script"));
        with.headers = {{"Authorization", "Bearer " + token}, {"Idempotency-Key", fresh_cid()}};
        return http(chain.port(), "POST", "/api/v1/messages", with);
    }
    http_answer sign_up(std::string const& name, std::string const& password)
    {
        http_options with;
        with.body = json::serialize(json::object{{"name", name}, {"password", password}});
        return http(chain.port(), "POST", "/api/v1/accounts", with);
    }
    std::string messages(std::string const& query)
    {
        return "/api/v1/conversations/" + conv + "/messages?" + query;
    }
    std::vector<std::int64_t> numbers(std::string const& query)
    {
        auto const answer = get(messages(query));
        BOOST_TEST_REQUIRE(answer.status == 200U);
        auto const page = answer.json();
        std::vector<std::int64_t> out;
        for (auto const& one : page.at("msgs").as_array())
            out.push_back(number_at(one, {"seq"}));
        return out;
    }
};

gateway::settings with_rates()
{
    auto out = quick_settings();
    out.rate_limits = true;
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(scripts)

BOOST_AUTO_TEST_CASE(a_page_lies_where_it_was_asked_for)
{
    script s;
    s.chain.send_many(s.ana.uid, s.conv, 9);
    using numbers = std::vector<std::int64_t>;
    BOOST_TEST(s.numbers("limit=2") == (numbers{8, 9}), boost::test_tools::per_element());
    BOOST_TEST(s.numbers("before=5&limit=2") == (numbers{3, 4}), boost::test_tools::per_element());
    BOOST_TEST(s.numbers("after=5&limit=2") == (numbers{6, 7}), boost::test_tools::per_element());
    auto const around = s.numbers("around=5&limit=3");
    BOOST_TEST(std::count(around.begin(), around.end(), 5) == 1);
    BOOST_TEST(around.size() == 3U);
}

BOOST_AUTO_TEST_CASE(a_page_that_cannot_be_is_refused)
{
    script s;
    BOOST_TEST(s.get(s.messages("limit=200")).status == 200U);
    for (auto const* query : {"limit=201", "limit=0", "limit=-1", "limit=", "before=x", "before=3&after=1"})
        BOOST_TEST(s.get(s.messages(query)).status == 400U, query);
    BOOST_TEST(s.get("/api/v1/conversations?next=nowhere").status == 400U);
}

BOOST_AUTO_TEST_CASE(a_message_says_its_position)
{
    script s;
    auto const sent = s.send(s.ana.token);
    BOOST_TEST(sent.status == 201U);
    BOOST_TEST(sent.headers.at("chaind-pos") == std::to_string(s.chain.committed()));
}

BOOST_AUTO_TEST_CASE(a_script_has_no_more_than_its_users_rate)
{
    auto with = with_rates();
    with.messages_per_s = 0.5;
    with.messages_burst = 3;
    script s(with);
    BOOST_TEST(s.send(s.ana.token).status == 201U);  // one was for the conversation
    BOOST_TEST(s.send(s.ana.token).status == 201U);
    auto const more = s.send(s.ana.token);
    BOOST_TEST(more.status == 429U);
    BOOST_TEST(more.error_code() == "rate_limited");
    BOOST_TEST(more.headers.contains("retry-after"));
    BOOST_TEST(s.send(s.bob.token).status == 201U);
}

BOOST_AUTO_TEST_CASE(an_address_registers_no_more_than_its_rate)
{
    auto with = with_rates();
    with.registrations_per_min = 2;
    chain_double chain(with);
    auto const sign_up = [&](std::string const& name)
    {
        http_options how;
        how.body = json::serialize(json::object{{"name", name}, {"password", "correct horse"}});
        return http(chain.port(), "POST", "/api/v1/accounts", how);
    };
    BOOST_TEST(sign_up("cleo").status == 201U);
    BOOST_TEST(sign_up("dora").status == 201U);
    auto const third = sign_up("eve");
    BOOST_TEST(third.status == 429U);
    BOOST_TEST(third.headers.contains("retry-after"));
}

BOOST_AUTO_TEST_CASE(a_password_has_eight_to_1024_bytes)
{
    script s;
    BOOST_TEST(s.sign_up("cleo", std::string(7, 'p')).status == 400U);
    BOOST_TEST(s.sign_up("cleo", std::string(8, 'p')).status == 201U);
    BOOST_TEST(s.sign_up("dora", std::string(1024, 'p')).status == 201U);
    BOOST_TEST(s.sign_up("emma", std::string(1025, 'p')).status == 413U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
