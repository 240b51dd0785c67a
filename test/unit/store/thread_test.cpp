#include "store/store_thread.hpp"
#include "unit/store/store_fixture.hpp"
#include "unit/store/test_loop.hpp"

#include <future>
#include <thread>

namespace chaind::test
{
namespace
{

struct thread_fixture : disk_fixture
{
    thread_fixture()
    {
        auto made = open();
        readers = std::move(*store::reader_pool::open(
            {.path = "db", .vfs = disk.name(), .threads = 2, .waiting_max = 4}, loop.post()
        ));
        start(std::move(made));
    }

    void start(std::unique_ptr<store::sqlite_store> made, store::store_limits limits = {})
    {
        store::store_events tell{
            .applied =
                [this](std::vector<chat::applied> what)
            {
                for (auto const& each : what)
                {
                    happened.push_back("applied " + std::to_string(each.pos.value()));
                }
            },
            .written =
                [this](chain::write_id upto)
            {
                written = upto;
                happened.push_back("written " + std::to_string(upto));
            },
            .log_rows = [this](std::uint64_t id, std::vector<chain::entry> rows)
            { happened.push_back("rows " + std::to_string(id) + " " + std::to_string(rows.size())); },
            .digested =
                [this](std::string const& id, seq at, digest state)
            {
                happened.push_back("digest " + id + " " + std::to_string(at.value()));
                digests.push_back(state);
            },
            .failed = [this](error_code why, std::string const& text) { failures.emplace_back(why, text); },
        };
        thread = std::make_unique<store::store_thread>(
            std::move(made), *readers, std::move(tell), loop.post(), limits
        );
    }

    // Keeps all reader threads and, through the WAL's write lock, the writer busy until it ends.
    struct held_writer
    {
        explicit held_writer(std::string const& vfs)
            : db(std::move(*sqlite::database::open("db", sqlite::database::access::create, vfs)))
        {
            sqlite3_busy_timeout(db->handle(), 5000);
            db->run("BEGIN IMMEDIATE");
            BOOST_TEST_REQUIRE(!db->failed());
        }
        ~held_writer() { db->run("ROLLBACK"); }
        std::unique_ptr<sqlite::database> db;
    };

