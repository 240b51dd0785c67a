#include "gateway/listener.hpp"

#include "runtime/address.hpp"
#include "runtime/log.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <vector>

namespace chaind::gateway
{

namespace asio = boost::asio;
using asio::ip::tcp;

namespace
{

tcp::acceptor bound(asio::io_context& on, tcp::endpoint const& at)
{
    try
    {
        return tcp::acceptor(on, at, true);  // SO_REUSEADDR: a restarted daemon gets its port back
    }
    catch (boost::system::system_error const& e)
    {
        throw boost::system::system_error(e.code(), "cannot listen on " + runtime::to_string(at));
    }
}

}  // namespace

listener::listener(
    asio::io_context& on,
    tcp::endpoint at,
    http_handler& handler,
    settings const& limits,
    runtime::task_group& tasks
)
    : acceptor_(bound(on, at)),
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

bool listener::has_room(asio::ip::address const& from) const
{
    if (open_.size() >= limits_.connections_max) return false;
    if (from.is_loopback()) return true;
    auto const found = by_address_.find(from.to_string());
    return found == by_address_.end() || found->second < limits_.connections_per_address_max;
}

asio::awaitable<void> listener::accept()
{
    asio::steady_timer pause(acceptor_.get_executor());
    while (acceptor_.is_open())
    {
        auto [failed, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (failed == asio::error::operation_aborted) co_return;
        if (failed)
        {
            // Out of descriptors or memory: those who are connected go on; the others wait in the kernel's
            // queue.
            log::write(
                log::level::warning, "gateway", "cannot accept for now", {{"Reason", failed.message()}}
            );
            pause.expires_after(std::chrono::milliseconds(100));
            co_await runtime::wait_on(pause);
            continue;
        }
        error_code gone;
        auto const from = socket.remote_endpoint(gone).address();
        if (gone || !has_room(from))
        {
            ++refused_;
            continue;
        }
        auto address = from.to_string();
        auto made = make_connection(std::move(socket), handler_, limits_, tasks_);
        open_.emplace(made.get(), made);
        ++by_address_[address];
        tasks_.spawn(serve(std::move(made), std::move(address)));
    }
}

asio::awaitable<void> listener::serve(std::shared_ptr<connection> what, std::string from)
{
    struct entry
    {
        listener& of;
        connection* key;
        std::string const& address;

        entry(listener& l, connection* k, std::string const& a) : of(l), key(k), address(a) {}
        ~entry()
        {
            of.open_.erase(key);
            auto const count = of.by_address_.find(address);
            if (--count->second == 0) of.by_address_.erase(count);
        }
    } const registered(*this, what.get(), from);
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
