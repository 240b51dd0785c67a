#include "runtime/this_process.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <fstream>
#include <functional>
#include <string>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

namespace chaind::runtime
{
namespace
{

// A process of its own that tells its place and then waits to be killed.
struct child
{
    pid_t pid = -1;
    process_place place;

    explicit child(std::function<void()> const& before = {})
    {
        int ends[2];
        BOOST_REQUIRE(::pipe(ends) == 0);
        pid = ::fork();
        BOOST_REQUIRE(pid >= 0);
        if (pid == 0)
        {
            if (before) before();
            // What the parent has looked up before the fork is the parent's.
            std::ifstream file("/proc/self/stat");
            std::string text;
            std::getline(file, text);
            (void)!::write(ends[1], text.data(), text.size());
            ::close(ends[1]);
            for (;;)
                ::pause();
        }
        ::close(ends[1]);
        std::string text(4096, '\0');
        auto const size = ::read(ends[0], text.data(), text.size());
        ::close(ends[0]);
        BOOST_REQUIRE(size > 0);
        text.resize(static_cast<std::size_t>(size));
        place = this_process();
        place.pid = static_cast<std::uint64_t>(pid);
        auto at = text.rfind(')') + 2;
        for (int field = 3; field < 22; ++field)
            at = text.find(' ', at) + 1;
        place.started = std::stoull(text.substr(at));
    }
    ~child() { end(); }
    child(child const&) = delete;
    child& operator=(child const&) = delete;

    void kill() const { ::kill(pid, SIGKILL); }
    void end()
    {
        if (pid < 0) return;
        kill();
        ::waitpid(pid, nullptr, 0);
        pid = -1;
    }
};

bool ends(process_watch const& watch)
{
    for (int i = 0; i < 5000 && !watch.ended(); ++i)
        ::poll(nullptr, 0, 1);
    return watch.ended();
}

BOOST_AUTO_TEST_SUITE(this_process_suite)

BOOST_AUTO_TEST_CASE(a_process_knows_its_place)
{
    auto const& here = this_process();
    BOOST_CHECK_GT(here.kernel.size(), 36u);
    BOOST_CHECK_EQUAL(here.pid, static_cast<std::uint64_t>(::getpid()));
    BOOST_CHECK_GT(here.started, 0u);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_watched_process_is_seen_even_before_its_parent_looks)
{
    child one;
    auto const watch = process_watch::on(one.place);
    BOOST_REQUIRE(watch);
    BOOST_CHECK(!watch->ended());
    one.kill();
    BOOST_CHECK(ends(*watch));
    one.end();
    BOOST_CHECK(watch->ended());
}

BOOST_AUTO_TEST_CASE(a_watch_that_is_moved_goes_on)
{
    child one;
    auto first = process_watch::on(one.place);
    BOOST_REQUIRE(first);
    auto const second = std::move(*first);
    BOOST_CHECK(!second.ended());
    one.end();
    BOOST_CHECK(second.ended());
}

// Each of these is somebody else, and says nothing about whoever was meant.
BOOST_AUTO_TEST_CASE(nobody_is_watched_who_may_be_another)
{
    child one;
    auto place = one.place;
    place.started += 1;  // the number has been given again
    BOOST_CHECK(!process_watch::on(place));

    place = one.place;
    place.kernel[0] = place.kernel[0] == 'f' ? '0' : 'f';  // another machine, or another boot of this one
    BOOST_CHECK(!process_watch::on(place));

    place = one.place;
    place.kernel.back() = place.kernel.back() == '1' ? '2' : '1';  // another namespace of numbers
    BOOST_CHECK(!process_watch::on(place));

    place = one.place;
    place.kernel.clear();
    BOOST_CHECK(!process_watch::on(place));

    place = one.place;
    place.started = 0;
    BOOST_CHECK(!process_watch::on(place));

    for (std::uint64_t const pid : {std::uint64_t{0}, std::uint64_t{1} << 31, ~std::uint64_t{0}})
    {
        place = one.place;
        place.pid = pid;
        BOOST_CHECK(!process_watch::on(place));
    }
}

BOOST_AUTO_TEST_CASE(a_process_that_has_ended_already_is_not_watched)
{
    child one;
    auto const place = one.place;
    one.end();
    BOOST_CHECK(!process_watch::on(place));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace chaind::runtime
