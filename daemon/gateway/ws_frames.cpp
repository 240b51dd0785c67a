#include "gateway/ws_frames.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <utility>

namespace chaind::gateway
{

namespace
{

constexpr std::size_t read_at_once = 4096;
constexpr std::size_t control_max = 125;
constexpr int protocol_error = 1002;

namespace opcode
{
constexpr std::uint8_t continuation = 0;
constexpr std::uint8_t text = 1;
constexpr std::uint8_t binary = 2;
constexpr std::uint8_t close = 8;
constexpr std::uint8_t ping = 9;
constexpr std::uint8_t pong = 10;
}  // namespace opcode

bool is_control(std::uint8_t code)
{
    return (code & 8U) != 0;
}

unsigned char byte_of(char c)
{
    return static_cast<unsigned char>(c);
}

std::string server_header(std::uint8_t code, std::size_t size)
{
    std::string out(1, static_cast<char>(0x80U | code));
    std::size_t bytes = 0;
    if (size <= control_max)
        out += static_cast<char>(size);
    else if (size <= 0xffff)
    {
        out += static_cast<char>(126);
        bytes = 2;
    }
    else
    {
        out += static_cast<char>(127);
        bytes = 8;
    }
    for (auto at = bytes; at-- > 0;)
        out += static_cast<char>((static_cast<std::uint64_t>(size) >> (8 * at)) & 0xffU);
    return out;
}

}  // namespace

bool utf8_check::add(std::string_view piece)
{
    for (char const c : piece)
    {
        auto const b = byte_of(c);
        if (missing_ > 0)
        {
            if (b < least_ || b > most_) return false;
            --missing_;
            least_ = 0x80;
            most_ = 0xbf;
        }
        else if (b >= 0x80)
        {
            // No character in more bytes than it needs, no half of a pair, nothing above U+10FFFF.
            if (b < 0xc2 || b > 0xf4) return false;
            missing_ = b < 0xe0 ? 1 : b < 0xf0 ? 2 : 3;
            if (b == 0xe0) least_ = 0xa0;
            if (b == 0xed) most_ = 0x9f;
            if (b == 0xf0) least_ = 0x90;
            if (b == 0xf4) most_ = 0x8f;
        }
    }
    return true;
}

std::span<char> ws_frames::space()
{
    if (begin_ == end_) begin_ = end_ = 0;
    if (begin_ > 0)
    {
        std::copy(
            buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
            buffer_.begin() + static_cast<std::ptrdiff_t>(end_),
            buffer_.begin()
        );
        end_ -= begin_;
        begin_ = 0;
    }
    // At most a header is left: everything behind it was taken.
    buffer_.resize(read_at_once);
    return std::span(buffer_).subspan(end_);
}

std::optional<ws_frames::header> ws_frames::parse_header()
{
    auto const have = std::string_view(buffer_.data() + begin_, end_ - begin_);
    if (have.size() < 2) return std::nullopt;
    header out;
    out.last = (byte_of(have[0]) & 0x80U) != 0;
    out.opcode = byte_of(have[0]) & 0x0fU;
    out.size = byte_of(have[1]) & 0x7fU;
    std::size_t const longer = out.size == 126 ? 2 : out.size == 127 ? 8 : 0;
    out.bytes = 2 + longer + out.key.size();
    // What is wrong in the first two bytes is wrong without the rest.
    bool const wrong = (byte_of(have[0]) & 0x70U) != 0 || (byte_of(have[1]) & 0x80U) == 0 ||
                       (is_control(out.opcode) && longer > 0);
    if (wrong)
    {
        out.bytes = 0;
        return out;
    }
    if (have.size() < out.bytes) return std::nullopt;
    if (longer > 0)
    {
        out.size = 0;
        for (std::size_t i = 0; i < longer; ++i)
            out.size = out.size << 8U | byte_of(have[2 + i]);
        // The shortest form is the only one.
        if (out.size < (longer == 2 ? 126U : 0x10000U)) out.bytes = 0;
    }
    std::copy_n(have.begin() + static_cast<std::ptrdiff_t>(2 + longer), out.key.size(), out.key.begin());
    return out;
}

std::optional<ws_failure> ws_frames::objection(header const& to) const
{
    if (to.bytes == 0) return ws_failure{protocol_error, "not a frame that a client may send"};
    switch (to.opcode)
    {
        case opcode::close:
        case opcode::ping:
        case opcode::pong:
            if (!to.last) return ws_failure{protocol_error, "a control frame in fragments"};
            return std::nullopt;
        case opcode::continuation:
            if (!in_message_) return ws_failure{protocol_error, "a fragment of no message"};
            break;
        case opcode::text:
        case opcode::binary:
            if (in_message_) return ws_failure{protocol_error, "a message inside a message"};
            if (to.opcode == opcode::binary) return ws_failure{1003, "text frames are spoken here"};
            break;
        default: return ws_failure{protocol_error, "a reserved kind of frame"};
    }
    if (to.size > message_max_ - message_.size()) return ws_failure{1009, "the message is too large"};
    return std::nullopt;
}

std::string_view ws_frames::take_payload()
{
    auto const size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, end_ - begin_));
    auto const piece = std::span(buffer_).subspan(begin_, size);
    for (auto& c : piece)
        c = static_cast<char>(byte_of(c) ^ byte_of(frame_.key[key_at_++ % frame_.key.size()]));
    begin_ += size;
    left_ -= size;
    return {piece.data(), piece.size()};
}

