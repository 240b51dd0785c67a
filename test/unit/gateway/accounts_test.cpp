// Registration, login, sessions and passwords (docs/client_api.md 2.2; docs/testing.md, "Abuse and bad
// input").
#include "chain_double.hpp"
#include "gateway/weak_passwords.hpp"
#include "raw_client.hpp"
#include "runtime/clock.hpp"
#include "support/temp_folder.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace chaind::test
{

namespace json = boost::json;
namespace data = boost::unit_test::data;

namespace
{

http_answer post(
    chain_double& to,
    std::string const& path,
    json::object body,
    std::string const& key = {},
    std::size_t at = 0
)
{
    http_options with;
    with.body = json::serialize(body);
    if (!key.empty()) with.headers.emplace_back("Idempotency-Key", key);
    return http(to.port(at), "POST", path, with);
}
http_answer with_token(
    chain_double& to,
    std::string const& method,
    std::string const& path,
    std::string const& token,
    std::string body = {},
    std::size_t at = 0
)
{
    return http(to.port(at), method, path, {std::move(body), {{"Authorization", "Bearer " + token}}});
}
json::object login(std::string const& name, std::string const& password)
{
    return {{"name", name}, {"password", password}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(accounts)

BOOST_AUTO_TEST_CASE(a_new_account_can_sign_in_at_every_replica)
{
    chain_double chain(quick_settings(), 2);

    auto const made = post(chain, "/api/v1/accounts", login("Ana.B", "correct horse"));
    BOOST_TEST(made.status == 201U);
    auto const in = post(chain, "/api/v1/session", login("ANA.b", "correct horse"), {}, 1);

    BOOST_TEST(in.status == 200U);
    BOOST_TEST(text_at(in.json(), {"uid"}) == text_at(made.json(), {"uid"}));
    BOOST_TEST(text_at(in.json(), {"name"}) == "ana.b");
    for (auto const* answer : {&made, &in})
    {
        chat_client client(chain.port(1));
        auto const hello = client.hello(text_at(answer->json(), {"token"}));
        BOOST_TEST(text_at(hello, {"d", "me", "uid"}) == "u_1");
        BOOST_TEST(text_at(hello, {"d", "me", "role"}) == "owner");
    }
    BOOST_TEST(text_at(in.json(), {"token"}).size() >= 43U);
    BOOST_TEST(text_at(in.json(), {"token"}) != text_at(made.json(), {"token"}));
}

BOOST_AUTO_TEST_CASE(a_taken_name_is_a_conflict)
{
    chain_double chain;
    chain.register_user("ana");
    auto const again = post(chain, "/api/v1/accounts", login("ANA", "another password"));
    BOOST_TEST(again.status == 409U);
    BOOST_TEST(again.error_code() == "conflict");
}

BOOST_AUTO_TEST_CASE(a_retried_registration_is_the_same_success_with_a_fresh_token)
{
    chain_double chain(quick_settings(), 2);
    auto const first = post(chain, "/api/v1/accounts", login("ana", "correct horse"), "key-1");

    auto const again = post(chain, "/api/v1/accounts", login("ana", "correct horse"), "key-1", 1);

    BOOST_TEST(again.status == 201U);
    BOOST_TEST(text_at(again.json(), {"uid"}) == text_at(first.json(), {"uid"}));
    auto const token = text_at(again.json(), {"token"});
    BOOST_TEST(token != text_at(first.json(), {"token"}));
    chat_client client(chain.port(0));
    BOOST_TEST(client.hello(token).at("ok").as_bool());
}

BOOST_AUTO_TEST_CASE(a_retry_with_another_password_gets_no_token)
{
    chain_double chain;
    post(chain, "/api/v1/accounts", login("ana", "correct horse"), "key-1");
    auto const stranger = post(chain, "/api/v1/accounts", login("ana", "guessed by a stranger"), "key-1");
    BOOST_TEST(stranger.status == 409U);
    BOOST_TEST(text_at(stranger.json(), {"token"}).empty());
}

struct bad_account
{
    char const* name;
    char const* password;
    unsigned status;
    char const* field;
    friend std::ostream& operator<<(std::ostream& to, bad_account const& b) { return to << b.name; }
};
bad_account const bad_accounts[] = {
    {"", "correct horse", 400, "name"},
    {"a", "correct horse", 400, "name"},
    {"../etc", "correct horse", 400, "name"},
    {"ana%00", "correct horse", 400, "name"},
    {"an a", "correct horse", 400, "name"},
    {"\xd0\xb0na", "correct horse", 400, "name"},  // a Cyrillic a
    {"admin", "correct horse", 400, "name"},
    {"system", "correct horse", 400, "name"},
    {"ana", "short", 400, "password"},
    {"ana", "", 400, "password"},
};
BOOST_DATA_TEST_CASE(unfit_names_and_passwords_are_refused, data::make(bad_accounts), bad)
{
    chain_double chain;
    auto const answer = post(chain, "/api/v1/accounts", login(bad.name, bad.password));
    BOOST_TEST(answer.status == bad.status);
    BOOST_TEST(text_at(answer.json(), {"err", "field"}) == bad.field);
    BOOST_TEST(text_at(answer.json(), {"err", "retry"}) == "after_fix");
    BOOST_TEST(chain.committed() == 0U);
}

BOOST_AUTO_TEST_CASE(huge_names_and_passwords_cost_no_hash)
{
    chain_double chain;
    BOOST_TEST(
        post(chain, "/api/v1/accounts", login(std::string(10'000, 'a'), "correct horse")).status == 400U
    );
    BOOST_TEST(post(chain, "/api/v1/accounts", login("ana", std::string(2000, 'p'))).status >= 400U);
    BOOST_TEST(post(chain, "/api/v1/session", login("ana", std::string(2000, 'p'))).status >= 400U);
    BOOST_TEST(chain.committed() == 0U);
}

BOOST_AUTO_TEST_CASE(wrong_name_and_wrong_password_look_the_same)
{
    chain_double chain;
    chain.register_user("ana");
    auto const password = post(chain, "/api/v1/session", login("ana", "wrong password"));
    auto const name = post(chain, "/api/v1/session", login("nobody", "wrong password"));
    BOOST_TEST(password.status == 401U);
    BOOST_TEST(name.status == 401U);
    BOOST_TEST(password.body == name.body);
    BOOST_TEST(password.error_code() == "unauthenticated");
}

BOOST_AUTO_TEST_CASE(logins_are_limited_for_an_account_and_address)
{
    auto with = quick_settings();
    with.rate_limits = true;
    chain_double chain(with);
    chain.register_user("ana");
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(post(chain, "/api/v1/session", login("ana", "wrong password")).status == 401U);

    auto const sixth = post(chain, "/api/v1/session", login("ana", "correct horse"));

    BOOST_TEST(sixth.status == 429U);
    BOOST_TEST(sixth.error_code() == "rate_limited");
    BOOST_TEST(number_at(sixth.json(), {"err", "after_ms"}) > 0);
    BOOST_TEST(post(chain, "/api/v1/session", login("bob", "wrong password")).status == 401U);
}

// Hashes that take long enough for a queue to build up.
gateway::settings slow_hashes()
{
    auto with = quick_settings();
    with.rate_limits = true;
    with.argon2_ops = 2;
    with.argon2_mem_kib = 8 * 1024;
    with.refuse_login_after = std::chrono::milliseconds(100);
    return with;
}

BOOST_AUTO_TEST_CASE(an_address_that_tries_many_names_is_refused_and_accounts_known_there_are_not)
{
    auto with = slow_hashes();
    with.wrong_logins_per_min = 8;
    chain_double chain(with, 2);
    chain.register_user("ana");
    chain.register_user("dora", 1);
    int tried = 0;
    http_answer refused;
    while (tried < 20)
    {
        refused = post(chain, "/api/v1/session", login("guess" + std::to_string(++tried), "wrong password"));
        if (refused.status != 401) break;
    }
    BOOST_TEST(tried >= 9);
    BOOST_TEST(tried <= 10);  // a token may have come back meanwhile
    BOOST_TEST(refused.status == 429U);
    BOOST_TEST(refused.error_code() == "rate_limited");

    // Signs in, although her address is over its limit.
    BOOST_TEST(post(chain, "/api/v1/session", login("ana", "correct horse")).status == 200U);
    // So does who has a session from there at another replica.
    BOOST_TEST(post(chain, "/api/v1/session", login("dora", "correct horse")).status == 200U);
    // Guessing her password there shows nothing: the answer is that of any other name, as late.
    auto const timed = [&](char const* name)
    {
        auto const begun = std::chrono::steady_clock::now();
        auto answer = post(chain, "/api/v1/session", login(name, "wrong password"));
        BOOST_TEST((std::chrono::steady_clock::now() - begun >= with.refuse_login_after));
        auto const wait = number_at(answer.json(), {"err", "after_ms"});
        BOOST_TEST(wait > 0);
        auto text = answer.json();
        text.at("err").as_object().erase("after_ms");
        return std::to_string(answer.status) + json::serialize(text);
    };
    BOOST_TEST(timed("ana") == timed("bob"));
    // Nor how many tries are left for her.
    for (int i = 0; i < 6; ++i)
        BOOST_TEST(timed("ana") == timed("carol"));
}

BOOST_AUTO_TEST_CASE(logins_that_succeed_are_not_counted_against_their_address)
{
    auto with = quick_settings();
    with.rate_limits = true;
    with.logins_per_min = 100;
    with.wrong_logins_per_min = 2;
    chain_double chain(with);
    chain.register_user("ana");
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(post(chain, "/api/v1/session", login("ana", "correct horse")).status == 200U);
}

BOOST_AUTO_TEST_CASE(a_flood_of_one_address_does_not_keep_others_from_signing_in)
{
    auto with = slow_hashes();
    with.argon2_mem_kib = 19 * 1024;
    with.hash_queue_max = 16;
    with.wrong_logins_per_min = 10'000;
    with.trusted_proxies = {"127.0.0.1"};
    chain_double chain(with);
    auto const from = [&](char const* address, json::object body, char const* path)
    {
        http_options how;
        how.body = json::serialize(body);
        how.headers = {{"X-Forwarded-For", address}};
        return http(chain.port(), "POST", path, how);
    };
    BOOST_TEST(from("192.0.2.1", login("ana", "correct horse"), "/api/v1/accounts").status == 201U);

    std::atomic<bool> stop{false};
    std::atomic<int> refused{0};
    std::vector<std::thread> flood;
    for (int t = 0; t < 24; ++t)
        flood.emplace_back(
            [&, t]
            {
                for (int i = 0; !stop; ++i)
                {
                    auto const name = "n" + std::to_string(t) + "x" + std::to_string(i);
                    auto const answer =
                        from("198.51.100.9", login(name, "wrong password"), "/api/v1/session");
                    if (answer.status == 503) ++refused;
                }
            }
        );
    BOOST_TEST(chain.eventually([&] { return refused > 50; }));  // the queue is full of that address
    for (int i = 0; i < 5; ++i)
    {
        // A known account, a stranger's first login, and a registration, none of them at that address.
        BOOST_TEST(from("192.0.2.1", login("ana", "correct horse"), "/api/v1/session").status == 200U);
        auto const other = "192.0.2." + std::to_string(10 + i);
        BOOST_TEST(from(other.c_str(), login("ana", "correct horse"), "/api/v1/session").status == 200U);
        auto const fresh = login("new" + std::to_string(i), "correct horse");
        BOOST_TEST(from(other.c_str(), fresh, "/api/v1/accounts").status == 201U);
    }
    stop = true;
    for (auto& one : flood)
        one.join();
}

BOOST_AUTO_TEST_CASE(a_full_hash_queue_refuses_and_says_when_to_come_back)
{
    auto with = quick_settings();
    with.hash_queue_max = 0;
    chain_double chain(with);
    auto const answer = post(chain, "/api/v1/session", login("ana", "correct horse"));
    BOOST_TEST(answer.status == 503U);
    BOOST_TEST(answer.error_code() == "unavailable");
    BOOST_TEST(answer.headers.contains("retry-after"));
}

BOOST_AUTO_TEST_CASE(closed_registration_is_forbidden)
{
    auto with = quick_settings();
    with.registration = gateway::registration::closed;
    chain_double chain(with);
    BOOST_TEST(post(chain, "/api/v1/accounts", login("ana", "correct horse")).status == 403U);
}

BOOST_AUTO_TEST_CASE(logging_out_ends_the_token_and_its_sockets_at_every_replica)
{
    chain_double chain(quick_settings(), 2);
    auto const ana = chain.register_user("ana");
    chat_client here(chain.port(0));
    chat_client there(chain.port(1));
    here.hello(ana.token);
    there.hello(ana.token);

    auto const begun = std::chrono::steady_clock::now();
    BOOST_TEST(with_token(chain, "DELETE", "/api/v1/session", ana.token).status == 200U);

    BOOST_TEST(here.wait_for_close() == 4502);
    BOOST_TEST(there.wait_for_close() == 4502);
    BOOST_TEST((std::chrono::steady_clock::now() - begun < std::chrono::seconds(1)));
    BOOST_TEST(with_token(chain, "GET", "/api/v1/sessions", ana.token, {}, 1).status == 401U);
    chat_client again(chain.port(1));
    BOOST_TEST(text_at(again.hello(ana.token), {"err", "code"}) == "unauthenticated");
    BOOST_TEST(again.wait_for_close() == 4501);
}

BOOST_AUTO_TEST_CASE(logging_out_ends_the_sockets_of_a_gateway_that_was_not_told_of_it)
{
    chain_double chain(quick_settings(), 2);
    auto const ana = chain.register_user("ana");
    chat_client there(chain.port(1));
    there.hello(ana.token);
    chain.lag(1, true);
    BOOST_TEST(with_token(chain, "DELETE", "/api/v1/session", ana.token).status == 200U);

    chain.miss(1);

    BOOST_TEST(there.wait_for_close() == 4502);
}

BOOST_AUTO_TEST_CASE(a_session_can_end_another_one)
{
    chain_double chain;
    auto const ana = chain.register_user("ana");
    auto const other =
        text_at(post(chain, "/api/v1/session", login("ana", "correct horse")).json(), {"token"});
    chat_client old(chain.port());
    old.hello(ana.token);
    auto const list = with_token(chain, "GET", "/api/v1/sessions", other);
    BOOST_TEST_REQUIRE(list.status == 200U);
    auto const listed = list.json();
    auto const& all = listed.at("sessions").as_array();
    BOOST_TEST_REQUIRE(all.size() == 2U);
    BOOST_TEST(list.body.find("token") == std::string::npos);

    auto const id = text_at(all[0], {"id"});
    BOOST_TEST(with_token(chain, "DELETE", "/api/v1/sessions/" + id, other).status == 200U);

    BOOST_TEST(old.wait_for_close() == 4502);
    BOOST_TEST(with_token(chain, "GET", "/api/v1/sessions", other).status == 200U);
}

BOOST_AUTO_TEST_CASE(ending_no_session_makes_no_entry_and_ending_many_has_a_rate)
{
    auto with = quick_settings();
    with.rate_limits = true;
    with.messages_per_s = 0.01;
    with.messages_burst = 3;
    with.logins_per_min = 100;
    chain_double chain(with);
    auto const ana = chain.register_user("ana");
    auto const before = chain.committed();
    for (int i = 0; i < 10; ++i)
    {
        BOOST_TEST(with_token(chain, "DELETE", "/api/v1/sessions/s_999999", ana.token).status == 200U);
        BOOST_TEST(with_token(chain, "DELETE", "/api/v1/sessions", ana.token).status == 200U);
    }
    BOOST_TEST(chain.committed() == before);

    std::vector<unsigned> seen;
    for (int i = 0; i < 4; ++i)
    {
        post(chain, "/api/v1/session", login("ana", "correct horse"));
        seen.push_back(with_token(chain, "DELETE", "/api/v1/sessions", ana.token).status);
    }
    std::vector<unsigned> const wanted{200, 200, 200, 429};
    BOOST_TEST(seen == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_new_password_ends_all_other_sessions)
{
    chain_double chain;
    auto const ana = chain.register_user("ana");
    auto const other =
        text_at(post(chain, "/api/v1/session", login("ana", "correct horse")).json(), {"token"});
    chat_client old(chain.port());
    old.hello(other);
    auto const body = [](char const* from, char const* to)
    { return json::serialize(json::object{{"old", from}, {"new", to}}); };
    BOOST_TEST(
        with_token(chain, "PUT", "/api/v1/me/password", ana.token, body("wrong password", "battery staple"))
            .status == 403U
    );

    BOOST_TEST(
        with_token(chain, "PUT", "/api/v1/me/password", ana.token, body("correct horse", "battery staple"))
            .status == 200U
    );

    BOOST_TEST(old.wait_for_close() == 4502);
    BOOST_TEST(with_token(chain, "GET", "/api/v1/sessions", ana.token).status == 200U);
    BOOST_TEST(post(chain, "/api/v1/session", login("ana", "correct horse")).status == 401U);
    BOOST_TEST(post(chain, "/api/v1/session", login("ana", "battery staple")).status == 200U);
}

BOOST_AUTO_TEST_CASE(an_old_session_has_expired)
{
    auto with = quick_settings();
    with.session_ttl = std::chrono::hours(-1);
    chain_double chain(with);
    auto const ana = chain.register_user("ana");
    chat_client client(chain.port());
    BOOST_TEST(text_at(client.hello(ana.token), {"err", "code"}) == "token_expired");
    BOOST_TEST(client.wait_for_close() == 4501);
    BOOST_TEST(with_token(chain, "GET", "/api/v1/sessions", ana.token).error_code() == "token_expired");
}

BOOST_AUTO_TEST_CASE(a_session_that_is_not_used_ends_and_use_keeps_it)
{
    auto with = quick_settings();
    with.session_idle = std::chrono::milliseconds(1500);
    chain_double chain(with, 2);
    auto const ana = chain.register_user("ana");
    auto const bob = chain.register_user("bob");
    auto const carol = chain.register_user("carol");
    chat_client stays(chain.port(1));
    stays.hello(ana.token);
    // Longer than it lasts without use: one connection that stays, one session that asks now and then.
    auto const begun = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(3500))
    {
        BOOST_TEST(with_token(chain, "GET", "/api/v1/sessions", bob.token).status == 200U);
        stays.next_event(std::chrono::milliseconds(50));
    }
    BOOST_TEST(with_token(chain, "GET", "/api/v1/sessions", bob.token, {}, 1).status == 200U);
    BOOST_TEST(with_token(chain, "GET", "/api/v1/sessions", ana.token).status == 200U);
    BOOST_TEST(with_token(chain, "GET", "/api/v1/sessions", carol.token).error_code() == "token_expired");
    chat_client late(chain.port());
    BOOST_TEST(text_at(late.hello(carol.token), {"err", "code"}) == "token_expired");
}

BOOST_AUTO_TEST_CASE(use_is_said_once_a_day)
{
    chain_double chain;
    auto const ana = chain.register_user("ana");
    auto const before = chain.committed();
    for (int i = 0; i < 5; ++i)
        BOOST_TEST(with_token(chain, "GET", "/api/v1/sessions", ana.token).status == 200U);
    BOOST_TEST(chain.committed() == before);
}

BOOST_AUTO_TEST_CASE(a_connection_ends_with_its_login)
{
    auto with = quick_settings();
    with.session_ttl = std::chrono::milliseconds(3000);
    chain_double chain(with);
    auto const ana = chain.register_user("ana");
    chat_client client(chain.port());
    BOOST_TEST(client.hello(ana.token).at("ok").as_bool());
    BOOST_TEST(client.wait_for_close() == 4501);
}

struct weak_one
{
    char const* name;
    char const* password;
    bool taken;
    friend std::ostream& operator<<(std::ostream& to, weak_one const& w) { return to << w.password; }
};
weak_one const weak_ones[] = {
    {"ana", "password", false},         {"ana", "12345678", false},
    {"ana", "PassWord", false},         {"ana", " sunshine ", false},
    {"ana", "        ", false},         {"ana", "11111111", false},
    {"anaconda", "anaconda", false},    {"anaconda", "AnaConda", false},
    {"Anaconda", "anaconda1", false},   {"anaconda", "!!anaconda2026", false},
    {"anaconda", "adnocana", false},    {"ana", "anaanaana", false},
    {"ana.9", "ana.9ana.9", false},     {"ana", "ana123456", false},
    {"4711", "47114711", false},        {"ana", "anagram of nothing", true},
    {"an", "antelopes", true},          {"ana", "correct horse battery", true},
    {"ana", "sunshine and rain", true},
};
BOOST_DATA_TEST_CASE(what_everybody_would_guess_is_no_password, data::make(weak_ones), one)
{
    chain_double chain;
    auto const made = post(chain, "/api/v1/accounts", login(one.name, one.password));
    BOOST_TEST(made.status == (one.taken ? 201U : 400U));
    if (one.taken) return;
    BOOST_TEST(text_at(made.json(), {"err", "field"}) == "password");
    // Nor is it one to change to.
    auto const fine =
        text_at(post(chain, "/api/v1/accounts", login(one.name, "correct horse battery")).json(), {"token"});
    auto const change =
        json::serialize(json::object{{"old", "correct horse battery"}, {"new", one.password}});
    auto const changed = with_token(chain, "PUT", "/api/v1/me/password", fine, change);
    BOOST_TEST(changed.status == 400U);
    BOOST_TEST(text_at(changed.json(), {"err", "field"}) == "new");
}

BOOST_AUTO_TEST_CASE(three_thousand_passwords_are_known_and_not_shown)
{
    BOOST_TEST(gateway::common_passwords() == 3000U);
    chain_double chain;
    BOOST_TEST(http(chain.port(), "GET", "/common-passwords.txt").status == 404U);
}

// What is written to stderr meanwhile.
template <class Action>
std::string said_during(Action const& action)
{
    temp_folder const folder;
    auto const path = folder.path() + "/stderr";
    int const before = ::dup(2);
    int const file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ::dup2(file, 2);
    action();
    ::dup2(before, 2);
    ::close(file);
    ::close(before);
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

BOOST_AUTO_TEST_CASE(a_program_without_the_list_of_common_passwords_says_so)
{
    gateway::asset const page{"/index.html", "<html>"};
    gateway::asset const empty{gateway::common_passwords_path, ""};
    for (auto const& all : {std::vector{page}, std::vector{page, empty}})
        BOOST_TEST(
            said_during([&] { gateway::warn_without_common_passwords(all); }).find("common passwords") !=
            std::string::npos
        );
    BOOST_TEST(said_during([] { gateway::warn_without_common_passwords(); }).empty());
}

BOOST_AUTO_TEST_CASE(a_room_is_removed_by_scripts_and_everybody_hears_of_it)
{
    chain_double chain(quick_settings(), 2);
    auto const ana = chain.register_user("ana");
    auto const bob = chain.register_user("bob");
    chat_client here(chain.port(0));
    chat_client there(chain.port(1));
    here.hello(ana.token);
    there.hello(bob.token);
    auto const made = there.request("conv.create", {{"kind", "room"}, {"name", "spam"}}, fresh_cid());
    auto const conv = text_at(made, {"d", "conv"});
    there.request("msg.send", {{"conv", conv}, {"body", "buy"}}, fresh_cid());
    auto const stranger = chain.register_user("eve");
    BOOST_TEST(with_token(chain, "DELETE", "/api/v1/conversations/" + conv, stranger.token).status == 403U);
    BOOST_TEST(with_token(chain, "DELETE", "/api/v1/conversations/c_99", ana.token).status == 404U);
    BOOST_TEST(with_token(chain, "DELETE", "/api/v1/conversations/x", ana.token).status == 404U);
    BOOST_TEST(with_token(chain, "DELETE", "/api/v1/conversations/" + conv, "s1.guessed").status == 401U);

    BOOST_TEST(with_token(chain, "DELETE", "/api/v1/conversations/" + conv, ana.token).status == 200U);

    for (auto* one : {&here, &there})
    {
        auto event = one->next_event();
        while (event && text_at(*event, {"ev"}) != "conv.gone")
            event = one->next_event();
        BOOST_TEST_REQUIRE(event.has_value());
        BOOST_TEST(text_at(*event, {"conv"}) == conv);
    }
    auto const send = there.request("msg.send", {{"conv", conv}, {"body", "buy"}}, fresh_cid());
    BOOST_TEST(text_at(send, {"err", "code"}) == "not_found");
    // By the op, for a room of one's own.
    auto const own = there.request("conv.create", {{"kind", "room"}, {"name", "spam"}}, fresh_cid());
    auto const again = there.request("conv.archive", {{"conv", text_at(own, {"d", "conv"})}}, fresh_cid());
    BOOST_TEST(again.at("ok").as_bool());
    BOOST_TEST(number_at(again, {"d", "rev"}) == 0);
}

// Their keys are made by the gateway: once by the state's time, which nothing then set right again.
BOOST_AUTO_TEST_CASE(scripts_without_keys_bring_the_time_back_when_the_machines_have_the_right_one)
{
    using namespace std::chrono_literals;
    auto with = quick_settings();
    with.session_idle = 0ms;
    with.session_ttl = 24'000h;
    for (bool const removes : {false, true})
    {
        chain_double chain(with);
        auto const ana = chain.register_user("ana");
        chat_client client(chain.port());
        client.hello(ana.token);
        auto const room = client.request("conv.create", {{"kind", "room"}, {"name", "talk"}}, fresh_cid());
        auto const conv = text_at(room, {"d", "conv"});
        auto const gone = text_at(
            client.request("conv.create", {{"kind", "room"}, {"name", "gone"}}, fresh_cid()), {"d", "conv"}
        );
        auto machines_agree_on = [&](microseconds ahead)
        {
            auto const now = runtime::now();
            auto const agreed_us = now.wall_us - now.steady.count() + ahead.count();
            chain.change_view(0, [&](gateway::chain_view& view) { view.agreed_us = agreed_us; });
        };
        auto said_at = [&]
        {
            auto const body = json::serialize(json::object{{"conv", conv}, {"body", "x"}, {"fmt", "plain"}});
            auto const answer = with_token(chain, "POST", "/api/v1/messages", ana.token, body);
            BOOST_TEST_REQUIRE(answer.status == 201U);
            return std::chrono::milliseconds(
                number_at(answer.json(), {"at"}) - runtime::now().wall_us / 1000
            );
        };
        machines_agree_on(40 * 24h);
        BOOST_TEST((said_at() > 39 * 24h));
        // Without power they cannot know better.
        machines_agree_on(-9000 * 24h);
        BOOST_TEST((said_at() > 39 * 24h));
        machines_agree_on(0s);
        if (removes)
            BOOST_TEST(
                with_token(chain, "DELETE", "/api/v1/conversations/" + gone, ana.token).status == 200U
            );
        auto const after = said_at();
        BOOST_TEST((after < 1h && after > -1h));
    }
}

BOOST_AUTO_TEST_CASE(messages_can_be_sent_and_read_by_scripts)
{
    chain_double chain;
    auto const ana = chain.register_user("ana");
    auto const bob = chain.register_user("bob");
    chat_client client(chain.port());
    client.hello(ana.token);
    auto const dm = client.request("conv.create", {{"kind", "dm"}, {"members", {bob.uid}}}, fresh_cid());
    auto const conv = text_at(dm, {"d", "conv"});
    http_options send;
    send.body = json::serialize(json::object{{"conv", conv}, {"body", "from a script"}, {"fmt", "plain"}});
    send.headers = {{"Authorization", "Bearer " + bob.token}, {"Idempotency-Key", fresh_cid()}};

    auto const first = http(chain.port(), "POST", "/api/v1/messages", send);
    auto const again = http(chain.port(), "POST", "/api/v1/messages", send);

    auto twice = send;
    twice.headers.back().second = fresh_cid();
    twice.body = R"({"conv":")" + conv + R"(","body":"x","body":"y"})";
    BOOST_TEST(http(chain.port(), "POST", "/api/v1/messages", twice).status == 400U);
    auto odd = send;
    odd.headers.back().second = "no ULID";
    BOOST_TEST(http(chain.port(), "POST", "/api/v1/messages", odd).status == 400U);

    BOOST_TEST(first.status == 201U);
    BOOST_TEST(again.status == 200U);
    BOOST_TEST(text_at(first.json(), {"mid"}) == text_at(again.json(), {"mid"}));
    auto const page =
        with_token(chain, "GET", "/api/v1/conversations/" + conv + "/messages?limit=10", ana.token);
    BOOST_TEST(page.status == 200U);
    auto const shown = page.json();
    auto const& msgs = shown.at("msgs").as_array();
    BOOST_TEST_REQUIRE(msgs.size() == 1U);
    BOOST_TEST(text_at(msgs[0], {"body"}) == "from a script");
    BOOST_TEST(
        with_token(chain, "GET", "/api/v1/conversations", ana.token).json().at("convs").as_array().size() ==
        1U
    );
    BOOST_TEST(with_token(chain, "GET", "/api/v1/conversations/c_99/messages", ana.token).status == 404U);
    BOOST_TEST(
        with_token(chain, "GET", "/api/v1/conversations/" + conv + "/messages?limit=1000", ana.token)
            .status == 400U
    );
    BOOST_TEST(with_token(chain, "GET", "/api/v1/conversations", "s1.guessed").status == 401U);
    BOOST_TEST(http(chain.port(), "GET", "/api/v1/conversations").status == 401U);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
