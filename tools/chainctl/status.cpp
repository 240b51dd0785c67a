// status, nodes, watch, version: what there is to see.

#include "chainctl/exit_status.hpp"
#include "chainctl/service.hpp"
#include "chainctl/status_view.hpp"
#include "runtime/standard_output.hpp"

#include <boost/json/serialize.hpp>

#include <iostream>
#include <thread>

namespace chaind::chainctl
{
namespace
{

namespace json = boost::json;

void print_names(json::array const& nodes)
{
    for (auto const& node : nodes)
        if (node.is_object()) std::cout << text_at(node.get_object(), "name") << "\n";
}

void print_status(json::object const& status, format as)
{
    switch (as)
    {
        case format::json:
        case format::jsonl: print_json(status); return;
        case format::name: print_names(list_at(status, "chain")); return;
        case format::table:
        case format::wide:
            std::cout << status_text(status, as == format::wide);
            runtime::flush_output();
            return;
    }
}

// What people would call a change: not a commit, a client or a lease more or less.
std::string essence(json::object const& status)
{
    std::string out = text_at(status, "state") + text_at(status, "epoch") +
                      text_at(object_at(status, "config_service"), "state") + "\n";
    for (auto const* key : {"chain", "joining", "failed"})
        for (auto const& node : list_at(status, key))
            if (node.is_object())
                out += text_at(node.get_object(), "name") + text_at(node.get_object(), "role") +
                       text_at(node.get_object(), "state") + text_at(node.get_object(), "phase") + "\n";
    for (auto const* key :
         {"spares",
          "drained",
          "removed",
          "removed_running",
          "not_admitted",
          "damaged",
          "full",
          "clocks",
          "set_aside"})
        out += boost::json::serialize(list_at(status, key));
    return out;
}

}  // namespace

int run_status(invocation const& call)
{
    unanswered how;
    auto const status = fetch_status(call, &how);
    if (!status)
    {
        int const failed = nobody_told(call, how);
        return call.has("--check") ? static_cast<int>(check_unknown) : failed;
    }
    print_status(*status, call.as);
    return call.has("--check") ? check_of(*status) : static_cast<int>(exit_done);
}

int run_nodes(invocation const& call)
{
    auto const got = ask(call, "GET", "/v1/nodes");
    if (!got.body) return got.status;
    if (call.as == format::json || call.as == format::jsonl)
    {
        print_json(*got.body);
        return exit_done;
    }
    if (call.as == format::name)
    {
        print_names(list_at(*got.body, "nodes"));
        return exit_done;
    }
    std::vector<std::vector<std::string>> rows{
        {"NAME", "STATE", "ROLE", "HEARD", "LOG END", "REPLICA ADDRESS", "NOTE"}
    };
    for (auto const& value : list_at(*got.body, "nodes"))
    {
        if (!value.is_object()) continue;
        auto const& node = value.get_object();
        auto const* alive = node.if_contains("alive");
        rows.push_back(
            {text_at(node, "name"),
             text_at(node, "state"),
             text_at(node, "role"),
             alive != nullptr && alive->is_bool() && alive->get_bool() ? "yes" : "no",
             count_at(node, "log_end"),
             text_at(node, "replica_addr"),
             text_at(node, "reason")}
        );
    }
    std::cout << table(rows);
    return exit_done;
}

int run_watch(invocation const& call)
{
    // Ctrl-C ends this process as any other: there is nothing to put in order.
    std::string last;
    for (;;)
    {
        unanswered how;
        auto const status = fetch_status(call, &how);
        auto const now = status ? essence(*status) : std::string("nobody");
        bool const changed = now != last;
        if (stdout_is_terminal())
        {
            std::cout << "\x1b[H\x1b[2J" << (status ? status_text(*status, call.as == format::wide) : "");
            runtime::flush_output();
            if (!status) nobody_told(call, how);
        }
        else if (changed)
        {
            if (status)
                print_json(*status);
            else
                nobody_told(call, how);
        }
        if (!std::cout) return exit_done;  // nobody reads it, which main() says
        last = now;
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
}

int run_version(invocation const& call)
{
    auto const status = fetch_status(call);
    if (call.as == format::json || call.as == format::jsonl)
    {
        json::object out{{"schema", "chainctl.version.v1"}, {"chainctl", CHAIND_VERSION}};
        json::object replicas;
        if (status)
            for (auto const& node : list_at(*status, "chain"))
                replicas[text_at(node.as_object(), "name")] = text_at(node.as_object(), "version");
        out["configd"] =
            status ? json::value(text_at(object_at(*status, "config_service"), "version")) : json::value();
        out["replicas"] = std::move(replicas);
        print_json(out);
        return exit_done;
    }
    std::vector<std::vector<std::string>> rows{{"chainctl", CHAIND_VERSION}};
    if (status)
    {
        rows.push_back(
            {"configd", text_at(object_at(*status, "config_service"), "version", "does not answer")}
        );
        for (auto const& node : list_at(*status, "chain"))
            rows.push_back({text_at(node.as_object(), "name"), text_at(node.as_object(), "version")});
    }
    std::cout << table(rows);
    return exit_done;
}

}  // namespace chaind::chainctl
