#include "gateway/page_turns.hpp"

#include "runtime/within.hpp"

#include <algorithm>
#include <utility>

namespace chaind::gateway
{

namespace asio = boost::asio;

namespace
{

constexpr std::size_t least_cost = 16U * 1024;  // of looking, however little is found
constexpr std::size_t most_cost = 256U * 1024;

}  // namespace

struct page_turns::reader
{
    double bytes = 0;  // below 0: a debt
    time_point at;     // when `bytes` was right
    std::size_t taken = 0;
    std::deque<asio::steady_timer*> waiting;

    void call_next()
    {
        if (!waiting.empty()) waiting.front()->cancel();
    }
};

page_turns::page_turns(asio::any_io_executor on, settings const& limits) : on_(std::move(on)), limits_(limits)
{
}

page_turns::~page_turns() = default;

page_turns::turn::turn(settings const& limits, std::shared_ptr<reader> of)
    : limits_(limits), of_(std::move(of))
{
    ++of_->taken;
    if (limits_.rate_limits) of_->bytes -= static_cast<double>(most_cost);
}

page_turns::turn::~turn()
{
    cost(0);
    --of_->taken;
    of_->call_next();
}

void page_turns::turn::cost(std::size_t bytes)
{
    if (!limits_.rate_limits || std::exchange(costs_known_, true)) return;
    of_->bytes += static_cast<double>(most_cost) - static_cast<double>(std::max(bytes, least_cost));
    of_->call_next();
}

void page_turns::refill(reader& of, time_point now) const
{
    auto const passed = std::chrono::duration<double>(now - of.at).count();
    auto const rate = static_cast<double>(limits_.page_bytes_per_s);
    of.bytes = std::min(static_cast<double>(limits_.page_bytes_burst), of.bytes + rate * passed);
    of.at = now;
}

std::shared_ptr<page_turns::reader> page_turns::reader_of(chat::user_id who, time_point now)
{
    auto& found = readers_[who];
    if (!found)
    {
        found = std::make_shared<reader>();
        found->bytes = static_cast<double>(limits_.page_bytes_burst);
        found->at = now;
    }
    refill(*found, now);
    return found;
}

page_turns::time_point page_turns::solvent_at(reader const& of, time_point now) const
{
    if (!limits_.rate_limits || of.bytes > 0) return now;
    auto const wait =
        std::chrono::duration<double>((1 - of.bytes) / static_cast<double>(limits_.page_bytes_per_s));
    return now + std::chrono::ceil<std::chrono::milliseconds>(wait);
}

asio::awaitable<page_turns::turn_ptr> page_turns::take(chat::user_id who)
{
    // Not in the line any more, however this ends.
    struct place
    {
        explicit place(asio::any_io_executor const& on, std::shared_ptr<reader> of)
            : wake(on), line(std::move(of))
        {
            line->waiting.push_back(&wake);
        }
        ~place()
        {
            line->waiting.erase(std::find(line->waiting.begin(), line->waiting.end(), &wake));
            line->call_next();
        }
        place(place const&) = delete;
        place& operator=(place const&) = delete;

        asio::steady_timer wake;
        std::shared_ptr<reader> line;
    };
    auto now = std::chrono::steady_clock::now();
    auto const deadline = now + limits_.page_turn_within;
    place mine(on_, reader_of(who, now));
    while (true)
    {
        bool const first = mine.line->waiting.front() == &mine.wake;
        bool const room = first && mine.line->taken < limits_.pages_of_user_max;
        auto const solvent = solvent_at(*mine.line, now);
        if (room && solvent <= now) co_return std::make_shared<turn>(limits_, mine.line);
        if (now >= deadline) co_return nullptr;
        mine.wake.expires_at(room ? std::min(deadline, solvent) : deadline);
        co_await runtime::wait_on(mine.wake);
        now = std::chrono::steady_clock::now();
        refill(*mine.line, now);
    }
}

bool page_turns::in_debt(chat::user_id who, time_point now)
{
    return solvent_at(*reader_of(who, now), now) > now;
}

void page_turns::charge(chat::user_id who, std::size_t bytes, time_point now)
{
    if (limits_.rate_limits) reader_of(who, now)->bytes -= static_cast<double>(bytes);
}

asio::awaitable<void> page_turns::paid(chat::user_id who)
{
    asio::steady_timer pause(on_);
    while (true)
    {
        auto const now = std::chrono::steady_clock::now();
        auto const solvent = solvent_at(*reader_of(who, now), now);
        if (solvent <= now) co_return;
        pause.expires_at(solvent);
        co_await runtime::wait_on(pause);
    }
}

void page_turns::forget_idle(time_point now)
{
    for (auto it = readers_.begin(); it != readers_.end();)
    {
        auto& one = *it->second;
        refill(one, now);
        bool const full = one.bytes >= static_cast<double>(limits_.page_bytes_burst);
        bool const idle = one.taken == 0 && one.waiting.empty() && full;
        it = idle ? readers_.erase(it) : std::next(it);
    }
}

}  // namespace chaind::gateway
