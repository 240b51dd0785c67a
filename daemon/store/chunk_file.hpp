#pragma once
// A file as chunks of 256 KiB (chain::snapshot_chunk_bytes; the last is shorter), and a chunk as it travels.

#include "base/errc.hpp"
#include "base/id.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chaind::store
{

// BLAKE2b-128 of the bytes alone.
[[nodiscard]] digest chunk_hash(std::string_view bytes);
// zstd. Unpacks to exactly `size` bytes or to nothing, and never needs more memory than that.
[[nodiscard]] std::string pack_chunk(std::string_view bytes);
[[nodiscard]] std::optional<std::string> unpack_chunk(std::string_view packed, std::size_t size);

class chunk_file
{
public:
    // `make`: with mode 0600 where it is missing, to be written; else to be read.
    static result<chunk_file> open(std::string const& path, bool make);
    chunk_file(chunk_file&& other) noexcept;
    chunk_file& operator=(chunk_file&&) = delete;
    ~chunk_file();

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::uint64_t chunks() const;
    [[nodiscard]] std::size_t bytes_of_chunk(std::uint64_t index) const;
    // Disk space that is its own already.
    [[nodiscard]] result<std::uint64_t> reserved() const;

    // Exactly so long, with the space reserved where the file system can.
    [[nodiscard]] error_code resize(std::uint64_t size);
    // Errors also when the file has become shorter.
    [[nodiscard]] result<std::string> read(std::uint64_t index) const;
    [[nodiscard]] error_code write(std::uint64_t index, std::string_view bytes);
    [[nodiscard]] error_code sync();

private:
    chunk_file(int file, std::uint64_t size) : file_(file), size_(size) {}

    int file_;
    std::uint64_t size_;
};

}  // namespace chaind::store
