#pragma once
// The frames of one WebSocket, RFC 6455 as a server without extensions speaks it, without I/O: bytes of the
// client come in, messages and control frames come out; and the frames that the server sends. DESIGN.md says
// why it is not the library's.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chaind::gateway
{

// UTF-8 that arrives in pieces.
class utf8_check
{
public:
    // False: what was given so far cannot be the beginning of a UTF-8 text.
    [[nodiscard]] bool add(std::string_view piece);
    [[nodiscard]] bool complete() const { return missing_ == 0; }

private:
    unsigned missing_ = 0;  // continuation bytes of the character that has begun
    unsigned char least_ = 0x80;
    unsigned char most_ = 0xbf;  // of the next one
};

struct ws_message
{
    std::string text;
};
struct ws_ping
{
    std::string payload;
};
// The client closes; 1005: it gave no code.
struct ws_close
{
    int code = 0;
};
// The client broke the protocol: close with this code, and believe nothing further.
struct ws_failure
{
    int code = 0;
    std::string_view why;
};

class ws_frames
{
public:
    explicit ws_frames(std::size_t message_max) : message_max_(message_max) {}

    // Where the client's next bytes go; then how many have come.
    [[nodiscard]] std::span<char> space();
    void filled(std::size_t bytes) { end_ += bytes; }

    using event = std::variant<ws_message, ws_ping, ws_close, ws_failure>;
    // Nothing: more bytes are needed. Not to be asked again after a close or a failure.
    std::optional<event> next();

    // A frame or a message has begun and has not ended.
    [[nodiscard]] bool unfinished() const { return in_frame_ || in_message_ || begin_ != end_; }

private:
    struct header
    {
        bool last = false;
        std::uint8_t opcode = 0;
        std::uint64_t size = 0;
        std::size_t bytes = 0;  // of the header itself
        std::array<char, 4> key{};
    };
    std::optional<header> parse_header();
    [[nodiscard]] std::optional<ws_failure> objection(header const& to) const;
    // Of the frame that has begun: what has come is taken. False: some is missing.
    std::string_view take_payload();
    std::optional<event> end_control();
    std::optional<event> end_data();

    std::size_t const message_max_;
    std::vector<char> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;

    bool in_frame_ = false;
    header frame_;            // if in_frame_
    std::uint64_t left_ = 0;  // of its payload
    std::size_t key_at_ = 0;
    std::string control_;  // payload of a control frame

    bool in_message_ = false;
    std::string message_;
    utf8_check utf8_;
};

// Whether a close frame may carry that code.
[[nodiscard]] bool may_be_sent(int close_code);

// What the server puts before a message's text.
[[nodiscard]] std::string ws_text_header(std::size_t size);
[[nodiscard]] std::string ws_pong_frame(std::string_view payload);
// `code` 1005: without one. A reason that is too long is cut.
[[nodiscard]] std::string ws_close_frame(int code, std::string_view reason);

}  // namespace chaind::gateway
