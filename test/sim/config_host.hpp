#pragma once
// The config service as the daemon would run it: the real controller and a registry that holds one record,
// replaced by compare-and-set. It may die at any point, also between asking for a record to be stored and
// hearing that it is.

#include "control/admission.hpp"
#include "control/controller.hpp"
#include "sim/rng.hpp"
#include "sim/scheduler.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>

namespace chaind::sim
{

class world;
class node;

class config_host
{
public:
    explicit config_host(world& in);

    void start();
    void stop();
    void pause();
    void resume();
    // Dies at some point of the next change.
    void arm(bool armed = true) { armed_ = armed; }

    void hear(int from, heartbeat what);
    void on_process_gone(node const& which);
    // Somebody else, or a second process from a copy of its disk, says hello in its name and then this.
    void impostor(node const& as, heartbeat const& what);
    // It says this, as no replica should.
    void mistaken(node const& from, heartbeat const& what);
    [[nodiscard]] bool speaks_now(node const& which) const;
    [[nodiscard]] std::optional<heartbeat> last_word(node const& of) const;
    // Its control connection ends; it may well live.
    void take_dials();  // no dial hangs any more
    void lose(node const& which);
    // One of the administrator's questions; its number is filled in.
    template <class Question>
    void ask(Question what)
    {
        what.request = ++next_request_;
        deliver(what);
    }
    void tell(control::event what) { deliver(std::move(what)); }
    void withdraw_newest() { deliver(control::withdrawn{next_request_}); }

    // Asks for a join token, and tells it when it is kept; nothing happens while the config service is down.
    void make_token(std::int64_t ttl_ms, std::function<void(std::string)> made);
    // That machine shows a token; it is told whether it may come in, unless the answer is lost.
    void show_token(member const& by, std::string const& token, std::function<void(bool)> told);

    // Its disk goes back to what it was before the last change. Who asks for the registry is still told the
    // true one, until an administrator has that found again (mend), or forces another epoch.
    [[nodiscard]] bool can_be_put_back() const;
    void put_back();
    [[nodiscard]] bool is_put_back() const { return truth_.has_value(); }
    void mend();

    std::int64_t clock_jump_us = 0;  // its wall clock was set wrong by so much
    [[nodiscard]] bool alive() const { return core_.has_value(); }
    [[nodiscard]] bool paused() const { return paused_; }
    [[nodiscard]] control::record const& registry() const { return truth_ ? *truth_ : registry_; }
    [[nodiscard]] std::optional<control::record> const& being_stored() const { return being_stored_; }
    [[nodiscard]] control::controller const& core() const { return *core_; }

private:
    [[nodiscard]] us dial_time();
    void deliver(control::event what);
    void process(control::event const& what);
    void perform(control::effects what);
    void store(control::record what);
    void is_stored(control::record what);
    void probe(member const& who);
    void lost(int index, member const& who);
    void arrive(int from, std::uint64_t connection, heartbeat what);
    void next_tick();
    [[nodiscard]] instant now() const;
    template <class Action>
    void later(us delay, Action what)  // unless the process has died by then
    {
        time_.after(delay, unless_dead(life_, std::move(what)));
    }
    void note(control::notice const& what);
    void keep_tokens(std::function<void()> then);
    void ask_for_admissions();
    void on_admission(std::uint64_t request, control::admin_verdict what);
    [[nodiscard]] std::int64_t wall_us() const;

    world& in_;
    scheduler& time_;
    machine_clock clock_;
    us tick_every_ = tick_least;
    control::record registry_;
    std::optional<control::record> before_;  // the last change of the chain
    std::optional<control::record> truth_;   // when the registry has been put back
    std::optional<control::record> being_stored_;
    std::optional<control::controller> core_;
    std::vector<control::join_token> tokens_;  // as the registry has them
    std::optional<control::admission> admission_;
    std::map<std::uint64_t, node_id> coming_in_;  // who was asked for, by the number of the request
    bool paused_ = false;
    bool armed_ = false;
    us paused_since_ = 0;
    std::uint64_t life_ = 0;
    std::uint64_t next_request_ = 0;
    std::deque<control::event> inbox_;
    struct control_link
    {
        control_link() = default;
        explicit control_link(std::uint64_t n) : number(n) {}
        std::uint64_t number = 0;  // rises with each connection that ends
        us dialled_at = 0;         // before that it has no connection here
        member end;                // whom the core knows to be connected
        us heard = 0;              // when it spoke last
    };
    std::map<int, control_link> links_;
};

}  // namespace chaind::sim
