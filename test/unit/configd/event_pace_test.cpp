// What others can make happen as often as they like costs a bounded number of rows, and no decision waits for
// it; what finds no room waits for that.

#include "configd/event_pace.hpp"

#include "configd/registry_thread.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <optional>
#include <thread>

using namespace chaind;
using namespace std::chrono_literals;

namespace
{

struct idle_registry : configd::registry
{
    [[nodiscard]] configd::chain_identity const& identity() const override { return identity_; }
    [[nodiscard]] result<control::record> load() override { return control::record{}; }
    [[nodiscard]] error_code replace(control::record const&, std::string const&) override { return {}; }
    [[nodiscard]] result<std::vector<control::join_token>> tokens() override
    {
        return std::vector<control::join_token>{};
    }
    [[nodiscard]] error_code keep(std::vector<control::join_token> const&) override { return {}; }
    [[nodiscard]] error_code append(std::vector<configd::event_row> const&) override { return {}; }
    [[nodiscard]] result<std::vector<configd::event_row>> newest_events(std::size_t) override
    {
        return std::vector<configd::event_row>{};
    }
    [[nodiscard]] bool undo_full() override { return false; }
    [[nodiscard]] std::string failure_text() const override { return {}; }

private:
    configd::chain_identity identity_;
};

// Counts, and stands still at its first rows until it is let go.
struct counted_registry : idle_registry
{
    explicit counted_registry(std::vector<std::string>& log, std::future<void> go)
        : log_(log), go_(std::move(go))
    {
    }
    [[nodiscard]] error_code replace(control::record const&, std::string const&) override
    {
        log_.emplace_back("record");
        return {};
    }
    [[nodiscard]] error_code append(std::vector<configd::event_row> const& rows) override
    {
        if (go_.valid()) go_.get();
        log_.push_back(std::to_string(rows.size()) + " rows from " + std::to_string(rows.front().number));
        return {};
    }

private:
    std::vector<std::string>& log_;
    std::future<void> go_;
};

// Without room until it is given some.
struct full_registry : idle_registry
{
    explicit full_registry(std::atomic<bool> const& has_room) : has_room_(has_room) {}

    [[nodiscard]] error_code replace(control::record const&, std::string const&) override
    {
        return has_room_ ? error_code{} : make_error_code(errc::disk_failed);
    }
    [[nodiscard]] bool undo_full() override { return true; }

private:
    std::atomic<bool> const& has_room_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(event_pace_suite)

BOOST_AUTO_TEST_CASE(so_many_of_a_kind_are_told_in_a_window_and_the_rest_is_counted)
{
    configd::event_pace pace;
    instant const now = 5s;
    for (int i = 0; i < 20; ++i)
        BOOST_TEST(pace.take("refused", now).value() == 0u);
    for (int i = 0; i < 1000; ++i)
        BOOST_TEST(!pace.take("refused", now + 1s).has_value());
    BOOST_TEST(pace.take("clock", now + 1s).value() == 0u);  // another kind
    BOOST_TEST(!pace.take("refused", now + 10s - 1us).has_value());
    BOOST_TEST(pace.take("refused", now + 10s).value() == 1001u);
    BOOST_TEST(pace.take("refused", now + 10s).value() == 0u);
}

BOOST_AUTO_TEST_CASE(a_decision_waits_for_one_transaction_of_events_at_most)
{
    std::vector<std::string> log;
    std::promise<void> go;
    boost::asio::io_context loop;
    auto const work = boost::asio::make_work_guard(loop);
    std::vector<std::uint64_t> told;
    {
        configd::registry_thread thread(
            loop.get_executor(), std::make_unique<counted_registry>(log, go.get_future())
        );
        auto const note = [&](std::uint64_t number)
        {
            configd::event_row row;
            row.number = number;
            thread.append(row, [&told, number](error_code, std::string const&) { told.push_back(number); });
        };
        for (std::uint64_t number = 1; number <= 600; ++number)
            note(number);
        thread.replace({}, "", [](error_code, std::string const&) {});
        go.set_value();
        while (told.size() < 600)
            loop.run_one();
    }
    std::vector<std::string> const wanted{
        "1 rows from 1", "record", "256 rows from 2", "256 rows from 258", "87 rows from 514"
    };
    BOOST_TEST(log == wanted, boost::test_tools::per_element());
    BOOST_TEST(std::is_sorted(told.begin(), told.end()));
}

BOOST_AUTO_TEST_CASE(what_finds_no_room_waits_for_it_until_nobody_does)
{
    for (bool const comes : {true, false})
    {
        std::atomic<bool> room = false;
        boost::asio::io_context loop;
        auto const work = boost::asio::make_work_guard(loop);
        std::optional<error_code> done;
        configd::registry_thread thread(loop.get_executor(), std::make_unique<full_registry>(room));
        thread.replace({}, "", [&](error_code failed, std::string const&) { done = failed; });
        while (!thread.waits_for_room())
            std::this_thread::yield();
        BOOST_TEST((thread.busy_for() > microseconds{}));
        if (comes)
            room = true;
        else
            thread.wait_for_no_room();
        loop.run_one();
        BOOST_TEST_REQUIRE(done.has_value());
        BOOST_TEST(!*done == comes);
        BOOST_TEST(thread.waits_for_room() == !comes);
    }
}

BOOST_AUTO_TEST_SUITE_END()
