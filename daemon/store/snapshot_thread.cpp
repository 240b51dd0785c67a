#include "store/snapshot_thread.hpp"

#include "store/snapshot_work.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <variant>

#include <sys/resource.h>
#include <unistd.h>

namespace chaind::store
{
namespace
{

constexpr int niceness = 10;  // a tenth of what the others get, when all want more than there is

// The answer when an order could not be carried out at all.
chain::snapshot_made failed(chain::make_snapshot const& what, std::string why)
{
    return {.order = what.order, .what = {}, .error = std::move(why)};
}
chain::chunk_read failed(chain::read_chunk const& what, std::string why)
{
    return {.id = what.id, .index = what.index, .hash = {}, .packed = {}, .error = std::move(why)};
}
chain::incoming_opened failed(chain::open_incoming const& what, std::string why)
{
    return {.id = what.what.id, .held = {}, .error = std::move(why)};
}
chain::chunk_kept failed(chain::keep_chunk const& what, std::string why)
{
    return {.id = what.id, .index = what.index, .error = std::move(why)};
}
chain::incoming_checked failed(chain::check_incoming const& what, std::string why)
{
    return {.id = what.what.id, .error = std::move(why)};
}
chain::rows_checked failed(chain::check_rows const&, std::string why)
{
    return {.error = std::move(why), .again = true};
}

}  // namespace

class snapshot_thread::impl
{
public:
    impl(snapshot_thread_options how, std::function<void(chain::event)> answer, post_function post)
        : pace_(how.share),
          work_(std::move(how), {.progress = {}, .cancelled = &cancelled_, .rests = &pace_}),
          answer_(std::make_shared<std::function<void(chain::event)> const>(std::move(answer))),
          post_(std::move(post)),
          thread_([this] { work(); })
    {
    }

    ~impl()
    {
        {
            std::lock_guard const hold(mutex_);
            stopping_ = cancelled_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }

    void perform(chain::snapshot_order what)
    {
        {
            std::lock_guard const hold(mutex_);
            auto const* dropped = std::get_if<chain::drop_snapshot>(&what);
            if (dropped && making_ == dropped->order) cancelled_ = true;
            queue_.push_back(std::move(what));
        }
        wake_.notify_one();
    }

private:
    void work()
    {
        // A thread's own on Linux (setpriority(2)): this replica's other threads come first.
        static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness));
        pace_.begin();
        while (auto order = take())
        {
            std::visit([this](auto const& what) { carry_out(what); }, *order);
            pace_.rest();
        }
    }

    std::optional<chain::snapshot_order> take()
    {
        std::unique_lock hold(mutex_);
        wake_.wait(hold, [this] { return stopping_ || !queue_.empty(); });
        if (stopping_) return std::nullopt;
        auto next = std::move(queue_.front());
        queue_.pop_front();
        auto const* make = std::get_if<chain::make_snapshot>(&next);
        making_ = make ? std::optional(make->order) : std::nullopt;
        cancelled_ = make && is_dropped(make->order);
        return next;
    }

    // By an order that is still in the queue; mutex_ is held.
    bool is_dropped(std::uint64_t order) const
    {
        auto const drops = [&](chain::snapshot_order const& what)
        {
            auto const* dropped = std::get_if<chain::drop_snapshot>(&what);
            return dropped && dropped->order == order;
        };
        return std::any_of(queue_.begin(), queue_.end(), drops);
    }

    void carry_out(chain::drop_snapshot const& what) { work_.perform(what); }

    template <class Order>
    void carry_out(Order const& what)
    {
        // Out of memory, say: the replica goes on without this snapshot.
        try
        {
            tell(work_.perform(what));
        }
        catch (std::exception const& e)
        {
            tell(failed(what, e.what()));
        }
    }

    void tell(chain::event what)
    {
        post_([to = answer_, what = std::move(what)]() mutable { (*to)(std::move(what)); });
    }

    std::atomic<bool> cancelled_ = false;  // what is being carried out
    pace pace_;
    snapshot_work work_;
    std::shared_ptr<std::function<void(chain::event)> const> const answer_;
    post_function const post_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<chain::snapshot_order> queue_;
    std::optional<std::uint64_t> making_;  // the order that is being carried out
    bool stopping_ = false;

    std::thread thread_;  // the last member: it uses all others
};

snapshot_thread::snapshot_thread(
    snapshot_thread_options how, std::function<void(chain::event)> answer, post_function post
)
    : impl_(std::make_unique<impl>(std::move(how), std::move(answer), std::move(post)))
{
}
snapshot_thread::~snapshot_thread() = default;

void snapshot_thread::perform(chain::snapshot_order what)
{
    impl_->perform(std::move(what));
}

}  // namespace chaind::store
