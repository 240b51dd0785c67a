#include "chainctl/backup_file.hpp"

#include "chainctl/exit_status.hpp"
#include "chainctl/interrupt.hpp"
#include "chainctl/progress.hpp"

#include <filesystem>
#include <memory>

namespace chaind::chainctl
{

boost::json::object manifest_json(std::string const& file, store::snapshot_manifest const& what)
{
    return {
        {"schema", "chainctl.backup.v1"},
        {"file", file},
        {"id", to_string(what.id)},
        {"cluster", what.cluster},
        {"lineage", what.lineage},
        {"created_ms", what.created_ms},
        {"pos", what.at.at.value()},
        {"epoch", what.at.in.value()},
        {"digest", to_string(what.state)},
        {"messages", what.messages},
        {"accounts", what.accounts},
        {"bytes", what.bytes},
    };
}

std::string manifest_text(store::snapshot_manifest const& what)
{
    return with_thousands(what.messages) + " messages of " + with_thousands(what.accounts) +
           " accounts at position " + with_thousands(what.at.at.value()) + ", " + in_bytes(what.bytes) +
           ", made " + utc(what.created_ms);
}

store::long_work watched(std::string phase)
{
    auto const line = std::make_shared<progress_line>();
    auto show = [line, phase = std::move(phase)](std::uint64_t done, std::uint64_t all)
    {
        progress now;
        now.node = "backup";
        now.phase = phase;
        now.parts_done = done;
        now.parts_total = all;
        line->show(now);
        if (done >= all) line->end();
    };
    return {.progress = std::move(show), .cancelled = &interrupts()};
}

int store_failed(std::string const& what, error_code why, std::string const& sentence)
{
    if (why == errc::stopped)
    {
        say("chainctl: " + what + ": ended by Ctrl-C, nothing was left behind");
        return exit_interrupted;
    }
    say("chainctl: " + what + ": " + (sentence.empty() ? why.message() : sentence));
    if (why == errc::store_damaged) return exit_bad_data;
    if (why == errc::newer_schema) return exit_configuration;
    return exit_failed;
}

bool is_there(std::string const& file)
{
    std::error_code failed;
    if (std::filesystem::is_regular_file(file, failed)) return true;
    say("chainctl: there is no file " + file);
    return false;
}

}  // namespace chaind::chainctl
