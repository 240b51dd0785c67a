#include "control/rows_proof.hpp"

#include <algorithm>
#include <utility>

namespace chaind::control
{
namespace
{

constexpr auto ask_again = 1s;
constexpr auto patience = 10s;  // without a word of it, or without anybody who wants to know

}  // namespace

rows_proof::rows_proof(std::uint64_t id, std::vector<node_id> const& members, instant now)
    : id_(id), asked_at_(now), heard_at_(now)
{
    for (auto const& each : members)
        parts_.push_back({.who = each, .at = state::waiting, .done = 0, .all = 0, .why = {}});
}

std::optional<node_id> rows_proof::current() const
{
    if (over()) return std::nullopt;
    return parts_[next_].who;
}

std::optional<rows_proof::order> rows_proof::step(
    instant now, bool connected, std::optional<proof_report> const& said
)
{
    if (over()) return std::nullopt;
    if (now - asked_at_ > patience) return stop("nobody asked any more how it goes");
    auto& now_asked = parts_[next_];
    if (connected && said && said->id == id_)
    {
        heard_at_ = now;
        now_asked.at = state::running;
        now_asked.done = said->done;
        now_asked.all = std::max(said->all, said->done);
        if (said->running) return std::nullopt;
        auto out =
            said->error.empty() ? close(state::proven, {}, false) : close(state::changed, said->error, false);
        heard_at_ = now;
        return out;
    }
    if (now - heard_at_ > patience)
    {
        auto const name = now_asked.who.name.str();
        auto const why = connected
                             ? name + " does not begin to read its rows: look at its log"
                             : name + " is not connected to the config service: is chaind running there?";
        auto out = close(state::unproven, why, connected);
        heard_at_ = now;
        return out;
    }
    if (!connected || (told_at_ && now - *told_at_ < ask_again)) return std::nullopt;
    told_at_ = now;
    return order{now_asked.who, id_};
}

std::optional<rows_proof::order> rows_proof::stop(std::string const& why)
{
    if (over()) return std::nullopt;
    auto out = close(state::unproven, why, true);
    for (; !over(); ++next_)
    {
        parts_[next_].at = state::unproven;
        parts_[next_].why = why;
    }
    return out;
}

std::optional<rows_proof::order> rows_proof::close(state as, std::string why, bool tell)
{
    auto& closed = parts_[next_++];
    closed.at = as;
    closed.why = std::move(why);
    told_at_.reset();
    if (!tell) return std::nullopt;
    return order{closed.who, 0};
}

}  // namespace chaind::control
