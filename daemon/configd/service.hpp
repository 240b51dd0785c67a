#pragma once
// The config service around its core: hears heartbeats, performs the controller's effects, answers
// administrators. The only caller of controller::step; it decides nothing itself. Event loop's thread only.

#include "configd/admin_server.hpp"
#include "configd/event_log.hpp"
#include "configd/event_pace.hpp"
#include "configd/join_tries.hpp"
#include "configd/registry_thread.hpp"
#include "configd/request_memory.hpp"
#include "control/admission.hpp"
#include "control/controller.hpp"
#include "control/kept_sums.hpp"
#include "control/rows_proof.hpp"
#include "control/status.hpp"
#include "net/peer_listener.hpp"
#include "runtime/clock.hpp"
#include "runtime/task_group.hpp"
#include "runtime/this_process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/object.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace chaind::configd
{

struct service_settings
{
    control::settings core;
    std::string cluster_name = "chain";
    std::string data_dir;
    boost::asio::ip::tcp::endpoint listen;
    net::link_limits links;
    // An administrator's change waits so long for a reconfiguration that is under way.
    std::chrono::milliseconds change_patience{3000};
};

struct stored_chain
{
    control::record record;
    std::vector<event_row> events;
    std::vector<control::join_token> tokens;
};

class service
{
public:
    // Binds both listeners: throws boost::system::system_error. `die(exit code, why)` does not return: the
    // registry has failed, or belongs to somebody else now.
    service(
        boost::asio::io_context& on,
        service_settings how,
        std::unique_ptr<registry> store,
        stored_chain from,
        std::function<void(int, std::string const&)> die
    );

    void start();
    boost::asio::awaitable<void> stop();

    [[nodiscard]] boost::asio::ip::tcp::endpoint address() const { return listener_.address(); }

private:
    using link_ptr = std::shared_ptr<net::frame_link>;

    // ---- the core
    void feed(control::event what);
    // A step that was left half done cannot be continued: whatever is thrown in it ends the process.
    void drain() noexcept;
    void perform(control::effects effects);
    void hang_up(control::hang_up const& what);
    void persist(control::record next, bool new_lineage);
    // One of `writes_` is done, or this process ends.
    void written(error_code failed, std::string const& why);
    void direct(control::outgoing const& what);
    void note(control::notice const& what);
    boost::asio::awaitable<void> tick_loop();
    boost::asio::awaitable<void> probe(member who, std::shared_ptr<runtime::process_watch> watch);

    // ---- links
    net::accept_events link_handlers();
    std::string objection(wire::peer::hello const& from, std::string const& peer);
    wire::peer::welcome welcome(wire::peer::hello const& from);
    void tell_of_refusal(node_id const& name, std::string const& why);
    void note_second_process(wire::peer::hello const& from, std::string const& peer);
    void link_up(link_ptr const& link, wire::peer::hello const& hello);
    bool link_frame(link_ptr const& link, wire::peer::frame what);
    void link_down(link_ptr const& link);
    [[nodiscard]] link_ptr link_of(node_id const& name) const;  // null: it is not connected
    void take_facts(heartbeat const& from);
    void tell_of_set_aside(node_id const& who, set_aside_store const& what);

    // ---- service_admission.cpp: new nodes
    [[nodiscard]] bool asks_to_be_let_in(wire::peer::hello const& from) const;
    std::string admit(wire::peer::hello const& from, std::string const& peer);
    // A refusal of a token that was made here: each is an event once.
    void tell_of_token(std::string const& token, node_id const& name, std::string const& why);
    // Before whoever shows a token is welcome.
    boost::asio::awaitable<void> write_down(wire::peer::hello from);
    boost::asio::awaitable<void> make_known(node_id name);
    void finish_admissions();
    boost::asio::awaitable<admin_answer> make_token(boost::json::object body, bool dry_run);
    boost::asio::awaitable<void> keep_tokens();

    // ---- what it shows
    [[nodiscard]] std::int64_t wall_ms() const;
    // All that a status is made of, as it is now.
    [[nodiscard]] control::status_input seen();
    [[nodiscard]] std::optional<forced_row> newest_forced() const;
    void refresh_status(bool at_once);
    void read_nodes_file();
    void write_nodes_file();
    [[nodiscard]] std::string nodes_file() const;

    // ---- administrators
    boost::asio::awaitable<admin_answer> answer(admin_request asked);
    boost::asio::awaitable<void> hear_somebody();
    boost::asio::awaitable<void> events_are_written();
    // service_changes.cpp: what changes something
    boost::asio::awaitable<admin_answer> change(admin_request asked);
    [[nodiscard]] std::optional<admin_answer> outdated(std::optional<std::uint64_t> if_epoch) const;
    struct wish
    {
        // No aggregate: g++ 12 destroys the copies that coroutines are given of such ones twice.
        explicit wish(std::string at) : path(std::move(at)) {}
        std::string path;
        boost::json::object body;
        bool dry_run = false;  // what it would be answered: nothing is done and nothing written down
    };
    // perform_change, again while nothing but a reconfiguration is in the way, `if_epoch` holds and who asked
    // is there.
    boost::asio::awaitable<admin_answer> perform_in_turn(
        wish what, std::optional<std::uint64_t> if_epoch, std::function<bool()> asker_waits
    );
    // Until the reconfiguration that is under way is over, `if_epoch` does not hold any more, or `until`.
    boost::asio::awaitable<void> reconfigured(std::optional<std::uint64_t> if_epoch, instant until);
    void wake_turns();  // when the configuration is another one, or ACTIVE
    boost::asio::awaitable<admin_answer> perform_change(wish what);
    boost::asio::awaitable<admin_answer> change_node(std::string name, std::string verb, wish what);
    boost::asio::awaitable<admin_answer> add(std::string name, wish what);
    boost::asio::awaitable<admin_answer> replace(std::string name, wish what);
    boost::asio::awaitable<admin_answer> want(wish what);
    boost::asio::awaitable<admin_answer> force(wish what);
    // The core's answer; nothing: none in time. `what` carries `request`.
    boost::asio::awaitable<std::optional<control::admin_reply>> ask(
        control::event what, std::uint64_t request, bool dry_run
    );
    [[nodiscard]] admin_answer told(
        std::string const& name, std::optional<control::admin_reply> const& reply
    );
    [[nodiscard]] std::string nothing_is_decided();                   // why that is so; "": it is not
    [[nodiscard]] std::string was_removed(node_id const& who) const;  // when, and how it comes back
    [[nodiscard]] bool is_removed(node_id const& who) const;
    [[nodiscard]] std::string nobody_heard() const;
    [[nodiscard]] std::string last_one(node_id const& who);
    [[nodiscard]] bool connected(node_id const& name) const;
    // "asked" when it comes, "declined" or "undecided" when nothing comes of it.
    void audit(char const* what, std::uint32_t uid, wish const& asked, std::string const& why = {});
    admin_answer abort_node(std::string const& name, bool dry_run);

    // ---- service_verify.cpp
    // Whoever asks while one is under way gets its answer.
    boost::asio::awaitable<admin_answer> verify();
    boost::asio::awaitable<admin_answer> compare_sums();
    [[nodiscard]] admin_answer judge(control::kept_sums const& sums);
    [[nodiscard]] std::string why_no_sum(node_id const& name, seq at) const;
    admin_answer begin_proof();
    admin_answer shown_proof();
    admin_answer stop_proof();
    void attend_proof();
    [[nodiscard]] admin_answer refusal(unsigned status, char const* code, std::string msg) const;

    struct link_state
    {
        member from;
        std::uint64_t status_sent = 0;                    // number of the status text that it has
        std::shared_ptr<runtime::process_watch> watch{};  // nothing: it runs elsewhere, as far as we can see
        bool hung_up = false;                             // its last word is on its way
    };

    boost::asio::io_context& on_;
    service_settings how_;
    std::function<void(int, std::string const&)> die_;
    control::controller core_;
    chain_identity identity_;
    control::admission admission_;
    join_tries tries_;
    std::set<std::pair<std::string, std::string>> refused_;  // hash of a token, reason: written down already
    std::set<node_id> coming_in_;                            // by a token: make_known is under way
    registry_thread registry_;
    runtime::task_group tasks_;
    event_log events_;
    event_pace pace_of_events_;
    net::peer_listener listener_;
    admin_server admin_;
    boost::asio::steady_timer ticker_;

    std::deque<control::event> queue_;
    bool draining_ = false;
    std::size_t writes_ = 0;  // on their way to the registry
    bool stopped_ = false;

    std::map<link_ptr, link_state> links_;
    std::map<member, link_ptr> by_member_;
    std::map<member, std::shared_ptr<runtime::process_watch>>
        lost_;                                                   // of links whose end the core hears of next
    std::map<node_id, instant> refusals_;                        // when one was an event last
    std::map<node_id, std::pair<instant, int>> set_aside_told_;  // since when, and how often since then
    std::map<node_id, instant> foreign_;                         // of another cluster: when each tried last
    std::map<node_id, std::string> addresses_;                   // where replicas listen for each other
    std::map<node_id, control::last_said> said_;
    instant const started_at_ = runtime::steady_now();
    instant served_at_ = instant::min();  // when a member said last that it can take writes
    instant read_at_ = instant::min();    // the same of reads
    std::map<node_id, control::cannot_start> cannot_start_;
    std::map<node_id, control::second_process> second_;

    std::string status_text_;
    std::uint64_t status_number_ = 0;
    instant status_made_{};
    std::string nodes_text_;

    struct waiting_reply
    {
        boost::asio::steady_timer wake;
        std::optional<control::admin_reply> reply;
        explicit waiting_reply(boost::asio::any_io_executor const& on) : wake(on) {}
    };
    std::map<std::uint64_t, std::shared_ptr<waiting_reply>> replies_;
    std::uint64_t last_request_ = 0;
    struct verification
    {
        boost::asio::steady_timer wake;
        std::optional<admin_answer> answer;
        explicit verification(boost::asio::any_io_executor const& on) : wake(on) {}
    };
    std::shared_ptr<verification> verifying_;                        // under way
    std::optional<control::rows_proof> proof_;                       // under way, or the last one
    std::vector<std::shared_ptr<boost::asio::steady_timer>> turns_;  // cancelled by the next configuration
    request_memory requests_;
};

}  // namespace chaind::configd
