#include "chainctl/leaving.hpp"

#include "chainctl/confirm.hpp"
#include "chainctl/output.hpp"

namespace chaind::chainctl
{
namespace
{

// The machines that hold every message, without that one. Whoever does not answer is out of the chain in a
// moment, unless the config service has just started and has not heard it yet.
std::vector<std::string> others_in_the_chain(boost::json::array const& nodes, std::string const& name)
{
    std::vector<std::string> out;
    for (auto const& value : nodes)
    {
        if (!value.is_object() || !is_of_the_chain(value.get_object())) continue;
        auto other = text_at(value.get_object(), "name");
        if (other != name && text_at(value.get_object(), "state") != "damaged")
            out.push_back(std::move(other));
    }
    return out;
}

}  // namespace

bool is_of_the_chain(boost::json::object const& node)
{
    auto const role = text_at(node, "role", "none");
    return role != "none" && role != "learner";
}

bool may_leave(
    invocation const& call,
    boost::json::array const& nodes,
    std::vector<std::string> const& leaving,
    std::string const& question,
    std::string const& word
)
{
    for (auto const& name : leaving)
    {
        auto const others = others_in_the_chain(nodes, name);
        if (others.size() != 1) continue;
        say("chainctl: only " + others.front() + " would hold every message; one failure then loses service");
        return confirmed(call, question, word);
    }
    return true;
}

}  // namespace chaind::chainctl
