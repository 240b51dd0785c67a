#include "store/chunk_file.hpp"

#include "chain/types.hpp"

#include <sodium.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

namespace chaind::store
{
namespace
{

constexpr int level = 1;  // the disk and the line are the limits, not the last tenth of the size

error_code last_error()
{
    return {errno, boost::system::generic_category()};
}

}  // namespace

digest chunk_hash(std::string_view bytes)
{
    digest out;
    ::crypto_generichash(
        out.bytes.data(),
        out.bytes.size(),
        reinterpret_cast<unsigned char const*>(bytes.data()),
        bytes.size(),
        nullptr,
        0
    );
    return out;
}

std::string pack_chunk(std::string_view bytes)
{
    std::string out(::ZSTD_compressBound(bytes.size()), '\0');
    out.resize(::ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), level));
    return out;
}

std::optional<std::string> unpack_chunk(std::string_view packed, std::size_t size)
{
    std::string out(size, '\0');
    auto const got = ::ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size());
    if (::ZSTD_isError(got) || got != size) return std::nullopt;
    return out;
}

result<chunk_file> chunk_file::open(std::string const& path, bool make)
{
    int const file = ::open(path.c_str(), (make ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC, 0600);
    if (file < 0) return last_error();
    chunk_file opened(file, 0);
    struct stat found = {};
    if (::fstat(file, &found) != 0) return last_error();
    opened.size_ = static_cast<std::uint64_t>(found.st_size);
    return opened;
}

chunk_file::chunk_file(chunk_file&& other) noexcept
    : file_(std::exchange(other.file_, -1)), size_(other.size_)
{
}

chunk_file::~chunk_file()
{
    if (file_ >= 0) ::close(file_);
}

std::uint64_t chunk_file::chunks() const
{
    return chain::chunks_in(size_);
}

std::size_t chunk_file::bytes_of_chunk(std::uint64_t index) const
{
    if (index >= chunks()) return 0;
    return std::min(chain::snapshot_chunk_bytes, size_ - index * chain::snapshot_chunk_bytes);
}

result<std::uint64_t> chunk_file::reserved() const
{
    struct stat found = {};
    if (::fstat(file_, &found) != 0) return last_error();
    return static_cast<std::uint64_t>(found.st_blocks) * 512;
}

error_code chunk_file::resize(std::uint64_t size)
{
    auto const length = static_cast<off_t>(size);
    if (::ftruncate(file_, length) != 0) return last_error();
    size_ = size;
    if (size == 0) return {};
    int const failure = ::posix_fallocate(file_, 0, length);
    if (failure == 0 || failure == EOPNOTSUPP || failure == EINVAL) return {};
    return {failure, boost::system::generic_category()};
}

result<std::string> chunk_file::read(std::uint64_t index) const
{
    std::string out(bytes_of_chunk(index), '\0');
    std::size_t have = 0;
    while (have < out.size())
    {
        auto const at = static_cast<off_t>(index * chain::snapshot_chunk_bytes + have);
        auto const got = ::pread(file_, out.data() + have, out.size() - have, at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return last_error();
        if (got == 0) return error_code(EIO, boost::system::generic_category());
        have += static_cast<std::size_t>(got);
    }
    return out;
}

error_code chunk_file::write(std::uint64_t index, std::string_view bytes)
{
    std::size_t have = 0;
    while (have < bytes.size())
    {
        auto const at = static_cast<off_t>(index * chain::snapshot_chunk_bytes + have);
        auto const put = ::pwrite(file_, bytes.data() + have, bytes.size() - have, at);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return last_error();
        have += static_cast<std::size_t>(put);
    }
    // Starts the writing without waiting for it: else the file's one fsync at the end brings all of it at
    // once, and every other fsync on that disk waits. Its own errors come with the fsync.
    auto const begin = static_cast<off_t>(index * chain::snapshot_chunk_bytes);
    static_cast<void>(::sync_file_range(file_, begin, static_cast<off_t>(have), SYNC_FILE_RANGE_WRITE));
    return {};
}

error_code chunk_file::sync()
{
    return ::fsync(file_) == 0 ? error_code{} : last_error();
}

}  // namespace chaind::store
