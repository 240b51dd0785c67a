#include "raw_client.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <random>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace chaind::test
{

namespace json = boost::json;

// ---- bytes

namespace
{

// Clients run on threads of their own, too, and Boost.Test's macros only on the main one.
void require(bool done, char const* what)
{
    if (!done) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

raw_socket::raw_socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
{
    require(fd_ >= 0, "socket");
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0, "connect");
    // A frame in two pieces would wait for the server's delayed acknowledgement of the first.
    int const yes = 1;
    require(::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0, "setsockopt");
}

raw_socket::raw_socket(raw_socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), ended_(other.ended_)
{
}

raw_socket::~raw_socket()
{
    close();
}

void raw_socket::close()
{
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    ended_ = true;
}

bool raw_socket::send(std::string_view bytes)
{
    while (!bytes.empty())
    {
        auto const n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

std::string raw_socket::receive(std::size_t most, std::chrono::milliseconds within)
{
    pollfd waits{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&waits, 1, static_cast<int>(within.count())) <= 0) return {};
    std::string out(most, '\0');
    auto const n = ::recv(fd_, out.data(), out.size(), 0);
    ended_ = n <= 0;
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
}

void raw_socket::receive_little(int bytes)
{
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

// ---- HTTP

json::object http_answer::json() const
{
    boost::system::error_code failed;
    auto const value = json::parse(body, failed);
    BOOST_TEST(!failed, "not JSON: " << body);
    return value.is_object() ? value.get_object() : json::object{};
}

std::string http_answer::error_code() const
{
    return text_at(json(), {"err", "code"});
}

http_answer read_answer(raw_socket& from, std::chrono::milliseconds within)
{
    http_answer out;
    std::string bytes;
    std::size_t head = std::string::npos;
    while (head == std::string::npos)
    {
        auto const more = from.receive(65536, within);
        if (more.empty()) return out;
        bytes += more;
        head = bytes.find("\r\n\r\n");
    }
    std::string_view lines(bytes.data(), head);
    out.status = static_cast<unsigned>(std::stoul(std::string(lines.substr(9, 3))));
    while (true)
    {
        auto const end = lines.find("\r\n");
        auto const line = lines.substr(0, end);
        if (auto const colon = line.find(": "); colon != std::string_view::npos)
        {
            std::string name(line.substr(0, colon));
            std::transform(
                name.begin(),
                name.end(),
                name.begin(),
                [](unsigned char c) { return static_cast<char>(std::tolower(c)); }
            );
            out.headers[name] = std::string(line.substr(colon + 2));
        }
        if (end == std::string_view::npos) break;
        lines.remove_prefix(end + 2);
    }
    out.body = bytes.substr(head + 4);
    auto const length = out.headers.find("content-length");
    auto const size = length == out.headers.end() ? 0 : std::stoul(length->second);
    while (out.body.size() < size)
    {
        auto const more = from.receive(65536, within);
        if (more.empty()) break;
        out.body += more;
    }
    return out;
}

http_answer http(
    std::uint16_t port, std::string const& method, std::string const& target, http_options const& with
)
{
    raw_socket to(port);
    std::string text =
        method + ' ' + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n";
    for (auto const& [name, value] : with.headers)
        text += name + ": " + value + "\r\n";
    if (!with.body.empty()) text += "Content-Length: " + std::to_string(with.body.size()) + "\r\n";
    text += "Connection: close\r\n\r\n" + with.body;
    to.send(text);
    return read_answer(to);
}

// ---- WebSocket

std::string handshake(std::vector<std::pair<std::string, std::string>> const& with, std::string const& path)
{
    std::string text = "GET " + path +
                       " HTTP/1.1\r\nHost: chat.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (auto const& [name, value] : with)
        text += name + ": " + value + "\r\n";
    return text + "\r\n";
}

http_answer try_handshake(std::uint16_t port, std::vector<std::pair<std::string, std::string>> const& with)
{
    raw_socket to(port);
    to.send(handshake(with));
    return read_answer(to);
}

chat_client::chat_client(std::uint16_t port) : socket_(port)
{
    socket_.send(handshake({{"Sec-WebSocket-Protocol", "chat.v1"}}));
    auto const answer = read_answer(socket_);
    BOOST_TEST_REQUIRE(answer.status == 101U);
    BOOST_TEST(answer.headers.at("sec-websocket-protocol") == "chat.v1");
    BOOST_TEST(answer.headers.at("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

void chat_client::send_frame(opcode what, std::string_view payload, bool final, bool masked)
{
    std::string out;
    out += static_cast<char>((final ? 0x80 : 0) | static_cast<int>(what));
    int const mask = masked ? 0x80 : 0;
    if (payload.size() < 126)
        out += static_cast<char>(mask | static_cast<int>(payload.size()));
    else if (payload.size() < 65536)
    {
        out += static_cast<char>(mask | 126);
        out += static_cast<char>(payload.size() >> 8U);
        out += static_cast<char>(payload.size() & 255U);
    }
    else
    {
        out += static_cast<char>(mask | 127);
        for (int shift = 56; shift >= 0; shift -= 8)
            out += static_cast<char>((static_cast<std::uint64_t>(payload.size()) >> shift) & 255U);
    }
    static constexpr std::string_view key = "\x11\x22\x33\x44";
    if (masked) out += key;
    for (std::size_t i = 0; i < payload.size(); ++i)
        out += masked ? static_cast<char>(payload[i] ^ key[i % 4]) : payload[i];
    socket_.send(out);
}

std::optional<json::object> chat_client::receive(std::chrono::milliseconds within)
{
    auto const deadline = std::chrono::steady_clock::now() + within;
    while (!close_code_)
    {
        std::size_t at = 2;
        std::uint64_t size = buffer_.size() >= 2 ? static_cast<unsigned char>(buffer_[1]) & 127U : 0;
        std::size_t const extra = size == 126 ? 2 : size == 127 ? 8 : 0;
        if (buffer_.size() >= at + extra && extra > 0)
        {
            size = 0;
            for (std::size_t i = 0; i < extra; ++i)
                size = size << 8U | static_cast<unsigned char>(buffer_[at + i]);
        }
        at += extra;
        if (buffer_.size() >= 2 && buffer_.size() >= at + size)
        {
            auto const kind = static_cast<opcode>(buffer_[0] & 15);
            BOOST_TEST((buffer_[1] & 0x80) == 0, "servers do not mask");
            auto const payload = buffer_.substr(at, size);
            buffer_.erase(0, at + size);
            if (kind == opcode::text) return json::parse(payload).as_object();
            if (kind == opcode::close)
            {
                close_code_ = payload.size() < 2 ? 1005
                                                 : static_cast<unsigned char>(payload[0]) << 8U |
                                                       static_cast<unsigned char>(payload[1]);
                send_frame(opcode::close, payload.substr(0, 2));
                socket_.close();
            }
            continue;
        }
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now()
        );
        auto const more = socket_.receive(65536, std::max(left, std::chrono::milliseconds(0)));
        if (more.empty()) return std::nullopt;
        buffer_ += more;
    }
    return std::nullopt;
}

int chat_client::wait_for_close(std::chrono::milliseconds within)
{
    auto const deadline = std::chrono::steady_clock::now() + within;
    while (!close_code_ && !socket_.ended() && std::chrono::steady_clock::now() < deadline)
        if (auto frame = receive(std::chrono::milliseconds(200))) sort(std::move(*frame));
    return close_code_.value_or(0);
}

void chat_client::sort(json::object frame)
{
    if (auto const* re = frame.if_contains("re"))
        answers_[re->to_number<std::int64_t>()] = std::move(frame);
    else if (auto const* many = frame.if_contains("evs"))
    {
        ++batches_;
        BOOST_TEST(many->get_array().size() <= 256U);
        for (auto const& one : many->get_array())
            events_.push_back(one.as_object());
    }
    else if (frame.contains("prev"))
        events_.push_back(std::move(frame));
    else
        hints_.push_back(std::move(frame));
}

bool chat_client::pump(std::chrono::milliseconds within)
{
    auto frame = receive(within);
    if (!frame) return false;
    sort(std::move(*frame));
    return true;
}

std::int64_t chat_client::send_request(std::string_view op, json::object d, std::string_view cid)
{
    auto const id = next_id_++;
    json::object frame{{"id", id}, {"op", op}, {"d", std::move(d)}};
    if (!cid.empty()) frame["cid"] = cid;
    send_text(json::serialize(frame));
    return id;
}

json::object chat_client::answer_to(std::int64_t id)
{
    while (!answers_.contains(id))
        if (!pump(patience)) break;
    BOOST_TEST_REQUIRE(answers_.contains(id), "no answer; closed with " << close_code_.value_or(0));
    auto out = std::move(answers_[id]);
    answers_.erase(id);
    return out;
}

json::object chat_client::request(std::string_view op, json::object d, std::string_view cid)
{
    return answer_to(send_request(op, std::move(d), cid));
}

json::object chat_client::hello(std::string_view token, json::object more)
{
    json::object d{{"proto", {1}}, {"client", {{"name", "test"}, {"ver", "1"}}}};
    if (!token.empty()) d["token"] = token;
    for (auto& [key, value] : more)
        d[key] = value;
    return request("hello", std::move(d));
}

void chat_client::ack(std::int64_t pos)
{
    send_text(json::serialize(json::object{{"op", "ack"}, {"d", {{"pos", pos}}}}));
}

std::optional<json::object> chat_client::next_event(std::chrono::milliseconds within)
{
    while (events_.empty())
        if (!pump(within)) return std::nullopt;
    auto first = std::move(events_.front());
    events_.erase(events_.begin());
    return first;
}

std::optional<json::object> chat_client::next_hint(std::string_view name, std::chrono::milliseconds within)
{
    auto const is_it = [name](json::object const& one) { return text_at(one, {"ev"}) == name; };
    while (true)
    {
        auto const found = std::find_if(hints_.begin(), hints_.end(), is_it);
        if (found != hints_.end())
        {
            auto out = std::move(*found);
            hints_.erase(found);
            return out;
        }
        if (!pump(within)) return std::nullopt;
    }
}

// ---- small things

std::string fresh_cid()
{
    static std::mt19937_64 random(20260101);
    static constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string out(26, '0');
    auto time = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                               std::chrono::system_clock::now().time_since_epoch()
    )
                                               .count());
    for (std::size_t i = 10; i-- > 0; time >>= 5U)
        out[i] = digits[time & 31U];
    for (std::size_t i = 10; i < out.size(); ++i)
        out[i] = digits[random() & 31U];
    return out;
}

namespace
{
json::value const* find(json::value const& in, std::initializer_list<std::string_view> keys)
{
    auto const* at = &in;
    for (auto const key : keys)
    {
        if (!at->is_object()) return nullptr;
        at = at->get_object().if_contains(key);
        if (at == nullptr) return nullptr;
    }
    return at;
}
}  // namespace

std::string text_at(json::value const& in, std::initializer_list<std::string_view> keys)
{
    auto const* found = find(in, keys);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::int64_t number_at(json::value const& in, std::initializer_list<std::string_view> keys)
{
    auto const* found = find(in, keys);
    return found != nullptr && found->is_number() ? found->to_number<std::int64_t>() : -1;
}

}  // namespace chaind::test
