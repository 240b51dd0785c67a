#include "store/disk_space.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace chaind::store
{
namespace
{

// The index of the write-ahead log, the new boot, a promise.
constexpr std::uint64_t needed_to_start = 256u << 10;
constexpr std::uint64_t page = 4096;
constexpr std::size_t wal_pages_max = 1000;
constexpr std::uint64_t ample_marks = 2;  // so many reserves

std::uint64_t less(std::uint64_t from, std::uint64_t what)
{
    return from > what ? from - what : 0;
}

}  // namespace

result<file_system> measure_file_system(std::string const& folder)
{
    struct statvfs found = {};
    if (::statvfs(folder.c_str(), &found) != 0) return error_code(errno, boost::system::generic_category());
    return file_system{
        .total = std::uint64_t{found.f_blocks} * found.f_frsize,
        .available = std::uint64_t{found.f_bavail} * found.f_frsize,
    };
}

std::size_t wal_pages_for(file_system const& of)
{
    return std::clamp<std::size_t>(of.total / 32 / page, 16, wal_pages_max);
}

disk_space::disk_space(space_options how)
    : how_(std::move(how)), path_((std::filesystem::path(how_.folder) / "ballast").string())
{
}

std::uint64_t disk_space::reserve(file_system const& of) const
{
    return std::min(how_.reserve, of.total / 8);
}

std::uint64_t disk_space::wanted_ballast(file_system const& of) const
{
    return std::min(how_.ballast, reserve(of) / 4);
}

std::uint64_t disk_space::held() const
{
    struct stat found = {};
    return ::stat(path_.c_str(), &found) == 0 ? static_cast<std::uint64_t>(found.st_blocks) * 512 : 0;
}

// Blocks and no content; a file system that cannot do that has no ballast.
void disk_space::put_ballast(std::uint64_t bytes)
{
    int const file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;
    bool const there = ::fallocate(file, 0, 0, static_cast<off_t>(bytes)) == 0;
    ::close(file);
    if (!there) give_up_ballast();
}

void disk_space::give_up_ballast()
{
    ::unlink(path_.c_str());
}

bool disk_space::can_start(std::string& why)
{
    auto now = how_.measure(how_.folder);
    if (!now || now->available >= needed_to_start) return true;
    give_up_ballast();
    now = how_.measure(how_.folder);
    if (!now || now->available >= needed_to_start) return true;
    why = "disk full: " + std::to_string(now->available >> 10) + " KiB are free on the file system of " +
          how_.folder + ", and a start needs " + std::to_string(needed_to_start >> 10);
    return false;
}

// Three marks: below the reserve the disk is low, below a quarter of it nothing is taken any more; it is low
// until a quarter more than the reserve is there, so that it does not come and go with each message. Twice
// the reserve is plenty.
room disk_space::look(space_needs const& needs)
{
    if (how_.reserve == 0) return room::ample;
    auto now = how_.measure(how_.folder);
    if (!now) return left_;
    auto ballast = held();
    auto const wanted = wanted_ballast(*now);
    if (ballast > 0 && now->available < wanted / 2)
    {
        give_up_ballast();
        if (auto const again = how_.measure(how_.folder)) now = again;
        ballast = 0;
    }
    available_ = now->available;

    auto const mark = reserve(*now);
    // What the file system still has to give, also for the write-ahead log, which no empty page helps.
    auto const hard = less(now->available + ballast, needs.unsettled);
    auto const soft = hard + needs.reusable;
    auto const low_mark = !is_low(left_) ? mark : mark + mark / 4;
    auto const none_mark = left_ == room::none ? mark / 2 : mark / 4;
    if (hard < none_mark)
        left_ = room::none;
    else if (soft < low_mark || hard < low_mark / 2)
        left_ = room::low;
    else
        left_ = std::min(hard, soft) >= ample_marks * mark ? room::ample : room::enough;

    if (ballast < wanted && !is_low(left_) && now->available >= mark + mark / 4 + wanted) put_ballast(wanted);
    return left_;
}

}  // namespace chaind::store
