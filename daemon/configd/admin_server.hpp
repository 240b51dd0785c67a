#pragma once
// HTTP/JSON over a Unix socket of mode 0600: who may open it is the user that runs configd, or root. One
// request at a time a connection; bodies are not read beyond 64 KiB. At most 64 connections; one that has not
// asked within `idle_limit`, or has not taken its answer, is closed.

#include "runtime/task_group.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json/object.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace chaind::configd
{

struct admin_request
{
    std::string method;
    std::string target;  // with its query
    std::string body;
    std::uint32_t uid = 0;  // of the process at the other end, as the kernel says
    // Whether that process still waits for an answer. Only while the request is being answered.
    std::function<bool()> asker_waits = [] { return true; };
};

struct admin_answer
{
    unsigned status;
    boost::json::object body;
    bool passing = false;  // a refusal for a reconfiguration alone: see control::admin_reply

    admin_answer(unsigned s, boost::json::object b) : status(s), body(std::move(b)) {}
};

class admin_server
{
public:
    using handler = std::function<boost::asio::awaitable<admin_answer>(admin_request)>;

    // Replaces a socket that an earlier process left; the caller holds the registry's lock, so that no living
    // one is replaced. Throws boost::system::system_error.
    admin_server(
        runtime::task_group& tasks,
        std::string path,
        handler answer,
        std::chrono::milliseconds idle_limit = std::chrono::seconds(30)
    );
    ~admin_server();  // removes the socket

    void start();
    void stop();

private:
    boost::asio::awaitable<void> accept_loop();
    boost::asio::awaitable<void> serve(boost::asio::local::stream_protocol::socket socket);
    boost::asio::awaitable<void> converse(boost::asio::local::stream_protocol::socket& socket);

    runtime::task_group& tasks_;
    std::string path_;
    handler answer_;
    std::chrono::milliseconds const idle_limit_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::size_t connections_ = 0;
};

}  // namespace chaind::configd
