#include "chainctl/service.hpp"

#include "chainctl/exit_status.hpp"
#include "chainctl/progress.hpp"
#include "runtime/clock.hpp"
#include "runtime/private_file.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <functional>
#include <tuple>

namespace chaind::chainctl
{
namespace
{

namespace json = boost::json;
using told_status = std::function<void(json::object)>;

// configd lets a change wait for its turn for 3 s and ends one that it cannot make after 15 s more, with a
// reason; before each it may have to look for a new machine. A little more than that.
constexpr std::chrono::seconds change_limit{25};
// What is only read it has in its memory: where it stands still, people hear soon what the replicas say.
constexpr std::chrono::milliseconds look_limit{3000};
// A replica that lives answers at once.
constexpr std::chrono::milliseconds replica_limit{2000};

// What a refusal's code means for the exit status.
int status_of(std::string_view code)
{
    if (code == "not_found") return exit_no_such_object;
    if (code == "bad_request") return exit_usage;
    if (code == "forbidden") return exit_not_permitted;
    if (code == "unavailable") return exit_unavailable;
    if (code == "timeout") return exit_unknown_outcome;
    return exit_failed;
}

std::string remedy(invocation const& call, error_code why)
{
    namespace errc = boost::system::errc;
    if (why == errc::permission_denied) return "run chainctl as the user that runs configd, or as root";
    if (why == errc::invalid_argument)
        return "--endpoint takes unix:PATH or http://HOST:PORT, HOST a numeric address";
    if (call.at.is_unix() && why == errc::no_such_file_or_directory)
        return "no configd listens there: start it, or name the one to ask with --endpoint";
    if (call.at.is_unix() && why == errc::connection_refused)
        return "the configd that listened there has ended: start it";
    if (call.at.is_unix() && why == errc::timed_out)
        return "it is there and does not answer: restart configd if it hangs; `chainctl status` asks the "
               "machines";
    if (call.at.is_unix()) return "is configd running here? otherwise name it with --endpoint";
    return "is configd running there, and is that its address?";
}

void say_it_is_another(invocation const& call)
{
    say("chainctl: " + call.at.text + " does not speak as configd does; check --endpoint");
}

// configd keeps the last known addresses beside its socket.
boost::json::object known_before(invocation const& call)
{
    if (!call.at.is_unix()) return {};
    auto const path = call.at.path();
    auto const text =
        runtime::read_plain_file(path.substr(0, path.rfind('/') + 1) + "nodes.json").value_or("");
    boost::system::error_code not_json;
    auto const parsed = boost::json::parse(text, not_json);
    if (not_json || !parsed.is_object()) return {};
    return parsed.get_object();
}

// All may be dead, or the network between them and the config service: the chain goes on without that.
bool hears_nobody(boost::json::object const& status)
{
    auto const& failed = list_at(status, "failed");
    auto const& chain = list_at(status, "chain");
    auto const is_silent = [](boost::json::value const& row)
    { return row.is_object() && text_at(row.get_object(), "state") == "silent"; };
    return text_at(status, "state") == "down" && std::none_of(failed.begin(), failed.end(), is_heard) &&
           std::all_of(chain.begin(), chain.end(), is_silent) && list_at(status, "not_admitted").empty();
}

// What strangers are told at the clients' address is less.
void ask_replica(questions& all, json::object const& node, std::chrono::milliseconds limit, told_status told)
{
    auto const admin = text_at(node, "admin_addr");
    auto const hear = [told = std::move(told)](result<response> const& got, bool)
    {
        if (got && got->status == 200 && got->body.is_object()) told(got->body.get_object());
    };
    auto const ask_as_client = [&all, limit, hear, clients = endpoint{text_at(node, "client_url")}]
    { all.ask(clients, "GET", "/api/v1/status", limit, {}, hear); };
    if (admin.empty()) return ask_as_client();
    auto const hear_or_go_on = [hear, ask_as_client](result<response> const& got, bool sent)
    {
        // One that hangs does so at both.
        bool const hangs = !got && got.error() == errc::timed_out;
        if ((got && got->status == 200) || hangs) return hear(got, sent);
        ask_as_client();
    };
    all.ask({"http://" + admin}, "GET", "/status", limit, {}, hear_or_go_on);
}

std::string mend_the_network(json::object const& row)
{
    std::string out = "mend the network between the config service and the machines, none of which it hears";
    auto const* const alive = row.if_contains("alive");
    if (alive == nullptr || *alive != json::value(true))
        out += "; then start chaind on " + text_at(row, "name") + ", should it have ended";
    return out;
}

json::array& list_of(json::object& status, std::string_view key)
{
    auto& value = status[key];
    return value.is_array() ? value.get_array() : value.emplace_array();
}

// Who serves says so, and knows the chain. Otherwise the word of a member of the newest chain counts: one
// that was taken out while it stood still knows nothing of that, and who has just started knows no chain at
// all, though it may know that others serve.
std::optional<json::object> ask_replicas(invocation const& call, std::size_t& asked)
{
    std::optional<json::object> best;
    constexpr int serves_all = 2;
    auto rank = [](json::object const& status)
    {
        auto const state = text_at(status, "state");
        int const serves = state == "degraded" ? serves_all : state == "read_only" ? 1 : 0;
        bool const knows = !list_at(status, "chain").empty();
        return std::tuple(knows ? serves : 0, serves, knows, number_at(status, "epoch"));
    };
    auto const known = known_before(call);
    auto const lineage = text_at(known, "lineage");
    questions all;
    auto const told = [&](json::object status)
    {
        // Another chain may have taken the ports meanwhile.
        if (auto const its = text_at(status, "lineage"); !its.empty() && !lineage.empty() && its != lineage)
            return;
        // The replica may not have noticed yet; this process has just seen it.
        auto const& its_view = object_at(status, "config_service");
        auto const heard = text_at(its_view, "state") == "up" ? json::value(runtime::now().wall_us / 1000)
                           : its_view.contains("heard_ms")    ? its_view.at("heard_ms")
                                                              : json::value();
        status["config_service"] = {{"state", "down"}, {"heard_ms", heard}};
        if (text_at(status, "state") == "healthy") status["state"] = "degraded";
        if (!best || rank(status) > rank(*best)) best = std::move(status);
        if (std::get<0>(rank(*best)) == serves_all) all.stop();
    };
    for (auto const& node : list_at(known, "nodes"))
    {
        if (!node.is_object()) continue;
        ++asked;
        ask_replica(all, node.get_object(), std::min(call.limit, replica_limit), told);
    }
    all.run();
    return best;
}

}  // namespace

bool is_heard(boost::json::value const& row)
{
    auto const* const alive = row.is_object() ? row.get_object().if_contains("alive") : nullptr;
    return alive != nullptr && *alive == boost::json::value(true);
}

std::chrono::milliseconds limit_of_look(invocation const& call)
{
    return call.limit_given ? call.limit : std::min(call.limit, look_limit);
}

std::string last_lineage(invocation const& call)
{
    return text_at(known_before(call), "lineage");
}

boost::json::array last_known(invocation const& call)
{
    return list_at(known_before(call), "nodes");
}

namespace
{

// Who runs and was never taken in is in the list of machines, and is none that a change can be made of: what
// takes it in. Empty: the refusal is of something else.
std::string not_admitted(invocation const& call, std::string_view target)
{
    constexpr std::string_view nodes = "/nodes/";
    auto const at = target.find(nodes);
    if (at == std::string_view::npos) return {};
    auto const rest = target.substr(at + nodes.size());
    std::string const name(rest.substr(0, rest.find('/')));
    auto const got = request(call.at, "GET", "/v1/nodes", limit_of_look(call));
    if (!got || !got->body.is_object()) return {};
    auto const* const row = row_of(list_at(got->body.get_object(), "nodes"), name);
    if (row == nullptr || text_at(*row, "state") != "not admitted") return {};
    return name + " runs and is not admitted: `chainctl add-node " + name + " " +
           text_at(*row, "replica_addr", "HOST:PORT") + "` takes it in";
}

answer ask_with(
    invocation const& call,
    std::string const& method,
    std::string const& target,
    std::chrono::milliseconds limit,
    std::string content
)
{
    bool sent = false;
    auto got = request(call.at, method, target, limit, std::move(content), &sent);
    if (!got)
    {
        auto const why = got.error();
        say("chainctl: the config service at " + call.at.text + " does not answer: " + why.message());
        bool const after_sending = sent && method != "GET";
        say("          " + (after_sending
                                ? "it may have been done: see `chainctl status`; asking again is safe"
                                : remedy(call, why)));
        if (why == boost::system::errc::permission_denied) return {{}, exit_not_permitted};
        return {{}, after_sending ? exit_unknown_outcome : exit_unavailable};
    }
    if (!got->body.is_object())
    {
        say_it_is_another(call);
        return {{}, exit_bad_data};
    }
    auto body = got->body.get_object();
    if (got->status < 300) return {std::move(body), exit_done};
    auto const& refused = object_at(body, "err");
    auto const epoch = number_at(body, "epoch");
    auto why = text_at(refused, "msg", "refused");
    if (text_at(refused, "code") == "not_found")
        if (auto taken_in = not_admitted(call, target); !taken_in.empty()) why = std::move(taken_in);
    bool const says_it = why.find("epoch " + std::to_string(epoch)) != std::string::npos;
    say("chainctl: " + why +
        (method == "POST" && epoch > 0 && !says_it ? " (the chain is in epoch " + std::to_string(epoch) + ")"
                                                   : ""));
    return {{}, status_of(text_at(refused, "code"))};
}

}  // namespace

answer ask(invocation const& call, std::string const& method, std::string const& target)
{
    return ask_with(call, method, target, method == "GET" ? limit_of_look(call) : call.limit, {});
}

namespace
{

// Nobody answers: 0.
std::uint64_t epoch_now(invocation const& call)
{
    auto const got = request(call.at, "GET", "/v1/status", limit_of_look(call));
    return got && got->body.is_object() ? number_at(got->body.get_object(), "epoch") : 0;
}

}  // namespace

// What was asked under the same id is answered as it was then: in an epoch that is over.
answer change(invocation const& call, std::string const& target, boost::json::object body)
{
    if (call.if_epoch) body["if_epoch"] = *call.if_epoch;
    if (!call.request_id.empty() && !call.dry_run) body["request_id"] = call.request_id;
    auto const limit =
        call.limit_given ? call.limit : std::max<std::chrono::milliseconds>(call.limit, change_limit);
    constexpr std::string_view api = "/v1/";
    auto const where = call.dry_run ? "/v1/dry-run/" + target.substr(api.size()) : target;
    auto const epoch = body.contains("request_id") ? epoch_now(call) : 0;
    auto got = ask_with(call, "POST", where, limit, boost::json::serialize(body));
    if (got.body && number_at(*got.body, "epoch") < epoch)
    {
        (*got.body)["repeated"] = true;
        say("chainctl: this request id was used before, in epoch " +
            std::to_string(number_at(*got.body, "epoch")) + "; nothing is asked again");
    }
    return got;
}

std::optional<boost::json::object> fetch_status(invocation const& call, unanswered* how)
{
    auto first = request(call.at, "GET", "/v1/status", limit_of_look(call));
    bool const told = first && first->body.is_object() && first->status == 200;
    bool const deaf = told && hears_nobody(first->body.get_object());
    if (told && !deaf) return first->body.get_object();
    unanswered unused;
    auto& failed = how != nullptr ? *how : unused;
    if (!first)
        failed.why = first.error();
    else if (first->body.is_object())
        failed.answer = first->body.get_object();
    auto best = ask_replicas(call, failed.replicas);
    if (!deaf) return best;
    // Where none of them answers either its word is as good as any.
    if (!best) return first->body.get_object();
    best->at("config_service").get_object()["hears_nobody"] = true;
    // It runs, whatever the machines make of its silence.
    for (auto& row : list_of(*best, "failed"))
        if (row.is_object()) row.get_object()["next"] = mend_the_network(row.get_object());
    return best;
}

int nobody_told(invocation const& call, unanswered const& how)
{
    if (auto const& refused = object_at(how.answer, "err"); !how.why && !refused.empty())
    {
        say("chainctl: " + text_at(refused, "msg", "refused"));
        return status_of(text_at(refused, "code"));
    }
    if (!how.why)
    {
        say_it_is_another(call);
        return exit_bad_data;
    }
    auto const replicas = how.replicas == 0   ? std::string()
                          : how.replicas == 1 ? ", nor does the replica that it knew"
                                              : ", nor does one of the replicas that it knew";
    say("chainctl: the config service at " + call.at.text + " does not answer: " + how.why.message() +
        replicas);
    say("          next: " + remedy(call, how.why));
    if (how.why == boost::system::errc::permission_denied) return exit_not_permitted;
    if (how.replicas > 0)
        say("          then chaind on each machine; what was acknowledged is on their disks");
    return exit_unavailable;
}

}  // namespace chaind::chainctl
