#include "store/snapshot_thread.hpp"

#include "runtime/error_words.hpp"
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
chain::snapshot_made failed(chain::make_snapshot const& what, chain::order_failure why)
{
    return {.order = what.order, .snapshot = {}, .failed = std::move(why)};
}
chain::chunk_read failed(chain::read_chunk const& what, chain::order_failure why)
{
    return {.id = what.id, .index = what.index, .hash = {}, .packed = {}, .failed = std::move(why)};
}
chain::incoming_opened failed(chain::open_incoming const& what, chain::order_failure why)
{
    return {.id = what.snapshot.id, .held = {}, .failed = std::move(why)};
}
chain::chunk_kept failed(chain::keep_chunk const& what, chain::order_failure why)
{
    return {.id = what.id, .index = what.index, .failed = std::move(why)};
}
chain::incoming_checked failed(chain::check_incoming const& what, chain::order_failure why)
{
    return {.id = what.snapshot.id, .failed = std::move(why)};
}
chain::rows_checked failed(chain::check_rows const&, chain::order_failure why)
{
    return {.verdict = chain::rows_verdict::not_known, .text = std::move(why.text)};
}

// Whether `next` says that nobody waits for the outcome of `now` any more.
bool ends(chain::snapshot_order const& next, chain::snapshot_order const& now)
{
    if (auto const* dropped = std::get_if<chain::drop_snapshot>(&next))
    {
        auto const* made = std::get_if<chain::make_snapshot>(&now);
        return made && made->order == dropped->order;
    }
    auto const* opened = std::get_if<chain::open_incoming>(&next);
    if (!opened) return false;
    // One snapshot is taken in at a time. Of the same one, the answer to the earlier opening is the one that
    // counts.
    if (auto const* before = std::get_if<chain::open_incoming>(&now))
        return before->snapshot.id != opened->snapshot.id;
    return std::holds_alternative<chain::check_incoming>(now);
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
            if (now_ && ends(what, *now_)) cancelled_ = true;
            queue_.push_back(std::move(what));
        }
        wake_.notify_one();
    }
    [[nodiscard]] microseconds busy_for() const { return work_.busy_for(); }

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
        now_ = std::move(queue_.front());
        queue_.pop_front();
        cancelled_ = std::any_of(
            queue_.begin(),
            queue_.end(),
            [this](chain::snapshot_order const& each) { return ends(each, *now_); }
        );
        return now_;
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
            tell(failed(what, {chain::order_fault::disk, runtime::words_of(e)}));
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
    std::optional<chain::snapshot_order> now_;  // is being carried out, or was the last
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
microseconds snapshot_thread::busy_for() const
{
    return impl_->busy_for();
}

}  // namespace chaind::store
