// backup create: a replica's whole state into one file, while the replica goes on.

#include "base/listed.hpp"
#include "chainctl/backup_file.hpp"
#include "chainctl/backup_part.hpp"
#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/progress.hpp"
#include "chainctl/service.hpp"
#include "runtime/clock.hpp"
#include "runtime/private_file.hpp"
#include "runtime/this_process.hpp"
#include "runtime/utc.hpp"

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

namespace chaind::chainctl
{
namespace
{

namespace fs = std::filesystem;

// Where to read, and what the chain calls its history.
struct source
{
    std::string database;
    std::string lineage;
    int failed = exit_done;
};

std::string default_name()
{
    return runtime::in_utc(runtime::now().wall_us, "chaind-%Y%m%d-%H%M%SZ.backup");
}

// The rows of all answers: whichever says where a replica's database is.
std::string database_in(boost::json::array const& rows, std::string const& node)
{
    auto const* const row = row_of(rows, node);
    return row == nullptr ? std::string() : text_at(*row, "database");
}

// Whoever is not in the chain lacks what that has acknowledged since, and nobody expects it of a backup.
int not_in_the_chain(
    boost::json::object const& status,
    boost::json::array const& nodes,
    std::string const& database,
    std::string const& node
)
{
    auto const committed = number_at(status, "committed");
    auto const* const row = row_of(nodes, node);
    bool const known = row != nullptr && row->contains("log_end");
    auto const end = known ? number_at(*row, "log_end") : 0;
    say("chainctl: " + whereabouts(status, node) + ", and its database " +
        (known && end < committed ? "lacks at least the last " + with_thousands(committed - end) + " entries"
                                  : std::string("may lack what was acknowledged since")) +
        "; nothing was written");
    std::string members;
    for (auto const& value : list_at(status, "chain"))
        if (value.is_object()) add_listed(members, text_at(value.get_object(), "name"));
    say("          next: name a machine of the chain (" + members + "); what " + node +
        " holds is saved as it is by --data-dir " + fs::path(database).parent_path().string());
    return exit_failed;
}

source find_source(invocation const& call)
{
    source out;
    if (auto const folder = call.value("--data-dir"); !folder.empty())
    {
        out.database = folder + "/chain.db";
        out.failed = readable(out.database, "there is no database " + out.database);
        return out;
    }
    unanswered how;
    auto const status = fetch_status(call, &how);
    if (!status)
    {
        out.failed = nobody_told(call, how);
        say("          or name a replica's folder by --data-dir");
        return out;
    }
    out.lineage = text_at(*status, "lineage");
    auto const& chain = list_at(*status, "chain");
    auto const tail =
        chain.empty() || !chain.back().is_object() ? "" : text_at(chain.back().get_object(), "name");
    auto const node = call.value("--node", tail);
    out.database = database_in(chain, node);
    // Who has just not answered is not asked again.
    bool const service_is_up = text_at(object_at(*status, "config_service"), "state") == "up";
    boost::json::array nodes;
    if (out.database.empty() && service_is_up)
    {
        auto const got = ask(call, "GET", "/v1/nodes");
        if (got.body) nodes = list_at(*got.body, "nodes");
        out.database = database_in(nodes, node);
    }
    if (out.database.empty()) out.database = database_in(last_known(call), node);
    constexpr char const* advice = "; run this where a replica runs, or name it by --data-dir";
    if (out.database.empty())
    {
        auto const who = node.empty() ? std::string("no replica") : node;
        if (!node.empty() && !nodes.empty() && row_of(nodes, node) == nullptr)
        {
            say("chainctl: no node " + node + " is known; `chainctl nodes` lists them");
            out.failed = exit_no_such_object;
            return out;
        }
        auto const why = service_is_up && node.empty()
                             ? std::string("no chain is known to the config service; see `chainctl status`")
                         : service_is_up ? who + " is not heard"
                                         : "the config service does not answer, and where " + who +
                                               " keeps its database is not known without it";
        say("chainctl: " + why + advice);
        out.failed = exit_no_such_object;
        return out;
    }
    if (!chain.empty() && !is_member(*status, node))
    {
        out.failed = not_in_the_chain(*status, nodes, out.database, node);
        return out;
    }
    out.failed = readable(
        out.database, node + " does not keep its database on this machine: " + out.database + advice
    );
    return out;
}

// The file gets its name when it is complete, and never takes another file's.
error_code give_name(std::string const& part, std::string const& file)
{
    if (auto const failed = runtime::rename_to_new(part, file)) return failed;
    auto folder = fs::absolute(file).parent_path();
    int const handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return {errno, boost::system::generic_category()};
    int const failed = ::fsync(handle) != 0 ? errno : 0;
    ::close(handle);
    return {failed, boost::system::generic_category()};
}

}  // namespace

int run_backup_create(invocation const& call)
{
    if (call.has("--node") && call.has("--data-dir"))
    {
        say("chainctl: one of --node and --data-dir: both say which replica is read");
        return exit_usage;
    }
    auto const file = call.words.empty() ? default_name() : call.words.front();
    std::error_code ignored;
    if (fs::exists(file, ignored))
    {
        say("chainctl: " + file + " is there already; nothing was written");
        return exit_failed;
    }
    auto const from = find_source(call);
    if (from.failed != exit_done) return from.failed;
    if (auto const folder = fs::absolute(file, ignored).parent_path();
        ::access(folder.c_str(), W_OK | X_OK) != 0)
    {
        say("chainctl: cannot write " + file + ": " +
            error_code(errno, boost::system::generic_category()).message());
        return exit_failed;
    }
    if (call.dry_run)
    {
        say("would write all of " + from.database + " to " + file);
        return exit_done;
    }
    remove_dead_parts(fs::absolute(file, ignored).parent_path());
    auto const part = part_of(file, runtime::this_process().kernel, ::getpid());
    store::snapshot_options how;
    how.lineage = from.lineage;
    how.to_the_end = true;
    std::string why;
    auto const made = store::make_snapshot(from.database, part, how, &why, watched(call.as, "copy"));
    if (!made) return store_failed(from.database, made.error(), why);
    if (auto const failed = give_name(part, file))
    {
        fs::remove(part, ignored);
        say("chainctl: cannot write " + file + ": " + failed.message());
        return exit_failed;
    }
    return done(call, manifest_json(file, *made), file + ": " + manifest_text(*made));
}

}  // namespace chaind::chainctl
