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

password_pool::password_pool(
    asio::any_io_executor loop, cost with, std::size_t threads, std::size_t queue_max
)
    : loop_(std::move(loop)),
      cost_(with),
      queue_max_(queue_max),
      waiting_(std::make_shared<std::size_t>(0)),
      threads_(threads)
{
    if (::sodium_init() < 0) throw std::runtime_error("libsodium cannot start");
}

password_pool::~password_pool()
{
    threads_.stop();  // what waits is dropped
    threads_.join();
}

asio::awaitable<result<std::string>> password_pool::hash(std::string password)
{
    auto const what = std::make_shared<job>(loop_);
    what->make = true;
    what->password = std::move(password);
    if (auto const failed = co_await run(what)) co_return failed;
    co_return std::move(what->made);
}

asio::awaitable<result<bool>> password_pool::verify(std::string stored, std::string password)
{
    auto const what = std::make_shared<job>(loop_);
    what->stored = std::move(stored);
    what->password = std::move(password);
    if (auto const failed = co_await run(what)) co_return result<bool>(boost::system::in_place_error, failed);
    co_return what->right;
}

asio::awaitable<error_code> password_pool::run(std::shared_ptr<job> what)
{
    if (*waiting_ >= queue_max_) co_return make_error_code(errc::timed_out);
    ++*waiting_;
    auto back = [waiting = waiting_, what]
    {
        --*waiting;
        what->finished = true;
        what->done.cancel();
    };
    auto work = [what, with = cost_, loop = loop_, back]
    {
        if (what->make || what->stored.empty())
            what->made = hash_now(what->password, with);
        else
            what->right = ::crypto_pwhash_str_verify(
                              what->stored.c_str(), what->password.data(), what->password.size()
                          ) == 0;
        ::sodium_memzero(what->password.data(), what->password.size());
        asio::post(loop, back);
    };
    asio::post(threads_, std::move(work));
    while (!what->finished)
        co_await runtime::wait_on(what->done);
    co_return error_code{};
}

}  // namespace chaind::gateway
