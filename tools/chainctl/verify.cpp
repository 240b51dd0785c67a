// verify: are all replicas the same?

#include "chainctl/exit_status.hpp"
#include "chainctl/service.hpp"

#include <iostream>

namespace chaind::chainctl
{

int run_verify(invocation const& call)
{
    // The service answers when every replica has hashed its database: as long as that takes on a large one.
    auto patient = call;
    patient.limit = std::max<std::chrono::milliseconds>(call.limit, std::chrono::minutes(10));
    if (stdout_is_terminal()) say("each replica is hashing its database at one position of the log ...");
    auto const got = ask(patient, "POST", "/v1/verify");
    if (!got.body) return got.status;
    auto const* equal = got.body->if_contains("equal");
    bool const same = equal != nullptr && equal->is_bool() && equal->get_bool();
    if (call.as == format::json || call.as == format::jsonl)
    {
        print_json(*got.body);
        return same ? exit_done : exit_failed;
    }
    std::vector<std::vector<std::string>> rows{{"NAME", "STATE HASH"}};
    for (auto const& value : list_at(*got.body, "replicas"))
        if (value.is_object())
            rows.push_back(
                {text_at(value.get_object(), "name"), text_at(value.get_object(), "digest", "no answer")}
            );
    std::cout << (same ? coloured(tint::good, "equal") : coloured(tint::bad, "different")) << " at position "
              << with_thousands(number_at(*got.body, "pos")) << "\n\n"
              << table(rows);
    return same ? exit_done : exit_failed;
}

}  // namespace chaind::chainctl
