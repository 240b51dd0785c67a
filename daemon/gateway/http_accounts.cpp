#include "gateway/http_accounts.hpp"

#include "chat/names.hpp"
#include "gateway/client_address.hpp"
#include "gateway/http_common.hpp"
#include "gateway/token.hpp"
#include "gateway/weak_passwords.hpp"
#include "runtime/address.hpp"
#include "runtime/within.hpp"
#include "wire/client_json.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace chaind::gateway
{

namespace asio = boost::asio;
using chat::api_errc;

namespace
{

constexpr auto wrong_login = "name or password is wrong";

std::string fresh_cid(services const& with)
{
    return new_ulid(with.chain.key_ms());
}

// What a list of sessions shows of this one.
std::string label_of(http_request const& request)
{
    static constexpr std::size_t most = 100;
    auto const* agent = request.header("user-agent");
    std::string out;
    if (agent == nullptr) return out;
    for (char const c : agent->substr(0, most))
        if (c >= ' ' && c <= '~') out += c;
    return out;
}

using steady = std::chrono::steady_clock;
using wait_time = std::optional<std::chrono::milliseconds>;

// How long until one more of these is allowed.
wait_time over_rate(services const& with, std::string const& key, double per_minute)
{
    if (!with.limits.rate_limits) return std::nullopt;
    return with.rates.take(key, per_minute / 60, per_minute, steady::now());
}

http_response too_many_attempts(std::chrono::milliseconds wait)
{
    auto why = make_refusal(api_errc::rate_limited, "too many attempts; wait a while");
    why.more.after_ms = wait.count();
    return refusal_response(why);
}

// Who asks for a hash: each address has a line of its own for each kind of request.
password_pool::asker asker_at(services const& with, std::string const& what, std::string const& address)
{
    return {
        .from = what + ' ' + address, .as = with.places.knows(address) ? standing::known : standing::stranger
    };
}

std::optional<http_response> unfit_password(
    services const& with, std::string const& password, char const* field, std::string const& name
)
{
    if (password.size() < with.limits.password_min)
        return refusal_response(
            api_errc::bad_request,
            "a password has at least " + std::to_string(with.limits.password_min) + " bytes",
            field
        );
    if (password.size() > with.limits.password_max)
        return refusal_response(
            api_errc::too_large,
            "a password has at most " + std::to_string(with.limits.password_max) + " bytes",
            field
        );
    if (auto const weak = weakness_of(password, name))
        return refusal_response(api_errc::bad_request, std::string(*weak), field);
    return std::nullopt;
}

http_response too_many_hashes()
{
    auto why = make_refusal(api_errc::unavailable, "too many people are signing in; try again");
    why.more.after_ms = 1000;
    return refusal_response(why);
}

// Proves the password and opens a session: the answer to a login, and to a registration that was made before.
asio::awaitable<http_response> log_in(
    services const& with,
    wire::credentials given,
    password_pool::asker who,
    std::uint32_t place,
    std::string label,
    unsigned status,
    bool retried
)
{
    query<std::optional<chat::login_data>> question = [name = given.name](store::chat_reader& from)
    { return from.find_login(name); };
    auto const found = co_await ask(with.chain, std::move(question));
    if (!found) co_return refusal_response(refusal_of_read(found.error()));
    auto const& account = found->value;
    auto stored = account ? account->password_hash : std::string();
    auto const right = co_await with.passwords.verify(std::move(who), std::move(stored), given.password);
    if (!right) co_return too_many_hashes();
    if (!account || !*right)
        co_return retried ? refusal_response(api_errc::conflict, "this name is taken", "name")
                          : refusal_response(api_errc::unauthenticated, wrong_login);

    auto const token = new_token();
    chat::session_create open;
    open.token = hash_of_token(token);
    open.label = std::move(label);
    open.place = place;
    open.password_rev = account->password_rev;
    chat::command command;
    command.uid = account->who.uid;
    command.cid = fresh_cid(with);
    command.what = std::move(open);
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    co_return ok(wire::account_body(account->who, token), status);
}

// At this replica, or by a session that was opened at any.
asio::awaitable<bool> was_seen(services const& with, std::string const& name, std::string const& address)
{
    if (with.places.knows(name, address)) co_return true;
    query<std::optional<chat::login_data>> question = [name](store::chat_reader& from)
    { return from.find_login(name); };
    auto const found = co_await ask(with.chain, std::move(question));
    if (!found || !found->value) co_return false;
    auto const& places = found->value->places;
    co_return std::find(places.begin(), places.end(), place_of(address)) != places.end();
}

// An address that fails too often, whatever the names, is refused: hashes for it would keep others waiting.
// An account that was seen there before may still try, on a limit of its own, and is let in when the password
// is right. Everybody else hears the same after the same time, so that nobody learns there which accounts
// those are. What succeeds does not count: many people may share an address.
asio::awaitable<http_response> try_login(
    services const& with, wire::credentials given, std::string address, std::string label
)
{
    auto const begun = steady::now();
    auto const name = chat::canonical_name(given.name).value_or("?");
    auto const of_address = "logins " + address;
    auto const tried_too_often = over_rate(with, of_address, with.limits.wrong_logins_per_min);
    auto const place = place_of(address);
    auto who = asker_at(with, "login", address);
    std::optional<http_response> answer;
    if (!tried_too_often)
    {
        if (auto const wait = over_rate(with, "login " + name + ' ' + address, with.limits.logins_per_min))
        {
            with.rates.give_back(of_address, with.limits.wrong_logins_per_min);
            co_return too_many_attempts(*wait);
        }
        answer = co_await log_in(with, std::move(given), std::move(who), place, std::move(label), 200, false);
    }
    else
    {
        bool const known = co_await was_seen(with, name, address);
        if (known && !over_rate(with, "known login " + name + ' ' + address, with.limits.logins_per_min))
        {
            who.from = "known " + who.from;
            answer =
                co_await log_in(with, std::move(given), std::move(who), place, std::move(label), 200, false);
        }
    }
    if (answer && answer->status == 200)
    {
        if (!tried_too_often) with.rates.give_back(of_address, with.limits.wrong_logins_per_min);
        with.places.saw(name, address);
    }
    else if (tried_too_often)
    {
        asio::steady_timer pause(co_await asio::this_coro::executor, begun + with.limits.refuse_login_after);
        co_await runtime::wait_on(pause);
        co_return too_many_attempts(*tried_too_often);
    }
    co_return std::move(*answer);
}

}  // namespace

asio::awaitable<http_response> create_account(services const& with, http_request const& request)
{
    if (with.limits.registration == registration::closed)
        co_return refusal_response(api_errc::forbidden, "registration is closed here");
    auto parsed = wire::parse_credentials(request.body);
    if (auto const* bad = std::get_if<chat::failure>(&parsed)) co_return refusal_response(*bad);
    auto given = std::get<wire::credentials>(std::move(parsed));
    auto const name = chat::canonical_name(given.name);
    if (!name || chat::is_reserved_name(*name))
        co_return refusal_response(
            api_errc::bad_request,
            name ? "this name is reserved" : "a name has 2 to 32 of the characters a-z 0-9 . _ -",
            "name"
        );
    if (auto unfit = unfit_password(with, given.password, "password", *name)) co_return std::move(*unfit);
    auto const* key = request.header("idempotency-key");
    if (key != nullptr && (key->empty() || key->size() > 64))
        co_return refusal_response(api_errc::bad_request, "an idempotency key has 1 to 64 bytes", "cid");
    auto const address = runtime::address_group(request.peer);
    if (auto const wait = over_rate(with, "register " + address, with.limits.registrations_per_min))
        co_return too_many_attempts(*wait);

    auto who_asks_for_it = asker_at(with, "register", address);
    auto hashed = co_await with.passwords.hash(who_asks_for_it, given.password);
    if (!hashed) co_return too_many_hashes();
    auto const token = new_token();
    chat::account_create create;
    create.name = given.name;
    create.password_hash = std::move(*hashed);
    create.first_token = hash_of_token(token);
    create.label = label_of(request);
    create.place = place_of(address);
    chat::command command;
    command.cid = key != nullptr ? *key : fresh_cid(with);
    command.what = std::move(create);
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    auto const& applied = std::get<chat::applied>(done);
    // The first answer may have been lost: whoever knows the password gets a token of his own.
    if (applied.dup)
        co_return co_await log_in(
            with,
            std::move(given),
            std::move(who_asks_for_it),
            place_of(address),
            label_of(request),
            201,
            true
        );
    with.places.saw(*name, address);
    chat::person who;
    who.uid = std::get<chat::account_created>(applied.result).uid;
    who.name = *name;
    who.display = given.name;
    co_return ok(wire::account_body(who, token), 201);
}

asio::awaitable<http_response> create_session(services const& with, http_request const& request)
{
    auto parsed = wire::parse_credentials(request.body);
    if (auto const* bad = std::get_if<chat::failure>(&parsed)) co_return refusal_response(*bad);
    auto given = std::get<wire::credentials>(std::move(parsed));
    if (given.password.size() > with.limits.password_max || given.name.size() > 256)
        co_return refusal_response(api_errc::unauthenticated, wrong_login);
    co_return co_await try_login(
        with, std::move(given), runtime::address_group(request.peer), label_of(request)
    );
}

asio::awaitable<http_response> end_session(services const& with, http_request const& request)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    auto const& own = std::get<chat::known_session>(asked);
    chat::session_revoke revoke;
    revoke.id = own.row.id;
    chat::command command;
    command.uid = own.who.uid;
    command.cid = fresh_cid(with);
    command.what = revoke;
    if (auto const limited = with.changes.take(command.uid, command.what))
        co_return refusal_response(*limited);
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    co_return ok("{}");
}

