#include "net/peer_listener.hpp"

#include "runtime/listen_at.hpp"
#include "runtime/log.hpp"
#include "runtime/printable.hpp"
#include "runtime/within.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace chaind::net
{

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace
{
constexpr std::size_t share_of_strangers = 4;
constexpr auto tell_again_after = 10s;
}  // namespace

peer_listener::peer_listener(
    runtime::task_group& tasks,
    asio::ip::tcp::endpoint const& at,
    std::size_t outbox_limit,
    accept_events tell,
    link_limits limits
)
    : tasks_(tasks),
      acceptor_(runtime::listen_at(tasks.executor(), at)),
      outbox_limit_(outbox_limit),
      tell_(std::move(tell)),
      limits_(limits)
{
}

void peer_listener::start()
{
    tasks_.spawn(accept_loop());
}

void peer_listener::stop()
{
    stopped_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (auto const& [link, state] : links_)
        link->close();
}

void peer_listener::make_room()
{
    std::size_t open = 0;
    std::size_t strangers = 0;
    for (auto const& [link, state] : links_)
    {
        if (link->closed()) continue;
        ++open;
        if (!state.belongs) ++strangers;
    }
    if (strangers >= std::max<std::size_t>(1, limits_.links / share_of_strangers))
        end_most_silent(true);
    else if (open >= limits_.links)
        end_most_silent(false);
}

void peer_listener::end_most_silent(bool of_strangers)
{
    std::shared_ptr<frame_link> most;
    auto since = std::chrono::steady_clock::time_point::max();
    for (auto const& [link, state] : links_)
    {
        if (link->closed() || (of_strangers && state.belongs) || state.heard >= since) continue;
        most = link;
        since = state.heard;
    }
    if (!most) return;
    auto const now = std::chrono::steady_clock::now();
    if (told_ == decltype(told_){} || now - told_ >= tell_again_after)
    {
        log::write(
            log::level::warning,
            "net",
            "too many links: the one that has been silent longest is closed",
            {{"Peer", most->peer()}, {"Links", links_.size()}}
        );
        told_ = now;
    }
    most->close();
}

asio::awaitable<void> peer_listener::accept_loop()
{
    asio::steady_timer pause(tasks_.executor());
    std::chrono::steady_clock::time_point tell_again;
    while (!stopped_)
    {
        auto [failed, socket] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (stopped_) co_return;
        if (failed)
        {
            // Out of descriptors, most likely: it passes.
            auto const now = std::chrono::steady_clock::now();
            if (now >= tell_again)
            {
                log::write(log::level::warning, "net", "cannot accept", {{"Reason", failed.message()}});
                tell_again = now + 10s;
            }
            pause.expires_after(100ms);
            co_await runtime::wait_on(pause);
            continue;
        }
        make_room();
        auto link = std::make_shared<frame_link>(std::move(socket), outbox_limit_);
        links_[link] = {.heard = std::chrono::steady_clock::now()};
        tasks_.spawn(frame_link::write_loop(link));
        tasks_.spawn(serve(std::move(link)));
    }
}

// `who`: as it names itself; empty as long as it has not.
void peer_listener::refuse(frame_link& link, std::string const& reason, std::string const& who)
{
    log::write(
        log::level::warning,
        "net",
        "refused a link",
        {{"Node", runtime::printable(who)}, {"Peer", link.peer()}, {"Reason", reason}}
    );
    wire::peer::refused no{reason};
    link.send(wire::peer::encode(std::move(no)));
    link.close_after_writing();
}

asio::awaitable<result<wire::peer::hello>> peer_listener::greet(frame_link& link)
{
    auto first = co_await runtime::within(limits_.stranger, link.receive());
    if (!first)
    {
        auto const why = first.error();
        // Somebody who connects and says nothing, as a port probe does, is no event.
        if (why.category() == chaind_category()) refuse(link, why.message());
        co_return why;
    }
    auto* const hello = std::get_if<wire::peer::hello>(&*first);
    if (hello == nullptr)
    {
        refuse(link, "the first frame must be a hello");
        co_return make_error_code(errc::bad_frame);
    }
    if (!wire::peer::agree(hello->protocol_min, hello->protocol_max))
    {
        refuse(
            link,
            "no protocol version in common; this side speaks " + std::to_string(wire::peer::protocol_min) +
                " to " + std::to_string(wire::peer::protocol_max),
            hello->from.name.name.str()
        );
        co_return make_error_code(errc::wrong_version);
    }
    if (auto const why = tell_.objection(*hello, link.peer()); !why.empty())
    {
        refuse(link, why, hello->from.name.name.str());
        co_return make_error_code(errc::wrong_cluster);
    }
    if (tell_.before_welcome) co_await tell_.before_welcome(*hello);
    co_return std::move(*hello);
}

asio::awaitable<result<wire::peer::frame>> peer_listener::next(frame_link& link, bool belongs)
{
    auto frame = link.receive();
    if (belongs) co_return co_await std::move(frame);
    co_return co_await runtime::within(limits_.stranger, std::move(frame));
}

asio::awaitable<void> peer_listener::serve(std::shared_ptr<frame_link> link)
{
    auto const hello = co_await greet(*link);
    if (stopped_) co_return;
    if (!hello)
    {
        links_.erase(link);
        // A refusal is still being written; what it answers is not read any more.
        link->close_after_writing();
        co_return;
    }
    auto answer = tell_.answer(*hello);
    answer.protocol = *wire::peer::agree(hello->protocol_min, hello->protocol_max);
    link->send(wire::peer::encode(std::move(answer)));
    if (hello->what_for == wire::peer::purpose::identify)
    {
        links_.erase(link);
        link->close_after_writing();
        co_return;
    }
    auto const is_known = [&] { return !tell_.known || tell_.known(hello->from.name); };
    link->allow(is_known() ? limits_.frame : std::min(stranger_limit, limits_.frame));
    tell_.up(link, *hello);
    while (!stopped_ && !link->closed())
    {
        auto frame = co_await next(*link, links_.at(link).belongs);
        if (stopped_) co_return;
        if (!frame)
        {
            if (frame.error() == errc::timed_out)
                log::write(
                    log::level::info,
                    "net",
                    "a link that said nothing more was closed",
                    {{"Peer", link->peer()}, {"Node", hello->from.name.name.str()}}
                );
            else if (frame.error().category() == chaind_category())
                log::write(
                    log::level::warning,
                    "net",
                    "a link broke the frame rules",
                    {{"Peer", hello->from.name.name.str()}, {"Reason", frame.error().message()}}
                );
            break;
        }
        auto& state = links_.at(link);
        state.heard = std::chrono::steady_clock::now();
        if (!tell_.received(link, std::move(*frame))) break;
        // What came may be what makes it known.
        state.belongs = is_known();
        if (state.belongs) link->allow(limits_.frame);
    }
    link->close();
    links_.erase(link);
    tell_.down(link);
}

}  // namespace chaind::net
