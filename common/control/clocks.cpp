// Whose wall clock is wrong, and that it is not the head who has it: its clock stamps the entries. A head
// goes by what most clocks say (chain/agreed_clock.hpp), so that this is the second line; the first words to
// people are here.

#include "base/span_text.hpp"
#include "control/controller_impl.hpp"
#include "control/names.hpp"

#include <algorithm>

namespace chaind::control
{

void controller::impl::compare_clocks()
{
    if (!clocks_.judge(now_, rec_.last_active.members.size(), rec_.want)) return;
    auto say = [&](node_id const& name, std::optional<microseconds> error)
    {
        if (error.has_value() == std::exchange(clock_told_[name], error.has_value())) return;
        auto const whose = name.name.empty() ? std::string("the config service's machine") : name.name.str();
        tell(
            "clock",
            name,
            error ? "set the clock of " + whose + ": it is " + ahead_in_words(*error)
                  : "the clock of " + whose + " is right again"
        );
    };
    say({}, clocks_.own_error());
    for (auto const& [name, node] : nodes_)
        say(name, clocks_.error(name));
}

std::string controller::impl::what_its_clock_is(node_id const& name) const
{
    auto const error = clocks_.error(name);
    return error ? "set the clock of " + name.name.str() + ": it is " + ahead_in_words(*error) : "";
}

// One replica that finds the head's rows far ahead of time may be wrong itself. The second voice is the
// head's own: its wall clock, or the stamp of its newest row, which came further than the rows before it did.
bool controller::impl::refuses_with_reason(member const& by, member const& head) const
{
    auto const* its = nodes_.last_of(by);
    auto const* of = nodes_.last_of(head);
    if (its == nullptr || its->promised != rec_.current.at || its->refused_us <= 0) return false;
    if (of == nullptr) return false;
    if (clocks_.error(head.name)) return true;
    auto const& last = its->end;
    auto const& newest = of->end;
    bool const went_on_slowly =
        newest.at <= last.at || newest.ts_us - last.ts_us <= static_cast<std::int64_t>(newest.at - last.at);
    return !went_on_slowly && clocks_.is_ahead(newest.ts_us, now_);
}

void controller::impl::note_refusal(heartbeat const& hb)
{
    auto const& chain = rec_.current;
    if (hb.refused_us <= 0 || chain.state != config_state::active || !chain.contains(hb.from)) return;
    auto const& head = chain.members.front();
    if (head == hb.from || refuses_with_reason(hb.from, head)) return;
    complain(
        hb.from,
        "it takes no rows of " + head.name.name.str() + ", whose time it calls wrong; no other clock says so"
    );
}

// Its clock is right, and nobody refuses its rows for their time.
bool controller::impl::may_lead(member const& m) const
{
    if (clocks_.is_wrong(m.name, now_)) return false;
    auto const& chain = rec_.current.members;
    if (rec_.current.state != config_state::active || chain.empty() || chain.front() != m) return true;
    return std::none_of(
        chain.begin() + 1, chain.end(), [&](member const& other) { return refuses_with_reason(other, m); }
    );
}

// It would be the head, and somebody behind it may be that instead: it goes, and comes back as the tail.
bool controller::impl::loses_the_head(std::vector<member> const& chain, std::size_t place) const
{
    if (may_lead(chain[place])) return false;
    auto fit = [&](member const& m) { return alive(m) && !is_to_leave(m.name) && may_lead(m); };
    auto const first = std::find_if(chain.begin(), chain.end(), fit);
    return first != chain.end() && static_cast<std::size_t>(first - chain.begin()) > place;
}

}  // namespace chaind::control
