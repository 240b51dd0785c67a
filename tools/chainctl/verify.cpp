// verify: are all replicas the same?

#include "chainctl/exit_status.hpp"
#include "chainctl/interrupt.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"

#include <iostream>

#include <poll.h>

namespace chaind::chainctl
{
namespace
{

namespace json = boost::json;

constexpr int look_ms = 300;
// configd waits 4 s for the replicas.
constexpr std::chrono::milliseconds sums_limit{6000};

bool is_true(json::object const& in, char const* key)
{
    auto const* const value = in.if_contains(key);
    return value != nullptr && value->is_bool() && value->get_bool();
}

bool as_json(invocation const& call)
{
    return call.as == format::json || call.as == format::jsonl;
}

// Of the replicas' rows, which no kept sum shows.
enum class rows
{
    not_asked,
    as_written,
    unproven,
    changed
};

void print_sums(json::object const& sums, rows found = rows::not_asked)
{
    bool const same = is_true(sums, "equal");
    auto const& missing = list_at(sums, "missing");
    std::vector<std::vector<std::string>> shown{{"NAME", "STATE HASH"}};
    for (auto const& value : list_at(sums, "replicas"))
        if (value.is_object())
            shown.push_back({text_at(value.get_object(), "name"), text_at(value.get_object(), "digest")});
    for (auto const& value : missing)
        if (value.is_object()) shown.push_back({text_at(value.get_object(), "name"), "no answer"});
    auto const word = same && found == rows::changed
                          ? coloured(tint::bad, "equal sums, but not all rows are as they were written")
                      : same && found == rows::unproven
                          ? coloured(tint::warning, "equal sums, but not all rows could be read and compared")
                      : same            ? coloured(tint::good, "equal")
                      : missing.empty() ? coloured(tint::bad, "different")
                                        : coloured(tint::bad, "not all have answered");
    std::cout << word << " at position " << with_thousands(number_at(sums, "pos")) << "\n\n" << table(shown);
    for (auto const& value : missing)
        if (value.is_object())
            std::cout << "\n  " << text_at(value.get_object(), "name") << ": "
                      << text_at(value.get_object(), "reason") << '\n';
}

std::string rows_word(json::object const& part)
{
    auto const state = text_at(part, "state");
    if (state == "proven") return "as they were written";
    return state + (text_at(part, "reason").empty() ? "" : ": " + text_at(part, "reason"));
}

rows rows_of(json::object const& proof)
{
    auto const& parts = list_at(proof, "replicas");
    auto out = parts.empty() ? rows::unproven : rows::as_written;
    for (auto const& one : parts)
    {
        auto const state = one.is_object() ? text_at(one.get_object(), "state") : std::string();
        if (state == "changed") return rows::changed;
        if (state != "proven") out = rows::unproven;
    }
    return out;
}

void show_progress(progress_line& line, json::object const& proof)
{
    for (auto const& value : list_at(proof, "replicas"))
    {
        if (!value.is_object() || text_at(value.get_object(), "state") != "running") continue;
        progress now;
        now.node = text_at(value.get_object(), "name");
        now.phase = "reads its rows";
        now.parts_done = number_at(value.get_object(), "done");
        now.parts_total = number_at(value.get_object(), "all");
        line.show(now);
    }
}

// The service goes on only as long as it is asked.
answer read_all_rows(invocation const& call)
{
    auto const& interrupted = interrupts();
    auto got = ask(call, "POST", "/v1/verify/deep");
    progress_line line(call.as);
    while (got.body && !is_true(*got.body, "over"))
    {
        show_progress(line, *got.body);
        static_cast<void>(::poll(nullptr, 0, look_ms));
        if (interrupted)
        {
            line.end();
            static_cast<void>(ask(call, "POST", "/v1/verify/deep/stop"));
            say("chainctl: stopped; no replica reads its rows for this any more");
            return {{}, exit_interrupted};
        }
        got = ask(call, "GET", "/v1/verify/deep");
    }
    line.end();
    return got;
}

}  // namespace

int run_verify(invocation const& call)
{
    auto in_time = call;
    if (!call.limit_given) in_time.limit = std::min(call.limit, sums_limit);
    auto const sums = ask(in_time, "POST", "/v1/verify");
    if (!sums.body) return sums.status;
    bool const same = is_true(*sums.body, "equal");
    if (!call.has("--deep"))
    {
        if (as_json(call))
            print_json(*sums.body);
        else
            print_sums(*sums.body);
        return same ? exit_done : exit_failed;
    }
    auto const proof = read_all_rows(call);
    if (!proof.body) return proof.status;
    auto const found = rows_of(*proof.body);
    if (as_json(call))
    {
        auto out = *sums.body;
        out["rows"] = list_at(*proof.body, "replicas");
        print_json(out);
    }
    else
    {
        print_sums(*sums.body, found);
        std::vector<std::vector<std::string>> read{{"NAME", "ROWS"}};
        for (auto const& value : list_at(*proof.body, "replicas"))
            if (value.is_object())
                read.push_back({text_at(value.get_object(), "name"), rows_word(value.get_object())});
        std::cout << '\n' << table(read);
    }
    return same && found == rows::as_written ? exit_done : exit_failed;
}

}  // namespace chaind::chainctl
