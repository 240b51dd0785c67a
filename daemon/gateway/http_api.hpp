#pragma once
// The requests of docs/client_api.md 2, and the door to chat.v1: which path is what, who may ask it from
// which web page, and the headers that every response carries.

#include "gateway/http_message.hpp"
#include "gateway/refusal.hpp"
#include "gateway/services.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::gateway
{

class http_api final : public http_handler
{
public:
    http_api(services const& with, boost::asio::any_io_executor on);

    boost::asio::awaitable<http_response> handle(http_request request) override;
    std::variant<http_response, std::shared_ptr<ws_peer>> upgrade(http_request const& request) override;
    [[nodiscard]] http_response refuse(unsigned status, std::string_view why) const override;

    // No new WebSocket; requests that change something are refused.
    void drain() { draining_ = true; }

private:
    struct page
    {
        std::string_view bytes;
        std::string_view type;
        std::string tag;
        bool hashed = false;  // its name changes with its content
    };

    boost::asio::awaitable<http_response> route(http_request const& request);
    boost::asio::awaitable<http_response> route_api(http_request const& request);
    http_response show_page(http_request const& request) const;
    http_response ready(http_request const& request) const;
    boost::asio::awaitable<http_response> status(http_request const& request);
    // Asked for by a name that is not ours.
    [[nodiscard]] bool misdirected(http_request const& request) const;
    [[nodiscard]] bool foreign(http_request const& request) const;
    void add_headers(http_request const* request, http_response& to) const;

    services const& with_;
    boost::asio::any_io_executor on_;
    std::map<std::string, page, std::less<>> pages_;
    bool draining_ = false;
};

}  // namespace chaind::gateway
