#include "gateway/listener.hpp"

#include "runtime/address.hpp"
#include "runtime/listen_at.hpp"
#include "runtime/log.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <vector>

namespace chaind::gateway
{

namespace asio = boost::asio;
using asio::ip::tcp;

listener::listener(
    asio::io_context& on,
    tcp::endpoint at,
    http_handler& handler,
    settings const& limits,
    runtime::task_group& tasks
)
    : acceptor_(runtime::listen_at(on.get_executor(), at)),
      at_(acceptor_.local_endpoint()),
      handler_(handler),
      limits_(limits),
      tasks_(tasks)
{
}

void listener::start()
{
    tasks_.spawn(accept());
}

void listener::close()
{
    error_code ignored;
    acceptor_.close(ignored);
}

bool listener::make_room(connection_slots::id newcomer, asio::ip::address const& from)
{
    connection_slots::limits now;
    now.all = limits_.connections_max;
    now.of_a_group = limits_.connections_per_address_max;
    now.kept = limits_.connections_max * limits_.connections_kept_percent / 100;
    auto const busy = [this](connection_slots::id one)
    {
        auto const open = open_.find(one);
        auto const what = open == open_.end() ? nullptr : open->second.lock();
        return what && what->busy();
    };
    auto const found = slots_.admit(newcomer, from, now, busy);
    if (found.instead_of)
    {
        ++refused_;
        if (auto const open = open_.find(*found.instead_of); open != open_.end())
            if (auto const what = open->second.lock()) what->abort();
    }
    return found.admitted;
}

asio::awaitable<void> listener::accept()
{
    asio::steady_timer pause(acceptor_.get_executor());
    std::chrono::steady_clock::time_point tell_again;
    while (acceptor_.is_open())
    {
        auto [failed, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (failed == asio::error::operation_aborted) co_return;
        if (failed)
        {
            // Out of descriptors or memory: those who are connected go on; the others wait in the kernel's
            // queue.
            auto const now = std::chrono::steady_clock::now();
            if (now >= tell_again)
            {
                log::write(
                    log::level::warning, "gateway", "cannot accept for now", {{"Reason", failed.message()}}
                );
                tell_again = now + std::chrono::seconds(10);
            }
            pause.expires_after(std::chrono::milliseconds(100));
            co_await runtime::wait_on(pause);
            continue;
        }
        error_code gone;
        auto const from = socket.remote_endpoint(gone).address();
        auto const number = next_++;
        if (gone || !make_room(number, from))
        {
            ++refused_;
            continue;
        }
        auto on_sign_in = [this, number] { slots_.signed_in(number); };
        auto made = make_connection(std::move(socket), handler_, limits_, tasks_, std::move(on_sign_in));
        open_.emplace(number, made);
        tasks_.spawn(serve(std::move(made), number));
    }
}

asio::awaitable<void> listener::serve(std::shared_ptr<connection> what, connection_slots::id number)
{
    struct entry
    {
        listener& of;
        connection_slots::id number;

        entry(listener& l, connection_slots::id n) : of(l), number(n) {}
        ~entry()
        {
            of.open_.erase(number);
            of.slots_.ended(number);
        }
    } const registered(*this, number);
    co_await what->run();
}

void listener::drain()
{
    std::vector<std::shared_ptr<connection>> all;
    for (auto const& [key, weak] : open_)
        if (auto one = weak.lock()) all.push_back(std::move(one));
    for (auto const& one : all)
        one->drain();
}

void listener::abort()
{
    std::vector<std::shared_ptr<connection>> all;
    for (auto const& [key, weak] : open_)
        if (auto one = weak.lock()) all.push_back(std::move(one));
    for (auto const& one : all)
        one->abort();
}

}  // namespace chaind::gateway
