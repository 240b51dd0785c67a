// Who catches up, one at a time, and when it is spliced as the new tail: PROTOCOL 8.

#include "base/rules.hpp"
#include "control/controller_impl.hpp"

#include <algorithm>

namespace chaind::control
{

bool controller::impl::may_learn(node_id const& name) const
{
    auto const* found = nodes_.find(name);
    if (found == nullptr || !found->last || is_removed(name)) return false;
    if (!alive(found->who) || found->last->stepping_down || found->return_after.waits(now_)) return false;
    // A member that restarted may hold rows that are acknowledged later on the strength of its old run, and a
    // cold start may still count on them: it is no learner before a chain without it is ACTIVE.
    auto const& chain = rec_.current.members;
    if (!rule(r::a_restarted_member_is_no_learner)) return !rec_.current.contains(found->who);
    return std::none_of(chain.begin(), chain.end(), [&](member const& m) { return m.name == name; });
}

std::optional<node_id> controller::impl::next_learner() const
{
    for (auto const& name : rec_.known)
        if (may_learn(name)) return name;
    return std::nullopt;
}

learner_progress const* controller::impl::progress() const
{
    if (!learning_) return nullptr;
    auto const* source = nodes_.last_of(learning_->source);
    if (source == nullptr || source->promised != rec_.current.at || !source->feeding) return nullptr;
    return source->feeding->learner == learning_->learner ? &*source->feeding : nullptr;
}

void controller::impl::attend_learner()
{
    auto const before = learning_;
    if (learning_)
    {
        auto& node = nodes_.at(learning_->learner.name);
        auto const* how_far = progress();
        if (how_far != nullptr && how_far->needs_snapshot)
        {
            node.return_after.failed_to_join(now_, how_.flap_last, how_.flap_last);
            tell("stalled", learning_->learner.name, "the chain's log no longer reaches back to its own");
            learning_.reset();
        }
        else if (now_ - fed_at_ > how_.learner_stall)
        {
            node.return_after.failed_to_join(now_, how_.flap_first, how_.flap_last);
            tell("stalled", learning_->learner.name, "no word of it from " + learning_->source.name.name);
            learning_.reset();
        }
        else if (node.who != learning_->learner || !may_learn(learning_->learner.name))
            learning_.reset();
    }
    auto const& chain = rec_.current.members;
    if (!learning_ && chain.size() < rec_.want && alive(chain.back()))
        if (auto name = next_learner())
        {
            learning_ = learner_assignment{.learner = nodes_.at(*name).who, .source = chain.back()};
            fed_at_ = now_;
            tell("learner", *name, "catches up from " + chain.back().name.name);
        }
    if (learning_ != before) broadcast();
}

std::optional<member> controller::impl::ready_joiner() const
{
    auto const* how_far = progress();
    if (how_far == nullptr || how_far->needs_snapshot || rec_.current.members.size() >= rec_.want)
        return std::nullopt;
    if (how_far->lag_entries > how_.splice_lag_entries || how_far->lag_time > how_.splice_lag_time)
        return std::nullopt;
    auto const& learner = learning_->learner;
    auto const* hb = nodes_.last_of(learner);
    if (hb == nullptr || hb->promised != rec_.current.at || !may_learn(learner.name)) return std::nullopt;
    return learner;
}

std::string controller::impl::why_no_member(node_id const& name, node const& what) const
{
    auto const& chain = rec_.current.members;
    auto const in_chain =
        std::find_if(chain.begin(), chain.end(), [&](member const& m) { return m.name == name; });
    if (is_removed(name)) return "removed by the administrator";
    if (in_chain != chain.end() && !nodes_.superseded(*in_chain)) return {};
    if (!what.last) return "not heard of yet";
    if (!alive(what.who)) return what.left_because.empty() ? "not heard any more" : what.left_because;
    if (in_chain != chain.end()) return "restarted: waits for a chain without its earlier run";
    if (learning_ && learning_->learner.name == name)
    {
        auto const* how_far = progress();
        if (how_far == nullptr) return "catching up";
        return "catching up: " + std::to_string(how_far->lag_entries) + " entries behind";
    }
    if (what.return_after.waits(now_))
        return "left too often: taken back in " +
               std::to_string((what.return_after.until() - now_).count() / 1000) + " ms";
    if (chain.size() >= rec_.want) return "spare: the chain has all its members";
    return "waits for its turn to catch up";
}

}  // namespace chaind::control
