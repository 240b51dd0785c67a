#include "chainctl/backup_part.hpp"

#include "base/hash.hpp"
#include "chainctl/progress.hpp"
#include "runtime/this_process.hpp"

#include <cerrno>
#include <charconv>
#include <string_view>
#include <vector>

#include <signal.h>

namespace chaind::chainctl
{
namespace
{

namespace fs = std::filesystem;

std::string ending(std::string const& kernel)
{
    return ".part-" + to_hex(hasher().bytes(kernel).finish().view()).substr(0, 16) + "-";
}

// Only the kernel that runs it can tell that it has ended: other machines, and containers, may write into the
// same folder.
bool is_dead_part(std::string_view name, std::string const& our_ending)
{
    for (std::string_view const beside : {"-journal", "-wal", "-shm"})
        if (name.ends_with(beside)) name.remove_suffix(beside.size());
    auto const at = name.rfind(our_ending);
    if (at == std::string_view::npos) return false;
    name.remove_prefix(at + our_ending.size());
    pid_t pid = 0;
    auto const [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc() || end != name.data() + name.size() || pid <= 0) return false;
    return ::kill(pid, 0) != 0 && errno == ESRCH;
}

}  // namespace

std::string part_of(std::string const& file, std::string const& kernel, pid_t pid)
{
    return file + ending(kernel) + std::to_string(pid);
}

void remove_dead_parts(fs::path const& folder)
{
    auto const& here = runtime::this_process().kernel;
    if (here.empty()) return;
    std::error_code failed;
    std::vector<fs::path> dead;
    for (fs::directory_iterator each(folder, failed), end; !failed && each != end; each.increment(failed))
        if (is_dead_part(each->path().filename().string(), ending(here)) &&
            fs::is_regular_file(each->symlink_status(failed)))
            dead.push_back(each->path());
    for (auto const& path : dead)
        if (fs::remove(path, failed))
            say("chainctl: removed " + path.string() + ", which a backup that was stopped had left");
}

}  // namespace chaind::chainctl
