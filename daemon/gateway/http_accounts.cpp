#include "gateway/http_accounts.hpp"

#include "chat/names.hpp"
#include "gateway/http_common.hpp"
#include "gateway/token.hpp"
#include "wire/client_json.hpp"

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

std::optional<http_response> over_rate(
    services const& with, std::string const& what, std::string const& key, double per_minute
)
{
    if (!with.limits.rate_limits) return std::nullopt;
    auto const wait =
        with.rates.take(what + ' ' + key, per_minute / 60, per_minute, std::chrono::steady_clock::now());
    if (!wait) return std::nullopt;
    auto why = make_refusal(api_errc::rate_limited, "too many attempts; wait a while");
    why.more.after_ms = wait->count();
    return refusal_response(why);
}

std::optional<http_response> unfit_password(
    services const& with, std::string const& password, char const* field
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
    services const& with, wire::credentials given, std::string label, unsigned status, bool retried
)
{
    query<std::optional<chat::login_data>> question = [name = given.name](store::chat_reader& from)
    { return from.find_login(name); };
    auto const found = co_await ask(with.chain, std::move(question));
    if (!found) co_return refusal_response(refusal_of_read(found.error()));
    auto const& account = found->value;
    auto stored = account ? account->password_hash : std::string();
    auto const right = co_await with.passwords.verify(std::move(stored), given.password);
    if (!right) co_return too_many_hashes();
    if (!account || !*right)
        co_return retried ? refusal_response(api_errc::conflict, "this name is taken", "name")
                          : refusal_response(api_errc::unauthenticated, wrong_login);

    auto const token = new_token();
    chat::session_create open;
    open.token = hash_of_token(token);
    open.label = std::move(label);
    open.password_rev = account->password_rev;
    chat::command command;
    command.uid = account->who.uid;
    command.cid = fresh_cid(with);
    command.what = std::move(open);
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    co_return ok(wire::account_body(account->who, token), status);
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
    if (auto unfit = unfit_password(with, given.password, "password")) co_return std::move(*unfit);
    auto const* key = request.header("idempotency-key");
    if (key != nullptr && (key->empty() || key->size() > 64))
        co_return refusal_response(api_errc::bad_request, "an idempotency key has 1 to 64 bytes", "cid");
    if (auto limited = over_rate(with, "register", request.peer, with.limits.registrations_per_min))
        co_return std::move(*limited);

    auto hashed = co_await with.passwords.hash(given.password);
    if (!hashed) co_return too_many_hashes();
    auto const token = new_token();
    chat::account_create create;
    create.name = given.name;
    create.password_hash = std::move(*hashed);
    create.first_token = hash_of_token(token);
    create.label = label_of(request);
    chat::command command;
    command.cid = key != nullptr ? *key : fresh_cid(with);
    command.what = std::move(create);
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    auto const& applied = std::get<chat::applied>(done);
    // The first answer may have been lost: whoever knows the password gets a token of his own.
    if (applied.dup) co_return co_await log_in(with, std::move(given), label_of(request), 201, true);
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
    auto const key = chat::canonical_name(given.name).value_or("?") + ' ' + request.peer;
    if (auto limited = over_rate(with, "login", key, with.limits.logins_per_min))
        co_return std::move(*limited);
    co_return co_await log_in(with, std::move(given), label_of(request), 200, false);
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
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    co_return ok("{}");
}

asio::awaitable<http_response> list_sessions(services const& with, http_request const& request)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    auto const& own = std::get<chat::known_session>(asked);
    query<std::vector<chat::session>> question = [uid = own.who.uid](store::chat_reader& from)
    { return from.sessions_of(uid); };
    auto const found = co_await ask(with.chain, std::move(question));
    if (!found) co_return refusal_response(refusal_of_read(found.error()));
    co_return ok(wire::sessions_body(found->value, own.row.id));
}

asio::awaitable<http_response> revoke_sessions(
    services const& with, http_request const& request, std::string id
)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    auto const& own = std::get<chat::known_session>(asked);
    chat::command command;
    command.uid = own.who.uid;
    command.cid = fresh_cid(with);
    if (id.empty())
    {
        chat::session_revoke_all others;
        others.keep = own.row.id;
        command.what = others;
    }
    else
    {
        auto const which = wire::parse_session_id(id);
        if (!which) co_return refusal_response(api_errc::not_found, "no such session");
        chat::session_revoke one;
        one.id = *which;
        command.what = one;
    }
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
    if (auto unfit = unfit_password(with, given.fresh, "new")) co_return std::move(*unfit);
    if (auto limited =
            over_rate(with, "login", own.who.name + ' ' + request.peer, with.limits.logins_per_min))
        co_return std::move(*limited);

    query<std::optional<chat::login_data>> question = [uid = own.who.uid](store::chat_reader& from)
    { return from.find_login(uid); };
    auto const found = co_await ask(with.chain, std::move(question));
    if (!found) co_return refusal_response(refusal_of_read(found.error()));
    auto const& account = found->value;
    auto stored = account ? account->password_hash : std::string();
    auto const right = co_await with.passwords.verify(std::move(stored), std::move(given.old));
    if (!right) co_return too_many_hashes();
    if (!account || !*right)
        co_return refusal_response(api_errc::forbidden, "the old password is wrong", "old");
    auto hashed = co_await with.passwords.hash(std::move(given.fresh));
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
