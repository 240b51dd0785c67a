#pragma once
// The gateway's metrics. Label values are names of this program alone: operations, error codes, HTTP
// statuses.

#include "chat/outcome.hpp"
#include "gateway/backend.hpp"
#include "metrics/registry.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <chrono>
#include <string_view>

namespace chaind::gateway
{

class counters
{
public:
    explicit counters(metrics::registry& into);

    void request(std::string_view op);  // a well-formed one: its op is one of ours
    void refused(chat::api_errc code);
    void closed(int code);
    void http(unsigned status);
    void write_took(std::chrono::steady_clock::duration time);  // from the client's frame to its answer

    // Sampled when they are shown.
    struct levels
    {
        std::size_t connections = 0;
        std::size_t clients = 0;
        std::size_t hashes_waiting = 0;
        std::uint64_t events_sent = 0;
        std::uint64_t connections_refused = 0;
    };
    void show(levels const& now);
    void show(chain_view const& now);

private:
    prometheus::Family<prometheus::Counter>& requests_;
    prometheus::Family<prometheus::Counter>& refusals_;
    prometheus::Family<prometheus::Counter>& closed_;
    prometheus::Family<prometheus::Counter>& http_;
    prometheus::Histogram& write_seconds_;
    prometheus::Gauge& connections_;
    prometheus::Gauge& clients_;
    prometheus::Gauge& hashes_waiting_;
    prometheus::Counter& events_sent_;
    prometheus::Counter& connections_refused_;
    prometheus::Gauge& can_read_;
    prometheus::Gauge& can_write_;
    prometheus::Gauge& member_;
    prometheus::Gauge& replicas_;
    prometheus::Gauge& epoch_;
    prometheus::Gauge& committed_;
    prometheus::Gauge& applied_;
};

}  // namespace chaind::gateway
