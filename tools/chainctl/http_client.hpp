#pragma once
// HTTP requests with a deadline, over a Unix socket or TCP: one that its caller waits for, or several at the
// same time.

#include "base/errc.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <functional>
#include <string>

namespace chaind::chainctl
{

// Where a service listens: `unix:/path` or `http://host:port`.
struct endpoint
{
    std::string text;

    [[nodiscard]] bool is_unix() const { return text.starts_with("unix:"); }
    [[nodiscard]] std::string path() const { return text.substr(5); }
};

struct response
{
    unsigned status = 0;
    boost::json::value body;  // null when the answer is no JSON
};

// Questions that are under way at the same time, on the thread that runs them: who does not answer keeps
// nobody waiting for the others.
class questions
{
public:
    // An error code when no answer came: connection refused, timed out, …; then `sent` says whether somebody
    // may have read the request.
    using on_answer = std::function<void(result<response> const&, bool sent)>;

    // Sends METHOD TARGET with a body of JSON, or without one where it is empty. What comes of it may ask the
    // next question.
    void ask(
        endpoint const& to,
        std::string const& method,
        std::string const& target,
        std::chrono::milliseconds limit,
        std::string body,
        on_answer then
    );
    void run() { loop_.run(); }    // until each has had its answer
    void stop() { loop_.stop(); }  // the others do not matter any more

private:
    boost::asio::io_context loop_;
};

// One question, and nothing else until its answer is there.
result<response> request(
    endpoint const& to,
    std::string const& method,
    std::string const& target,
    std::chrono::milliseconds limit,
    std::string body = {},
    bool* sent = nullptr
);

}  // namespace chaind::chainctl
