// What administrators change: one request is read, checked, written down, asked of the core and answered.

#include "base/listed.hpp"
#include "base/utf8.hpp"
#include "configd/identify.hpp"
#include "configd/service.hpp"
#include "control/health.hpp"
#include "control/next_step.hpp"
#include "runtime/address.hpp"
#include "runtime/clock.hpp"
#include "runtime/printable.hpp"
#include "runtime/utc.hpp"
#include "runtime/within.hpp"
#include "wire/json_fields.hpp"
#include "wire/strict_json.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>

namespace chaind::configd
{

namespace asio = boost::asio;
namespace json = boost::json;
using wire::number_in;
using wire::text_in;

namespace
{
constexpr auto change_limit = 15s;
constexpr auto under_way = "another change is under way; ask again in a moment";

// Nothing: the body is no JSON object. No body is an empty one.
std::optional<json::object> body_of(std::string const& text)
{
    if (text.empty()) return json::object();
    std::string why;
    return wire::parse_object(text, why);
}

// "/v1/nodes/NAME/VERB"; without a VERB where it is something else.
std::pair<std::string, std::string> name_and_verb(std::string_view path)
{
    constexpr std::string_view prefix = "/v1/nodes/";
    if (!path.starts_with(prefix)) return {};
    path.remove_prefix(prefix.size());
    auto const slash = path.find('/');
    if (slash == std::string_view::npos) return {};
    return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}
}  // namespace

void service::audit(char const* what, std::uint32_t uid, wish const& asked, std::string const& why)
{
    auto const [name, verb] = name_and_verb(asked.path);
    constexpr std::string_view prefix = "/v1/";
    auto wanted = verb.empty() ? asked.path.substr(std::min(asked.path.size(), prefix.size())) : verb;
    for (auto const& [key, value] : asked.body)
        wanted += ' ' + std::string(key) + '=' +
                  (value.is_string() ? std::string(value.get_string()) : json::serialize(value));
    control::notice fact;
    fact.what = what;
    fact.at = core_.current().current.at;
    if (is_valid_node_name(name)) fact.who = node_id{name};
    fact.why = "uid " + std::to_string(uid) + ": " + std::string(utf8_prefix(wanted, 500));
    if (!why.empty()) fact.why += ": " + why;
    note(fact);
}

asio::awaitable<admin_answer> service::change(admin_request asked)
{
    auto body = body_of(asked.body);
    if (!body) co_return refusal(400, "bad_request", "the body is no JSON object");
    wish wanted(asked.target.substr(0, asked.target.find('?')));
    // A path of its own: what does not know it refuses it, and does not do what was only asked about.
    constexpr std::string_view judging = "/v1/dry-run/";
    wanted.dry_run = wanted.path.starts_with(judging);
    if (wanted.dry_run) wanted.path = "/v1/" + wanted.path.substr(judging.size());
    auto const id = text_in(*body, "request_id");
    bool const named = body->contains("request_id");
    if (named && (id.empty() || id.size() > 128))
        co_return refusal(400, "bad_request", "request_id: a text of 1 to 128 characters");
    auto const if_epoch = number_in(*body, "if_epoch");
    if (body->contains("if_epoch") && !if_epoch)
        co_return refusal(400, "bad_request", "if_epoch: not a number");
    body->erase("request_id");
    body->erase("if_epoch");

    wanted.body = std::move(*body);
    if (wanted.dry_run)
    {
        if (auto late = outdated(if_epoch)) co_return std::move(*late);
        auto judged = co_await perform_in_turn(std::move(wanted), if_epoch, asked.asker_waits);
        if (judged.status == 200) judged.body["dry_run"] = true;
        co_return judged;
    }

    auto what = wanted.path + ' ' + json::serialize(wanted.body);
    if (auto const* earlier = named ? requests_.find(id) : nullptr)
    {
        if (earlier->what != what)
            co_return refusal(409, "conflict", "this request_id belongs to another request");
        if (!earlier->answer) co_return refusal(409, "conflict", "this very request is under way");
        co_return *earlier->answer;
    }
    if (auto late = outdated(if_epoch)) co_return std::move(*late);
    if (named) requests_.begin(id, std::move(what));
    audit("asked", asked.uid, wanted);
    auto const answered = co_await perform_in_turn(wanted, if_epoch, asked.asker_waits);
    if (answered.status == 504)
        audit("undecided", asked.uid, wanted);
    else if (answered.status != 200)
        audit("declined", asked.uid, wanted, text_in(answered.body.at("err").as_object(), "msg"));
    // What is refused for now may be asked again.
    if (named && answered.status == 200)
        requests_.end(id, answered);
    else if (named)
        requests_.forget(id);
    co_return answered;
}

std::optional<admin_answer> service::outdated(std::optional<std::uint64_t> if_epoch) const
{
    auto const current = core_.current().current.at.value();
    if (!if_epoch || *if_epoch == current) return std::nullopt;
    return refusal(409, "conflict", "the chain has changed: it is at epoch " + std::to_string(current));
}

// A change that comes while a failed replica is being taken out waits for that, which takes a moment, and is
// then judged as if it had just come. While another administrator's change is under way it is refused at
// once. When its sender has gone meanwhile nothing is changed: where this process or its machine stood still,
// the request may be old.
asio::awaitable<admin_answer> service::perform_in_turn(
    wish what, std::optional<std::uint64_t> if_epoch, std::function<bool()> asker_waits
)
{
    auto const until = runtime::steady_now() + how_.change_patience;
    for (;;)
    {
        if (!asker_waits()) co_return refusal(503, "unavailable", "who asked for it has gone");
        auto answered = co_await perform_change(what);
        if (!answered.passing || runtime::steady_now() >= until) co_return answered;
        co_await reconfigured(if_epoch, until);
        if (stopped_) co_return answered;
        if (auto late = outdated(if_epoch)) co_return std::move(*late);
    }
}

asio::awaitable<void> service::reconfigured(std::optional<std::uint64_t> if_epoch, instant until)
{
    auto const turn = std::make_shared<asio::steady_timer>(tasks_.executor());
    turns_.push_back(turn);
    while (!stopped_ && core_.changing() && !outdated(if_epoch) && runtime::steady_now() < until)
    {
        turn->expires_after(until - runtime::steady_now());
        co_await runtime::wait_on(*turn);
    }
    std::erase(turns_, turn);
}

void service::wake_turns()
{
    for (auto const& turn : turns_)
        turn->cancel();
}

asio::awaitable<admin_answer> service::perform_change(wish what)
{
    auto const& path = what.path;
    if (path == "/v1/want") co_return co_await want(std::move(what));
    if (path == "/v1/force-epoch") co_return co_await force(std::move(what));
    if (path == "/v1/join-tokens") co_return co_await make_token(std::move(what.body), what.dry_run);
    auto [name, verb] = name_and_verb(path);
    if (verb.empty()) co_return refusal(404, "not_found", "no such resource: POST " + path);
    if (!is_valid_node_name(name)) co_return refusal(400, "bad_request", "not a node's name");
    co_return co_await change_node(std::move(name), std::move(verb), std::move(what));
}

asio::awaitable<admin_answer> service::change_node(std::string name, std::string verb, wish asked)
{
    if (verb == "add") co_return co_await add(std::move(name), std::move(asked));
    if (verb == "replace") co_return co_await replace(std::move(name), std::move(asked));
    if (verb == "abort")
    {
        // What has been asked is written by now, unless the disk stands still: then nobody would take the
        // machine out of the chain.
        co_await events_are_written();
        if (!events_.all_written())
            co_return refusal(
                503, "unavailable", "the disk of configd's data folder does not finish a write"
            );
        co_return abort_node(name, asked.dry_run);
    }

    auto const number = ++last_request_;
    node_id const who{name};
    control::event what;
    if (verb == "remove")
        what = control::remove_node{number, who};
    else if (verb == "drain")
        what = control::drain_node{number, who};
    else if (verb == "undrain")
        what = control::undrain_node{number, who};
    else if (verb == "move")
    {
        auto const to = text_in(asked.body, "to");
        if (to != "head" && to != "tail") co_return refusal(400, "bad_request", "to: head or tail");
        what = control::move_node{number, who, to == "head"};
    }
    else
        co_return refusal(404, "not_found", "no such change of a node: " + verb);
    auto const reply = co_await ask(std::move(what), number, asked.dry_run);
    co_return told(name, reply);
}

asio::awaitable<admin_answer> service::add(std::string name, wish asked)
{
    auto const& body = asked.body;
    node_id const who{name};
    auto const address = text_in(body, "address");
    auto const at = runtime::parse_address(address);
    if (body.contains("address") && !at)
        co_return refusal(
            400,
            "bad_request",
            "address: not HOST:PORT (localhost or a numeric address, and a port up to 65535)"
        );
    if (at && !runtime::is_loopback(*at))
        co_return refusal(
            400,
            "bad_request",
            "address: " + address +
                " is not a loopback address, and links between daemons are not encrypted yet: give the end "
                "of "
                "the tunnel on this machine"
        );
    // A node that was there before is found where it was.
    if (!at && !core_.knows(who))
        co_return refusal(
            400,
            "bad_request",
            "address: " + name +
                " was never here, and add-node needs NAME ADDRESS then: where it listens for "
                "other replicas"
        );
    if (at)
    {
        auto const known = addresses_.find(who);
        bool const there = core_.knows(who) && connected(who) && known != addresses_.end();
        if (there && runtime::parse_address(known->second) != at)
            co_return refusal(
                409,
                "conflict",
                is_removed(who) ? was_removed(who) + ", and its chaind still runs at " + known->second +
                                      ": stop that one first, or take it in again by its address"
                                : name + " is already there, at " + known->second
            );
        if (!there)
        {
            auto const found = co_await identify(tasks_, *at, identity_.cluster);
            if (!found.problem.empty()) co_return refusal(409, "conflict", found.problem);
            if (found.who.name != who)
                co_return refusal(
                    409, "conflict", "at " + address + " is " + found.who.name.name.str() + ", not " + name
                );
        }
    }
    auto const number = ++last_request_;
    control::event what = control::add_node{number, who};
    auto const reply = co_await ask(std::move(what), number, asked.dry_run);
    auto out = told(name, reply);
    if (out.status == 200 && !asked.dry_run) out.body["want"] = core_.current().want;
    co_return out;
}

asio::awaitable<admin_answer> service::replace(std::string name, wish asked)
{
    auto const& body = asked.body;
    auto const with = text_in(body, "with");
    if (body.contains("with") && !is_valid_node_name(with))
        co_return refusal(400, "bad_request", "with: not a node's name");
    if (!with.empty() && !core_.knows(node_id{with}) && !connected(node_id{with}))
        co_return refusal(409, "conflict", with + " has not connected to this config service");
    control::replace_node order;
    order.request = ++last_request_;
    order.who = node_id{name};
    if (!with.empty()) order.with = node_id{with};
    auto const number = order.request;
    control::event what = std::move(order);
    auto const reply = co_await ask(std::move(what), number, asked.dry_run);
    auto out = told(name, reply);
    if (out.status == 200 && reply->with) out.body["with"] = reply->with->name.str();
    co_return out;
}

asio::awaitable<admin_answer> service::want(wish asked)
{
    auto const& body = asked.body;
    auto const members = number_in(body, "replicas");
    if (!members) co_return refusal(400, "bad_request", "replicas: a number");
    auto const number = ++last_request_;
    control::event what = control::set_want{number, *members};
    auto const reply = co_await ask(std::move(what), number, asked.dry_run);
    auto out = told("", reply);
    if (out.status == 200) out.body["want"] = *members;
    co_return out;
}

asio::awaitable<admin_answer> service::force(wish asked)
{
    auto const& body = asked.body;
    auto const name = text_in(body, "node");
    if (!is_valid_node_name(name)) co_return refusal(400, "bad_request", "node: not a node's name");
    auto const number = ++last_request_;
    control::event what = control::force_epoch{number, node_id{name}};
    auto const reply = co_await ask(std::move(what), number, asked.dry_run);
    // What force-epoch itself is refused for is no reason to use it.
    if (reply && reply->verdict == control::admin_verdict::old_registry)
        if (auto const unknown = seen().strangers; !unknown.empty())
            co_return refusal(
                409,
                "conflict",
                runtime::printable(unknown.front().name.str()) +
                    " runs and is not known to this registry, so that nobody could tell it that it is given "
                    "up: stop chaind there, then ask again"
            );
    auto out = told(name, reply);
    if (out.status == 200 && !asked.dry_run) out.body["lineage"] = identity_.lineage;
    co_return out;
}

asio::awaitable<std::optional<control::admin_reply>> service::ask(
    control::event what, std::uint64_t request, bool dry_run
)
{
    if (dry_run) co_return core_.judge(what);
    auto const waiting = std::make_shared<waiting_reply>(tasks_.executor());
    replies_[request] = waiting;
    waiting->wake.expires_after(change_limit);
    feed(std::move(what));
    co_await runtime::wait_on(waiting->wake);
    replies_.erase(request);
    if (!waiting->reply && !stopped_) feed(control::withdrawn{request});
    co_return waiting->reply;
}

bool service::is_removed(node_id const& who) const
{
    auto const& removed = core_.current().removed;
    return std::find(removed.begin(), removed.end(), who) != removed.end();
}

std::string service::was_removed(node_id const& who) const
{
    auto const when = events_.removal_of(who.name.str());
    return who.name.str() + " was removed by an administrator" +
           (when ? " (" + runtime::in_utc(when->at_ms * 1000) + ", epoch " +
                       std::to_string(when->in.value()) + ")"
                 : std::string());
}

// A registry that is new or was put back knows less than the machines do.
std::string service::nothing_is_decided()
{
    if (auto const trouble = control::trouble_of_registry(seen()))
        return trouble->reason + "; " + trouble->next;
    if (!core_.current().last_active.is_none()) return {};
    std::string names;
    for (auto const& node : core_.nodes())
        add_listed(names, node.name.name);
    return "there is no chain yet: the first one begins when all of its machines are heard (" + names +
           "); start chaind there, see `chainctl status` and `chainctl events`";
}

admin_answer service::told(std::string const& name, std::optional<control::admin_reply> const& reply)
{
    using control::admin_verdict;
    if (!reply)
        return refusal(
            504,
            "timeout",
            "no decision within 15 s: it is withdrawn, unless it has begun; see `chainctl status`"
        );
    auto conflict = [this](std::string why) { return refusal(409, "conflict", std::move(why)); };
    switch (reply->verdict)
    {
        case admin_verdict::done:
        case admin_verdict::already:
        {
            json::object out{{"epoch", reply->current.value()}};
            if (!name.empty()) out["node"] = name;
            if (reply->verdict == admin_verdict::already) out["already"] = true;
            return {200, std::move(out)};
        }
        case admin_verdict::no_such_node:
            return refusal(
                404,
                "not_found",
                "no node " + name +
                    " is known; `chainctl nodes` lists them, `chainctl join-token create` here and `chainctl "
                    "join` there take in a new one"
            );
        case admin_verdict::removed:
        {
            auto const who = reply->with ? reply->with->name.str() : name;
            return refusal(
                404,
                "not_found",
                was_removed(node_id{who}) + ": `chainctl add-node " + who +
                    " HOST:PORT` takes it in again, or `chainctl join` there with a new token"
            );
        }
        case admin_verdict::last_replica:
            return conflict(last_one(reply->with ? *reply->with : node_id{name}));
        case admin_verdict::others_left:
            return conflict(
                "another machine left the chain while the clients of " + name + " were leaving: " + name +
                " stays; see `chainctl status`, and ask again when that machine is back"
            );
        case admin_verdict::no_spare:
            return conflict("no spare is there to take the place of " + name + "; name one");
        case admin_verdict::not_a_member: return conflict(name + " is no member of the chain");
        case admin_verdict::is_a_member:
            return conflict("who is to take the place of " + name + " is a member of the chain already");
        case admin_verdict::not_alive: return conflict("the node that is to serve is not there");
        case admin_verdict::not_needed: return conflict("the chain goes on by itself; see `chainctl status`");
        case admin_verdict::bad_number: return refusal(400, "bad_request", "replicas: a number from 1 to 99");
        case admin_verdict::old_registry: return conflict(nothing_is_decided());
        case admin_verdict::wrong_clock:
            return conflict(
                "the clock of " + name + " is wrong, and the head's stamps the entries: set it first"
            );
        case admin_verdict::not_now: break;
    }
    auto const undecided = nothing_is_decided();
    auto busy = conflict(!undecided.empty() ? undecided : reply->nobody_heard ? nobody_heard() : under_way);
    busy.passing = reply->passing;
    return busy;
}

std::string service::nobody_heard() const
{
    std::string who;
    for (auto const& m : core_.current().current.members)
        who += (who.empty() ? "" : " or ") + m.name.name.str();
    return "no machine of the chain is heard: start " + who + " first; see `chainctl status`";
}

std::string service::last_one(node_id const& who)
{
    auto const nodes = core_.nodes();
    bool const heard = std::any_of(
        nodes.begin(), nodes.end(), [&](auto const& each) { return each.name == who && each.alive; }
    );
    auto const name = who.name.str();
    std::string deaf;
    for (auto const& other : control::who_is_unanswered(seen()))
        deaf += (deaf.empty() ? " (" : ", ") + other.name.name.str();
    if (!deaf.empty()) deaf += ": not heard there what the config service says)";
    if (heard)
        return name +
               " is the last replica that is there with sound data: it stays until another one serves" + deaf;
    return name + " is away, and no other replica is known to have everything: start chaind on " + name +
           "; if its data are lost for ever, `chainctl force-epoch` goes on with another one";
}

bool service::connected(node_id const& name) const
{
    return link_of(name) != nullptr;
}

}  // namespace chaind::configd
