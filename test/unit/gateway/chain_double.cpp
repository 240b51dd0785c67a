#include "chain_double.hpp"

#include "chain/types.hpp"
#include "gateway/server.hpp"
#include "metrics/registry.hpp"
#include "raw_client.hpp"
#include "runtime/clock.hpp"
#include "runtime/random_id.hpp"
#include "runtime/within.hpp"
#include "store/chat_reader.hpp"
#include "store/sqlite_store.hpp"
#include "support/temp_folder.hpp"
#include "wire/client_json.hpp"
#include "wire/command.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/array.hpp>
#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

namespace chaind::test
{

namespace asio = boost::asio;
namespace json = boost::json;

gateway::settings quick_settings()
{
    gateway::settings out;
    out.port = 0;
    out.argon2_ops = 1;
    out.argon2_mem_kib = 8;
    out.rate_limits = false;
    out.allowed_hosts = {"chat.test"};
    out.delivered_every = std::chrono::milliseconds(50);
    out.drain_within = std::chrono::milliseconds(3000);
    return out;
}

namespace
{

class replica_double;

// The log and the state that all replicas share.
class shared_log
{
public:
    explicit shared_log(asio::io_context& on) : released_(on)
    {
        store::store_options how;
        how.path = folder_.path() + "/n.db";
        how.new_store = runtime::random_id<store_id>();
        how.boot = runtime::random_id<boot_id>();
        how.log_keep_entries = 1;  // once it is allowed to drop any
        store_ = std::move(store::sqlite_store::open(how).value());
        db_ = std::move(sqlite::database::open(how.path, sqlite::database::access::read_only).value());
    }

    chat::applied commit(chat::command const& what) { return commit(std::vector{what}).front(); }
    std::vector<chat::applied> commit(std::vector<chat::command> const& all);
    void forget(seq upto) { store_->allow_drop(upto); }
    std::uint64_t base()
    {
        auto row = db_->query("SELECT base FROM meta");
        return row.step() ? static_cast<std::uint64_t>(row.number(0)) : 0;
    }
    void query(std::function<void(store::chat_reader&)> const& what)
    {
        store::chat_reader reader(*db_);
        reader.begin();
        what(reader);
        reader.end();
    }

    std::vector<replica_double*> replicas;
    bool hold = false;
    std::size_t held = 0;
    std::uint64_t tickets = 0;
    std::uint64_t served = 0;
    bool refuse_reads = false;
    bool slow_reads = false;
    std::size_t reads = 0;
    std::size_t most_reads = 0;
    std::optional<gateway::undecided> next_answer;
    asio::steady_timer released_;
    log_point end;
    std::int64_t stamp_us = 0;  // 0: by the clock of this machine

private:
    temp_folder folder_;
    std::unique_ptr<store::sqlite_store> store_;
    std::unique_ptr<sqlite::database> db_;
    runtime::request_ids requests_;
    chain::write_id next_write_ = 1;
};

class replica_double final : public gateway::backend
{
public:
    replica_double(shared_log& of, std::string name) : log_(of)
    {
        view_.node = std::move(name);
        view_.lineage = "ln_test";
        view_.at = epoch(1);
        view_.member = view_.can_read = view_.can_write = true;
        log_.replicas.push_back(this);
    }

    asio::awaitable<gateway::submit_outcome> submit(chat::command what) override
    {
        if (log_.next_answer)
        {
            auto const answer = *std::exchange(log_.next_answer, std::nullopt);
            co_return answer;
        }
        // In the order in which they came, as a log takes them.
        auto const ticket = log_.tickets++;
        ++log_.held;
        while (log_.hold || ticket != log_.served)
        {
            log_.released_.expires_at(asio::steady_timer::time_point::max());
            co_await runtime::wait_on(log_.released_);
        }
        --log_.held;
        ++log_.served;
        log_.released_.cancel();
        if (view_.agreed_us != 0) what.asked_ms = now_ms();
        log_.stamp_us = what.asked_ms * 1000;  // the head goes by the same time
        co_return log_.commit(what);
    }

    asio::awaitable<error_code> read(std::function<void(store::chat_reader&)> query) override
    {
        if (log_.refuse_reads) co_return make_error_code(errc::timed_out);
        log_.most_reads = std::max(log_.most_reads, ++log_.reads);
        if (log_.slow_reads)
        {
            asio::steady_timer pause(log_.released_.get_executor(), std::chrono::milliseconds(1));
            co_await runtime::wait_on(pause);
        }
        --log_.reads;
        log_.query(query);
        co_return error_code{};
    }

    asio::awaitable<error_code> read_from(seq min_pos, std::function<void(store::chat_reader&)> query)
        override
    {
        if (min_pos > view_.applied) co_return make_error_code(errc::timed_out);
        log_.query(query);
        co_return error_code{};
    }

    void tell_others(gateway::typing_note const& what) override
    {
        for (auto* one : log_.replicas)
            if (one != this && one->listener_ != nullptr) one->listener_->on_typing(what);
    }
    [[nodiscard]] gateway::chain_view const& view() const override { return view_; }
    void listen(listener& who) override { listener_ = &who; }

