#include "store/scrub.hpp"

#include "chat/tables.hpp"
#include "runtime/clock.hpp"
#include "runtime/error_words.hpp"
#include "sqlite/write_again.hpp"
#include "store/chat_rows.hpp"
#include "store/chat_sum.hpp"
#include "store/log_rows.hpp"
#include "store/pace.hpp"
#include "store/store_file.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

namespace chaind::store
{
namespace
{

using namespace chat_rows;
using clock = std::chrono::steady_clock;

constexpr int scrub_niceness = 10;
constexpr int scrub_busy_ms = 5000;
constexpr auto told_every = std::chrono::milliseconds(200);
constexpr auto writer_takes = std::chrono::milliseconds(1);  // for the transaction that it is in
constexpr std::size_t log_piece_bytes = 128u << 10;

// Time that passes is what counts here, not that of the processor: a slow disk is others' disk, too.
pace::clock wall_clock()
{
    return {
        .worked = [] { return std::chrono::duration_cast<pace::duration>(clock::now().time_since_epoch()); },
        .sleep = [](pace::duration how_long) { std::this_thread::sleep_for(how_long); },
    };
}

// A part of a table that has been read.
template <class Row>
struct piece
{
    chat::row_sum sum;
    std::uint64_t rows = 0;
    Row last;  // its key is where the next piece begins
};

// Up to `count` rows behind `from`, in the order of their keys.
template <class Row>
piece<Row> read_piece(sqlite::database& db, Row const& from, std::uint64_t count)
{
    piece<Row> out{.sum = {}, .rows = 0, .last = from};
    for (auto row = rows_of<Row>::behind(db, from, count); row.step(); ++out.rows)
    {
        out.last = rows_of<Row>::get(row);
        out.sum.add(out.last);
    }
    return out;
}

}  // namespace

class scrub::impl
{
public:
    impl(scrub_options how, std::shared_ptr<row_watch> watch, scrub_events tell, post_function post)
        : how_(std::move(how)),
          watch_(std::move(watch)),
          tell_(std::make_shared<scrub_events const>(std::move(tell))),
          post_(std::move(post)),
          due_(how_.every.count() > 0 ? clock::now() + how_.first : clock::time_point::max()),
          thread_([this] { work(); })
    {
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

    void ask(std::uint64_t number)
    {
        {
            std::lock_guard const hold(mutex_);
            if (number == wanted_) return;
            wanted_ = number;
            ++orders_;
        }
        wake_.notify_one();
    }

private:
    enum class outcome
    {
        sound,
        differs,
        ended_early,
        failed,
    };

    void work()
    {
        static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), scrub_niceness));
        while (auto const number = wait())
        {
            auto const how = guarded_round(*number);
            watch_->end_round();
            if (how == outcome::failed) return;
            report_.running = false;
            if (how == outcome::ended_early)
            {
                report_.asked = 0;
                progress(true);
                continue;
            }
            ++report_.rounds;
            report_.ended_ms = runtime::now().wall_us / 1000;
            due_ = how_.every.count() > 0 ? clock::now() + how_.every : clock::time_point::max();
            post([report = report_](scrub_events const& to) { to.ended(report); });
        }
    }

    // The number of the round that is to begin, 0 for one that nobody asked for; nothing: this is the end.
    std::optional<std::uint64_t> wait()
    {
        std::unique_lock hold(mutex_);
        for (;;)
        {
            if (stopping_) return std::nullopt;
            if (orders_ != seen_orders_)
            {
                seen_orders_ = orders_;
                if (wanted_ != 0) return wanted_;
            }
            if (clock::now() >= due_) return 0;
            if (due_ == clock::time_point::max())
                wake_.wait(hold);
            else
                wake_.wait_until(hold, due_);
        }
    }

    [[nodiscard]] bool interrupted()
    {
        std::lock_guard const hold(mutex_);
        return stopping_ || orders_ != seen_orders_;
    }

    outcome guarded_round(std::uint64_t number)
    {
        std::string why;
        try
        {
            report_.running = true;
            report_.asked = number;
            report_.done = 0;
            report_.error.clear();
            return round(number == 0 ? how_.share : how_.share_when_asked);
        }
        catch (std::exception const& e)
        {
            why = runtime::words_of(e);  // no memory, say
        }
        post([why](scrub_events const& to) { to.failed(errc::disk_failed, why); });
        return outcome::failed;
    }

    outcome round(std::size_t share)
    {
        auto opened = sqlite::database::open(how_.database, sqlite::database::access::read_only, how_.vfs);
        if (!opened) return give_up("cannot open " + how_.database + ": " + opened.error().message());
        auto& db = **opened;
        sqlite3_busy_timeout(db.handle(), scrub_busy_ms);
        db.script("PRAGMA cell_size_check = ON");
        pace rests(share, wall_clock());
        rests.begin();
        estimate(db);
        if (db.failed()) return give_up(db);
        watch_->begin_round();
        auto const tables = read_tables(db, rests, chat::keyed_rows());
        if (tables != outcome::sound) return tables;
        auto const log = read_log(db, rests);
        if (log != outcome::sound) return log;
        for (;;)
        {
            if (auto const sound = watch_->verdict())
            {
                report_.done = report_.all;
                if (!*sound) report_.error = rows_differ;
                return *sound ? outcome::sound : outcome::differs;
            }
            if (interrupted()) return outcome::ended_early;
            std::this_thread::sleep_for(writer_takes);
        }
    }

    template <class... Row>
    outcome read_tables(sqlite::database& db, pace& rests, chat::row_types<Row...>)
    {
        auto ended = outcome::sound;
        static_cast<void>((((ended = read_table<Row>(db, rests)) == outcome::sound) && ...));
        return ended;
    }

    template <class Row>
    outcome read_table(sqlite::database& db, pace& rests)
    {
        Row read{};
        for (;;)
        {
            auto const since = watch_->begin_piece(rows_of<Row>::place(read).table);
            piece<Row> next;
            seq at;
            for (;;)
            {
                if (interrupted()) return outcome::ended_early;
                db.script("BEGIN");
                at = get_counters(db).pos;
                bool const there = at >= since;
                if (there) next = read_piece(db, read, how_.piece_rows);
                db.script("COMMIT");
                if (db.failed()) return give_up(db);
                if (there) break;
                std::this_thread::sleep_for(writer_takes);  // for its COMMIT
            }
            bool const end = next.rows < how_.piece_rows;
            auto const upto = end ? std::nullopt : std::optional(rows_of<Row>::place(next.last));
            if (!watch_->end_piece(at, upto, next.sum)) continue;
            report_.done += next.rows;
            progress(false);
            rests.rest();
            if (end) return outcome::sound;
            read = std::move(next.last);
        }
    }

    outcome read_log(sqlite::database& db, pace& rests)
    {
        std::optional<log_point> after;
        std::optional<seq> upto;
        while (!after || after->at < *upto)
        {
            if (interrupted()) return outcome::ended_early;
            std::string why;
            std::optional<result<std::vector<chain::entry>>> rows;
            db.script("BEGIN");
            auto const meta = load_meta(db);
            if (meta)
            {
                if (!upto) upto = meta->applied.at;
                // What lies before the base has gone meanwhile.
                if (!after || after->at < meta->base.at) after = meta->base;
                if (after->at < *upto) rows = read_rows(db, {*after, *upto, log_piece_bytes}, why);
            }
            db.script("COMMIT");
            if (db.failed()) return give_up(db);
            if (!meta) return give_up(how_.database + ": the meta row is missing");
            if (!rows) break;
            if (!*rows)
            {
                report_.error = why;
                return outcome::differs;
            }
            after = (*rows)->back().point();
            report_.done += (*rows)->size();
            progress(false);
            rests.rest();
        }
        return outcome::sound;
    }

    void estimate(sqlite::database& db)
    {
        auto const counters = get_counters(db);
        auto const meta = load_meta(db);
        auto const log = meta ? meta->applied.at - meta->base.at : 0;
        // Messages, events, remembered requests.
        report_.all = counters.users + counters.convs + 3 * counters.max_message_id + log;
    }

    void progress(bool at_once)
    {
        auto const now = clock::now();
        report_.all = std::max(report_.all, report_.done);
        if (!at_once && now - told_at_ < told_every) return;
        told_at_ = now;
        post([report = report_](scrub_events const& to) { to.progress(report); });
    }

    outcome give_up(sqlite::database const& db)
    {
        auto const primary = db.failure().value() & 0xff;
        return give_up(
            how_.database + ": " + db.failure_text(),
            primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? errc::store_damaged : errc::disk_failed
        );
    }
    // As for the writer: the next start believes nothing.
    outcome give_up(std::string text, errc code = errc::disk_failed)
    {
        sqlite::leave_distrust(how_.database, how_.vfs, text);
        post([code, text = std::move(text)](scrub_events const& to) { to.failed(code, text); });
        return outcome::failed;
    }

    template <class Tell>
    void post(Tell tell)
    {
        post_([to = tell_, tell = std::move(tell)] { tell(*to); });
    }

    scrub_options const how_;
    std::shared_ptr<row_watch> const watch_;
    std::shared_ptr<scrub_events const> const tell_;
    post_function const post_;

    // The worker's.
    scrub_report report_;
    clock::time_point told_at_{};
    clock::time_point due_;

    std::mutex mutex_;
    std::condition_variable wake_;
    std::uint64_t wanted_ = 0;
    std::uint64_t orders_ = 0;
    std::uint64_t seen_orders_ = 0;
    bool stopping_ = false;

    std::thread thread_;  // the last member: it uses all others
};

scrub::scrub(scrub_options how, std::shared_ptr<row_watch> watch, scrub_events tell, post_function post)
    : impl_(std::make_unique<impl>(std::move(how), std::move(watch), std::move(tell), std::move(post)))
{
}
scrub::~scrub() = default;

void scrub::ask(std::uint64_t number)
{
    impl_->ask(number);
}

}  // namespace chaind::store
