#include "node/backend_bridge.hpp"

#include "wire/command.hpp"

#include <boost/asio/this_coro.hpp>

namespace chaind::node
{

namespace asio = boost::asio;

struct backend_bridge::mail
{
    mail(asio::any_io_executor const& to, std::size_t limit, runtime::letter_box<to_gateway>::reader read)
        : box(std::make_shared<runtime::letter_box<to_gateway>>(to, std::move(read))), bytes_max(limit)
    {
    }

    void put(to_gateway& what)
    {
        box->change([&](std::vector<to_gateway>& waiting)
                    { put_in_order(waiting, std::move(what), bytes, bytes_max); });
    }

    std::shared_ptr<runtime::letter_box<to_gateway>> box;
    std::size_t bytes_max;
    std::size_t bytes = 0;  // of applied entries that wait; within change() only
};

backend_bridge::backend_bridge(
    asio::any_io_executor gateway, bridge_settings how, std::function<void(to_chain)> send
)
    : on_(std::move(gateway)), how_(how), send_(std::move(send))
{
    auto read = [this](std::vector<to_gateway> letters) { take(std::move(letters)); };
    mail_ = std::make_shared<mail>(on_, how_.untold_bytes_max, std::move(read));
}

backend_bridge::~backend_bridge()
{
    mail_->box->close();
}

void backend_bridge::start_with(gateway::chain_view const& now, cluster_status status)
{
    view_ = now;
    view_.status = std::move(status);
}

std::function<void(to_gateway)> backend_bridge::tell() const
{
    return [to = mail_](to_gateway what) { to->put(what); };
}

void backend_bridge::close()
{
    closed_ = true;
    send_ = nullptr;
    for (auto const& [id, one] : pending_)
        one->finish(gateway::undecided{gateway::no_answer::unavailable, true});
    for (auto const& [token, one] : reads_)
        one->finish(make_error_code(errc::stopped));
}

// ---- what the replica tells

void backend_bridge::take(std::vector<to_gateway> letters) noexcept
{
    for (auto& letter : letters)
        std::visit([this](auto& one) { on(one); }, letter);
}

void backend_bridge::on(decided& what)
{
    finish(what.which, std::move(what.how));
}

void backend_bridge::on(not_decided& what)
{
    finish(what.which, what.why);
}

void backend_bridge::finish(request_id which, gateway::submit_outcome with)
{
    if (auto const found = pending_.find(which); found != pending_.end())
        found->second->finish(std::move(with));
}

void backend_bridge::on(has_read& what)
{
    if (auto const found = reads_.find(what.which); found != reads_.end())
        found->second->finish(what.outcome);
}

void backend_bridge::on(was_applied& what)
{
    if (!what.what->empty())
    {
        view_.state_ms = what.what->back().at_ms;
        view_.forgotten_ms = what.what->back().forgotten_ms;
    }
    if (listener_ != nullptr) listener_->on_applied(*what.what);
}

void backend_bridge::on(were_missed& what)
{
    if (listener_ != nullptr) listener_->on_missed(what.upto, what.revoked);
}

void backend_bridge::on(progress& what)
{
    view_.applied = what.applied;
    view_.committed = what.committed;
}

void backend_bridge::on(looks& what)
{
    auto status = what.status ? *what.status : std::move(view_.status);
    view_ = std::move(what.view);
    view_.status = std::move(status);
    if (listener_ != nullptr) listener_->on_view();
}

void backend_bridge::on(gateway::typing_note const& what)
{
    if (listener_ != nullptr) listener_->on_typing(what);
}

// ---- what the gateway asks

asio::awaitable<gateway::submit_outcome> backend_bridge::submit(chat::command what)
{
    // Who is not in the chain, or does not reach its head, cannot pass it on; the client finds out faster
    // from another replica.
    bool const cannot = closed_ || view_.outside || view_.cut_off;
    if (cannot || pending_.size() >= how_.pending_max)
    {
        gateway::undecided const full{
            cannot ? gateway::no_answer::unavailable : gateway::no_answer::busy, false
        };
        co_return full;
    }
    if (view_.agreed_us != 0) what.asked_ms = now_ms();
    auto const id = ids_.next();
    auto const waiter = std::make_shared<waiting<gateway::submit_outcome>>(on_);
    pending_.emplace(id, waiter);
    auto command = std::make_shared<std::string const>(wire::encode(what));
    send(submit_this{id, std::move(command), chat::frees_room(what.what)});
    waiter->wake.expires_after(how_.submit_limit);
    co_await runtime::wait_on(waiter->wake);
    pending_.erase(id);
    if (waiter->outcome) co_return std::move(*waiter->outcome);
    send(forget_command{id});
    co_return gateway::undecided{};
}

asio::awaitable<error_code> backend_bridge::read(std::function<void(store::chat_reader&)> query)
{
    auto const token = ++last_read_;
    to_chain question = read_this{token, std::move(query)};
    // The core sets the limit.
    co_return co_await answer_to(std::move(question), token, microseconds::max());
}

asio::awaitable<error_code> backend_bridge::read_from(
    seq min_pos, std::function<void(store::chat_reader&)> query
)
{
    auto const token = ++last_read_;
    to_chain question = read_this_from{token, min_pos, std::move(query)};
    co_return co_await answer_to(std::move(question), token, how_.visible_limit);
}

// A query refers to its caller's variables, and runs on another thread at any time until the replica has said
// that it does not: the caller may not end before, not even when it is cancelled.
asio::awaitable<error_code> backend_bridge::answer_to(
    to_chain question, chain::read_token token, microseconds limit
)
{
    if (closed_) co_return make_error_code(errc::stopped);
    if (reads_.size() >= how_.pending_max) co_return make_error_code(errc::timed_out);
    auto const waiter = std::make_shared<waiting<error_code>>(on_);
    reads_.emplace(token, waiter);
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    send(std::move(question));
    if (limit != microseconds::max()) waiter->wake.expires_after(limit);
    co_await runtime::wait_on(waiter->wake);
    while (!waiter->outcome)
    {
        send(forget_read{token});
        waiter->wake.expires_at(asio::steady_timer::time_point::max());
        co_await runtime::wait_on(waiter->wake);
    }
    reads_.erase(token);
    co_await asio::this_coro::throw_if_cancelled(throws);
    co_return *waiter->outcome;
}

}  // namespace chaind::node
