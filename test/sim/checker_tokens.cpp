// A join token lets one machine in, in its time, whatever fails meanwhile; who was told that it is in stays
// so.

#include "sim/checker.hpp"
#include "sim/world.hpp"

namespace chaind::sim
{

void checker::on_token(std::string const& token, std::int64_t ttl_ms)
{
    tokens_[token] = (epoch_us + in_.time.now()) / 1000 + ttl_ms;
}

void checker::on_tokens(std::vector<control::join_token> const& kept)
{
    for (auto const& row : kept)
    {
        if (row.used_by.empty()) continue;
        auto const [known, fresh] = used_by_.try_emplace(row.hash, row.used_by);
        demand(known->second == row.used_by, "I26: a token of ", known->second, " is used by ", row.used_by);
    }
}

void checker::on_let_in(member const& who, std::string const& token)
{
    in_.count.add(seen::let_in);
    demand(tokens_.contains(token), "I26: ", who.name, " comes in by a token that nobody made");
    auto const [by, fresh] = let_in_.try_emplace(token, who);
    demand(by->second.same_store(who), "I26: a token lets ", by->second.name, " in and ", who.name);
    // It was looked at before it was written down.
    auto const now_ms = (epoch_us + in_.time.now() - in_.how.registry_write.high) / 1000;
    demand(!fresh || now_ms <= tokens_[token], "I26: ", who.name, " comes in by a token that has expired");
}

void checker::check_known(control::record const& now)
{
    if (!in_.how.only_by_token || registry_.revision == 0) return;
    auto const belongs = [](control::record const& to, node_id const& name)
    {
        return std::count(to.known.begin(), to.known.end(), name) > 0 &&
               std::count(to.removed.begin(), to.removed.end(), name) == 0;
    };
    for (auto const& name : now.known)
    {
        if (!belongs(now, name) || belongs(registry_, name)) continue;
        // A removal is taken back when nobody else is left who is complete.
        auto const& chain = now.current.members;
        if (std::any_of(chain.begin(), chain.end(), [&](member const& m) { return m.name == name; }))
            continue;
        auto const tokens = static_cast<std::size_t>(std::count_if(
            used_by_.begin(), used_by_.end(), [&](auto const& each) { return each.second == name; }
        ));
        demand(++taken_in_[name] <= tokens, "I26: ", name, " is taken in without a token");
    }
}

bool checker::all_known() const
{
    return std::all_of(
        let_in_.begin(),
        let_in_.end(),
        [this](auto const& each)
        { return std::count(registry_.known.begin(), registry_.known.end(), each.second.name) > 0; }
    );
}

}  // namespace chaind::sim
