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

// A change: POST with this body, --if-epoch and --request-id. Waits at least as long as configd takes to
// refuse.
answer change(invocation const& call, std::string const& target, boost::json::object body = {});

// The status object (CLIENT_API 4) from the config service, else from a replica; nothing when nobody answers.
std::optional<boost::json::object> fetch_status(invocation const& call);

}  // namespace chaind::chainctl