    test_loop loop;
    std::vector<std::string> happened;
    std::vector<digest> digests;
    std::vector<std::pair<error_code, std::string>> failures;
    chain::write_id written = 0;
    std::unique_ptr<store::reader_pool> readers;
    std::unique_ptr<store::store_thread> thread;
    log_writer log;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(writer_thread, thread_fixture)

BOOST_AUTO_TEST_CASE(what_queues_up_during_a_transaction_is_one_transaction)
{
    std::uint64_t syncs = 0;
    {
        held_writer const held(disk.name());
        thread->write(write_of(1).adds({log.next(1)}));
        // The thread has taken the first one and cannot begin its transaction.
        while (thread->busy_for() == microseconds{})
        {
            std::this_thread::yield();
        }
        for (chain::write_id id = 2; id <= 100; ++id)
        {
            thread->write(write_of(id).adds({log.next(1)}));
        }
        BOOST_TEST(thread->waiting_writes() == 100u);
        BOOST_TEST(thread->waiting_bytes() > 100u * 64);
        BOOST_TEST(thread->commits() == 0u);
        syncs = disk.syncs();
    }
    loop.run_until([&] { return written == 100; });

    BOOST_TEST(
        happened == (std::vector<std::string>{"written 1", "written 100"}), boost::test_tools::per_element()
    );
    thread.reset();
    BOOST_TEST(disk.syncs() - syncs == 2u + 2u);  // two commits; two syncs of the WAL's checkpoint at the end
    readers.reset();
    BOOST_TEST((survived_now().suffix.back() == log.end()));
}

BOOST_AUTO_TEST_CASE(what_the_scrub_has_found_is_written_down_in_its_turn)
{
    thread->note_rows(true, 1234);
    thread.reset();
    {
        auto made = open();
        BOOST_TEST(made->standing().scrubbed_ms == 1234);
        BOOST_TEST(!made->standing().suspect);
        start(std::move(made));
    }
    thread->note_rows(false, 0);
    thread.reset();
    BOOST_TEST(open()->standing().suspect);
}

BOOST_AUTO_TEST_CASE(a_transaction_is_bounded_by_count)
{
    thread.reset();
    start(open(), {.batch_writes = 10, .batch_bytes = 1u << 20});
    {
        held_writer const held(disk.name());
        for (chain::write_id id = 1; id <= 35; ++id)
        {
            thread->write(write_of(id).adds({log.next(1)}));
        }
    }
    loop.run_until([&] { return written == 35; });

    BOOST_TEST(happened.size() >= 4u);
    for (std::size_t i = 1; i < happened.size(); ++i)
    {
        auto number = [](std::string const& text) { return std::stoi(text.substr(8)); };
        BOOST_TEST(number(happened[i]) - number(happened[i - 1]) <= 10);
    }
}

BOOST_AUTO_TEST_CASE(results_come_in_order_and_the_depth_falls_to_zero)
{
    thread->write(write_of(1).adds(log.next_few(3, 1)));
    loop.run_until([&] { return written == 1; });
    thread->write(write_of(2).applies(2));
    loop.run_until([&] { return written == 2; });
    thread->read_log({.id = 77, .from = seq(2), .max_bytes = 1u << 20});
    thread->write(write_of(3).applies(3));
    loop.run_until([&] { return written == 3; });

    BOOST_TEST(
        happened ==
            (std::vector<std::string>{
                "written 1", "applied 1", "applied 2", "written 2", "rows 77 2", "applied 3", "written 3"
            }),
        boost::test_tools::per_element()
    );
    while (thread->waiting_writes() != 0)
    {
        std::this_thread::yield();
    }
    BOOST_TEST(thread->waiting_bytes() == 0u);
    BOOST_TEST(thread->commits() == 3u);
}

BOOST_AUTO_TEST_CASE(stopping_finishes_the_queue)
{
    for (chain::write_id id = 1; id <= 500; ++id)
    {
        thread->write(write_of(id).adds({log.next(1)}));
    }
    thread.reset();
    loop.run_what_is_there();

    BOOST_TEST(written == 500u);
    readers.reset();
    BOOST_TEST((survived_now().suffix.back() == log.end()));
}

BOOST_AUTO_TEST_CASE(the_digest_is_that_of_the_checkpoint_although_writes_go_on)
{
    auto rows = log.next_few(3, 1);
    rows.push_back(log.next(1, checkpoint_command("here")));
    thread->write(write_of(1).adds(rows));
    thread->write(write_of(2).applies(4));
    for (chain::write_id id = 3; id <= 50; ++id)
    {
        thread->write(write_of(id).adds({log.next(1)}));
        thread->write(write_of(id).applies(id + 1));
    }
    loop.run_until([&] { return written == 50 && digests.size() == 1; });

    BOOST_TEST(std::count(happened.begin(), happened.end(), "digest here 4") == 1);
    disk_fixture other;
    auto made = other.open();
    BOOST_TEST(!write_one(*made, write_of(1).adds(rows)));
    BOOST_TEST(!write_one(*made, write_of(2).applies(4)));
    BOOST_TEST(digests.front() == state_digest("db", other.disk.name()));
}

BOOST_AUTO_TEST_CASE(a_failed_disk_is_the_last_thing_that_is_told)
{
    thread->write(write_of(1).adds({log.next(1)}));
    loop.run_until([&] { return written == 1; });
    disk.fail_at(1, fault_disk::kind::io_error, false);
    thread->write(write_of(2).adds({log.next(1)}));
    loop.run_until([&] { return !failures.empty(); });
    thread->write(write_of(3).adds({log.next(1)}));
    thread->read_log({.id = 1, .from = seq(1), .max_bytes = 100});
    thread.reset();
    loop.run_what_is_there();

    BOOST_TEST(failures.size() == 1u);
    BOOST_TEST((failures[0].first == errc::disk_failed));
    BOOST_TEST(!failures[0].second.empty());
    BOOST_TEST(written == 1u);
    BOOST_TEST(happened.back() == "written 1");
}

BOOST_AUTO_TEST_CASE(a_thread_that_hangs_shows_it)
{
    held_writer const held(disk.name());
    BOOST_TEST((thread->busy_for() == microseconds{}));
    thread->write(write_of(1).adds({log.next(1)}));
    auto last = thread->busy_for();
    while (last < microseconds(2000))
    {
        auto const now = thread->busy_for();
        BOOST_TEST_REQUIRE((now >= last || last == microseconds{}));
        last = now;
    }
    BOOST_TEST(written == 0u);
}

BOOST_AUTO_TEST_CASE(readers_answer_on_the_loop_with_one_snapshot)
{
    thread->write(write_of(1).adds(log.next_few(3, 1)));
    thread->write(write_of(2).applies(2));
    loop.run_until([&] { return written == 2; });
    seq first, second;
    std::promise<void> has_begun, may_go_on;
    bool is_done = false;
    BOOST_TEST(readers->read(
        [&](store::chat_reader& reader)
        {
            first = reader.applied();
            has_begun.set_value();
            may_go_on.get_future().wait();
            second = reader.applied();
        },
        [&](error_code why)
        {
            BOOST_TEST(!why);
            is_done = true;
        }
    ));
    has_begun.get_future().wait();
    thread->write(write_of(3).applies(3));
    loop.run_until([&] { return written == 3; });
    may_go_on.set_value();
    loop.run_until([&] { return is_done; });

    BOOST_TEST(first == seq(2));
    BOOST_TEST(second == seq(2));
}

BOOST_AUTO_TEST_CASE(a_disk_that_cannot_be_read_is_a_failed_disk)
{
    thread->write(write_of(1).adds(log.next_few(3, 1)));
    loop.run_until([&] { return written == 1; });
    disk.fail_read_at(1, true);
    std::vector<error_code> answers;
    for (int i = 0; i < 3; ++i)
    {
        BOOST_TEST(readers->read(
            [](store::chat_reader& reader) { static_cast<void>(reader.find_person(chat::user_id(1))); },
            [&](error_code why) { answers.push_back(why); }
        ));
    }
    loop.run_until([&] { return answers.size() == 3 && !failures.empty(); });
    loop.run_what_is_there();

    for (auto const& why : answers)
    {
        BOOST_TEST((why == errc::disk_failed));
    }
    BOOST_TEST(failures.size() == 1u);
    BOOST_TEST((failures[0].first == errc::disk_failed));
    BOOST_TEST(failures[0].second.find("I/O") != std::string::npos, failures[0].second);
}

BOOST_AUTO_TEST_CASE(the_readers_queue_is_bounded_and_dropped_at_the_end)
{
    std::promise<void> may_go_on;
    auto const gate = may_go_on.get_future().share();
    std::promise<void> begun[2];
    int answered = 0, stopped = 0;
    auto done = [&](error_code why) { ++(why == errc::stopped ? stopped : answered); };
    for (auto& each : begun)
    {
        BOOST_TEST(readers->read(
            [&each, gate](store::chat_reader&)
            {
                each.set_value();
                gate.wait();
            },
            done
        ));
    }
    for (auto& each : begun)
    {
        each.get_future().wait();
    }
    for (int i = 0; i < 4; ++i)
    {
        BOOST_TEST(readers->read([](store::chat_reader&) {}, done));
    }
    BOOST_TEST(!readers->read([](store::chat_reader&) {}, done));
    BOOST_TEST(readers->waiting() == 4u);

    thread.reset();
    // The destructor empties the queue, then waits for the two that run.
    auto* pool = readers.get();
    std::thread ending([&] { readers.reset(); });
    while (pool->waiting() != 0)
    {
        std::this_thread::yield();
    }
    may_go_on.set_value();
    ending.join();
    loop.run_what_is_there();

    BOOST_TEST(answered == 2);
    BOOST_TEST(stopped == 4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
