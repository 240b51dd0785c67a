#include "store/store_thread.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

namespace chaind::store
{
namespace
{

using namespace std::chrono_literals;

constexpr auto rest = 200ms;
constexpr auto space_said_every = 1s;  // while nothing but the number changes

std::size_t bytes_of(chain::store_write const& write)
{
    std::size_t sum = 64;
    for (auto const& e : write.entries)
    {
        sum += e.bytes();
    }
    return sum;
}

}  // namespace

class store_thread::impl
{
public:
    impl(
        std::unique_ptr<sqlite_store> store,
        reader_pool& readers,
        store_events tell,
        post_function post,
        store_limits limits
    )
        : store_(std::move(store)),
          readers_(readers),
          tell_(std::make_shared<store_events const>(std::move(tell))),
          post_(std::move(post)),
          limits_(std::move(limits)),
          space_(limits_.space),
          thread_([this] { work(); })
    {
        readers_.on_failure([tell = tell_](std::string const& text) { tell->failed(errc::disk_failed, text); }
        );
    }

    ~impl()
    {
        {
            std::lock_guard const hold(mutex_);
            stopping_ = true;
        }
        wake_.notify_one();
        thread_.join();
    }

    void write(chain::store_write what)
    {
        auto const bytes = bytes_of(what);
        {
            std::lock_guard const hold(mutex_);
            ++waiting_writes_;
            waiting_bytes_ += bytes;
            queue_.emplace_back(std::move(what));
        }
        wake_.notify_one();
    }

    void read_log(chain::log_read_request what)
    {
        {
            std::lock_guard const hold(mutex_);
            queue_.emplace_back(what);
        }
        wake_.notify_one();
    }

    void allow_drop(seq upto)
    {
        // Rides on the next write: nobody need wake up for it.
        std::lock_guard const hold(mutex_);
        if (!queue_.empty() && std::holds_alternative<seq>(queue_.back()))
            queue_.back() = upto;
        else
            queue_.emplace_back(upto);
    }

    void note_rows(bool proven, std::int64_t now_ms)
    {
        {
            std::lock_guard const hold(mutex_);
            queue_.emplace_back(rows_note{proven, now_ms});
        }
        wake_.notify_one();
    }

    std::size_t waiting_writes() const
    {
        std::lock_guard const hold(mutex_);
        return waiting_writes_;
    }
    std::size_t waiting_bytes() const
    {
        std::lock_guard const hold(mutex_);
        return waiting_bytes_;
    }
    microseconds busy_for() const
    {
        std::lock_guard const hold(mutex_);
        if (!busy_since_) return {};
        return std::chrono::duration_cast<microseconds>(std::chrono::steady_clock::now() - *busy_since_);
    }
    std::uint64_t commits() const
    {
        std::lock_guard const hold(mutex_);
        return commits_;
    }

private:
    struct rows_note
    {
        bool proven = false;
        std::int64_t now_ms = 0;
    };
    using request = std::variant<chain::store_write, chain::log_read_request, seq, rows_note>;

    // Either some writes, for one transaction, or a read, or a note; and what may be dropped.
    struct work_piece
    {
        std::vector<chain::store_write> writes;
        std::size_t bytes = 0;
        std::optional<chain::log_read_request> read;
        std::optional<rows_note> note;
        std::optional<seq> may_drop;
        bool idle = false;  // nothing came for a while
    };

    void work()
    {
        look_at_space();
        while (auto piece = take())
        {
            if (!perform(*piece)) return;
            finished(*piece);
            // Nobody waits for this one, except those who come meanwhile.
            if (piece->idle ? store_->tidy_at_rest() : store_->tidy()) return give_up();
            look_at_space();
        }
    }

    void look_at_space()
    {
        if (limits_.space.folder.empty()) return;
        auto const before = space_.left();
        auto const left = space_.look(store_->needs());
        store_->save_space(is_low(left));
        auto const now = std::chrono::steady_clock::now();
        bool const first = space_said_at_ == std::chrono::steady_clock::time_point{};
        if (!first && left == before && now - space_said_at_ < space_said_every) return;
        space_said_at_ = now;
        post(
            [left, free = space_.available()](store_events const& to)
            {
                if (to.space) to.space(left, free);
            }
        );
    }