std::optional<ws_frames::event> ws_frames::next()
{
    for (;;)
    {
        if (!in_frame_)
        {
            auto const found = parse_header();
            if (!found) return std::nullopt;
            if (auto const why = objection(*found)) return *why;
            begin_ += found->bytes;
            frame_ = *found;
            left_ = frame_.size;
            key_at_ = 0;
            in_frame_ = true;
            if (frame_.opcode == opcode::text) in_message_ = true;
        }
        auto const piece = take_payload();
        bool const control = is_control(frame_.opcode);
        if (!control && !utf8_.add(piece)) return ws_failure{1007, "not UTF-8"};
        (control ? control_ : message_).append(piece);
        if (left_ > 0) return std::nullopt;
        in_frame_ = false;
        auto out = control ? end_control() : end_data();
        if (out) return out;
    }
}

std::optional<ws_frames::event> ws_frames::end_control()
{
    auto const payload = std::exchange(control_, {});
    if (frame_.opcode == opcode::pong) return std::nullopt;
    if (frame_.opcode == opcode::ping) return ws_ping{payload};
    if (payload.empty()) return ws_close{1005};
    if (payload.size() == 1) return ws_failure{protocol_error, "half a close code"};
    int const code = byte_of(payload[0]) << 8U | byte_of(payload[1]);
    if (!may_be_sent(code)) return ws_failure{protocol_error, "not a close code"};
    utf8_check reason;
    if (!reason.add(std::string_view(payload).substr(2)) || !reason.complete())
        return ws_failure{1007, "not UTF-8"};
    return ws_close{code};
}

std::optional<ws_frames::event> ws_frames::end_data()
{
    if (!frame_.last) return std::nullopt;
    if (!utf8_.complete()) return ws_failure{1007, "not UTF-8"};
    in_message_ = false;
    return ws_message{std::exchange(message_, {})};
}

bool may_be_sent(int close_code)
{
    // 1004 is reserved, 1005, 1006 and 1015 are what an end without a code is called, 1014 is a gateway's
    // word.
    if (close_code >= 1000 && close_code <= 1013) return close_code < 1004 || close_code > 1006;
    return close_code >= 3000 && close_code <= 4999;
}

std::string ws_text_header(std::size_t size)
{
    return server_header(opcode::text, size);
}

std::string ws_pong_frame(std::string_view payload)
{
    return server_header(opcode::pong, payload.size()).append(payload);
}

std::string ws_close_frame(int code, std::string_view reason)
{
    if (code == 1005) return server_header(opcode::close, 0);
    auto const said = utf8_prefix(reason, control_max - 2);
    auto out = server_header(opcode::close, 2 + said.size());
    out += static_cast<char>(static_cast<unsigned>(code) >> 8U);
    out += static_cast<char>(static_cast<unsigned>(code) & 0xffU);
    return out.append(said);
}

}  // namespace chaind::gateway
