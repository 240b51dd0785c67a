#include "runtime/log.hpp"

#include "runtime/clock.hpp"
#include "runtime/log_line.hpp"
#include "runtime/log_repeats.hpp"

#include <boost/log/attributes/attribute_value_impl.hpp>
#include <boost/log/core.hpp>
#include <boost/log/sinks/async_frontend.hpp>
#include <boost/log/sinks/basic_sink_backend.hpp>
#include <boost/log/sinks/bounded_fifo_queue.hpp>
#include <boost/log/sources/global_logger_storage.hpp>
#include <boost/log/sources/severity_channel_logger.hpp>
#include <boost/make_shared.hpp>
#include <systemd/sd-journal.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <vector>

#include <sys/uio.h>

namespace chaind::log
{

namespace
{
namespace sinks = boost::log::sinks;

std::atomic<level> least_level{level::warning};
std::atomic<std::uint64_t> drops{0};
constexpr std::size_t queue_limit = 8192;

// What becomes of a line when the queue is full: it is dropped, and counted.
struct count_drops
{
    template <class Lock>
    static bool on_overflow(boost::log::record_view const&, Lock&)
    {
        drops.fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    static void on_queue_space_available() {}
    static void interrupt() {}
};

void to_stderr(line const& what)
{
    auto text = as_text(what);
    std::fwrite(text.data(), 1, text.size(), stderr);
}

void to_journal(line const& what)
{
    auto const fields = as_journal_fields(what);
    std::vector<iovec> vectors;
    vectors.reserve(fields.size());
    for (auto const& f : fields)
        vectors.push_back({const_cast<char*>(f.data()), f.size()});
    if (::sd_journal_sendv(vectors.data(), static_cast<int>(vectors.size())) != 0) to_stderr(what);
}

class line_backend : public sinks::basic_sink_backend<
                         sinks::combine_requirements<sinks::synchronized_feeding, sinks::flushing>::type>
{
public:
    line_backend() : journal_(std::getenv("JOURNAL_STREAM") != nullptr) {}

    void consume(boost::log::record_view const& record)
    {
        auto const what = record["Line"].extract<line>();
        if (!what) return;
        if (journal_)
            to_journal(*what);
        else
            to_stderr(*what);
    }
    void flush() { std::fflush(stderr); }

private:
    bool journal_;
};

using line_sink = sinks::asynchronous_sink<line_backend, sinks::bounded_fifo_queue<queue_limit, count_drops>>;
using logger = boost::log::sources::severity_channel_logger_mt<level, std::string>;

// Set by start() and never reset: other threads may be writing when the process ends.
boost::shared_ptr<line_sink> sink;
std::atomic<bool> sinking{false};

std::mutex repeats_turn;
// Never destroyed, for the same reason.
repeats& repeated = *new repeats;

void put(line what)
{
    static logger source;
    auto record = source.open_record(
        (boost::log::keywords::channel = what.channel, boost::log::keywords::severity = what.at)
    );
    if (!record) return;
    record.attribute_values().insert("Line", boost::log::attributes::make_attribute_value(std::move(what)));
    source.push_record(std::move(record));
}
}  // namespace

void start(level least)
{
    set_level(least);
    boost::log::core::get()->set_exception_handler([](...) {});
    sink = boost::make_shared<line_sink>(boost::make_shared<line_backend>());
    boost::log::core::get()->add_sink(sink);
    sinking.store(true, std::memory_order_release);
}

void stop()
{
    if (!sinking.exchange(false, std::memory_order_acq_rel)) return;
    {
        std::lock_guard const turn(repeats_turn);
        for (auto& each : repeated.rest())
            put(std::move(each));
    }
    boost::log::core::get()->remove_sink(sink);
    sink->stop();
    sink->flush();
}

void set_level(level least)
{
    least_level.store(least, std::memory_order_relaxed);
}

bool enabled(level at)
{
    return at >= least_level.load(std::memory_order_relaxed);
}

void write(level at, std::string_view channel, std::string_view message, std::initializer_list<field> fields)
{
    if (!enabled(at)) return;
    line what{runtime::now().wall_us, at, std::string(channel), std::string(message), fields};
    if (!sinking.load(std::memory_order_acquire)) return to_stderr(what);

    std::lock_guard const turn(repeats_turn);
    auto const at_once = std::chrono::steady_clock::now();
    auto one = repeated.judge(std::move(what), at_once);
    for (auto& each : repeated.overdue(at_once))
        put(std::move(each));
    if (one) put(std::move(*one));
}

std::uint64_t dropped()
{
    return drops.load(std::memory_order_relaxed);
}

}  // namespace chaind::log
