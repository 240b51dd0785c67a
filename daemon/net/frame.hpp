#pragma once
// How a message travels between daemons: u32 length, u32 crc32c of the body (both little endian), body. A
// length above the limit is an error before anything is allocated for it.

#include "base/errc.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace chaind::net
{

inline constexpr std::size_t frame_header_bytes = 8;
inline constexpr std::size_t frame_limit = 8u << 20;      // once the other side is known
inline constexpr std::size_t stranger_limit = 16u << 10;  // of one who has said who it is, and is not known
inline constexpr std::size_t greeting_limit = 4u << 10;   // before

using frame_header = std::array<char, frame_header_bytes>;

frame_header header_of(std::string_view body);

// Cuts a stream of bytes into bodies. Sans I/O: read into space(), say filled(), then take next() until it
// has no more. An error is final: where the next frame would begin is unknown.
class frame_splitter
{
public:
    explicit frame_splitter(std::size_t limit) : limit_(limit) {}

    void set_limit(std::size_t limit) { limit_ = limit; }

    [[nodiscard]] std::span<char> space();
    void filled(std::size_t bytes);
    // A body, valid until space() is called; nothing: more bytes are needed; frame_too_large, bad_frame.
    [[nodiscard]] result<std::optional<std::string_view>> next();

private:
    std::size_t limit_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;  // of what has not been taken
    std::size_t end_ = 0;
};

}  // namespace chaind::net