namespace
{

constexpr std::size_t looked_at_for_sessions = 4096;  // bytes

asio::awaitable<result<seen<std::vector<chat::session>>>> sessions_of(services const& with, chat::user_id uid)
{
    query<std::vector<chat::session>> question = [uid](store::chat_reader& from)
    { return from.sessions_of(uid); };
    co_return co_await ask(with.chain, std::move(question));
}

}  // namespace

asio::awaitable<http_response> list_sessions(services const& with, http_request const& request)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    auto const& own = std::get<chat::known_session>(asked);
    auto const turn = co_await with.pages.take(own.who.uid);
    if (!turn) co_return too_many_pages();
    auto const found = co_await sessions_of(with, own.who.uid);
    if (!found) co_return refusal_response(refusal_of_read(found.error()));
    auto response = ok(wire::sessions_body(found->value, own.row.id));
    turn->cost(response.body.size());
    response.holds = turn;
    co_return response;
}

asio::awaitable<http_response> revoke_sessions(
    services const& with, http_request const& request, std::string id
)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    auto const& own = std::get<chat::known_session>(asked);
    if (with.pages.in_debt(own.who.uid, steady::now())) co_return too_many_pages();
    with.pages.charge(own.who.uid, looked_at_for_sessions, steady::now());
    auto const found = co_await sessions_of(with, own.who.uid);
    if (!found) co_return refusal_response(refusal_of_read(found.error()));
    auto const ends_one = [&](auto const& ends)
    { return std::any_of(found->value.begin(), found->value.end(), ends); };
    chat::command command;
    command.uid = own.who.uid;
    command.cid = fresh_cid(with);
    // What ends no session is no change, and needs no entry in the log.
    if (id.empty())
    {
        if (!ends_one([&](chat::session const& one) { return one.id != own.row.id; })) co_return ok("{}");
        chat::session_revoke_all others;
        others.keep = own.row.id;
        command.what = others;
    }
    else
    {
        auto const which = wire::parse_session_id(id);
        if (!which) co_return refusal_response(api_errc::not_found, "no such session");
        if (!ends_one([&](chat::session const& one) { return one.id == *which; })) co_return ok("{}");
        chat::session_revoke one;
        one.id = *which;
        command.what = one;
    }
    if (auto const limited = with.changes.take(command.uid, command.what))
        co_return refusal_response(*limited);
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    co_return ok("{}");
}

