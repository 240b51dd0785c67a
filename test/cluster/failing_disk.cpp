// Preloaded into a daemon: reads or writes of one file fail with EIO, or nothing gets to the disk any more,
// for as long as a test wants.
//
// FAILING_DISK names a folder. While FILE.read or FILE.write is in it, that call fails on each open file
// whose name is FILE; while FILE.sync is, it does not come back, and while FILE.slow is, it takes 0.7 s. FILE
// is the name below a machine's folder.

#include <cerrno>
#include <cstdlib>
#include <string>

#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

namespace
{

bool is_struck(int file, char const* call)
{
    static char const* const folder = std::getenv("FAILING_DISK");
    if (folder == nullptr) return false;
    char path[PATH_MAX];
    auto const link = "/proc/self/fd/" + std::to_string(file);
    auto const length = ::readlink(link.c_str(), path, sizeof path);
    if (length <= 0) return false;
    std::string const name(path, static_cast<std::size_t>(length));
    auto const slash = name.rfind('/');
    if (slash == 0 || slash == std::string::npos) return false;  // no file, or not in any machine's folder
    auto const order = folder + name.substr(name.rfind('/', slash - 1)) + '.' + call;
    return ::access(order.c_str(), F_OK) == 0;
}

template <class Function>
Function* real(char const* name)
{
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

void wait_for_the_disk(int file)
{
    if (is_struck(file, "slow")) ::usleep(700'000);
    while (is_struck(file, "sync"))
        ::usleep(10'000);
}

ssize_t broken()
{
    errno = EIO;
    return -1;
}

}  // namespace

// Both names of each: chaind calls the short ones, SQLite the others.
extern "C"
{
    ssize_t pread(int file, void* into, std::size_t size, off_t at)
    {
        static auto* const next = real<decltype(pread)>("pread");
        return is_struck(file, "read") ? broken() : next(file, into, size, at);
    }
    ssize_t pread64(int file, void* into, std::size_t size, off64_t at)
    {
        static auto* const next = real<decltype(pread64)>("pread64");
        return is_struck(file, "read") ? broken() : next(file, into, size, at);
    }
    ssize_t pwrite(int file, void const* from, std::size_t size, off_t at)
    {
        static auto* const next = real<decltype(pwrite)>("pwrite");
        return is_struck(file, "write") ? broken() : next(file, from, size, at);
    }
    ssize_t pwrite64(int file, void const* from, std::size_t size, off64_t at)
    {
        static auto* const next = real<decltype(pwrite64)>("pwrite64");
        return is_struck(file, "write") ? broken() : next(file, from, size, at);
    }
    int fsync(int file)
    {
        static auto* const next = real<decltype(fsync)>("fsync");
        wait_for_the_disk(file);
        return next(file);
    }
    int fdatasync(int file)
    {
        static auto* const next = real<decltype(fdatasync)>("fdatasync");
        wait_for_the_disk(file);
        return next(file);
    }
}
