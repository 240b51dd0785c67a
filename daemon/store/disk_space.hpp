#pragma once
// Room on the file system of the data folder, and a ballast in it: a file without content that is given up
// when nothing else is left, so that a replica can still promise, delete, and start.

#include "base/errc.hpp"
#include "membership/messages.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace chaind::store
{

struct file_system
{
    std::uint64_t total = 0;
    std::uint64_t available = 0;  // to this process
};
result<file_system> measure_file_system(std::string const& folder);

struct space_options
{
    std::string folder;
    // Less room than this and the disk is low; never more than an eighth of the file system, so that a small
    // one can be used, too. 0: nobody looks.
    std::uint64_t reserve = std::uint64_t{256} << 20;
    // Never more than a quarter of that.
    std::uint64_t ballast = std::uint64_t{64} << 20;
    std::function<result<file_system>(std::string const&)> measure = measure_file_system;
};

// What the store wants and has, in bytes.
struct space_needs
{
    std::uint64_t unsettled = 0;  // in the write-ahead log, and to find a place in the database yet
    std::uint64_t reusable = 0;   // in the database's file: empty pages
};

class disk_space
{
public:
    explicit disk_space(space_options how);

    // Looks; gives the ballast up or puts it back. What cannot be measured is what it was.
    room look(space_needs const& needs);
    [[nodiscard]] room left() const { return left_; }
    [[nodiscard]] std::uint64_t available() const { return available_; }
    // May be asked for before anything is opened: gives the ballast up if need be. Else `why` becomes a
    // sentence.
    [[nodiscard]] bool can_start(std::string& why);

private:
    [[nodiscard]] std::uint64_t reserve(file_system const& of) const;
    [[nodiscard]] std::uint64_t wanted_ballast(file_system const& of) const;
    [[nodiscard]] std::uint64_t held() const;
    void put_ballast(std::uint64_t bytes);
    void give_up_ballast();

    space_options how_;
    std::string path_;
    room left_ = room::ample;
    std::uint64_t available_ = 0;
};

// How much of the write-ahead log a file system of that size bears: pages.
[[nodiscard]] std::size_t wal_pages_for(file_system const& of);

}  // namespace chaind::store
