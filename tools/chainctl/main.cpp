// Parses the command line, runs one command, ends with its exit status.

#include "chainctl/command.hpp"
#include "chainctl/exit_status.hpp"
#include "runtime/error_words.hpp"
#include "runtime/options.hpp"
#include "runtime/standard_output.hpp"

#include <iostream>

namespace chaind::chainctl
{
namespace
{

int run(int argc, char** argv)
{
    auto const p = parse({argv + 1, argv + argc});
    if (!p.mistake.empty())
    {
        say("chainctl: " + p.mistake);
        say("          " + (p.what == nullptr
                                ? std::string("`chainctl help` lists the commands")
                                : "`chainctl help " + std::string(p.what->name) + "` explains it"));
        return exit_usage;
    }
    if (p.what == nullptr)
    {
        // Asked for help: an answer. Nothing said at all: a mistake.
        (p.help ? std::cout : std::cerr) << help_text();
        return p.help ? exit_done : exit_usage;
    }
    if (p.help)
    {
        std::cout << help_text(*p.what);
        return exit_done;
    }
    try
    {
        return p.what->run(p.call);
    }
    catch (runtime::config_error const& wrong)
    {
        say(std::string("chainctl: ") + wrong.what());
        return exit_configuration;
    }
    catch (std::exception const& failure)
    {
        say("chainctl: a bug: " + runtime::words_of(failure));
        return exit_bug;
    }
}

}  // namespace
}  // namespace chaind::chainctl

int main(int argc, char** argv)
{
    using namespace chaind;
    return runtime::with_output(
        "chainctl", chainctl::exit_output_lost, [&] { return chainctl::run(argc, argv); }
    );
}
