// A database that cannot be opened. It may hold the only copy of what the chain has acknowledged, so that
// nothing is done to it while that is possible; where the ACTIVE chain lives without it, it is out of the way
// and the replica begins with an empty one, which the chain fills.

#include "chaind/process.hpp"
#include "net/greet_once.hpp"
#include "runtime/address.hpp"
#include "runtime/log.hpp"
#include "runtime/options.hpp"
#include "runtime/random_id.hpp"
#include "runtime/service_manager.hpp"
#include "runtime/within.hpp"
#include "sqlite/database.hpp"

#include <variant>

namespace chaind::program
{

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace
{
constexpr auto ask_every = 500ms;
constexpr auto question_limit = 2s;
constexpr auto last_word_limit = 500ms;
constexpr int tries_between_looks = 4;
constexpr auto say_again_after = 60s;

wire::peer::hello question(member const& self, std::string const& trouble, std::string const& advice)
{
    wire::peer::hello out;
    out.from.name = self.name;
    out.what_for = wire::peer::purpose::identify;
    // Paths may hold any bytes.
    out.trouble = sqlite::legible(trouble);
    out.advice = sqlite::legible(advice);
    return out;
}

// Whether that is so nobody but the config service knows.
bool goes_on_without_us(result<net::greeting_answer> const& answer)
{
    auto const* yes = answer ? std::get_if<wire::peer::welcome>(&*answer) : nullptr;
    return yes != nullptr && yes->goes_on_without;
}

std::string why_nothing_is_done(result<net::greeting_answer> const& answer)
{
    if (!answer) return "the config service does not answer: " + answer.error().message();
    if (auto const* no = std::get_if<wire::peer::refused>(&*answer))
        return "the config service refuses to answer: " + sqlite::legible(no->reason);
    return "it does not go on without this machine, so nothing is done to the file";
}

// Nothing is wrong with a disk whose database cannot be used, and another try would find the same.
bool is_unusable(error_code const& failed)
{
    return failed == errc::store_damaged || failed == errc::no_access || failed == errc::newer_schema;
}
}  // namespace

asio::awaitable<void> chaind_process::open_or_begin_empty()
{
    auto& self = settings_.driver.core.self;
    for (bool moved = false;;)
    {
        self.boot = runtime::random_id<boot_id>();
        std::string why;
        store::disk_space disk(settings_.driver.space);
        if (!disk.can_start(why))
        {
            co_await wait_for_room(std::move(why));
            continue;
        }
        auto opened = try_open_store(settings_, self.boot, why);
        if (opened)
        {
            store_ = std::move(*opened);
            self.store = store_->id();
            co_return;
        }
        // It has become full in between, or what SQLite needs beside its files is more.
        if (std::string full; opened.error() == errc::disk_failed && !disk.can_start(full))
        {
            co_await wait_for_room(std::move(full));
            continue;
        }
        if (moved) why = "the database was set aside, and another one cannot be made: " + why;
        if (moved || !is_unusable(opened.error()))
            co_await end_with_a_word(exit_status_of(opened.error()), std::move(why));
        if (opened.error() == errc::newer_schema) why += " (install the newer chaind that wrote it)";
        moved = co_await wait_or_set_aside(std::move(why));
    }
}

// The config service is told: it would take a process that is gone for one that somebody has to start.
asio::awaitable<void> chaind_process::end_with_a_word(int exit_status, std::string why)
{
    bool const disk = exit_status == runtime::exit_disk;
    auto const name = settings_.driver.core.self.name.name.str();
    auto asks = question(
        settings_.driver.core.self,
        (disk ? "its disk fails: " : "it cannot start: ") + why,
        disk ? "look at the disk of " + name + " (`dmesg` there names the device), or give " + name +
                   " another one with an empty data folder; then start chaind"
             : "put that right, then start chaind on " + name
    );
    static_cast<void>(co_await net::greet_once(settings_.driver.configd, std::move(asks), last_word_limit));
    runtime::fail(exit_status, why);
}

// The chain goes on without this machine, or waits for it; either way nobody can do anything but people.
asio::awaitable<void> chaind_process::wait_for_room(std::string why)
{
    auto const trouble = "it cannot start: " + why;
    std::string const advice = "free some space on the file system of " + settings_.data_dir +
                               ", or make it larger; it starts by itself then";
    auto asks = question(settings_.driver.core.self, trouble, advice);
    static_cast<void>(co_await net::greet_once(settings_.driver.configd, std::move(asks), question_limit));
    say_unusable(why, "disk full: waiting for room", {}, advice);
    asio::steady_timer pause(on_, ask_every);
    co_await runtime::wait_on(pause);
}

// True: the store was set aside. False: it should be tried again, since people may have put right what is in
// the way.
asio::awaitable<bool> chaind_process::wait_or_set_aside(std::string why)
{
    auto const trouble = "its database cannot be used: " + why;
    auto const name = settings_.driver.core.self.name.name.str();
    auto const advice = "start the other machines of the chain: as soon as it goes on without " + name +
                        ", this database is set aside and filled again by itself; if it is the only one, "
                        "make the file usable again (it is tried every 2 s), or bring back a backup "
                        "(`chainctl backup restore`), or give it up for an older copy on another machine "
                        "(`chainctl force-epoch`)";
    asio::steady_timer pause(on_);
    for (int tries = 0; tries < tries_between_looks; ++tries)
    {
        auto asks = question(settings_.driver.core.self, trouble, advice);
        auto const answer =
            co_await net::greet_once(settings_.driver.configd, std::move(asks), question_limit);
        if (goes_on_without_us(answer))
        {
            std::string not_moved;
            if (try_to_set_aside(why, not_moved)) co_return true;
            runtime::fail(runtime::exit_config, trouble + "; it cannot be set aside either: " + not_moved);
        }
        say_unusable(why, "the database cannot be used", why_nothing_is_done(answer), advice);
        pause.expires_after(ask_every);
        co_await runtime::wait_on(pause);
    }
    co_return false;
}

// Once, and again every minute.
void chaind_process::say_unusable(
    std::string const& why, std::string const& what, std::string const& chain, std::string const& advice
)
{
    auto const now = std::chrono::steady_clock::now();
    auto text = what + chain;
    if (text == unusable_said_ && now - unusable_said_at_ < say_again_after) return;
    unusable_said_ = std::move(text);
    unusable_said_at_ = now;
    runtime::notify_status("waiting: " + why);
    log::write(log::level::error, "chaind", what, {{"Reason", why}, {"Chain", chain}, {"Next", advice}});
}

}  // namespace chaind::program
