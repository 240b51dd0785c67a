#include "chainctl/backup_file.hpp"

#include "chainctl/exit_status.hpp"
#include "chainctl/interrupt.hpp"
#include "chainctl/progress.hpp"

#include <filesystem>
#include <memory>
#include <system_error>

#include <unistd.h>

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

store::long_work watched(format as, std::string phase)
{
    auto const line = std::make_shared<progress_line>(as);
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
    bool const named = sentence.find(what) != std::string::npos;
    say("chainctl: " + (named ? "" : what + ": ") + (sentence.empty() ? why.message() : sentence));
    if (why == errc::store_damaged || why == errc::rows_changed) return exit_bad_data;
    if (why == errc::newer_schema) return exit_configuration;
    return exit_failed;
}

int readable(std::string const& file, std::string const& if_missing)
{
    std::error_code failed;
    bool const there = std::filesystem::is_regular_file(file, failed);
    bool const forbidden = failed == std::errc::permission_denied || ::access(file.c_str(), R_OK) != 0;
    if (there && !forbidden) return exit_done;
    if (!there && !failed && std::filesystem::exists(file))
    {
        say("chainctl: " + file + " is no file: a folder or a device");
        return exit_bad_data;
    }
    bool const refused = there || failed == std::errc::permission_denied;
    say("chainctl: " +
        (refused ? "you may not read " + file + "; run this as the user that runs chaind, or as root"
                 : if_missing));
    return refused ? exit_not_permitted : exit_no_such_object;
}

int readable(std::string const& backup)
{
    return readable(backup, "there is no file " + backup);
}

}  // namespace chaind::chainctl
