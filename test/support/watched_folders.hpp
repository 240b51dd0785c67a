#pragma once
// What a power cut does to names: a rename is undone by it unless the folder has been synced since. A test
// program that links this has the operating system's rename() and fsync() watched.

#include <cstdint>

namespace chaind::test
{

// One at a time, while no database is open that the renames concern.
class watched_folders
{
public:
    watched_folders();
    ~watched_folders();
    watched_folders(watched_folders const&) = delete;
    watched_folders& operator=(watched_folders const&) = delete;

    // The n-th rename from now (1: the next) fails with EIO.
    void fail_rename(std::uint64_t n);
    // So does the n-th sync of a folder.
    void fail_sync(std::uint64_t n);
    // Undoes, newest first, each rename whose folders have not been synced since.
    void power_cut();
};

}  // namespace chaind::test
