#pragma once
// A client that owns every byte it sends: plain blocking sockets with deadlines, HTTP by hand, WebSocket
// frames by hand. It shares no code with the server, so that the two cannot agree on a mistake.

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::test
{

constexpr std::chrono::milliseconds patience{8000};

class raw_socket
{
public:
    explicit raw_socket(std::uint16_t port);
    ~raw_socket();
    raw_socket(raw_socket&& other) noexcept;
    raw_socket& operator=(raw_socket&&) = delete;

    // False: the other side has closed or reset.
    bool send(std::string_view bytes);
    // Up to `most` bytes; empty: closed, or nothing came in time (see ended()).
    std::string receive(std::size_t most, std::chrono::milliseconds within = patience);
    void close();
    [[nodiscard]] bool ended() const { return ended_; }
    void receive_little(int bytes);  // a small kernel buffer

private:
    int fd_ = -1;
    bool ended_ = false;
};

struct http_answer
{
    unsigned status = 0;                         // 0: closed without an answer
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;

    [[nodiscard]] boost::json::object json() const;
    [[nodiscard]] std::string error_code() const;  // of {"err":{"code":...}}
};

// What is read of one answer from a socket that may stay open.
http_answer read_answer(raw_socket& from, std::chrono::milliseconds within = patience);

struct http_options
{
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};
http_answer http(
    std::uint16_t port, std::string const& method, std::string const& target, http_options const& with = {}
);

enum class opcode : std::uint8_t
{
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10,
};

// One chat.v1 client.
class chat_client
{
public:
    explicit chat_client(std::uint16_t port);  // connected, handshake done

    void send_text(std::string_view text) { send_frame(opcode::text, text); }
    void send_frame(opcode what, std::string_view payload, bool final = true, bool masked = true);
    raw_socket& socket() { return socket_; }

    // The next message as JSON; nothing: closed (close_code) or nothing came in time.
    std::optional<boost::json::object> receive(std::chrono::milliseconds within = patience);
    [[nodiscard]] std::optional<int> close_code() const { return close_code_; }
    // Reads on until the server closes; the code, 0 when there was none in time.
    int wait_for_close(std::chrono::milliseconds within = patience);

    // Sends a request; the answer, while events that come first are kept for next_event().
    boost::json::object request(std::string_view op, boost::json::object d, std::string_view cid = {});
    std::int64_t send_request(std::string_view op, boost::json::object d, std::string_view cid = {});
    boost::json::object answer_to(std::int64_t id);
    // hello; the answer.
    boost::json::object hello(std::string_view token, boost::json::object more = {});
    void ack(std::int64_t pos);

    // The next durable event (batches are taken apart). Nothing: none came.
    std::optional<boost::json::object> next_event(std::chrono::milliseconds within = patience);
    // The next ephemeral event of that name.
    std::optional<boost::json::object> next_hint(
        std::string_view name, std::chrono::milliseconds within = patience
    );
    [[nodiscard]] std::size_t batches() const { return batches_; }

private:
    void sort(boost::json::object frame);
    bool pump(std::chrono::milliseconds within);

    raw_socket socket_;
    std::string buffer_;
    std::int64_t next_id_ = 1;
    std::optional<int> close_code_;
    std::vector<boost::json::object> events_;
    std::vector<boost::json::object> hints_;
    std::map<std::int64_t, boost::json::object> answers_;
    std::size_t batches_ = 0;
};

// The handshake's request text, and the answer to any handshake.
std::string handshake(
    std::vector<std::pair<std::string, std::string>> const& headers, std::string const& path = "/ws"
);
http_answer try_handshake(
    std::uint16_t port, std::vector<std::pair<std::string, std::string>> const& headers
);

std::string fresh_cid();

// Shorthands: text and number at a path of keys, "" and -1 where there is none.
std::string text_at(boost::json::value const& in, std::initializer_list<std::string_view> keys);
std::int64_t number_at(boost::json::value const& in, std::initializer_list<std::string_view> keys);

}  // namespace chaind::test