asio::awaitable<http_response> change_password(services const& with, http_request const& request)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    auto const& own = std::get<chat::known_session>(asked);
    auto parsed = wire::parse_new_password(request.body);
    if (auto const* bad = std::get_if<chat::failure>(&parsed)) co_return refusal_response(*bad);
    auto given = std::get<wire::new_password>(std::move(parsed));
    if (auto unfit = unfit_password(with, given.fresh, "new", own.who.name)) co_return std::move(*unfit);
    auto const address = runtime::address_group(request.peer);
    if (auto const wait =
            over_rate(with, "login " + own.who.name + ' ' + address, with.limits.logins_per_min))
        co_return too_many_attempts(*wait);

    query<std::optional<chat::login_data>> question = [uid = own.who.uid](store::chat_reader& from)
    { return from.find_login(uid); };
    auto const found = co_await ask(with.chain, std::move(question));
    if (!found) co_return refusal_response(refusal_of_read(found.error()));
    auto const& account = found->value;
    auto stored = account ? account->password_hash : std::string();
    password_pool::asker const who{.from = "change " + own.who.name, .as = standing::known};
    auto const right = co_await with.passwords.verify(who, std::move(stored), std::move(given.old));
    if (!right) co_return too_many_hashes();
    if (!account || !*right)
        co_return refusal_response(api_errc::forbidden, "the old password is wrong", "old");
    auto hashed = co_await with.passwords.hash(who, std::move(given.fresh));
    if (!hashed) co_return too_many_hashes();

    chat::password_change change;
    change.password_hash = std::move(*hashed);
    change.password_rev = account->password_rev;
    change.keep = own.row.id;
    chat::command command;
    command.uid = own.who.uid;
    command.cid = fresh_cid(with);
    command.what = std::move(change);
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    co_return ok("{}");
}

}  // namespace chaind::gateway
