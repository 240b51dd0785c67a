#include "net/dialer.hpp"

#include "runtime/log.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace chaind::net
{

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace
{
constexpr auto first_pause = 20ms;
constexpr auto dial_limit = 2s;
constexpr auto answer_limit = 5s;

asio::awaitable<result<asio::ip::tcp::socket>> connect(asio::ip::tcp::endpoint to)
{
    asio::ip::tcp::socket socket(co_await asio::this_coro::executor);
    auto const [failed] = co_await socket.async_connect(to, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return failed;
    co_return socket;
}
}  // namespace

dialer::dialer(
    runtime::task_group& tasks,
    std::string name,
    asio::ip::tcp::endpoint to,
    std::size_t outbox_limit,
    dial_events tell,
    std::chrono::milliseconds longest_pause
)
    : tasks_(tasks),
      name_(std::move(name)),
      to_(std::move(to)),
      outbox_limit_(outbox_limit),
      tell_(std::move(tell)),
      longest_pause_(longest_pause),
      pause_(tasks.executor())
{
}

void dialer::start()
{
    tasks_.spawn(run(shared_from_this()));
}

void dialer::stop()
{
    stopped_ = true;
    pause_.cancel();
    if (link_) link_->close();
}

bool dialer::send(std::string body)
{
    return up_ && link_->send(std::move(body));
}

asio::awaitable<void> dialer::run(std::shared_ptr<dialer> self)
{
    auto pause = std::chrono::milliseconds(first_pause);
    while (!self->stopped_)
    {
        self->up_ = false;
        auto const why = co_await self->connect_and_serve();
        bool const was_up = self->up_;
        self->up_ = false;
        self->link_.reset();
        if (self->stopped_) break;
        if (was_up)
        {
            self->tell_.down();
            if (self->refusal_.empty()) pause = first_pause;
        }
        if (was_up || why != self->told_)
            log::write(
                log::level::info,
                "net",
                was_up ? "a link ended" : "cannot link",
                {{"Peer", self->name_}, {"Reason", why}}
            );
        self->told_ = why;
        self->pause_.expires_after(pause);
        co_await runtime::wait_on(self->pause_);
        pause = std::min(pause * 2, self->longest_pause_);
    }
}

asio::awaitable<std::string> dialer::connect_and_serve()
{
    auto socket = co_await runtime::within(dial_limit, connect(to_));
    if (!socket) refusal_.clear();
    if (!socket) co_return socket.error().message();
    if (stopped_) co_return "stopped";
    link_ = std::make_shared<frame_link>(std::move(*socket), outbox_limit_);
    tasks_.spawn(frame_link::write_loop(link_));
    auto why = co_await serve(link_);
    link_->close();
    co_return why;
}

asio::awaitable<std::string> dialer::serve(std::shared_ptr<frame_link> link)
{
    link->send(wire::peer::encode(tell_.greeting()));
    auto answer = co_await runtime::within(answer_limit, link->receive());
    auto const* const no = answer ? std::get_if<wire::peer::refused>(&*answer) : nullptr;
    refusal_ = no != nullptr ? no->reason : std::string();
    if (!answer) co_return answer.error().message();
    if (no != nullptr) co_return "refused: " + no->reason;
    auto const* const yes = std::get_if<wire::peer::welcome>(&*answer);
    if (yes == nullptr) co_return "the first frame is no answer to a hello";
    if (auto wrong = tell_.objection(*yes); !wrong.empty()) co_return wrong;
    if (stopped_) co_return "stopped";

    link->allow(frame_limit);
    up_ = true;
    told_.clear();
    log::write(log::level::info, "net", "a link is up", {{"Peer", name_}});
    tell_.up(*yes);
    for (;;)
    {
        auto frame = co_await link->receive();
        if (!frame) co_return frame.error().message();
        if (stopped_) co_return "stopped";
        if (auto const* const last = std::get_if<wire::peer::refused>(&*frame))
        {
            refusal_ = last->reason;
            co_return "refused: " + last->reason;
        }
        tell_.received(std::move(*frame));
    }
}

}  // namespace chaind::net
