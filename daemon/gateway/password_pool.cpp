#include "gateway/password_pool.hpp"

#include "runtime/within.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <sodium.h>

#include <array>
#include <stdexcept>

namespace chaind::gateway
{

namespace asio = boost::asio;

struct password_pool::job
{
    explicit job(asio::any_io_executor const& on) : done(on, asio::steady_timer::time_point::max()) {}

    std::string stored;  // to verify against
    std::string password;
    bool make = false;
    bool finished = false;
    bool dropped = false;  // to make room for somebody whose line was shorter
    std::string made;
    bool right = false;
    asio::steady_timer done;
};

namespace
{
std::string hash_now(std::string const& password, password_pool::cost const& with)
{
    std::array<char, crypto_pwhash_STRBYTES> out{};
    if (::crypto_pwhash_str_alg(
            out.data(),
            password.data(),
            password.size(),
            with.ops,
            with.mem_bytes,
            crypto_pwhash_ALG_ARGON2ID13
        ) != 0)
        throw std::bad_alloc();  // its only failure
    return out.data();
}
}  // namespace

// Of the loop's thread alone, but for the work itself.
struct password_pool::desk : std::enable_shared_from_this<desk>
{
    desk(asio::any_io_executor on, cost with, std::size_t queue_max, std::size_t hands)
        : loop(std::move(on)), each(with), queue(queue_max), free(hands), most(queue_max)
    {
    }

    void start_next()
    {
        while (threads != nullptr && free > 0)
        {
            auto next = queue.pop();
            if (!next) return;
            --free;
            ++working;
            auto back = [self = shared_from_this(), what = *next]
            {
                ++self->free;
                --self->working;
                what->finished = true;
                what->done.cancel();
                self->start_next();
            };
            auto work = [what = *next, with = each, on = loop, back = std::move(back)]
            {
                if (what->make || what->stored.empty())
                    what->made = hash_now(what->password, with);
                else
                    what->right = ::crypto_pwhash_str_verify(
                                      what->stored.c_str(), what->password.data(), what->password.size()
                                  ) == 0;
                ::sodium_memzero(what->password.data(), what->password.size());
                asio::post(on, back);
            };
            asio::post(*threads, std::move(work));
        }
    }

    asio::any_io_executor loop;
    cost each;
    fair_queue<std::shared_ptr<job>> queue;
    std::size_t free;  // threads
    std::size_t most;
    std::size_t working = 0;
    asio::thread_pool* threads = nullptr;
};

password_pool::password_pool(
    asio::any_io_executor loop, cost with, std::size_t threads, std::size_t queue_max
)
    : loop_(std::move(loop)),
      desk_(std::make_shared<desk>(loop_, with, queue_max, threads)),
      threads_(threads)
{
    if (::sodium_init() < 0) throw std::runtime_error("libsodium cannot start");
    desk_->threads = &threads_;
}

password_pool::~password_pool()
{
    desk_->threads = nullptr;  // what waits is dropped
    threads_.stop();
    threads_.join();
}

std::size_t password_pool::waiting() const
{
    return desk_->queue.size() + desk_->working;
}

asio::awaitable<result<std::string>> password_pool::hash(asker who, std::string password)
{
    auto const what = std::make_shared<job>(loop_);
    what->make = true;
    what->password = std::move(password);
    if (auto const failed = co_await run(std::move(who), what)) co_return failed;
    co_return std::move(what->made);
}

asio::awaitable<result<bool>> password_pool::verify(asker who, std::string stored, std::string password)
{
    auto const what = std::make_shared<job>(loop_);
    what->stored = std::move(stored);
    what->password = std::move(password);
    if (auto const failed = co_await run(std::move(who), what))
        co_return result<bool>(boost::system::in_place_error, failed);
    co_return what->right;
}

asio::awaitable<error_code> password_pool::run(asker who, std::shared_ptr<job> what)
{
    auto const at = desk_;
    if (at->most == 0) co_return make_error_code(errc::timed_out);
    if (auto const lost = at->queue.push(who.as, who.from, what))
    {
        (*lost)->dropped = true;
        (*lost)->done.cancel();
    }
    at->start_next();
    while (!what->finished && !what->dropped)
        co_await runtime::wait_on(what->done);
    if (what->dropped) co_return make_error_code(errc::timed_out);
    co_return error_code{};
}

}  // namespace chaind::gateway
