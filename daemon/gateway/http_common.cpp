#include "gateway/http_common.hpp"

#include "gateway/session_age.hpp"
#include "gateway/token.hpp"
#include "runtime/address.hpp"

namespace chaind::gateway
{

namespace asio = boost::asio;
using chat::api_errc;

http_response ok(std::string body, unsigned status)
{
    http_response out;
    out.status = status;
    out.body = std::move(body);
    return out;
}

http_response refusal_response(refusal const& why)
{
    http_response out;
    out.status = http_status(why.why.code);
    out.body = wire::error_body(why.why, why.more);
    if (why.more.after_ms)
        out.headers.emplace_back("Retry-After", std::to_string((*why.more.after_ms + 999) / 1000));
    if (out.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
    return out;
}

http_response refusal_response(api_errc code, std::string message, std::string field)
{
    return refusal_response(make_refusal(code, std::move(message), std::move(field)));
}

http_response refusal_response(chat::failure const& why)
{
    return refusal_response(refusal_of(why));
}

std::optional<std::string> parameter(http_request const& request, std::string_view name)
{
    std::string_view rest = request.query;
    while (!rest.empty())
    {
        auto const end = rest.find('&');
        auto const pair = rest.substr(0, end);
        auto const equals = pair.find('=');
        if (pair.substr(0, equals) == name)
            return equals == std::string_view::npos ? std::string() : std::string(pair.substr(equals + 1));
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    return std::nullopt;
}

asio::awaitable<signed_in> who_asks(services const& with, http_request const& request)
{
    static constexpr std::string_view scheme = "Bearer ";
    auto const* given = request.header("authorization");
    if (given == nullptr || !given->starts_with(scheme))
        co_return refusal_response(api_errc::unauthenticated, "a bearer token is needed");
    auto const token = hash_of_token(std::string_view(*given).substr(scheme.size()));
    query<std::optional<chat::known_session>> question = [token](store::chat_reader& from)
    { return from.find_session(token); };
    auto const found = co_await ask(with.chain, std::move(question));
    if (!found) co_return refusal_response(refusal_of_read(found.error()));
    if (!found->value) co_return refusal_response(api_errc::unauthenticated, "this token is not known");
    auto const now_ms = with.chain.now_ms();
    if (is_over(with.limits, found->value->row, now_ms))
        co_return refusal_response(api_errc::token_expired, "this session is too old");
    note_use(with, found->value->row, now_ms);
    with.places.saw(found->value->who.name, runtime::address_group(request.peer));
    co_return *found->value;
}

http_response too_many_pages()
{
    return refusal_response(page_refusal());
}

asio::awaitable<decided> decide(services const& with, chat::command what)
{
    auto outcome = co_await with.chain.submit(std::move(what));
    if (auto const* none = std::get_if<undecided>(&outcome)) co_return refusal_response(refusal_of(*none));
    auto done = std::get<chat::applied>(std::move(outcome));
    with.changes.answered(done);
    if (auto const* failed = std::get_if<chat::failure>(&done.result)) co_return refusal_response(*failed);
    co_return done;
}

}  // namespace chaind::gateway
