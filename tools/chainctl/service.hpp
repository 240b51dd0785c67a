#pragma once
// Asking the config service, and the replicas that it last knew when it does not answer.

#include "chainctl/command.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

namespace chaind::chainctl
{

// The answer's object, or nothing: then the reason and what to do next have been said on stderr and `status`
// holds the exit status to end with.
struct answer
{
    std::optional<boost::json::object> body;
    int status = 0;
};
answer ask(invocation const& call, std::string const& method, std::string const& target);

// A change: POST with this body, --if-epoch and --request-id. Unless --timeout is given, waits at least as
// long as configd takes to refuse. `repeated` in its body: that is the answer to an earlier request with
// this id, which has been said.
answer change(invocation const& call, std::string const& target, boost::json::object body = {});

// Why nobody told the status.
struct unanswered
{
    error_code why;              // the config service's; none: it answered something else
    boost::json::object answer;  // that; empty: no config service speaks so
    std::size_t replicas = 0;    // that were asked in its place
};

// A row, of nodes or of failed ones, of a machine that the config service hears.
bool is_heard(boost::json::value const& row);
// How long a question that changes nothing waits for its answer.
std::chrono::milliseconds limit_of_look(invocation const& call);

// The status object (docs/client_api.md 4.4) from the config service, else from a replica; nothing when
// nobody answers.
std::optional<boost::json::object> fetch_status(invocation const& call, unanswered* how = nullptr);
// What configd last wrote of the replicas beside its socket; it may be old.
boost::json::array last_known(invocation const& call);
std::string last_lineage(invocation const& call);
// Says so, and what to do next; the exit status to end with.
int nobody_told(invocation const& call, unanswered const& how);

}  // namespace chaind::chainctl
