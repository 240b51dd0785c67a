#include "gateway/http_chat.hpp"

#include "chat/ulid.hpp"
#include "gateway/http_common.hpp"
#include "gateway/queries.hpp"
#include "gateway/token.hpp"
#include "wire/client_json.hpp"

#include <charconv>

namespace chaind::gateway
{

namespace asio = boost::asio;
using chat::api_errc;

namespace
{

// The page of a query, or the refusal, as a response.
asio::awaitable<http_response> show(services const& with, wire::request_body what, chat::user_id who)
{
    auto const turn = co_await with.pages.take(who);
    if (!turn) co_return too_many_pages();
    auto question = query_of(what, who);
    auto const page = co_await ask(with.chain, std::move(*question));
    if (!page) co_return refusal_response(refusal_of_read(page.error()));
    auto const* text = std::get_if<std::string>(&page->value);
    turn->cost(text != nullptr ? text->size() : 0);
    if (text == nullptr) co_return refusal_response(std::get<chat::failure>(page->value));
    auto response = ok(*text);
    response.holds = turn;
    co_return response;
}

// False: it is there and no number.
bool read_number(std::optional<std::string> const& text, std::uint64_t& into)
{
    if (!text) return true;
    auto const* end = text->data() + text->size();
    auto const [stop, failed] = std::from_chars(text->data(), end, into);
    return failed == std::errc{} && stop == end;
}

}  // namespace

asio::awaitable<http_response> send_message(services const& with, http_request const& request)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    auto const& own = std::get<chat::known_session>(asked);

    auto const* key = request.header("idempotency-key");
    chat::command command;
    command.uid = own.who.uid;
    command.cid = key != nullptr ? *key : new_ulid(with.chain.key_ms());
    if (!chat::ulid_time_ms(command.cid))
        co_return refusal_response(api_errc::bad_request, "Idempotency-Key is not a ULID", "cid");
    auto parsed = wire::parse_message(request.body, with.limits.body_max);
    if (auto const* bad = std::get_if<chat::failure>(&parsed)) co_return refusal_response(*bad);
    command.what = std::get<chat::command_body>(std::move(parsed));
    if (auto const limited = with.changes.take(command.uid, command.what))
        co_return refusal_response(*limited);
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    auto const& applied = std::get<chat::applied>(done);
    auto const replicas = std::max<std::size_t>(1, with.chain.view().replicas);
    auto response = ok(wire::outcome_d(applied.result, replicas), applied.dup ? 200 : 201);
    response.headers.emplace_back("Chaind-Pos", std::to_string(applied.effect_pos.value()));
    co_return response;
}

asio::awaitable<http_response> list_conversations(services const& with, http_request const& request)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    chat::sync_query all;
    all.users = false;
    all.next = parameter(request, "next").value_or("");
    wire::request_body what = all;
    auto const who = std::get<chat::known_session>(asked).who.uid;
    co_return co_await show(with, std::move(what), who);
}

asio::awaitable<http_response> list_messages(
    services const& with, http_request const& request, std::string conv
)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    auto const id = wire::parse_conv_id(conv);
    if (!id) co_return refusal_response(api_errc::not_found, "no such conversation");
    chat::history_query history;
    history.conv = *id;
    using anchor = chat::history_query::anchor;
    static constexpr std::pair<std::string_view, anchor> anchors[] = {
        {"before", anchor::before}, {"after", anchor::after}, {"around", anchor::around}
    };
    for (auto const& [name, from] : anchors)
    {
        auto const given = parameter(request, name);
        if (!given) continue;
        if (history.from != anchor::newest || !read_number(given, history.at))
            co_return refusal_response(
                api_errc::bad_request, "one of before, after, around, a number", std::string(name)
            );
        history.from = from;
    }
    std::uint64_t limit = history.limit;
    if (!read_number(parameter(request, "limit"), limit) || limit < 1 || limit > 200)
        co_return refusal_response(api_errc::bad_request, "limit is a number from 1 to 200", "limit");
    history.limit = limit;
    wire::request_body what = history;
    auto const who = std::get<chat::known_session>(asked).who.uid;
    co_return co_await show(with, std::move(what), who);
}

asio::awaitable<http_response> remove_conversation(
    services const& with, http_request const& request, std::string conv
)
{
    auto asked = co_await who_asks(with, request);
    if (auto* refused = std::get_if<http_response>(&asked)) co_return std::move(*refused);
    auto const id = wire::parse_conv_id(conv);
    if (!id) co_return refusal_response(api_errc::not_found, "no such conversation");
    auto const* key = request.header("idempotency-key");
    chat::command command;
    command.uid = std::get<chat::known_session>(asked).who.uid;
    command.cid = key != nullptr ? *key : new_ulid(with.chain.key_ms());
    command.what = chat::conv_archive{.conv = *id};
    if (auto const limited = with.changes.take(command.uid, command.what))
        co_return refusal_response(*limited);
    auto done = co_await decide(with, std::move(command));
    if (auto* refused = std::get_if<http_response>(&done)) co_return std::move(*refused);
    auto const& applied = std::get<chat::applied>(done);
    auto const replicas = std::max<std::size_t>(1, with.chain.view().replicas);
    auto response = ok(wire::outcome_d(applied.result, replicas));
    response.headers.emplace_back("Chaind-Pos", std::to_string(applied.effect_pos.value()));
    co_return response;
}

}  // namespace chaind::gateway
