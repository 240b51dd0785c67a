// Are all members the same? At once, by the sums that they keep while they write; or by all their rows.

#include "configd/service.hpp"
#include "runtime/clock.hpp"
#include "runtime/random_id.hpp"
#include "runtime/within.hpp"

#include <boost/json/array.hpp>

#include <utility>

namespace chaind::configd
{

namespace asio = boost::asio;
namespace json = boost::json;

namespace
{

constexpr auto sums_limit = 4s;
constexpr auto checkpoint_lost = 1s;  // nobody has met it: whoever was asked may have gone, or be deaf
constexpr auto look_every = 20ms;

std::uint64_t new_number()
{
    std::uint64_t out = 0;
    while (out == 0)
        ::randombytes_buf(&out, sizeof out);
    return out;
}

char const* name_of(control::rows_proof::state what)
{
    using state = control::rows_proof::state;
    switch (what)
    {
        case state::waiting: return "waiting";
        case state::running: return "running";
        case state::proven: return "proven";
        case state::changed: return "changed";
        case state::unproven: break;
    }
    return "unproven";
}

}  // namespace

asio::awaitable<admin_answer> service::verify()
{
    if (auto const before = verifying_)
    {
        while (!before->answer && !stopped_)
        {
            before->wake.expires_at(asio::steady_timer::time_point::max());
            co_await runtime::wait_on(before->wake);
        }
        co_return before->answer ? *before->answer : refusal(503, "unavailable", "the config service ends");
    }
    auto const mine = verifying_ = std::make_shared<verification>(tasks_.executor());
    mine->answer = co_await compare_sums();
    verifying_.reset();
    mine->wake.cancel();
    co_return *mine->answer;
}

// A checkpoint in the log is the position; a member that applies it says which sum it has kept up to there.
asio::awaitable<admin_answer> service::compare_sums()
{
    // It does not know who is in the chain.
    if (!core_.registry_lacks().empty()) co_return refusal(503, "unavailable", nothing_is_decided());
    std::uint64_t id = 0;
    std::optional<instant> asked;
    std::size_t turn = 0;
    control::kept_sums sums;
    asio::steady_timer pause(tasks_.executor());
    auto const until = runtime::steady_now() + sums_limit;
    while (runtime::steady_now() < until && !stopped_)
    {
        auto const now = runtime::steady_now();
        if (!asked || (sums.told() == 0 && now - *asked > checkpoint_lost))
        {
            // Each of them can put it into the log.
            auto const& chain = core_.current().current.members;
            auto const link =
                chain.empty() ? by_member_.end() : by_member_.find(chain[turn++ % chain.size()]);
            if (link != by_member_.end())
            {
                id = new_number();
                asked = now;
                link->second->send(wire::peer::encode(wire::peer::verify{id}));
            }
        }
        pause.expires_after(look_every);
        co_await runtime::wait_on(pause);
        sums = control::sums_at(std::to_string(id), core_.current().current, said_);
        if (sums.complete()) break;
    }
    co_return judge(sums);
}

admin_answer service::judge(control::kept_sums const& sums)
{
    if (sums.told() == 0)
    {
        auto const undecided = nothing_is_decided();
        return refusal(
            503,
            "unavailable",
            undecided.empty() ? "no member has met a checkpoint in the log: it takes a chain that writes; "
                                "see `chainctl status`"
                              : undecided
        );
    }
    json::array replicas;
    json::array missing;
    for (auto const& one : sums.members)
        if (one.told)
            replicas.push_back(
                {{"name", one.of.name}, {"pos", one.told->at.value()}, {"digest", to_string(one.told->sum)}}
            );
        else
            missing.push_back({{"name", one.of.name}, {"reason", why_no_sum(one.of, sums.at())}});
    json::object out{{"schema", "chainctl.verify.v1"}, {"equal", sums.equal()}, {"pos", sums.at().value()}};
    out["replicas"] = std::move(replicas);
    out["missing"] = std::move(missing);
    return {200, std::move(out)};
}

std::string service::why_no_sum(node_id const& name, seq at) const
{
    if (!link_of(name)) return "it is not connected to the config service: is chaind running there?";
    for (auto const& node : core_.nodes())
        if (node.name == name && node.alive && node.last && node.last->commit < at)
            return "it has come to position " + std::to_string(node.last->commit.value()) +
                   " only: its disk is slow or full, look at its log";
    return "it does not say what it has kept: look at its log, and restart chaind there if that lasts";
}

// ---- all rows

admin_answer service::begin_proof()
{
    if (proof_ && !proof_->over())
    {
        auto const who = proof_->current().value_or(node_id{});
        return refusal(
            409,
            "conflict",
            "all rows are being read already, those of " + who.name.str() +
                " at the moment: one such reading at a time, wait for its end"
        );
    }
    std::vector<node_id> members;
    for (auto const& m : core_.current().current.members)
        members.push_back(m.name);
    if (members.empty()) return refusal(503, "unavailable", nothing_is_decided());
    proof_.emplace(new_number(), members, runtime::steady_now());
    attend_proof();
    return shown_proof();
}

admin_answer service::shown_proof()
{
    if (!proof_) return refusal(404, "not_found", "nobody has asked for all rows to be read");
    proof_->asked(runtime::steady_now());
    json::array replicas;
    for (auto const& part : proof_->parts())
        replicas.push_back(
            {{"name", part.who.name.str()},
             {"state", name_of(part.at)},
             {"done", part.done},
             {"all", part.all},
             {"reason", part.why}}
        );
    json::object out{{"schema", "chainctl.verify-deep.v1"}, {"over", proof_->over()}};
    out["replicas"] = std::move(replicas);
    return {200, std::move(out)};
}

admin_answer service::stop_proof()
{
    if (proof_)
        if (auto const order = proof_->stop("it was stopped"))
            if (auto const link = link_of(order->to))
                link->send(wire::peer::encode(wire::peer::prove{order->id}));
    return shown_proof();
}

void service::attend_proof()
{
    if (!proof_ || proof_->over()) return;
    auto const who = proof_->current().value_or(node_id{});
    auto const link = link_of(who);
    std::optional<control::proof_report> said;
    if (auto const found = said_.find(who); found != said_.end())
    {
        auto const& scrub = found->second.facts->scrub;
        said = control::proof_report{
            .id = scrub.asked,
            .running = scrub.running,
            .done = scrub.done,
            .all = scrub.all,
            .error = scrub.error,
        };
    }
    auto const order = proof_->step(runtime::steady_now(), link != nullptr, said);
    if (!order) return;
    if (auto const to = link_of(order->to)) to->send(wire::peer::encode(wire::peer::prove{order->id}));
}

}  // namespace chaind::configd
