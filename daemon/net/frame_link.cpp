#include "net/frame_link.hpp"

#include "runtime/address.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>

namespace chaind::net
{

namespace asio = boost::asio;

namespace
{
constexpr std::size_t frames_at_once = 32;  // gathered into one write

std::string address_of(asio::ip::tcp::socket const& socket)
{
    boost::system::error_code gone;
    auto const at = socket.remote_endpoint(gone);
    return gone ? "(gone)" : runtime::to_string(at);
}
}  // namespace

frame_link::frame_link(asio::ip::tcp::socket socket, std::size_t outbox_limit)
    : socket_(std::move(socket)),
      wake_(socket_.get_executor(), asio::steady_timer::time_point::max()),
      peer_(address_of(socket_)),
      outbox_limit_(outbox_limit)
{
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
}

asio::awaitable<result<wire::peer::frame>> frame_link::receive()
{
    for (;;)
    {
        auto const body = in_.next();
        if (!body) co_return body.error();
        if (*body) co_return wire::peer::decode(**body);

        auto const space = in_.space();
        auto const buffer = asio::buffer(space.data(), space.size());
        auto const [failed, bytes] =
            co_await socket_.async_read_some(buffer, asio::as_tuple(asio::use_awaitable));
        if (failed) co_return failed;
        in_.filled(bytes);
    }
}

asio::awaitable<boost::system::error_code> frame_link::write_batch()
{
    auto const count = std::min(outbox_.size(), frames_at_once);
    std::vector<asio::const_buffer> buffers;
    buffers.reserve(2 * count);
    std::size_t bytes = 0;
    // A deque keeps its elements in place while send() appends.
    for (std::size_t i = 0; i < count; ++i)
    {
        auto const& next = outbox_[i];
        buffers.emplace_back(next.header.data(), next.header.size());
        buffers.emplace_back(next.body.data(), next.body.size());
        bytes += next.body.size();
    }
    auto const [failed, written] =
        co_await asio::async_write(socket_, buffers, asio::as_tuple(asio::use_awaitable));
    static_cast<void>(written);
    outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(count));
    waiting_bytes_ -= bytes;
    co_return failed;
}

asio::awaitable<void> frame_link::write_loop(std::shared_ptr<frame_link> self)
{
    while (!self->closed_)
    {
        if (!self->outbox_.empty())
        {
            auto const failed = co_await self->write_batch();
            if (failed) self->close();
        }
        else if (self->closing_)
            self->close();
        else
            co_await runtime::wait_on(self->wake_);
    }
}

bool frame_link::send(std::string body)
{
    if (closed_ || closing_) return false;
    if (waiting_bytes_ + body.size() > outbox_limit_)
    {
        close();
        return false;
    }
    waiting_bytes_ += body.size();
    auto const header = header_of(body);
    outbox_.push_back({header, std::move(body)});
    wake_.cancel();
    return true;
}

void frame_link::close_after_writing()
{
    closing_ = true;
    wake_.cancel();
}

void frame_link::close()
{
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
    wake_.cancel();
}

}  // namespace chaind::net
