#pragma once
// What the HTTP requests share: who asks, and how an answer or a refusal is put.

#include "chat/views.hpp"
#include "gateway/ask.hpp"
#include "gateway/http_message.hpp"
#include "gateway/refusal.hpp"
#include "gateway/services.hpp"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <variant>

namespace chaind::gateway
{

http_response ok(std::string body, unsigned status = 200);
http_response refusal_response(refusal const& why);
http_response refusal_response(chat::api_errc code, std::string message, std::string field = {});
http_response refusal_response(chat::failure const& why);

http_response too_many_pages();  // for whom page_turns has none

// The value of one query parameter, as it stands there.
std::optional<std::string> parameter(http_request const& request, std::string_view name);

// The session of `Authorization: Bearer`, checked in a linearizable read; or the refusal.
using signed_in = std::variant<http_response, chat::known_session>;
boost::asio::awaitable<signed_in> who_asks(services const& with, http_request const& request);

// Submits; the outcome that apply decided, or the refusal.
using decided = std::variant<http_response, chat::applied>;
boost::asio::awaitable<decided> decide(services const& with, chat::command what);

}  // namespace chaind::gateway