    void applied(std::vector<chat::applied> const& what)
    {
        waiting_.insert(waiting_.end(), what.begin(), what.end());
        if (lagging_ || waiting_.empty()) return;
        auto const now = std::exchange(waiting_, {});
        if (listener_ != nullptr) listener_->on_applied(now);
        view_.applied = view_.committed = now.back().pos;
        view_.state_ms = now.back().at_ms;
        view_.forgotten_ms = now.back().forgotten_ms;
    }
    void lag(bool on)
    {
        lagging_ = on;
        applied({});
    }
    void miss()
    {
        std::vector<chat::token_hash> revoked;
        for (auto const& one : waiting_)
            revoked.insert(revoked.end(), one.revoked.begin(), one.revoked.end());
        auto const upto = waiting_.back().pos;
        waiting_.clear();
        lagging_ = false;
        listener_->on_missed(upto, revoked);
        view_.applied = view_.committed = upto;
    }
    void change_view(std::function<void(gateway::chain_view&)> const& how)
    {
        how(view_);
        if (listener_ != nullptr) listener_->on_view();
    }

private:
    shared_log& log_;
    gateway::chain_view view_;
    listener* listener_ = nullptr;
    bool lagging_ = false;
    std::vector<chat::applied> waiting_;
};

std::vector<chat::applied> shared_log::commit(std::vector<chat::command> const& all)
{
    chain::store_write write;
    write.id = next_write_++;
    for (auto const& what : all)
    {
        chain::entry e;
        e.at = end.at.next();
        e.in = epoch(1);
        e.ts_us = std::max(end.ts_us + 1, stamp_us > 0 ? stamp_us : runtime::now().wall_us);
        e.request = requests_.next();
        e.command = std::make_shared<std::string const>(wire::encode(what));
        e.hash = chain::entry_hash(end.hash, e);
        end = e.point();
        write.entries.push_back(std::move(e));
    }
    write.apply_upto = end.at;
    std::vector<chat::applied> out;
    store::store_observer tell;
    tell.applied = [&out](std::vector<chat::applied> some)
    { out.insert(out.end(), some.begin(), some.end()); };
    tell.checkpoint = [](store::checkpoint_reached const&) {};
    if (auto const failed = store_->perform({&write, 1}, tell)) throw std::runtime_error(failed.message());
    for (auto* one : replicas)
        one->applied(out);
    return out;
}

}  // namespace

class chain_double::impl
{
public:
    impl(gateway::settings const& with, std::size_t count) : work_(loop_.get_executor()), log_(loop_)
    {
        for (std::size_t i = 0; i < count; ++i)
            nodes_.push_back(std::make_unique<node>(loop_, log_, "n" + std::to_string(i + 1), with));
        cluster_status told;
        told.state = health::healthy;
        told.epoch = epoch(1);
        told.replicas = {.want = count, .have = count};
        told.config_service.state = service_state::up;
        for (auto const& one : nodes_)
        {
            chain_row row;
            row.name = node_id{one->chain.view().node};
            row.client_url = one->server.url();
            told.chain.push_back(std::move(row));
        }
        for (auto const& one : nodes_)
        {
            one->chain.change_view(
                [&](gateway::chain_view& view)
                {
                    view.replicas = count;
                    view.status = told;
                }
            );
            one->server.start();
        }
        thread_ = std::thread([this] { run(); });
    }
    ~impl()
    {
        on_loop(
            [this]
            {
                log_.hold = false;
                log_.released_.cancel();
            }
        );
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            begin_stop(i);
        for (auto const& one : nodes_)
            if (one->stopping.valid()) one->stopping.wait();
        work_.reset();
        loop_.stop();
        thread_.join();
    }

    void on_loop(std::function<void()> what)
    {
        std::packaged_task<void()> task(std::move(what));
        auto done = task.get_future();
        asio::post(
            loop_,
            [this, &task]
            {
                asked_ = true;
                task();
            }
        );
        done.get();
    }

    [[nodiscard]] std::uint64_t steps()
    {
        std::lock_guard const hold(counting_);
        return steps_;
    }
    // For one more than the `seen` ones.
    void wait_for_step(std::uint64_t seen, std::chrono::steady_clock::time_point until)
    {
        std::unique_lock hold(counting_);
        stepped_.wait_until(hold, until, [&] { return steps_ != seen; });
    }

    void begin_stop(std::size_t replica)
    {
        auto& one = *nodes_[replica];
        if (one.stopping.valid()) return;
        on_loop([this, &one] { one.stopping = asio::co_spawn(loop_, one.server.stop(), asio::use_future); });
    }

    struct node
    {
        node(asio::io_context& on, shared_log& of, std::string name, gateway::settings const& with)
            : chain(of, std::move(name)), server(on, chain, with, metrics)
        {
        }
        metrics::registry metrics;
        replica_double chain;
        gateway::server server;
        std::future<void> stopping;
    };

