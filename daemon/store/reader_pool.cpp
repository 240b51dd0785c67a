#include "store/reader_pool.hpp"

#include "store/chat_reader.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace chaind::store
{
namespace
{

// A file can be locked for a moment while another connection opens or closes.
constexpr int busy_ms = 5000;

result<std::unique_ptr<sqlite::database>> connect(reader_options const& how)
{
    auto db = sqlite::database::open(how.path, sqlite::database::access::read_only, how.vfs);
    if (db) sqlite3_busy_timeout((*db)->handle(), busy_ms);
    return db;
}

}  // namespace

class reader_pool::impl
{
public:
    impl(reader_options how, post_function post) : how_(std::move(how)), post_(std::move(post)) {}

    ~impl()
    {
        std::deque<job> dropped;
        {
            std::lock_guard const hold(mutex_);
            stopping_ = true;
            dropped.swap(jobs_);
        }
        wake_.notify_all();
        for (auto& thread : threads_)
        {
            thread.join();
        }
        for (auto& each : dropped)
        {
            post_([done = std::move(each.done)] { done(errc::stopped); });
        }
    }

    error_code start()
    {
        for (std::size_t i = 0; i < how_.threads; ++i)
        {
            auto db = connect(how_);
            if (!db) return db.error();
            threads_.emplace_back([this, own = std::shared_ptr<sqlite::database>(std::move(*db))]
                                  { work(*own); });
        }
        return {};
    }

    void on_failure(std::function<void(std::string const&)> tell)
    {
        std::lock_guard const hold(mutex_);
        failed_ = std::move(tell);
    }

    bool read(std::function<void(chat_reader&)> query, std::function<void(error_code)> done)
    {
        {
            std::lock_guard const hold(mutex_);
            if (jobs_.size() >= how_.waiting_max) return false;
            jobs_.push_back({
                .run = [this, query = std::move(query)](sqlite::database& db) { return read_on(db, query); },
                .done = std::move(done),
            });
        }
        wake_.notify_one();
        return true;
    }

    std::size_t waiting() const
    {
        std::lock_guard const hold(mutex_);
        return jobs_.size();
    }

private:
    struct job
    {
        std::function<error_code(sqlite::database&)> run;
        std::function<void(error_code)> done;
    };

    error_code read_on(sqlite::database& db, std::function<void(chat_reader&)> const& query)
    {
        chat_reader reader(db);
        reader.begin();
        query(reader);
        reader.end();
        return judge(db);
    }

    error_code judge(sqlite::database const& db)
    {
        if (!db.failed()) return {};
        std::function<void(std::string const&)> tell;
        {
            std::lock_guard const hold(mutex_);
            tell.swap(failed_);
        }
        if (tell) post_([tell = std::move(tell), text = db.failure_text()] { tell(text); });
        return errc::disk_failed;
    }

    void work(sqlite::database& db)
    {
        while (auto next = take())
        {
            auto const failure = next->run(db);
            post_([done = std::move(next->done), failure] { done(failure); });
        }
    }

    std::optional<job> take()
    {
        std::unique_lock hold(mutex_);
        wake_.wait(hold, [this] { return stopping_ || !jobs_.empty(); });
        if (stopping_) return std::nullopt;
        auto next = std::move(jobs_.front());
        jobs_.pop_front();
        return next;
    }

    reader_options const how_;
    post_function const post_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<job> jobs_;
    std::function<void(std::string const&)> failed_;  // until it has been posted
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

result<std::unique_ptr<reader_pool>> reader_pool::open(reader_options const& how, post_function post)
{
    auto made = std::make_unique<impl>(how, std::move(post));
    if (auto failure = made->start()) return failure;
    return std::unique_ptr<reader_pool>(new reader_pool(std::move(made)));
}

reader_pool::reader_pool(std::unique_ptr<impl> made) : impl_(std::move(made)) {}
reader_pool::~reader_pool() = default;

void reader_pool::on_failure(std::function<void(std::string const&)> tell)
{
    impl_->on_failure(std::move(tell));
}

bool reader_pool::read(std::function<void(chat_reader&)> query, std::function<void(error_code)> done)
{
    return impl_->read(std::move(query), std::move(done));
}

std::size_t reader_pool::waiting() const
{
    return impl_->waiting();
}

}  // namespace chaind::store
