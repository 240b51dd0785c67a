#pragma once
// Letters from other threads to one loop: in the order in which they were put in, and as many as there are
// with one wake-up of the loop.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace chaind::runtime
{

template <class Letter>
class letter_box : public std::enable_shared_from_this<letter_box<Letter>>
{
public:
    using reader = std::function<void(std::vector<Letter>)>;

    // `read` is called on the loop `to`. What it refers to must be there until close().
    letter_box(boost::asio::any_io_executor to, reader read) : to_(std::move(to)), read_(std::move(read)) {}

    // From any thread, as long as the loop's context exists.
    void put(Letter what)
    {
        change([&what](std::vector<Letter>& waiting) { waiting.push_back(std::move(what)); });
    }

    // The same, where a new letter may replace some of those that wait.
    template <class Change>
    void change(Change const& how)
    {
        bool wake = false;
        {
            std::lock_guard const hold(mutex_);
            how(waiting_);
            wake = !woken_ && !waiting_.empty();
            woken_ = woken_ || wake;
        }
        if (wake) boost::asio::post(to_, [self = this->shared_from_this()] { self->deliver(); });
    }

    // On the loop: nothing is read any more.
    void close() { read_ = nullptr; }

private:
    void deliver()
    {
        std::vector<Letter> all;
        {
            std::lock_guard const hold(mutex_);
            all.swap(waiting_);
            woken_ = false;
        }
        if (read_) read_(std::move(all));
    }

    boost::asio::any_io_executor to_;
    reader read_;  // the loop's
    std::mutex mutex_;
    std::vector<Letter> waiting_;
    bool woken_ = false;  // the loop has been told, and has not looked yet
};

}  // namespace chaind::runtime