    // What other threads do ends in a post, so all that changes does so in a step.
    void run()
    {
        while (loop_.run_one() != 0)
        {
            // A test that looks again after each step would otherwise be woken by its own question.
            if (std::exchange(asked_, false)) continue;
            {
                std::lock_guard const hold(counting_);
                ++steps_;
            }
            stepped_.notify_all();
        }
    }

    asio::io_context loop_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    shared_log log_;
    std::vector<std::unique_ptr<node>> nodes_;
    bool asked_ = false;  // this step is the test's; of the loop's thread alone
    std::mutex counting_;
    std::condition_variable stepped_;
    std::uint64_t steps_ = 0;  // the others
    std::thread thread_;
};

chain_double::chain_double(gateway::settings const& with, std::size_t replicas)
    : impl_(std::make_unique<impl>(with, replicas))
{
}
chain_double::~chain_double() = default;

std::uint16_t chain_double::port(std::size_t replica) const
{
    return impl_->nodes_[replica]->server.client_port();
}
std::uint16_t chain_double::admin_port(std::size_t replica) const
{
    return impl_->nodes_[replica]->server.admin_port();
}

std::size_t chain_double::clients(std::size_t replica)
{
    std::size_t out = 0;
    impl_->on_loop([&] { out = impl_->nodes_[replica]->server.clients(); });
    return out;
}
std::uint64_t chain_double::committed()
{
    std::uint64_t out = 0;
    impl_->on_loop([&] { out = impl_->log_.end.at.value(); });
    return out;
}
std::size_t chain_double::held()
{
    std::size_t out = 0;
    impl_->on_loop([&] { out = impl_->log_.held; });
    return out;
}

void chain_double::hold(bool on)
{
    impl_->on_loop(
        [&]
        {
            impl_->log_.hold = on;
            impl_->log_.released_.cancel();
        }
    );
}
void chain_double::answer_next(gateway::undecided with)
{
    impl_->on_loop([&] { impl_->log_.next_answer = with; });
}
void chain_double::refuse_reads(bool on)
{
    impl_->on_loop([&] { impl_->log_.refuse_reads = on; });
}
void chain_double::slow_reads(bool on)
{
    impl_->on_loop([&] { impl_->log_.slow_reads = on; });
}
std::size_t chain_double::most_reads_at_once()
{
    std::size_t out = 0;
    impl_->on_loop([&] { out = impl_->log_.most_reads; });
    return out;
}
void chain_double::lag(std::size_t replica, bool on)
{
    impl_->on_loop([&] { impl_->nodes_[replica]->chain.lag(on); });
}
void chain_double::miss(std::size_t replica)
{
    impl_->on_loop([&] { impl_->nodes_[replica]->chain.miss(); });
}
void chain_double::change_view(std::size_t replica, std::function<void(gateway::chain_view&)> how)
{
    impl_->on_loop([&] { impl_->nodes_[replica]->chain.change_view(how); });
}
void chain_double::forget_log(std::uint64_t upto)
{
    impl_->on_loop([&] { impl_->log_.forget(seq(upto)); });
}
std::uint64_t chain_double::log_base()
{
    std::uint64_t out = 0;
    impl_->on_loop([&] { out = impl_->log_.base(); });
    return out;
}
bool chain_double::drained(std::size_t replica)
{
    bool out = false;
    impl_->on_loop([&] { out = impl_->nodes_[replica]->server.drained(); });
    return out;
}
void chain_double::begin_stop(std::size_t replica)
{
    impl_->begin_stop(replica);
}
bool chain_double::stopped(std::size_t replica)
{
    auto& stopping = impl_->nodes_[replica]->stopping;
    return stopping.valid() && stopping.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

void chain_double::send_many(std::string const& uid, std::string const& conv, std::size_t count)
{
    std::vector<chat::command> all;
    for (std::size_t i = 0; i < count; ++i)
    {
        chat::msg_send send;
        send.conv = wire::parse_conv_id(conv).value();
        send.body = "message " + std::to_string(i);
        chat::command command;
        command.uid = wire::parse_user_id(uid).value();
        command.cid = fresh_cid();
        command.what = send;
        all.push_back(std::move(command));
    }
    impl_->on_loop([&] { impl_->log_.commit(all); });
}

bool chain_double::eventually(std::function<bool()> const& is_so, std::chrono::milliseconds within)
{
    auto const deadline = std::chrono::steady_clock::now() + within;
    // Timers make steps for ever: the time counts, however many there are.
    while (std::chrono::steady_clock::now() < deadline)
    {
        auto const seen = impl_->steps();
        if (is_so()) return true;
        impl_->wait_for_step(seen, deadline);
    }
    return is_so();
}

chain_double::account chain_double::register_user(std::string const& name, std::size_t replica)
{
    http_options with;
    with.body = R"({"name":")" + name + R"(","password":"correct horse"})";
    auto const answer = http(port(replica), "POST", "/api/v1/accounts", with);
    BOOST_TEST_REQUIRE(answer.status == 201U, answer.body);
    auto const body = answer.json();
    return {.uid = text_at(body, {"uid"}), .token = text_at(body, {"token"})};
}

}  // namespace chaind::test
