#pragma once
// Accounts, sessions and passwords over HTTP. All of them are changes of the replicated state: what one
// replica answered holds at every other one at once.

#include "gateway/http_message.hpp"
#include "gateway/services.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace chaind::gateway
{

boost::asio::awaitable<http_response> create_account(services const& with, http_request const& request);
boost::asio::awaitable<http_response> create_session(services const& with, http_request const& request);
boost::asio::awaitable<http_response> end_session(services const& with, http_request const& request);
boost::asio::awaitable<http_response> list_sessions(services const& with, http_request const& request);
// DELETE /sessions: all but the one that asks; DELETE /sessions/s_3: that one.
boost::asio::awaitable<http_response> revoke_sessions(
    services const& with, http_request const& request, std::string id
);
boost::asio::awaitable<http_response> change_password(services const& with, http_request const& request);

}  // namespace chaind::gateway
