#include "gateway/counters.hpp"

#include <string>

namespace chaind::gateway
{

namespace
{

prometheus::Family<prometheus::Counter>& counter(metrics::registry& in, char const* name, char const* help)
{
    return prometheus::BuildCounter().Name(name).Help(help).Register(in.prometheus());
}
prometheus::Gauge& gauge(metrics::registry& in, char const* name, char const* help)
{
    return prometheus::BuildGauge().Name(name).Help(help).Register(in.prometheus()).Add({});
}

void raise(prometheus::Counter& to, std::uint64_t value)
{
    to.Increment(static_cast<double>(value) - to.Value());
}

}  // namespace

counters::counters(metrics::registry& into)
    : requests_(counter(into, "chaind_client_requests_total", "Requests over WebSocket by operation")),
      refusals_(counter(into, "chaind_client_refusals_total", "Error answers over WebSocket by code")),
      closed_(
          counter(into, "chaind_client_closed_total", "WebSockets that this replica closed, by close code")
      ),
      http_(counter(into, "chaind_http_responses_total", "HTTP responses by status")),
      write_seconds_(prometheus::BuildHistogram()
                         .Name("chaind_client_write_seconds")
                         .Help("Time from a client's change to its answer")
                         .Register(into.prometheus())
                         .Add(
                             {},
                             prometheus::Histogram::BucketBoundaries{
                                 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5
                             }
                         )),
      connections_(gauge(into, "chaind_client_connections", "Open TCP connections of clients")),
      clients_(gauge(into, "chaind_clients", "WebSocket sessions with a user")),
      hashes_waiting_(
          gauge(into, "chaind_password_hashes_waiting", "Password hashes queued or being computed")
      ),
      events_sent_(
          counter(into, "chaind_client_events_total", "Durable events handed to live sessions").Add({})
      ),
      connections_refused_(
          counter(into, "chaind_client_connections_refused_total", "Connections refused by a limit").Add({})
      ),
      can_read_(gauge(into, "chaind_can_read", "1 where this replica serves reads now")),
      can_write_(gauge(into, "chaind_can_write", "1 where this replica serves writes now")),
      member_(gauge(into, "chaind_member", "1 where this replica is in the active chain")),
      replicas_(gauge(into, "chaind_replicas", "Members of the active chain, as this replica knows it")),
      epoch_(gauge(into, "chaind_epoch", "The epoch of that chain")),
      committed_(gauge(into, "chaind_committed_position", "Position up to which the chain has committed")),
      applied_(gauge(into, "chaind_applied_position", "Position up to which readers here see everything"))
{
}

void counters::request(std::string_view op)
{
    requests_.Add({{"op", std::string(op)}}).Increment();
}

void counters::refused(chat::api_errc code)
{
    refusals_.Add({{"code", std::string(chat::name_of(code))}}).Increment();
}

void counters::closed(int code)
{
    closed_.Add({{"code", std::to_string(code)}}).Increment();
}

void counters::http(unsigned status)
{
    http_.Add({{"status", std::to_string(status)}}).Increment();
}

void counters::write_took(std::chrono::steady_clock::duration time)
{
    write_seconds_.Observe(std::chrono::duration<double>(time).count());
}

void counters::show(levels const& now)
{
    connections_.Set(static_cast<double>(now.connections));
    clients_.Set(static_cast<double>(now.clients));
    hashes_waiting_.Set(static_cast<double>(now.hashes_waiting));
    raise(events_sent_, now.events_sent);
    raise(connections_refused_, now.connections_refused);
}

void counters::show(chain_view const& now)
{
    can_read_.Set(now.can_read ? 1 : 0);
    can_write_.Set(now.can_write ? 1 : 0);
    member_.Set(now.member ? 1 : 0);
    replicas_.Set(static_cast<double>(now.replicas));
    epoch_.Set(static_cast<double>(now.at.value()));
    committed_.Set(static_cast<double>(now.committed.value()));
    applied_.Set(static_cast<double>(now.applied.value()));
}

}  // namespace chaind::gateway
