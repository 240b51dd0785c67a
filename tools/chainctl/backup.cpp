// backup list, verify, restore.

#include "chainctl/backup_file.hpp"
#include "chainctl/confirm.hpp"
#include "chainctl/exit_status.hpp"
#include "chainctl/new_folders.hpp"
#include "runtime/private_file.hpp"
#include "store/snapshot_install.hpp"

#include <sodium.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chaind::chainctl
{
namespace
{

namespace fs = std::filesystem;

// Root restores for the user to whom the folder belongs: what is root's there is given to him, and nothing
// that he may have linked there.
void hand_over(std::string const& folder, std::string const& file)
{
    struct stat owner{};
    if (::geteuid() != 0 || ::stat(folder.c_str(), &owner) != 0 || owner.st_uid == 0) return;
    int const handle = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat about{};
    bool const ours = handle >= 0 && ::fstat(handle, &about) == 0 && S_ISREG(about.st_mode) &&
                      about.st_uid == 0 && about.st_nlink == 1;
    if (ours && ::fchown(handle, owner.st_uid, owner.st_gid) != 0)
        say("chainctl: " + file + " belongs to root; give it to the user that runs chaind");
    if (handle >= 0) ::close(handle);
}

int not_whole(std::string const& file, error_code why, std::string const& sentence)
{
    int const status = store_failed(file, why, sentence);
    if (status == exit_bad_data)
        say("          next: take another backup, or make one now: `chainctl backup create`");
    return status;
}

}  // namespace

int run_backup_list(invocation const& call)
{
    std::string const folder = call.words.empty() ? "." : call.words.front();
    std::error_code failed;
    std::vector<std::string> files;
    for (auto const& entry : fs::directory_iterator(folder, failed))
        if (entry.is_regular_file(failed)) files.push_back(entry.path().string());
    if (failed)
    {
        say("chainctl: cannot read " + folder + ": " + failed.message());
        return exit_no_such_object;
    }
    std::sort(files.begin(), files.end());
    boost::json::array found;
    std::vector<std::vector<std::string>> rows{{"FILE", "MADE", "POSITION", "MESSAGES", "ACCOUNTS", "SIZE"}};
    for (auto const& file : files)
    {
        std::string why;
        auto const what = store::read_manifest(file, &why);
        if (!what)
        {
            if (file.ends_with(".backup"))
                say("chainctl: no readable backup: " + why + "; make another one: `chainctl backup create`");
            continue;
        }
        auto const name = fs::path(file).filename().string();
        if (call.as == format::name) std::cout << name << "\n";
        found.emplace_back(manifest_json(file, *what));
        rows.push_back(
            {name,
             utc(what->created_ms),
             with_thousands(what->at.at.value()),
             with_thousands(what->messages),
             with_thousands(what->accounts),
             in_bytes(what->bytes)}
        );
    }
    if (call.as == format::json)
        print_json({{"schema", "chainctl.backups.v1"}, {"backups", std::move(found)}});
    else if (call.as == format::jsonl)
        for (auto const& one : found)
            print_json(one);
    else if (call.as != format::name)
        std::cout << table(rows);
    return exit_done;
}

int run_backup_verify(invocation const& call)
{
    auto const& file = call.words.front();
    if (int const failed = readable(file); failed != exit_done) return failed;
    std::string why;
    auto const checked = store::check_snapshot(file, &why, watched(call.as, "check"));
    if (!checked) return not_whole(file, checked.error(), why);
    return done(call, manifest_json(file, *checked), file + " is whole: " + manifest_text(*checked));
}

int run_backup_restore(invocation const& call)
{
    auto const& file = call.words.front();
    auto const folder = call.value("--data-dir");
    if (folder.empty())
    {
        say("chainctl: backup restore needs --data-dir DIR, the new replica's data folder");
        return exit_usage;
    }
    if (int const failed = readable(file); failed != exit_done) return failed;
    auto const database = folder + "/chain.db";
    std::error_code ignored;
    if (fs::exists(database, ignored))
    {
        say("chainctl: " + folder + " holds a database already; nothing was changed");
        say("          name another folder, or move that one away first");
        return exit_failed;
    }
    if (fs::exists(folder + "/registry.db", ignored))
    {
        say("chainctl: " + folder + " is a config service's data folder; nothing was changed");
        say("          name another one, for the replica alone");
        return exit_failed;
    }
    std::string why;
    if (call.dry_run)
    {
        auto const checked = store::check_snapshot(file, &why, watched(call.as, "check"));
        if (!checked) return not_whole(file, checked.error(), why);
        say("would restore " + manifest_text(*checked) + " to " + folder);
        return exit_done;
    }
    if (::sodium_init() < 0)
    {
        say("chainctl: no random numbers on this system");
        return exit_failed;
    }
    store_id fresh;
    ::randombytes_buf(fresh.bytes.data(), fresh.bytes.size());
    new_folders made(folder);
    runtime::make_private_folder(folder);
    auto const restored = store::restore_backup(file, database, fresh, &why, watched(call.as, "check"));
    if (!restored) return not_whole(file, restored.error(), why);
    made.keep();
    for (auto const& entry : fs::directory_iterator(folder, ignored))
        hand_over(folder, entry.path().string());
    auto out = manifest_json(file, *restored);
    out["data_dir"] = folder;
    auto const text =
        "restored " + manifest_text(*restored) +
        "\nnext: start a new configd (empty data folder) with this machine's name as --bootstrap, then "
        "chaind with --data-dir " +
        folder +
        "\n      it begins a new lineage: clients notice and fetch everything again; other machines join "
        "it with empty folders";
    return done(call, std::move(out), text);
}

}  // namespace chaind::chainctl
