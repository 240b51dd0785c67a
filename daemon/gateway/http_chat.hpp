#pragma once
// Messages and conversations over HTTP, for bots and scripts: the same operations as over WebSocket.

#include "gateway/http_message.hpp"
#include "gateway/services.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace chaind::gateway
{

boost::asio::awaitable<http_response> send_message(services const& with, http_request const& request);
boost::asio::awaitable<http_response> list_conversations(services const& with, http_request const& request);
boost::asio::awaitable<http_response> list_messages(
    services const& with, http_request const& request, std::string conv
);

// conv.archive
boost::asio::awaitable<http_response> remove_conversation(
    services const& with, http_request const& request, std::string conv
);

}  // namespace chaind::gateway
