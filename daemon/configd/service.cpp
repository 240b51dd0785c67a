#include "configd/service.hpp"

#include "base/utf8.hpp"
#include "control/describe.hpp"
#include "runtime/address.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/log_step.hpp"
#include "runtime/options.hpp"
#include "runtime/printable.hpp"
#include "runtime/private_file.hpp"
#include "runtime/random_id.hpp"
#include "runtime/within.hpp"
#include "wire/json_fields.hpp"
#include "wire/status_json.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace chaind::configd
{

namespace asio = boost::asio;
namespace json = boost::json;

namespace
{
constexpr std::size_t replica_outbox_limit = 4u << 20;
constexpr auto status_every = 250ms;
constexpr auto tick_every = 5ms;
constexpr auto probe_limit = 200ms;
constexpr auto probe_pause = 1ms;
constexpr auto refusal_again = 10s;
constexpr std::size_t refusals_max = 256;
constexpr auto set_aside_window = 1min;
constexpr int set_aside_in_window = 10;
constexpr auto foreign_for = 10s;              // after the last try of a machine of another cluster
constexpr microseconds second_for = 3s;        // it tries again twice a second
constexpr std::size_t words_most = 500;        // of a process that cannot start
constexpr microseconds cannot_start_for = 5s;  // it says so again every second
}  // namespace

service::service(
    asio::io_context& on,
    service_settings how,
    std::unique_ptr<registry> store,
    stored_chain from,
    std::function<void(int, std::string const&)> die
)
    : on_(on),
      how_(std::move(how)),
      die_(std::move(die)),
      core_(how_.core, std::move(from.record), runtime::steady_now()),
      identity_(store->identity()),
      admission_(identity_.cluster, std::move(from.tokens)),
      registry_(on.get_executor(), std::move(store)),
      tasks_(on.get_executor(), "configd"),
      events_(std::move(from.events)),
      listener_(tasks_, how_.listen, replica_outbox_limit, link_handlers(), how_.links),
      admin_(
          tasks_,
          how_.data_dir + "/configd.sock",
          [this](admin_request asked) { return answer(std::move(asked)); }
      ),
      ticker_(on)
{
}

void service::start()
{
    read_nodes_file();
    refresh_status(true);
    listener_.start();
    admin_.start();
    tasks_.spawn(tick_loop());
    finish_admissions();
}

asio::awaitable<void> service::stop()
{
    stopped_ = true;
    listener_.stop();
    admin_.stop();
    ticker_.cancel();
    wake_turns();
    co_await tasks_.stop(std::chrono::seconds(2));
    registry_.wait_for_no_room();
    // What the registry's thread and the loop still hold comes back to this object.
    asio::steady_timer pause(on_);
    while (writes_ > 0 || draining_)
    {
        pause.expires_after(1ms);
        co_await runtime::wait_on(pause);
    }
}

// ---- the core

void service::feed(control::event what)
{
    queue_.push_back(std::move(what));
    if (draining_) return;
    draining_ = true;
    asio::post(on_, [this] { drain(); });
}

void service::drain() noexcept
{
    auto const epoch_before = core_.current().current.at;
    auto const state_before = core_.current().current.state;
    while (!queue_.empty() && !stopped_)
    {
        auto next = std::move(queue_.front());
        queue_.pop_front();
        auto effects = core_.step(runtime::steady_now(), next);
        log::write_step("control", next, effects);
        perform(std::move(effects));
    }
    lost_.clear();
    draining_ = false;
    auto const& current = core_.current().current;
    bool const another = current.at != epoch_before || current.state != state_before;
    if (another) wake_turns();
    // Its members say a heartbeat later that they serve.
    if (another && current.is_active()) served_at_ = read_at_ = runtime::steady_now();
    refresh_status(another);
}

void service::perform(control::effects effects)
{
    if (effects.persist) persist(std::move(*effects.persist), effects.new_lineage);
    for (auto const& what : effects.notices)
        note(what);
    for (auto const& what : effects.directives)
        direct(what);
    for (auto const& each : effects.hang_ups)
        hang_up(each);
    for (auto const& who : effects.probes)
    {
        auto const watch = lost_.find(who);
        tasks_.spawn(probe(who, watch == lost_.end() ? nullptr : watch->second));
    }
    for (auto const& reply : effects.replies)
    {
        auto const waiting = replies_.find(reply.request);
        if (waiting == replies_.end()) continue;
        waiting->second->reply = reply;
        waiting->second->wake.cancel();
    }
}

// What it says from now on is not taken, and ends the link where the last word does not get out.
void service::hang_up(control::hang_up const& what)
{
    auto const link = by_member_.find(what.on);
    if (link == by_member_.end()) return;
    links_.at(link->second).hung_up = true;
    link->second->send(wire::peer::encode(wire::peer::refused{what.why}));
    link->second->close_after_writing();
}

void service::persist(control::record next, bool new_lineage)
{
    auto const revision = next.revision;
    auto lineage = new_lineage ? to_string(runtime::random_id<boot_id>()) : std::string();
    ++writes_;
    registry_.replace(
        std::move(next),
        lineage,
        [this, revision, lineage](error_code failed, std::string const& why)
        {
            if (failed == errc::epoch_conflict)
                die_(runtime::exit_bug, "somebody else changed the registry: is a second configd running?");
            written(failed, why);
            if (!lineage.empty()) identity_.lineage = lineage;
            feed(control::stored{revision});
        }
    );
}

void service::written(error_code failed, std::string const& why)
{
    --writes_;
    if (failed && !stopped_) die_(runtime::exit_disk, "the registry cannot be written: " + why);
}

void service::direct(control::outgoing const& what)
{
    auto const link = by_member_.find(what.to);
    if (link == by_member_.end()) return;
    auto& state = links_.at(link->second);
    wire::peer::instruction out;
    out.what = what.directive;
    out.addresses = addresses_;
    out.lineage = identity_.lineage;
    if (state.status_sent != status_number_) out.status_json = status_text_;
    state.status_sent = status_number_;
    link->second->send(wire::peer::encode(std::move(out)));
}

void service::note(control::notice const& what)
{
    auto reason = what.why;
    if (what.repeatable)
    {
        auto const earlier = pace_of_events_.take(what.what, runtime::steady_now());
        if (!earlier) return;
        if (*earlier > 0) reason += " (" + std::to_string(*earlier) + " others like it before were left out)";
    }
    log::write(
        log::level::notice,
        "control",
        what.what,
        {{"Epoch", what.at}, {"Node", what.who.name.str()}, {"Reason", reason}}
    );
    event_row row;
    row.at_ms = wall_ms();
    row.in = what.at;
    row.what = what.what;
    row.node = what.who.name.str();
    row.why = std::move(reason);
    ++writes_;
    auto numbered = events_.add(std::move(row));
    auto const number = numbered.number;
    registry_.append(
        std::move(numbered),
        [this, number](error_code failed, std::string const& why)
        {
            written(failed, why);
            events_.written(number);
        }
    );
}

// By most clocks that there are, the own one as long as there is no other.
std::int64_t service::wall_ms() const
{
    auto const agreed = core_.time_us();
    return (agreed > 0 ? agreed : runtime::now().wall_us) / 1000;
}

asio::awaitable<void> service::tick_loop()
{
    while (!stopped_)
    {
        ticker_.expires_after(tick_every);
        co_await runtime::wait_on(ticker_);
        if (stopped_) co_return;
        feed(control::tick{runtime::now().wall_us});
        attend_proof();
    }
}

// Asked when its connection has ended. A process that is dying closes its connections some moments before its
// end.
asio::awaitable<void> service::probe(member who, std::shared_ptr<runtime::process_watch> watch)
{
    asio::steady_timer pause(on_);
    auto const until = runtime::steady_now() + probe_limit;
    while (watch && !watch->ended() && !stopped_ && runtime::steady_now() < until)
    {
        pause.expires_after(probe_pause);
        co_await runtime::wait_on(pause);
    }
    if (!stopped_) feed(control::probed{who, watch && watch->ended()});
}

// ---- links

net::accept_events service::link_handlers()
{
    return {
        .objection = [this](wire::peer::hello const& from, std::string const& peer)
        { return objection(from, peer); },
        .before_welcome = [this](wire::peer::hello const& from) { return write_down(from); },
        .answer = [this](wire::peer::hello const& from) { return welcome(from); },
        .up = [this](link_ptr const& link, wire::peer::hello const& from) { link_up(link, from); },
        .received = [this](link_ptr const& link, wire::peer::frame what)
        { return link_frame(link, std::move(what)); },
        .down = [this](link_ptr const& link) { link_down(link); },
        .known = [this](node_id const& name) { return core_.knows(name); },
    };
}

wire::peer::welcome service::welcome(wire::peer::hello const& from)
{
    wire::peer::welcome out;
    out.cluster = identity_.cluster;
    auto const& name = from.from.name;
    if (from.what_for != wire::peer::purpose::identify) return out;
    out.goes_on_without = core_.goes_on_without(name);
    // Nothing proves who says this: it is shown as the word of that process, and never more than a few lines.
    cannot_start_[name] = {
        runtime::printable(from.trouble, words_most),
        "as that process says: " + runtime::printable(from.advice, words_most),
        runtime::steady_now()
    };
    return out;
}

std::string service::objection(wire::peer::hello const& from, std::string const& peer)
{
    if (from.what_for == wire::peer::purpose::identify && !from.from.name.empty())
        return core_.knows(from.from.name) ? "" : "no machine of that name is known here";
    if (from.what_for != wire::peer::purpose::control) return "this is the config service, not a replica";
    if (!from.cluster.empty() && from.cluster != identity_.cluster)
    {
        std::string why = "this config service belongs to another cluster";
        tell_of_refusal(from.from.name, why);
        if (foreign_.size() > refusals_max) foreign_.clear();
        foreign_[from.from.name] = runtime::steady_now();
        return why;
    }
    if (asks_to_be_let_in(from)) return admit(from, peer);
    if (auto why = core_.objection(from.from, runtime::steady_now()); !why.empty())
    {
        tell_of_refusal(from.from.name, why);
        note_second_process(from, peer);
        return why;
    }
    return {};
}

// For the status: as long as both run, neither may get into the chain.
void service::note_second_process(wire::peer::hello const& from, std::string const& peer)
{
    auto const first = link_of(from.from.name);
    if (first == nullptr || !core_.knows(from.from.name)) return;
    auto const& there = links_.at(first).from;
    if (there == from.from) return;
    auto const pid = from.place.pid;
    second_[from.from.name] = {
        .from = peer + (pid == 0 ? "" : " (process " + std::to_string(pid) + ")"),
        .same_store = there.same_store(from.from),
        .seen_at = runtime::steady_now()
    };
}

// Who is refused comes again and again.
void service::tell_of_refusal(node_id const& name, std::string const& why)
{
    auto const now = runtime::steady_now();
    auto const told = refusals_.find(name);
    if (told != refusals_.end() && now - told->second < refusal_again) return;
    if (refusals_.size() > refusals_max) refusals_.clear();
    refusals_[name] = now;
    note({.what = "refused", .at = core_.current().current.at, .who = name, .why = why, .repeatable = true});
}

void service::link_up(link_ptr const& link, wire::peer::hello const& hello)
{
    auto const& from = hello.from;
    auto const earlier = by_member_.find(from);
    auto const old = earlier == by_member_.end() ? nullptr : earlier->second;
    std::shared_ptr<runtime::process_watch> watch;
    if (auto seen = runtime::process_watch::on(hello.place))
        watch = std::make_shared<runtime::process_watch>(std::move(*seen));
    links_[link] = {.from = from, .watch = std::move(watch)};
    by_member_[from] = link;
    feed(control::connected{from, hello.place.kernel});
    if (old) old->close();
    log::write(
        log::level::info,
        "control",
        "a replica has connected",
        {{"Node", from.name.name.str()}, {"Boot", to_string(from.boot)}}
    );
}

bool service::link_frame(link_ptr const& link, wire::peer::frame what)
{
    if (links_.at(link).hung_up) return false;
    auto* const beat = std::get_if<heartbeat>(&what);
    if (beat == nullptr || beat->from != links_.at(link).from)
    {
        log::write(
            log::level::warning,
            "control",
            "a replica sent what it may not send",
            {{"Node", links_.at(link).from.name.name.str()}, {"Peer", link->peer()}}
        );
        return false;
    }
    // What an earlier connection still held is gone with it.
    if (auto const current = by_member_.find(beat->from);
        current == by_member_.end() || current->second != link)
        return false;
    take_facts(*beat);
    admission_.heard(beat->from);
    feed(control::heard{std::move(*beat)});
    return true;
}

void service::link_down(link_ptr const& link)
{
    auto const from = links_.at(link).from;
    auto const watch = links_.at(link).watch;
    links_.erase(link);
    auto const current = by_member_.find(from);
    if (current == by_member_.end() || current->second != link) return;
    by_member_.erase(current);
    if (!core_.knows(from.name))
    {
        said_.erase(from.name);
        addresses_.erase(from.name);
    }
    log::write(log::level::info, "control", "a replica's connection ended", {{"Node", from.name.name.str()}});
    if (watch) lost_[from] = watch;
    feed(control::connection_lost{from});
}

service::link_ptr service::link_of(node_id const& name) const
{
    for (auto const& [who, link] : by_member_)
        if (who.name == name) return link;
    return nullptr;
}

void service::take_facts(heartbeat const& from)
{
    auto const& name = from.from.name;
    auto const& facts = *from.facts;
    said_[name] = {.facts = from.facts, .end = from.end.at, .commit = from.commit};
    if (!facts.replica_addr.empty()) addresses_[name] = facts.replica_addr;
    if (core_.current().current.contains(from.from))
    {
        if (facts.can_write) served_at_ = runtime::steady_now();
        if (facts.can_read) read_at_ = runtime::steady_now();
    }
    if (facts.set_aside) tell_of_set_aside(name, *facts.set_aside);
    if (core_.draining() == name && facts.front.drained) feed(control::drained_clients{name});
}

// Each once: it is repeated in every heartbeat until that machine is in the chain again.
void service::tell_of_set_aside(node_id const& who, set_aside_store const& what)
{
    if (!core_.knows(who)) return;
    auto const whole = what.reason + "; its database is kept in " + what.folder +
                       ", an empty one is filled again from another machine";
    std::string const why(utf8_prefix(whole, 1000));
    if (events_.says("set_aside", who.name, why)) return;
    auto const now = runtime::steady_now();
    // A machine that says another thing each time fills no log with it.
    auto& [since, told] = set_aside_told_[who];
    if (now - since > set_aside_window) told = 0;
    if (told == 0) since = now;
    if (++told > set_aside_in_window) return;
    note({.what = "set_aside", .at = core_.current().current.at, .who = who, .why = why});
}

// ---- what it shows

control::status_input service::seen()
{
    auto const now = runtime::steady_now();
    std::erase_if(
        cannot_start_, [&](auto const& each) { return each.second.said_at < now - cannot_start_for; }
    );
    std::erase_if(second_, [&](auto const& each) { return each.second.seen_at < now - second_for; });
    std::vector<node_id> strangers;
    for (auto const& [who, link] : by_member_)
        if (!core_.knows(who.name)) strangers.push_back(who.name);
    std::vector<node_id> foreign;
    // A chain that there is does not depend on strangers; a new registry may have been put in the place of
    // theirs.
    bool const is_new = core_.current().last_active.is_none();
    auto const since = [now](instant at) { return at == instant::min() ? microseconds::max() : now - at; };
    for (auto const& [name, last] : foreign_)
        if ((core_.knows(name) || is_new) && now - last < foreign_for) foreign.push_back(name);
    return {
        .cluster = how_.cluster_name,
        .lineage = identity_.lineage,
        .record = core_.current(),
        .nodes = core_.nodes(),
        .learning = core_.learning(),
        .joining = core_.joining(),
        .draining = core_.draining(),
        .strangers = std::move(strangers),
        .said = said_,
        .now = now,
        .wall_ms = wall_ms(),
        .clock_error = core_.own_clock_error(),
        .foreign = std::move(foreign),
        .registry_lacks = core_.registry_lacks(),
        .stuck = cannot_start_,
        .second = second_,
        .forced = newest_forced(),
        .registry_busy_for = registry_.busy_for(),
        .registry_full = registry_.waits_for_room(),
        .service =
            {.state = service_state::up,
             .store = "sqlite",
             .leader = "local",
             .version = CHAIND_VERSION,
             .heard_ms = {},
             .refuses = {}},
        .unserved_for = since(served_at_),
        .unread_for = since(read_at_),
    };
}

std::optional<forced_row> service::newest_forced() const
{
    auto const found = events_.newest("forced");
    if (!found) return std::nullopt;
    return forced_row{.name = node_id{found->node}, .epoch = found->in, .at_ms = found->at_ms};
}

void service::refresh_status(bool at_once)
{
    auto const now = runtime::steady_now();
    if (!at_once && now - status_made_ < status_every) return;
    status_made_ = now;
    auto text = json::serialize(wire::status_json(control::status_of(seen())));
    if (text == status_text_) return;
    status_text_ = std::move(text);
    ++status_number_;
    write_nodes_file();
}

// Where those were that have not been heard since this process began. People's pages that came from them ask
// the others, which are told by this what they may answer.
void service::read_nodes_file()
{
    auto const text = runtime::read_plain_file(nodes_file()).value_or("");
    boost::system::error_code bad;
    auto const before = json::parse(text, bad);
    if (bad || !before.is_object()) return;
    auto const* const nodes = before.get_object().if_contains("nodes");
    if (nodes == nullptr || !nodes->is_array()) return;
    for (auto const& value : nodes->get_array())
    {
        if (!value.is_object()) continue;
        auto const& row = value.get_object();
        node_id const name{wire::text_in(row, "name")};
        if (!is_valid_node_name(name.name.str()) || !core_.knows(name)) continue;
        node_facts facts;
        facts.replica_addr = wire::text_in(row, "replica_addr");
        facts.front.url = wire::text_in(row, "client_url");
        facts.front.admin_addr = wire::text_in(row, "admin_addr");
        facts.database = wire::text_in(row, "database");
        said_[name].facts = std::move(facts);
    }
}

std::string service::nodes_file() const
{
    return how_.data_dir + "/nodes.json";
}

// For chainctl while this process is down, and for this process while a machine is.
void service::write_nodes_file()
{
    json::array nodes;
    for (auto const& [name, said] : said_)
        nodes.push_back(
            {{"name", name.name.str()},
             {"replica_addr", said.facts->replica_addr},
             {"client_url", said.facts->front.url},
             {"admin_addr", said.facts->front.admin_addr},
             {"database", said.facts->database}}
        );
    auto text = json::serialize(json::object{
        {"schema", "chainctl.known.v1"}, {"lineage", identity_.lineage}, {"nodes", std::move(nodes)}
    });
    if (text == nodes_text_) return;
    nodes_text_ = std::move(text);
    registry_.perform(
        [path = nodes_file(), text = nodes_text_ + '\n']
        {
            // Only a convenience for chainctl while configd is down: not worth failing for.
            if (auto const failed = runtime::write_private_file(path, text))
                log::write(
                    log::level::warning, "configd", "cannot write nodes.json", {{"Reason", failed.message()}}
                );
        }
    );
}

}  // namespace chaind::configd
