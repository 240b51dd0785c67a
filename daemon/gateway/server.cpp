#include "gateway/server.hpp"

#include "gateway/admin_page.hpp"
#include "gateway/counters.hpp"
#include "gateway/http_api.hpp"
#include "gateway/hub.hpp"
#include "gateway/listener.hpp"
#include "gateway/paced_reads.hpp"
#include "gateway/password_pool.hpp"
#include "gateway/rate_limiter.hpp"
#include "gateway/services.hpp"
#include "runtime/address.hpp"
#include "runtime/log.hpp"
#include "runtime/within.hpp"

#include <boost/asio/steady_timer.hpp>

#include <stdexcept>

namespace chaind::gateway
{

namespace asio = boost::asio;
using asio::ip::tcp;

namespace
{

tcp::endpoint endpoint_of(std::string const& address, std::uint16_t port)
{
    boost::system::error_code failed;
    auto const parsed = asio::ip::make_address(address, failed);
    if (failed) throw std::invalid_argument("not an address to listen on: " + address);
    return {parsed, port};
}

tcp::endpoint admin_endpoint(settings const& with)
{
    auto const at = endpoint_of(with.admin_address, with.admin_port);
    if (!runtime::is_loopback(at))
        throw std::invalid_argument(
            "the admin listener is not encrypted: it listens on loopback only, not on " + with.admin_address
        );
    return at;
}

}  // namespace

class server::impl
{
public:
    impl(asio::io_context& on, backend& chain, settings with, metrics::registry& metrics)
        : settings_(std::move(with)),
          connections_(on.get_executor(), "gateway"),
          requests_(on.get_executor(), "gateway"),
          tick_timer_(on),
          changes_(rates_, settings_),
          pages_(on.get_executor(), settings_),
          counters_(metrics),
          passwords_(
              on.get_executor(),
              {.ops = settings_.argon2_ops, .mem_bytes = settings_.argon2_mem_kib * 1024},
              settings_.hash_threads,
              settings_.hash_queue_max
          ),
          admin_page_(chain, settings_, metrics, [this] { sample(); }),
          clients_at_(on, endpoint_of(settings_.address, settings_.port), delegate_, settings_, connections_),
          admin_at_(on, admin_endpoint(settings_), admin_page_, settings_, connections_),
          url_(settings_.url.empty() ? "http://" + runtime::to_string(clients_at_.at()) : settings_.url),
          chain_(chain, on.get_executor(), settings_.reads_at_once, settings_.read_turn_within),
          hub_(chain_, settings_, url_, requests_),
          services_{
              .chain = chain_,
              .limits = settings_,
              .sessions = hub_,
              .passwords = passwords_,
              .rates = rates_,
              .places = places_,
              .changes = changes_,
              .pages = pages_,
              .tasks = requests_,
              .count = counters_,
              .own_url = url_
          },
          api_(services_, on.get_executor())
    {
        delegate_.to = &api_;
        hub_.on_entry = [this](chat::applied const& entry) { changes_.applied(entry); };
    }

    void start()
    {
        clients_at_.start();
        admin_at_.start();
        connections_.spawn(tick());
        log::write(
            log::level::info,
            "gateway",
            "listens",
            {{"Url", url_}, {"Admin", runtime::to_string(admin_at_.at())}}
        );
    }

    asio::awaitable<void> stop()
    {
        auto const deadline = std::chrono::steady_clock::now() + settings_.drain_within;
        api_.drain();
        clients_at_.close();
        admin_at_.close();
        hub_.stop(4001, "this replica is stopping");
        clients_at_.drain();
        admin_at_.drain();
        asio::steady_timer pause(connections_.executor());
        while (clients_at_.connections() > 0 && std::chrono::steady_clock::now() < deadline)
        {
            pause.expires_after(std::chrono::milliseconds(10));
            co_await runtime::wait_on(pause);
        }
        stopping_ = true;
        tick_timer_.cancel();
        clients_at_.abort();
        admin_at_.abort();
        co_await requests_.stop(std::chrono::milliseconds(500));
        co_await connections_.stop(std::chrono::milliseconds(500));
    }

    void reload(settings const& with)
    {
        // What was bound or sized at the start stays.
        auto next = with;
        next.address = settings_.address;
        next.port = settings_.port;
        next.url = settings_.url;
        next.admin_address = settings_.admin_address;
        next.admin_port = settings_.admin_port;
        settings_ = std::move(next);
    }

    [[nodiscard]] std::string const& url() const { return url_; }
    [[nodiscard]] listener const& clients_at() const { return clients_at_; }
    [[nodiscard]] listener const& admin_at() const { return admin_at_; }
    [[nodiscard]] hub const& sessions() const { return hub_; }
    [[nodiscard]] bool drained() const { return chain_.view().draining && hub_.sessions() == 0; }

private:
    // The listener comes before the services that its handler needs: they must know the port.
    struct delegate final : http_handler
    {
        http_handler* to = nullptr;

        asio::awaitable<http_response> handle(http_request request) override
        {
            return to->handle(std::move(request));
        }
        std::variant<http_response, std::shared_ptr<ws_peer>> upgrade(http_request const& request) override
        {
            return to->upgrade(request);
        }
        [[nodiscard]] http_response refuse(unsigned status, std::string_view why) const override
        {
            return to->refuse(status, why);
        }
    };

    asio::awaitable<void> tick()
    {
        auto swept = std::chrono::steady_clock::now();
        while (!stopping_)
        {
            tick_timer_.expires_after(std::chrono::milliseconds(100));
            co_await runtime::wait_on(tick_timer_);
            auto const now = std::chrono::steady_clock::now();
            hub_.tick(now);
            if (now - swept < std::chrono::seconds(10)) continue;
            swept = now;
            rates_.forget_full(now);
            pages_.forget_idle(now);
        }
    }

    void sample()
    {
        counters::levels now;
        now.connections = clients_at_.connections();
        now.clients = hub_.clients();
        now.hashes_waiting = passwords_.waiting();
        now.events_sent = hub_.events_sent();
        now.connections_refused = clients_at_.refused();
        counters_.show(now);
        counters_.show(chain_.view());
    }

    settings settings_;
    runtime::task_group connections_;
    runtime::task_group requests_;
    asio::steady_timer tick_timer_;
    bool stopping_ = false;
    rate_limiter rates_;
    known_places places_;
    change_limits changes_;
    page_turns pages_;
    counters counters_;
    password_pool passwords_;
    delegate delegate_;
    admin_page admin_page_;
    listener clients_at_;
    listener admin_at_;
    std::string url_;
    paced_reads chain_;
    hub hub_;
    services services_;
    http_api api_;
};

server::server(asio::io_context& on, backend& chain, settings with, metrics::registry& metrics)
    : impl_(std::make_unique<impl>(on, chain, std::move(with), metrics))
{
}

server::~server() = default;

void server::start()
{
    impl_->start();
}

asio::awaitable<void> server::stop()
{
    return impl_->stop();
}

std::string server::url() const
{
    return impl_->url();
}

std::uint16_t server::client_port() const
{
    return impl_->clients_at().at().port();
}

std::uint16_t server::admin_port() const
{
    return impl_->admin_at().at().port();
}

std::size_t server::clients() const
{
    return impl_->sessions().clients();
}

std::set<std::string> const& server::members() const
{
    return impl_->sessions().members().newest();
}

bool server::drained() const
{
    return impl_->drained();
}

void server::reload(settings const& with)
{
    impl_->reload(with);
}

}  // namespace chaind::gateway
