// Stories of replicas: the harness of the unit tests, by words.

#include "scenario/story.hpp"
#include "unit/chain/harness.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace chaind::scenario
{
namespace
{

using namespace chain;

std::string name_at(std::size_t i)
{
    return {static_cast<char>('a' + i)};
}

class replicas final : public world
{
public:
    replicas(std::size_t count, std::map<std::string, std::uint64_t> const& how, transcript& into)
        : count_(count),
          into_(into),
          on_(count,
              [&](settings& of)
              {
                  if (how.contains("cache_bytes")) of.cache_bytes = how.at("cache_bytes");
              })
    {
        for (std::size_t i = 0; i < count && how.contains("snapshot_bytes"); ++i)
            on_.at(i).snapshot_bytes = how.at("snapshot_bytes");
        on_.watch = [this](std::size_t i, event const& in, effects const& out)
        { into_.step(on_.now.steady, name_at(i), in, out); };
        on_.lose = [this](member const& from, envelope const& what) { return is_lost(from, what); };
    }

    void perform(std::string const& command, words& rest) override
    {
        static std::map<std::string, void (replicas::*)(words&)> const all{
            {"pending", &replicas::pending},
            {"active", &replicas::active},
            {"form", &replicas::form},
            {"learn", &replicas::learn},
            {"lease", &replicas::lease},
            {"submit", &replicas::submit},
            {"read", &replicas::read},
            {"read_done", &replicas::done},
            {"run", &replicas::run},
            {"pass", &replicas::pass},
            {"lose", &replicas::lose},
            {"crash", &replicas::crash},
            {"restart", &replicas::restart},
            {"wipe", &replicas::wipe},
            {"anew", &replicas::anew},
            {"compact", &replicas::compact},
            {"disk", &replicas::disk_runs},
            {"show", &replicas::show},
        };
        auto const found = all.find(command);
        if (found == all.end()) throw std::runtime_error("replicas know no " + command);
        (this->*found->second)(rest);
    }

private:
    // What the config service would say; at once, to all, or to those behind "for".
    void pending(words& rest)
    {
        chain_ = some(rest);
        on_.current = on_.current.next();
        tell(config_state::pending, {}, rest);
    }
    void active(words& rest)
    {
        chain_ = some(rest);
        tell(config_state::active, {}, rest);
    }
    void form(words& rest)
    {
        chain_ = some(rest);
        on_.form(chain_);
    }
    void learn(words& rest)
    {
        auto const who = one(rest);
        if (!rest.take("from")) throw std::runtime_error("from whom");
        tell(
            config_state::active,
            learner_assignment{.learner = on_.triple(who), .source = on_.triple(one(rest))},
            rest
        );
    }
    void lease(words& rest)
    {
        for (auto const i : some(rest))
            on_.direct_one(i, on_.status(i).config, on_.now.steady);
    }

    void submit(words& rest)
    {
        auto const i = one(rest);
        on_.submit(i, rest.next());
    }
    void read(words& rest)
    {
        auto const i = one(rest);
        (void)on_.step(i, read_wanted{rest.number()});
    }
    void done(words& rest)
    {
        auto const i = one(rest);
        (void)on_.step(i, read_done{rest.number()});
    }

    void run(words&) { on_.run(); }
    void pass(words& rest) { on_.pass(rest.time()); }

    // "nothing", or "KIND [from NAME] [to NAME]"; KIND may be "all".
    void lose(words& rest)
    {
        if (rest.take("nothing")) return lost_.clear();
        loss what{.kind = rest.next(), .from = {}, .to = {}};
        if (rest.take("from")) what.from = on_.triple(one(rest)).name;
        if (rest.take("to")) what.to = on_.triple(one(rest)).name;
        lost_.push_back(std::move(what));
    }
    void crash(words& rest) { on_.crash(one(rest)); }
    void restart(words& rest) { on_.restart(one(rest)); }
    void wipe(words& rest) { on_.wipe(one(rest)); }
    void anew(words& rest) { on_.start_anew(one(rest)); }
    void compact(words& rest)
    {
        auto const i = one(rest);
        on_.compact(i, seq{rest.number()});
    }
    void disk_runs(words& rest)
    {
        auto const i = one(rest);
        on_.at(i).disk_runs = rest.take("runs");
        if (!on_.at(i).disk_runs && !rest.take("stands")) throw std::runtime_error("runs or stands");
    }

    void show(words&)
    {
        for (std::size_t i = 0; i < count_; ++i)
        {
            if (!on_.at(i).core)
            {
                into_.say(name_at(i) + " is down");
                continue;
            }
            into_.say(one_line(name_at(i), " is ", on_.status(i)));
            std::string log;
            for (auto const& each : on_.log(i))
                log += ' ' + each;
            into_.say("  log:" + log);
        }
    }

    struct loss
    {
        std::string kind;
        std::optional<node_id> from;
        std::optional<node_id> to;
    };
    bool is_lost(member const& from, envelope const& what)
    {
        bool const out = std::any_of(
            lost_.begin(),
            lost_.end(),
            [&](loss const& each)
            {
                return (each.kind == "all" || each.kind == name_of(what.message)) &&
                       each.from.value_or(from.name) == from.name &&
                       each.to.value_or(what.to.name) == what.to.name;
            }
        );
        if (out) into_.lost(on_.now.steady, from, what);
        return out;
    }

    std::size_t one(words& rest)
    {
        auto const name = rest.next();
        for (std::size_t i = 0; i < count_; ++i)
            if (name == name_at(i)) return i;
        throw std::runtime_error("no replica is called " + name);
    }
    std::vector<std::size_t> some(words& rest)
    {
        std::vector<std::size_t> out;
        while (!rest.none() && !rest.at("for"))
            out.push_back(one(rest));
        return out;
    }
    void tell(config_state state, std::optional<learner_assignment> const& learning, words& rest)
    {
        directive what;
        what.config = on_.config(chain_, state, on_.current);
        what.learning = learning;
        bool const to_some = rest.take("for");
        auto to = to_some ? some(rest) : std::vector<std::size_t>{};
        for (std::size_t i = 0; i < count_ && !to_some; ++i)
            if (on_.at(i).core) to.push_back(i);
        for (auto const i : to)
            (void)on_.step(i, directed{what});
    }

    std::size_t count_;
    transcript& into_;
    harness on_;
    std::vector<std::size_t> chain_;
    std::vector<loss> lost_;
};

}  // namespace

std::unique_ptr<world> make_replicas(words& how, transcript& into)
{
    auto const count = how.number();
    std::map<std::string, std::uint64_t> settings;
    while (!how.none())
    {
        auto const setting = how.next();
        if (setting != "cache_bytes" && setting != "snapshot_bytes")
            throw std::runtime_error("no setting is called " + setting);
        settings[setting] = how.number();
    }
    return std::make_unique<replicas>(count, settings, into);
}

}  // namespace chaind::scenario
