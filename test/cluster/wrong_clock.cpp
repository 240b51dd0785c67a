// Preloaded into the daemons: the wall clock of one machine is as wrong as a test wants, all other clocks go
// on as they are.
//
// WRONG_CLOCK names a folder. The file in it that is called like the last part of the process's --data-dir
// holds by how many seconds its clock is ahead.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace
{

std::string file_of_this_process()
{
    char const* const folder = std::getenv("WRONG_CLOCK");
    if (folder == nullptr) return {};
    std::ifstream words("/proc/self/cmdline", std::ios::binary);
    bool next = false;
    for (std::string word; std::getline(words, word, '\0'); next = word == "--data-dir")
        if (next) return folder + word.substr(word.rfind('/'));
    return {};
}

long seconds_ahead()
{
    static std::string const path = file_of_this_process();
    if (path.empty()) return 0;
    auto* const file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return 0;
    long out = 0;
    if (std::fscanf(file, "%ld", &out) != 1) out = 0;
    std::fclose(file);
    return out;
}

}  // namespace

extern "C" int clock_gettime(clockid_t which, timespec* at) noexcept
{
    auto const failed = static_cast<int>(::syscall(SYS_clock_gettime, which, at));
    if (failed == 0 && which == CLOCK_REALTIME) at->tv_sec += seconds_ahead();
    return failed;
}
