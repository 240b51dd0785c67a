#pragma once
// The admin listener: /metrics for Prometheus, /status for chainctl when the config service is away, /livez,
// and POST /probe, which `chainctl drill` measures with. Nothing else, and never on the clients' port.

#include "gateway/backend.hpp"
#include "gateway/http_message.hpp"
#include "gateway/settings.hpp"
#include "metrics/registry.hpp"

#include <functional>

namespace chaind::gateway
{

class admin_page final : public http_handler
{
public:
    // `refresh` runs before the metrics are shown: the time for values that are sampled.
    admin_page(
        backend& chain, settings const& limits, metrics::registry& metrics, std::function<void()> refresh
    );

    boost::asio::awaitable<http_response> handle(http_request request) override;
    std::variant<http_response, std::shared_ptr<ws_peer>> upgrade(http_request const& request) override;
    [[nodiscard]] http_response refuse(unsigned status, std::string_view why) const override;

private:
    [[nodiscard]] boost::asio::awaitable<http_response> probe();

    backend& chain_;
    settings const& limits_;
    metrics::registry& metrics_;
    std::function<void()> refresh_;
};

}  // namespace chaind::gateway
