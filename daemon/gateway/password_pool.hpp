#pragma once
// Argon2id off the event loop: a few threads, a bounded queue in which those who ask take turns. Its memory
// is threads x argon2_mem, whatever strangers send.

#include "base/errc.hpp"
#include "gateway/fair_queue.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace chaind::gateway
{

class password_pool
{
public:
    struct cost
    {
        std::uint64_t ops = 2;
        std::size_t mem_bytes = 19U * 1024 * 1024;
    };

    // Who asks. `from` has a line of its own.
    struct asker
    {
        std::string from;
        standing as = standing::stranger;
    };

    password_pool(boost::asio::any_io_executor loop, cost with, std::size_t threads, std::size_t queue_max);
    ~password_pool();  // waits for the hashes that are being computed

    // An argon2id string with its own salt. errc::timed_out: the queue is full, try later.
    boost::asio::awaitable<result<std::string>> hash(asker who, std::string password);

    // Whether `password` is the one of `stored`. With an empty `stored` (no such account) it works as long
    // and says no.
    boost::asio::awaitable<result<bool>> verify(asker who, std::string stored, std::string password);

    [[nodiscard]] std::size_t waiting() const;  // and being worked on

private:
    struct job;
    struct desk;  // the queue, and the threads that take from it; completions may outlive this
    boost::asio::awaitable<error_code> run(asker who, std::shared_ptr<job> what);

    boost::asio::any_io_executor loop_;
    std::shared_ptr<desk> desk_;
    boost::asio::thread_pool threads_;
};

}  // namespace chaind::gateway
