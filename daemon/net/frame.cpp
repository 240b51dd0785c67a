#include "net/frame.hpp"

#include <boost/assert.hpp>
#include <boost/crc.hpp>
#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <cstring>

namespace chaind::net
{

namespace
{
constexpr std::size_t read_at_once = 64u << 10;

std::uint32_t crc32c(std::string_view body)
{
    boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
    crc.process_bytes(body.data(), body.size());
    return crc.checksum();
}

std::uint32_t number_at(char const* at)
{
    return boost::endian::load_little_u32(reinterpret_cast<unsigned char const*>(at));
}
}  // namespace

frame_header header_of(std::string_view body)
{
    frame_header out{};
    auto* const bytes = reinterpret_cast<unsigned char*>(out.data());
    boost::endian::store_little_u32(bytes, static_cast<std::uint32_t>(body.size()));
    boost::endian::store_little_u32(bytes + 4, crc32c(body));
    return out;
}

std::span<char> frame_splitter::space()
{
    if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    std::size_t wanted = end_ + read_at_once;
    if (end_ >= frame_header_bytes)
    {
        // next() has checked the length against the limit.
        auto const whole = frame_header_bytes + number_at(buffer_.data());
        wanted = std::max(wanted, std::min(whole, frame_header_bytes + limit_));
    }
    if (buffer_.size() < wanted) buffer_.resize(wanted);
    return {buffer_.data() + end_, buffer_.size() - end_};
}

void frame_splitter::filled(std::size_t bytes)
{
    BOOST_ASSERT(bytes <= buffer_.size() - end_);
    end_ += bytes;
}

result<std::optional<std::string_view>> frame_splitter::next()
{
    if (end_ - begin_ < frame_header_bytes) return std::optional<std::string_view>{};
    auto const* const at = buffer_.data() + begin_;
    std::size_t const length = number_at(at);
    if (length > limit_) return make_error_code(errc::frame_too_large);
    if (end_ - begin_ < frame_header_bytes + length) return std::optional<std::string_view>{};
    std::string_view const body(at + frame_header_bytes, length);
    if (crc32c(body) != number_at(at + 4)) return make_error_code(errc::bad_frame);
    begin_ += frame_header_bytes + length;
    return std::optional(body);
}

}  // namespace chaind::net
