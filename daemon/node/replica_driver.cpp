#include "node/replica_driver.hpp"

#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"
#include "wire/command.hpp"

#include <boost/asio/post.hpp>

#include <csignal>

namespace chaind::node
{

namespace asio = boost::asio;

namespace
{
constexpr auto tick_every = 5ms;
constexpr std::size_t config_outbox_limit = 1u << 20;

// A member serves on with them, and nobody else would hear of it.
void tell_of_rows(chain::event const& what)
{
    auto const* found = std::get_if<chain::rows_checked>(&what);
    if (found == nullptr || found->error.empty()) return;
    log::write(
        log::level::warning,
        "node",
        found->again ? "the rows of the store could not be checked" : "the disk has changed the store",
        {{"Reason", found->error}}
    );
}

}  // namespace

replica_driver::replica_driver(
    asio::io_context& on,
    driver_settings how,
    chain::recovered from,
    std::unique_ptr<store::sqlite_store> store,
    std::unique_ptr<store::reader_pool> readers,
    std::function<void(int, std::string const&)> die
)
    : on_(on),
      how_(std::move(how)),
      die_(std::move(die)),
      promised_(from.promised),
      core_(how_.core, std::move(from)),
      readers_(std::move(readers)),
      store_(std::make_unique<store::store_thread>(
          std::move(store),
          *readers_,
          store_handlers(),
          [&on](std::function<void()> what) { asio::post(on, std::move(what)); },
          store::store_limits{.space = how_.space}
      )),
      snapshots_(std::make_unique<store::snapshot_thread>(
          store::snapshot_thread_options{.database = how_.database, .share = how_.snapshot_share},
          [this](chain::event answer)
          {
              tell_of_rows(answer);
              feed(std::move(answer));
          },
          [&on](std::function<void()> what) { asio::post(on, std::move(what)); }
      )),
      tasks_(on.get_executor(), "node"),
      peers_(tasks_, how_.listen, how_.cluster, how_.core.self, peer_handlers()),
      config_(std::make_shared<net::dialer>(
          tasks_, "configd", how_.configd, config_outbox_limit, config_handlers()
      )),
      ticker_(on)
{
    view_.node = how_.core.self.name.name;
    view_.why_not = "not in the chain yet";
    view_.status = {{"schema", "chainctl.status.v1"}, {"state", "down"}, {"chain", boost::json::array()}};
    refresh_view();
}

replica_driver::~replica_driver() = default;

void replica_driver::start()
{
    peers_.start();
    config_->start();
    tasks_.spawn(tick_loop());
}

void replica_driver::step_down()
{
    feed(chain::step_down{});
}

asio::awaitable<void> replica_driver::stop()
{
    stopping_ = true;
    if (!ended_)
    {
        // One more heartbeat says that this replica leaves.
        asio::steady_timer pause(on_, std::chrono::microseconds(how_.core.heartbeat_every) * 2);
        co_await runtime::wait_on(pause);
    }
    stopped_ = true;
    ticker_.cancel();
    peers_.stop();
    config_->stop();
    give_up_waiting();
    co_await tasks_.stop(std::chrono::seconds(2));
    snapshots_.reset();
    store_.reset();
    readers_.reset();
}

void replica_driver::give_up_waiting()
{
    gateway::undecided const gone{gateway::no_answer::unavailable, true};
    for (auto const& [id, one] : pending_)
        one->finish(gone);
    // One that runs on a reader thread writes to its caller's variables: it ends when it is done.
    for (auto const& [token, one] : reads_)
        if (!*one->running) one->reader->finish(make_error_code(errc::stopped));
    for (auto const& [at, one] : behind_)
        one->finish(false);
}

// ---- the core

void replica_driver::feed(chain::event what)
{
    if (stopped_ || ended_) return;
    queue_.push_back(std::move(what));
    if (draining_) return;
    draining_ = true;
    asio::post(on_, [this] { drain(); });
}

void replica_driver::drain() noexcept
{
    while (!queue_.empty() && !stopped_ && !ended_)
    {
        auto next = std::move(queue_.front());
        queue_.pop_front();
        perform(core_.step(runtime::now(), std::move(next)));
    }
    draining_ = false;
    if (!stopped_) refresh_view();
}

void replica_driver::perform(chain::effects effects)
{
    if (effects.halt) die_(runtime::exit_bug, "a broken invariant: " + *effects.halt);
    for (auto& one : effects.writes)
    {
        if (one.promise) promised_ = *one.promise;
        store_->write(std::move(one));
    }
    if (effects.may_drop) store_->allow_drop(*effects.may_drop);
    for (auto& one : effects.snapshot_orders)
        snapshots_->perform(std::move(one));
    for (auto const& one : effects.sends)
        peers_.send(one.to, one.what);
    for (auto const& one : effects.log_reads)
        store_->read_log(one);
    for (auto& one : effects.heartbeats)
        beat(std::move(one));
    for (auto const& one : effects.reads)
        read_step(one);
    for (auto const& one : effects.refusals)
        refused(one);
    if (effects.anew) end_run(std::move(*effects.anew));
}

// Posted: whoever is told destroys this object before long.
void replica_driver::end_run(chain::begin_anew how)
{
    ended_ = stopping_ = true;
    give_up_waiting();
    asio::post(on_, [over = over_, how = std::move(how)] { over(how); });
}

// Alive is not working: a replica whose disk hangs must look dead.
void replica_driver::beat(heartbeat what)
{
    if (store_->busy_for() > how_.stall_limit) return;
    what.info = info(core_.status());
    config_->send(wire::peer::encode(std::move(what)));
}

void replica_driver::refused(chain::local_refusal const& what)
{
    auto const found = pending_.find(what.request);
    if (found == pending_.end()) return;
    gateway::undecided out;
    switch (what.why)
    {
        case chain::refusal::busy: out.why = gateway::no_answer::busy; break;
        case chain::refusal::read_only: out.why = gateway::no_answer::read_only; break;
        case chain::refusal::disk_full: out.why = gateway::no_answer::disk_full; break;
    }
    out.maybe_logged = what.maybe_logged;
    found->second->finish(out);
}

asio::awaitable<void> replica_driver::tick_loop()
{
    while (!stopped_)
    {
        feed(chain::tick{});
        ticker_.expires_after(tick_every);
        co_await runtime::wait_on(ticker_);
    }
}

// ---- the store

store::store_events replica_driver::store_handlers()
{
    return {
        .applied =
            [this](std::vector<chat::applied> what)
        {
            if (!stopped_) applied(what);
        },
        .written = [this](chain::write_id upto) { feed(chain::written{upto}); },
        .log_rows = [this](std::uint64_t id, std::vector<chain::entry> rows)
        { feed(chain::log_read{id, std::move(rows)}); },
        .digested = [this](std::string const& id, seq at, digest state)
        { checkpoint_ = {{"id", id}, {"pos", at.value()}, {"digest", to_string(state)}}; },
        .compacted = [this](log_point base) { feed(chain::compacted{base}); },
        .space = [this](room left, std::uint64_t free) { heard_of_space(left, free); },
        .failed = [this](error_code, std::string const& text)
        { die_(runtime::exit_disk, "the store has failed: " + text); },
    };
}

void replica_driver::applied(std::vector<chat::applied> const& what)
{
    if (listener_ != nullptr) listener_->on_applied(what);
    for (auto const& one : what)
        if (auto const found = pending_.find(one.request); found != pending_.end())
            found->second->finish(one);
}

// ---- links

peer_events replica_driver::peer_handlers()
{
    return {
        .up = [this](member const& who) { feed(chain::peer_up{who}); },
        .down = [this](member const& who) { feed(chain::peer_down{who}); },
        .received = [this](member const& from, chain::message what)
        { feed(chain::received{from, std::move(what)}); },
    };
}

net::dial_events replica_driver::config_handlers()
{
    return {
        .greeting =
            [this]
        {
            wire::peer::hello out;
            out.protocol_min = wire::peer::protocol_min;
            out.protocol_max = wire::peer::protocol_max;
            out.cluster = how_.cluster;
            out.from = how_.core.self;
            out.what_for = wire::peer::purpose::control;
            return out;
        },
        .objection = [this](wire::peer::welcome const& from) -> std::string
        { return from.cluster == how_.cluster ? "" : "it belongs to another cluster"; },
        .up =
            [this](wire::peer::welcome const&)
        {
            config_up_ = true;
            refresh_view();
        },
        .received = [this](wire::peer::frame what) { config_frame(std::move(what)); },
        .down =
            [this]
        {
            config_up_ = false;
            refresh_view();
        },
    };
}

void replica_driver::config_frame(wire::peer::frame what)
{
    if (auto* const given = std::get_if<wire::peer::instruction>(&what))
        instructed(std::move(*given));
    else if (auto const* const asked = std::get_if<wire::peer::verify>(&what))
        tasks_.spawn(submit_checkpoint(asked->id));
    else if (std::holds_alternative<wire::peer::abort_process>(what))
        std::raise(SIGKILL);
}

asio::awaitable<void> replica_driver::submit_checkpoint(std::uint64_t id)
{
    chat::command what;
    what.what = chat::checkpoint{std::to_string(id)};
    auto const outcome = co_await submit(std::move(what));
    if (std::holds_alternative<gateway::undecided>(outcome))
        log::write(log::level::warning, "node", "a checkpoint was not decided", {{"Request", id}});
}

// ---- the gateway's commands

asio::awaitable<gateway::submit_outcome> replica_driver::submit(chat::command what)
{
    // Who is not in the chain cannot pass it on; the client finds out faster from another replica.
    bool const cannot = stopping_ || view_.outside;
    if (cannot || pending_.size() >= how_.pending_max)
    {
        gateway::undecided const full{
            cannot ? gateway::no_answer::unavailable : gateway::no_answer::busy, false
        };
        co_return full;
    }
    auto const id = ids_.next();
    auto const waiter = std::make_shared<waiting<gateway::submit_outcome>>(on_.get_executor());
    pending_.emplace(id, waiter);
    feed(chain::submit_local{
        {id, std::make_shared<std::string const>(wire::encode(what)), chat::frees_room(what.what)}
    });
    waiter->wake.expires_after(how_.submit_limit);
    co_await runtime::wait_on(waiter->wake);
    pending_.erase(id);
    if (waiter->outcome) co_return std::move(*waiter->outcome);
    feed(chain::forget_local{id});
    co_return gateway::undecided{};
}

}  // namespace chaind::node