    // Waits for the next piece, not for ever; nothing when there is none left and the owner wants the end.
    std::optional<work_piece> take()
    {
        std::unique_lock hold(mutex_);
        busy_since_.reset();
        work_piece piece;
        piece.idle = !wake_.wait_for(hold, rest, [this] { return stopping_ || !queue_.empty(); });
        if (piece.idle) return piece;
        if (queue_.empty()) return std::nullopt;
        busy_since_ = std::chrono::steady_clock::now();

        if (auto* read = std::get_if<chain::log_read_request>(&queue_.front()))
        {
            piece.read = *read;
            queue_.pop_front();
            return piece;
        }
        if (auto* note = std::get_if<rows_note>(&queue_.front()))
        {
            piece.note = *note;
            queue_.pop_front();
            return piece;
        }
        while (!queue_.empty() && piece.writes.size() < limits_.batch_writes &&
               piece.bytes < limits_.batch_bytes)
        {
            if (auto* write = std::get_if<chain::store_write>(&queue_.front()))
            {
                piece.bytes += bytes_of(*write);
                piece.writes.push_back(std::move(*write));
            }
            else if (auto const* upto = std::get_if<seq>(&queue_.front()))
                piece.may_drop = *upto;
            else
                break;
            queue_.pop_front();
        }
        return piece;
    }

    bool perform(work_piece const& piece)
    {
        if (piece.read) return read(*piece.read);
        if (piece.note) return write_note(*piece.note);
        if (piece.may_drop) store_->allow_drop(*piece.may_drop);
        if (piece.writes.empty()) return true;
        auto const base = store_->base();
        store_observer const observer{
            .applied =
                [this](std::vector<chat::applied> what)
            {
                post([what = std::move(what)](store_events const& to) mutable { to.applied(std::move(what)); }
                );
            },
            .checkpoint = [this](checkpoint_reached const& at)
            { post([at](store_events const& to) { to.digested(at.id, at.at, at.sum); }); },
        };
        if (store_->perform(piece.writes, observer))
        {
            give_up();
            return false;
        }
        post([upto = piece.writes.back().id](store_events const& to) { to.written(upto); });
        if (store_->base() != base && tell_->compacted)
            post([now = store_->base()](store_events const& to) { to.compacted(now); });
        return true;
    }

    bool write_note(rows_note const& what)
    {
        if (!store_->note_rows(what.proven, what.now_ms)) return true;
        give_up();
        return false;
    }

    bool read(chain::log_read_request const& what)
    {
        auto rows = store_->read_log(what.from, what.max_bytes);
        if (!rows)
        {
            give_up();
            return false;
        }
        post([id = what.id, found = std::move(*rows)](store_events const& to) mutable
             { to.log_rows(id, std::move(found)); });
        return true;
    }

    void finished(work_piece const& piece)
    {
        std::lock_guard const hold(mutex_);
        waiting_writes_ -= piece.writes.size();
        waiting_bytes_ -= piece.bytes;
        if (!piece.writes.empty()) ++commits_;
        busy_since_ = std::chrono::steady_clock::now();
    }

    void give_up()
    {
        {
            std::lock_guard const hold(mutex_);
            busy_since_.reset();
        }
        post([text = store_->failure_text(), why = store_->failure()](store_events const& to)
             { to.failed(why, text); });
    }

    template <class Tell>
    void post(Tell tell)
    {
        post_([to = tell_, tell = std::move(tell)]() mutable { tell(*to); });
    }

    std::unique_ptr<sqlite_store> const store_;
    reader_pool& readers_;
    std::shared_ptr<store_events const> const tell_;
    post_function const post_;
    store_limits const limits_;
    disk_space space_;
    std::chrono::steady_clock::time_point space_said_at_{};

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<request> queue_;
    std::size_t waiting_writes_ = 0;  // queued, or in the transaction that runs
    std::size_t waiting_bytes_ = 0;
    std::uint64_t commits_ = 0;
    std::optional<std::chrono::steady_clock::time_point> busy_since_;
    bool stopping_ = false;

    std::thread thread_;  // the last member: it uses all others
};

store_thread::store_thread(
    std::unique_ptr<sqlite_store> store,
    reader_pool& readers,
    store_events tell,
    post_function post,
    store_limits limits
)
    : impl_(std::make_unique<impl>(
          std::move(store), readers, std::move(tell), std::move(post), std::move(limits)
      ))
{
}
store_thread::~store_thread() = default;

void store_thread::write(chain::store_write what)
{
    impl_->write(std::move(what));
}
void store_thread::read_log(chain::log_read_request what)
{
    impl_->read_log(what);
}
void store_thread::allow_drop(seq upto)
{
    impl_->allow_drop(upto);
}
void store_thread::note_rows(bool proven, std::int64_t now_ms)
{
    impl_->note_rows(proven, now_ms);
}
std::size_t store_thread::waiting_writes() const
{
    return impl_->waiting_writes();
}
std::size_t store_thread::waiting_bytes() const
{
    return impl_->waiting_bytes();
}
microseconds store_thread::busy_for() const
{
    return impl_->busy_for();
}
std::uint64_t store_thread::commits() const
{
    return impl_->commits();
}

}  // namespace chaind::store
