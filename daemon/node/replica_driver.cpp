#include "node/replica_driver.hpp"

#include "chain/describe.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/log_step.hpp"
#include "runtime/options.hpp"
#include "runtime/this_process.hpp"
#include "runtime/within.hpp"
#include "wire/command.hpp"

#include <boost/asio/post.hpp>

#include <csignal>

namespace chaind::node
{

namespace asio = boost::asio;

namespace
{
constexpr auto tick_every = 5ms;
// Of a snapshot much more goes to the disk in one call than of the log, and nobody waits for it.
constexpr int snapshot_patience = 10;
constexpr auto checkpoint_limit = 5s;
constexpr auto not_at_once = std::chrono::minutes(1);
constexpr std::size_t config_outbox_limit = 1u << 20;
// It waits for whoever is not back after its own start, and can decide nothing meanwhile.
constexpr auto config_dial_pause = 100ms;

chain::settings core_settings(chain::settings how)
{
    how.knows = wire::is_command;
    return how;
}

gateway::no_answer no_answer_of(chain::refusal why)
{
    switch (why)
    {
        case chain::refusal::busy: return gateway::no_answer::busy;
        case chain::refusal::read_only: return gateway::no_answer::read_only;
        case chain::refusal::not_known: return gateway::no_answer::not_known;
        case chain::refusal::disk_full: return gateway::no_answer::disk_full;
        case chain::refusal::outside: return gateway::no_answer::unavailable;
    }
    return gateway::no_answer::unavailable;
}

// A member serves on with them, and nobody else would hear of it.
void tell_of_rows(chain::event const& what)
{
    auto const* found = std::get_if<chain::rows_checked>(&what);
    if (found == nullptr || found->text.empty()) return;
    bool const changed = found->verdict == chain::rows_verdict::changed;
    log::write(
        log::level::warning,
        "node",
        changed ? "the disk has changed the store" : "the rows of the store could not be checked",
        {{"Reason", found->text}}
    );
}

// All that an answer needs.
chat::applied without_events(chat::applied const& what)
{
    chat::applied out;
    out.pos = what.pos;
    out.request = what.request;
    out.uid = what.uid;
    out.result = what.result;
    out.dup = what.dup;
    out.effect_pos = what.effect_pos;
    return out;
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
      at_start_(store->counters()),
      core_(core_settings(how_.core), std::move(from)),
      watch_(store->watch()),
      standing_(store->standing()),
      readers_(std::move(readers)),
      store_(std::make_unique<store::store_thread>(
          std::move(store),
          *readers_,
          store_handlers(),
          [&on](std::function<void()> what) { asio::post(on, std::move(what)); },
          store::store_limits{.space = how_.space}
      )),
      snapshots_(std::make_unique<store::snapshot_thread>(
          store::snapshot_thread_options{
              .database = how_.database, .proven_at_once = how_.proven_at_once, .share = how_.snapshot_share
          },
          [this](chain::event answer)
          {
              rows_judged(answer);
              feed(std::move(answer));
          },
          [&on](std::function<void()> what) { asio::post(on, std::move(what)); }
      )),
      scrub_(std::make_unique<store::scrub>(
          scrub_settings(),
          watch_,
          scrub_handlers(),
          [&on](std::function<void()> what) { asio::post(on, std::move(what)); }
      )),
      tasks_(on.get_executor(), "node"),
      peers_(tasks_, how_.listen, how_.cluster, how_.core.self, peer_handlers(), how_.links),
      config_(std::make_shared<net::dialer>(
          tasks_, "configd", how_.configd, config_outbox_limit, config_handlers(), config_dial_pause
      )),
      ticker_(on)
{
    proven_ms_ = standing_.scrubbed_ms;
    view_.node = how_.core.self.name.name.str();
    view_.state_ms = at_start_.at_ms;
    view_.forgotten_ms = at_start_.forgotten_ms;
    view_.why_not = "not in the chain yet";
    status_ = std::make_shared<cluster_status const>();
    show_service(false);
    refresh_view();
    turned();
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
    feed(chain::stopping{});
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
    scrub_.reset();
    snapshots_.reset();
    store_.reset();
    readers_.reset();
}

void replica_driver::give_up_waiting()
{
    gateway::undecided const gone{gateway::no_answer::unavailable, true};
    for (auto const& id : pending_)
        tell_(not_decided{id, gone});
    pending_.clear();
    behind_.clear();
    // One that runs on a reader thread writes to its caller's variables: it ends when it is done.
    for (auto one = reads_.begin(); one != reads_.end();)
    {
        auto const next = std::next(one);
        if (!one->second.running) end_read(one, make_error_code(errc::stopped));
        one = next;
    }
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
        auto effects = core_.step(runtime::now(), next);
        log::write_step("chain", next, effects);
        perform(std::move(effects));
    }
    draining_ = false;
    if (!stopped_) refresh_view();
}

void replica_driver::perform(chain::effects effects)
{
    if (effects.halt) die_(runtime::exit_bug, "a broken invariant: " + *effects.halt);
    for (auto& one : effects.writes)
        store_->write(std::move(one));
    if (effects.may_drop) store_->allow_drop(*effects.may_drop);
    for (auto& one : effects.snapshot_orders)
        snapshots_->perform(std::move(one));
    for (auto const& one : effects.sends)
        peers_.send(one.to, one.message);
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

void replica_driver::watch_disk()
{
    if (stopped_) return;
    auto const writing = store_->busy_for();
    auto const receiving = snapshots_->busy_for();
    auto const busy = std::max(writing, receiving);
    bool const stalled = writing > how_.stall_limit || receiving > snapshot_patience * how_.stall_limit;
    if (stalled == disk_stalled_) return;
    disk_stalled_ = stalled;
    feed(chain::disk_stalled{stalled ? std::optional(runtime::steady_now() - busy) : std::nullopt});
}

void replica_driver::beat(heartbeat what)
{
    if (!outdated_.empty())
    {
        what.outdated = true;
        what.trouble = outdated_;
    }
    what.facts = facts(core_.status());
    config_->send(wire::peer::encode(std::move(what)));
}

void replica_driver::refused(chain::local_refusal const& what)
{
    if (pending_.erase(what.request) == 0) return;
    gateway::undecided out;
    out.why = no_answer_of(what.why);
    out.maybe_logged = what.maybe_logged;
    tell_(not_decided{what.request, out});
}

void replica_driver::turned()
{
    turned_at_.store(runtime::steady_now().count(), std::memory_order_relaxed);
}

asio::awaitable<void> replica_driver::tick_loop()
{
    instant said{};
    while (!stopped_)
    {
        turned();
        give_up_checkpoints();
        watch_disk();
        peers_.look();
        feed(chain::tick{});
        if (auto const now = runtime::steady_now(); now - said >= how_.core.heartbeat_every)
        {
            said = now;
            auto const& can = core_.can_do();
            peers_.say_that_we_are_here(
                {.apart = can.apart,
                 .at = now_.config.at,
                 .hears_config = can.hears_config,
                 .can_read = can.can_read,
                 .can_write = can.can_write}
            );
        }
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
            if (!stopped_) applied(std::move(what));
        },
        .written =
            [this](chain::write_id upto)
        {
            watch_disk();
            feed(chain::written{upto});
        },
        .log_rows = [this](std::uint64_t id, std::vector<chain::entry> rows)
        { feed(chain::log_read{id, std::move(rows)}); },
        .digested = [this](std::string const& id, seq at, digest sum)
        { sum_ = {.checkpoint = id, .at = at, .sum = sum}; },
        .compacted = [this](log_point base) { feed(chain::compacted{base}); },
        .space = [this](room left, std::uint64_t free) { heard_of_space(left, free); },
        .failed =
            [this](error_code why, std::string const& text)
        {
            if (why != errc::newer_schema) die_(runtime::exit_disk, "the store has failed: " + text);
            if (outdated_.empty()) tasks_.spawn(stop_outdated(text));
        },
    };
}

store::scrub_options replica_driver::scrub_settings() const
{
    store::scrub_options out;
    out.database = how_.database;
    out.every = how_.scrub_every;
    // A start has enough to do. What may have been lost with the power is looked at first.
    std::chrono::milliseconds due = not_at_once;
    if (!standing_.other_boot && !standing_.suspect && standing_.scrubbed_ms > 0)
    {
        auto const since = std::chrono::milliseconds(runtime::now().wall_us / 1000 - standing_.scrubbed_ms);
        due = std::max(due, out.every - std::max(since, std::chrono::milliseconds(0)));
    }
    out.first = std::min(due, out.every);
    out.share = how_.scrub_share;
    out.share_when_asked = how_.snapshot_share;
    return out;
}

store::scrub_events replica_driver::scrub_handlers()
{
    return {
        .progress = [this](store::scrub_report const& now) { scrubbed_ = now; },
        .ended = [this](store::scrub_report const& now) { scrubbed(now); },
        .failed =
            [this](error_code, std::string const& text)
        {
            if (!stopped_) die_(runtime::exit_disk, "the store cannot be read: " + text);
        },
    };
}

void replica_driver::scrubbed(store::scrub_report const& what)
{
    scrubbed_ = what;
    chain::event found = chain::rows_checked{
        what.error.empty() ? chain::rows_verdict::sound : chain::rows_verdict::changed, what.error
    };
    rows_judged(found);
    feed(std::move(found));
}

// Whether the disk has kept the rows, in whatever way it was found out: people are told, and the next run.
void replica_driver::rows_judged(chain::event const& what)
{
    if (stopped_) return;
    tell_of_rows(what);
    auto const* made = std::get_if<chain::snapshot_made>(&what);
    if (made && made->failed && made->failed->what == chain::order_fault::rows_changed)
        store_->note_rows(false, 0);
    auto const* found = std::get_if<chain::rows_checked>(&what);
    if (found == nullptr) return;
    bool const sound = found->verdict == chain::rows_verdict::sound;
    if (!sound && found->verdict != chain::rows_verdict::changed) return;
    auto const now_ms = runtime::now().wall_us / 1000;
    store_->note_rows(sound, now_ms);
    if (sound) proven_ms_ = now_ms;
}

void replica_driver::applied(std::vector<chat::applied> what)
{
    if (!what.empty())
    {
        view_.state_ms = what.back().at_ms;
        view_.forgotten_ms = what.back().forgotten_ms;
    }
    auto const all = std::make_shared<std::vector<chat::applied> const>(std::move(what));
    tell_(was_applied{all, bytes_of(*all)});
    for (auto const& one : *all)
        if (pending_.erase(one.request) != 0) tell_(decided{one.request, without_events(one)});
}

// Nothing is written any more, and nothing answered. The config service is told why before this process ends,
// so that it can tell people.
asio::awaitable<void> replica_driver::stop_outdated(std::string why)
{
    outdated_ = std::move(why);
    stopping_ = true;
    feed(chain::stopping{});
    feed(chain::step_down{});
    asio::steady_timer pause(on_, std::chrono::microseconds(how_.core.heartbeat_every) * 4);
    co_await runtime::wait_on(pause);
    die_(runtime::exit_outdated, outdated_ + ": upgrade chaind on this machine, it goes on by itself then");
}

// ---- links

peer_events replica_driver::peer_handlers()
{
    return {
        .up =
            [this](member const& who)
        {
            feed(chain::peer_up{who});
            peers_.look();
        },
        .down =
            [this](member const& who)
        {
            feed(chain::peer_down{who});
            peers_.look();
        },
        .links = [this](chain::peer_links const& what) { feed(what); },
        .received = [this](member const& from, chain::message what)
        { feed(chain::received{from, std::move(what)}); },
        .typing = [this](wire::peer::typing const& what)
        { tell_(gateway::typing_note{what.conv, what.who, what.on}); },
    };
}

net::dial_events replica_driver::config_handlers()
{
    return {
        .greeting =
            [this]
        {
            wire::peer::hello out;
            out.cluster = how_.cluster;
            out.from = how_.core.self;
            out.what_for = wire::peer::purpose::control;
            out.place = runtime::this_process();
            return out;
        },
        .objection = [this](wire::peer::welcome const& from) -> std::string
        { return from.cluster == how_.cluster ? "" : "it belongs to another cluster"; },
        .up =
            [this](wire::peer::welcome const&)
        {
            config_up_ = true;
            config_up_at_ = runtime::steady_now();
            config_told_ = false;
            config_heard_ = runtime::steady_now();
            feed(chain::config_link{true});
        },
        .received = [this](wire::peer::frame what) { config_frame(std::move(what)); },
        .down =
            [this]
        {
            config_up_ = false;
            feed(chain::config_link{false});
        },
    };
}

void replica_driver::config_frame(wire::peer::frame what)
{
    config_heard_ = runtime::steady_now();
    config_told_ = true;
    if (auto* const given = std::get_if<wire::peer::instruction>(&what))
        instructed(std::move(*given));
    else if (auto const* const asked = std::get_if<wire::peer::verify>(&what))
        submit_checkpoint(asked->id);
    else if (auto const* const wanted = std::get_if<wire::peer::prove>(&what); wanted && scrub_)
        scrub_->ask(wanted->id);
    else if (std::holds_alternative<wire::peer::abort_process>(what))
        std::raise(SIGKILL);
}

// Whoever asked sees by the heartbeats whether it was decided, and asks again.
void replica_driver::submit_checkpoint(std::uint64_t id)
{
    if (stopping_) return;
    chat::command what;
    what.what = chat::checkpoint{std::to_string(id)};
    checkpoints_.emplace_back(runtime::steady_now() + checkpoint_limit, ids_.next());
    auto command = std::make_shared<std::string const>(wire::encode(what));
    feed(chain::submit_local{{checkpoints_.back().second, std::move(command), chat::frees_room(what.what)}});
}

void replica_driver::give_up_checkpoints()
{
    for (; !checkpoints_.empty() && checkpoints_.front().first < runtime::steady_now();
         checkpoints_.pop_front())
        feed(chain::forget_local{checkpoints_.front().second});
}

// ---- the gateway's letters

void replica_driver::take(std::vector<to_chain> letters) noexcept
{
    for (auto& letter : letters)
        std::visit([this](auto& one) { on(one); }, letter);
}

void replica_driver::on(submit_this const& what)
{
    if (stopping_)
    {
        tell_(not_decided{what.as, {gateway::no_answer::unavailable, false}});
        return;
    }
    pending_.insert(what.as);
    feed(chain::submit_local{{what.as, what.command, what.frees_room}});
}

void replica_driver::on(forget_command const& what)
{
    if (pending_.erase(what.which) != 0) feed(chain::forget_local{what.which});
}

void replica_driver::on(gateway_facts& what)
{
    front_ = std::move(what.front);
    set_aside_ = std::move(what.set_aside);
}

void replica_driver::on(gateway::typing_note const& what)
{
    if (!stopping_) peers_.send_to_all({what.conv, what.who, what.on});
}

}  // namespace chaind::node
