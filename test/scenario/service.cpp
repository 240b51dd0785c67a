// Stories of the config service: the town of the unit tests, by words.

#include "scenario/story.hpp"
#include "unit/control/town.hpp"

#include <map>

namespace chaind::scenario
{
namespace
{

using control::testing::town;

class service final : public world
{
public:
    service(std::vector<std::string> const& first, transcript& into) : into_(into), in_(first)
    {
        in_.watch = [this](control::event const& what, control::effects const& out)
        { into_.step(in_.now, "configd", what, out); };
    }

    void perform(std::string const& command, words& rest) override
    {
        static std::map<std::string, void (service::*)(words&)> const all{
            {"start", &service::start},
            {"kill", &service::kill},
            {"unplug", &service::unplug},
            {"write", &service::write},
            {"holds", &service::holds},
            {"run", &service::run},
            {"becomes", &service::becomes},
            {"drain", &service::drain},
            {"undrain", &service::undrain},
            {"clients_gone", &service::gone},
            {"stop", &service::stop},
            {"begin", &service::begin},
            {"show", &service::show},
        };
        auto const found = all.find(command);
        if (found == all.end()) throw std::runtime_error("the config service knows no " + command);
        (this->*found->second)(rest);
    }

private:
    void start(words& rest)
    {
        while (!rest.none())
            in_.start(rest.next());
    }
    void kill(words& rest)
    {
        while (!rest.none())
            in_.kill(rest.next());
    }
    void unplug(words& rest)
    {
        while (!rest.none())
            in_.unplug(rest.next());
    }
    void write(words& rest) { in_.write(seq{rest.number()}); }
    // On its disk, whatever is committed.
    void holds(words& rest)
    {
        auto const who = rest.next();
        in_.of(who).end = seq{rest.number()};
    }
    void run(words& rest) { in_.run(rest.time()); }
    // Time passes until these are the ACTIVE chain.
    void becomes(words& rest)
    {
        std::string chain;
        while (!rest.none())
            chain += (chain.empty() ? "" : " ") + rest.next();
        if (!in_.becomes(chain, 20s)) throw std::runtime_error("it does not");
    }
    void drain(words& rest) { in_.drain(rest.next()); }
    void undrain(words& rest) { in_.undrain(rest.next()); }
    void gone(words& rest) { in_.feed(control::drained_clients{node_id{rest.next()}}); }
    // The config service itself.
    void stop(words&) { in_.stop_config(); }
    void begin(words&) { in_.start_config(); }

    void show(words&)
    {
        into_.say(one_line("registry ", in_.registry));
        for (auto const& [name, who] : in_.people)
            into_.say(one_line(
                who.who,
                who.up ? "" : " is down,",
                " has promised e",
                who.promised,
                ", end ",
                who.end,
                ", in ",
                who.config,
                who.lease_until > in_.now ? ", may serve reads" : ""
            ));
    }

    transcript& into_;
    town in_;
};

}  // namespace

std::unique_ptr<world> make_service(words& how, transcript& into)
{
    std::vector<std::string> first;
    while (!how.none())
        first.push_back(how.next());
    return std::make_unique<service>(first, into);
}

}  // namespace chaind::scenario
