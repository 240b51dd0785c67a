// A snapshot on its way from one replica's disk to another's, and everything that can be wrong with it.
#include "store/snapshot_work.hpp"

#include "unit/store/snapshot_fixture.hpp"

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>

#include <sys/resource.h>

namespace chaind::test
{
namespace
{

struct work_fixture
{
    work_fixture()
    {
        source.filled(6000);
        open_source();
        std::filesystem::create_directories(target.folder / "data");
    }

    void open_source() { giving.emplace(store::snapshot_thread_options{.database = source.db()}, never); }
    void open_target(std::uint64_t margin = 0)
    {
        taking.emplace(
            store::snapshot_thread_options{.database = target.db(), .space_margin = margin}, never
        );
    }
    chain::snapshot_info offer()
    {
        auto const made = giving->perform(chain::make_snapshot{.order = 3});
        BOOST_TEST_REQUIRE(made.error == "");
        BOOST_TEST(made.order == 3u);
        return made.what;
    }
    static std::uint64_t chunks_of(chain::snapshot_info const& what)
    {
        return (what.bytes + chain::snapshot_chunk_bytes - 1) / chain::snapshot_chunk_bytes;
    }
    chain::keep_chunk fetch(chain::snapshot_info const& what, std::uint64_t index, digest const& mine = {})
    {
        auto const got = giving->perform(chain::read_chunk{.id = what.id, .index = index, .mine = mine});
        BOOST_TEST_REQUIRE(got.error == "");
        return {.id = what.id, .index = index, .hash = got.hash, .packed = got.packed};
    }
    void transfer(chain::snapshot_info const& what, std::uint64_t from = 0)
    {
        for (auto i = from; i < chunks_of(what); ++i)
            BOOST_TEST_REQUIRE(taking->perform(fetch(what, i)).error == "");
    }
    std::string part() const { return store::incoming_path(target.db()); }

    std::atomic<bool> never = false;
    snapshot_fixture source;
    snapshot_fixture target;
    std::optional<store::snapshot_work> giving;
    std::optional<store::snapshot_work> taking;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(snapshot_transfer, work_fixture)

BOOST_AUTO_TEST_CASE(a_snapshot_arrives_and_is_installed)
{
    auto const what = offer();
    BOOST_TEST(chunks_of(what) > 4u);
    open_target();
    BOOST_TEST(taking->perform(chain::open_incoming{what}).held.empty());
    transfer(what);
    BOOST_TEST(taking->perform(chain::check_incoming{what}).error == "");
    taking.reset();
    std::string why;
    BOOST_TEST(!store::install_snapshot(part(), target.db(), {.store = numbered<store_id>(9)}, &why), why);
    BOOST_TEST(state_digest(target.db()) == what.state);
    BOOST_TEST((snapshot_fixture::open(target.options())->end() == what.at));
}

BOOST_AUTO_TEST_CASE(changed_rows_are_found)
{
    BOOST_TEST(giving->perform(chain::check_rows{}).error == "");
    tamper(source.db(), "UPDATE chat_message SET body = 'other' WHERE id = 7");
    BOOST_TEST(giving->perform(chain::check_rows{}).error == store::rows_differ);
}

BOOST_AUTO_TEST_CASE(a_crash_at_each_chunk_costs_no_chunk)
{
    auto const what = offer();
    for (std::uint64_t at = 0; at < chunks_of(what); ++at)
    {
        open_target();  // as after a crash
        auto const opened = taking->perform(chain::open_incoming{what});
        BOOST_TEST_REQUIRE(opened.error == "");
        BOOST_TEST(opened.held.size() == (at == 0 ? 0 : chunks_of(what)));
        for (std::uint64_t i = 0; i < at; ++i)
        {
            auto const again = fetch(what, i, opened.held[i]);
            BOOST_TEST(!again.packed);
            BOOST_TEST(taking->perform(again).error == "");
        }
        auto const next = fetch(what, at, at < opened.held.size() ? opened.held[at] : digest{});
        BOOST_TEST_REQUIRE(!!next.packed);
        BOOST_TEST(taking->perform(next).error == "");
    }
    open_target();
    static_cast<void>(taking->perform(chain::open_incoming{what}));
    BOOST_TEST(taking->perform(chain::check_incoming{what}).error == "");
}

BOOST_AUTO_TEST_CASE(what_another_snapshot_left_need_not_travel_again)
{
    auto const first = offer();
    open_target();
    static_cast<void>(taking->perform(chain::open_incoming{first}));
    transfer(first);
    snapshot_fixture::fill(*snapshot_fixture::open(source.options()), source.log, 6100);
    auto const second = offer();
    BOOST_TEST((second.id != first.id));
    BOOST_TEST((second.bytes >= first.bytes));

    open_target();
    auto const opened = taking->perform(chain::open_incoming{second});
    std::uint64_t travelled = 0;
    for (std::uint64_t i = 0; i < chunks_of(second); ++i)
    {
        auto const next = fetch(second, i, i < opened.held.size() ? opened.held[i] : digest{});
        travelled += next.packed ? 1 : 0;
        BOOST_TEST(taking->perform(next).error == "");
    }
    BOOST_TEST(taking->perform(chain::check_incoming{second}).error == "");
    BOOST_TEST(travelled < chunks_of(second));
    BOOST_TEST_MESSAGE(travelled << " of " << chunks_of(second) << " chunks travelled");
}

BOOST_AUTO_TEST_CASE(a_chunk_that_is_not_what_it_says_is_refused)
{
    auto const what = offer();
    open_target();
    static_cast<void>(taking->perform(chain::open_incoming{what}));
    auto const right = fetch(what, 1);
    auto const said = [&](chain::keep_chunk const& chunk) { return taking->perform(chunk).error; };
    auto const packed = [](std::string const& bytes)
    { return std::make_shared<std::string const>(store::pack_chunk(bytes)); };

    auto wrong = right;
    wrong.hash = numbered<digest>(1);
    BOOST_TEST(said(wrong) == "chunk 1 does not match its hash");
    wrong = right;
    wrong.packed = packed(std::string(64u << 20, '\0'));  // a few kilobytes that unpack to 64 MiB
    BOOST_TEST(wrong.packed->size() < 10'000u);
    BOOST_TEST(said(wrong) == "chunk 1 does not unpack to its size");
    wrong.packed = packed("short");
    BOOST_TEST(said(wrong) == "chunk 1 does not unpack to its size");
    wrong.packed = std::make_shared<std::string const>("no zstd at all");
    BOOST_TEST(said(wrong) == "chunk 1 does not unpack to its size");
    wrong = right;
    wrong.packed.reset();
    BOOST_TEST(said(wrong) == "chunk 1 is not what was held of it");
    wrong = right;
    wrong.index = chunks_of(what);
    BOOST_TEST(said(wrong) == "there is no such chunk");
    wrong = right;
    wrong.id = numbered<digest>(1);
    BOOST_TEST(said(wrong) == "there is no such chunk");
    BOOST_TEST(said(right) == "");
    // The last one is shorter than the others.
    BOOST_TEST(said(fetch(what, chunks_of(what) - 1)) == "");
}

BOOST_AUTO_TEST_CASE(a_bit_that_flips_in_either_file_is_found_and_the_part_goes)
{
    for (bool const at_source : {true, false})
    {
        auto const what = offer();
        open_target();
        static_cast<void>(taking->perform(chain::open_incoming{what}));
        auto const flip = [](std::string const& file)
        {
            auto bytes = file_bytes(file);
            auto const text = bytes.find("message 7963307283");  // of entry 3
            BOOST_TEST_REQUIRE(text != std::string::npos);
            bytes[text] = 'M';
            std::fstream(file, std::ios::in | std::ios::out | std::ios::binary) << bytes;
        };
        if (at_source) flip(source.path("outgoing.db"));
        transfer(what);
        if (!at_source) flip(part());
        auto const said = taking->perform(chain::check_incoming{what}).error;
        BOOST_TEST(said.find(part() + ": ") == 0u, said);
        BOOST_TEST(!std::filesystem::exists(part()));
        BOOST_TEST(taking->perform(chain::check_incoming{what}).error == "there is no such snapshot");
    }
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_is_not_the_offered_one_is_refused)
{
    auto const what = offer();
    for (int i = 0; i < 3; ++i)
    {
        auto other = what;
        if (i == 0) other.id = numbered<digest>(1);
        if (i == 1) other.state = numbered<digest>(1);
        if (i == 2) other.at.hash = numbered<digest>(1);
        open_target();
        static_cast<void>(taking->perform(chain::open_incoming{other}));
        for (std::uint64_t c = 0; c < chunks_of(what); ++c)
        {
            auto chunk = fetch(what, c);
            chunk.id = other.id;
            BOOST_TEST_REQUIRE(taking->perform(chunk).error == "");
        }
        BOOST_TEST(taking->perform(chain::check_incoming{other}).error != "");
        BOOST_TEST(!std::filesystem::exists(part()));
    }
}

BOOST_AUTO_TEST_CASE(without_room_nothing_begins_and_the_sentence_says_how_much_is_needed)
{
    auto const what = offer();
    std::uint64_t const margin = std::uint64_t{1} << 60;
    open_target(margin);
    auto const said = taking->perform(chain::open_incoming{what}).error;
    BOOST_TEST(
        said.find(std::to_string(margin + what.bytes) + " bytes are needed") != std::string::npos, said
    );
    BOOST_TEST(std::filesystem::file_size(part()) == 0u);
    BOOST_TEST(taking->perform(fetch(what, 0)).error == "there is no such chunk");

    // What the part has already is not asked for again.
    open_target(0);
    BOOST_TEST(taking->perform(chain::open_incoming{what}).error == "");
    open_target(margin);
    BOOST_TEST(taking->perform(chain::open_incoming{what}).error == "");
}

BOOST_AUTO_TEST_CASE(a_write_that_fails_is_an_error_and_can_be_tried_again)
{
    auto const what = offer();
    open_target();
    static_cast<void>(taking->perform(chain::open_incoming{what}));
    auto const last = fetch(what, chunks_of(what) - 1);
    std::filesystem::create_directory(target.path("elsewhere"));
    store::snapshot_work elsewhere({.database = target.path("elsewhere/chaind.db")}, never);
    // The operating system refuses to write beyond this length, as a full disk does.
    struct rlimit before = {};
    BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto const handler = std::signal(SIGXFSZ, SIG_IGN);
    auto small = before;
    small.rlim_cur = 4096;
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    auto const kept = taking->perform(last).error;
    auto const opened = elsewhere.perform(chain::open_incoming{what}).error;
    auto const made = giving->perform(chain::make_snapshot{.order = 4}).error;
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, handler);

    BOOST_TEST(kept.starts_with("cannot write " + part()), kept);
    BOOST_TEST(opened != "");
    BOOST_TEST(made != "");
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
    BOOST_TEST(taking->perform(last).error == "");
    offer();
}

BOOST_AUTO_TEST_CASE(files_for_others_go_when_nobody_needs_them)
{
    auto const what = offer();
    giving->perform(chain::drop_snapshot{numbered<digest>(1)});
    BOOST_TEST(std::filesystem::exists(source.path("outgoing.db")));
    giving->perform(chain::drop_snapshot{what.id});
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
    BOOST_TEST(
        giving->perform(chain::read_chunk{.id = what.id, .index = 0, .mine = {}}).error ==
        "there is no such chunk"
    );
    offer();
    giving.reset();
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
    write_file(source.path("outgoing.db"), "left by a crash");
    open_source();
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
}

BOOST_AUTO_TEST_CASE(the_thread_answers_each_order_in_order)
{
    giving.reset();
    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::function<void()>> posted;
    std::vector<chain::event> answers;
    auto const post = [&](std::function<void()> what)
    {
        {
            std::lock_guard const hold(mutex);
            posted.push_back(std::move(what));
        }
        wake.notify_one();
    };
    auto const next = [&]
    {
        std::unique_lock hold(mutex);
        BOOST_TEST_REQUIRE(wake.wait_for(hold, std::chrono::seconds(60), [&] { return !posted.empty(); }));
        auto const run = std::move(posted.front());
        posted.pop_front();
        hold.unlock();
        run();
        return answers.back();
    };
    auto const tell = [&](chain::event what) { answers.push_back(std::move(what)); };
    store::snapshot_thread gives({.database = source.db()}, tell, post);
    store::snapshot_thread takes({.database = target.db()}, tell, post);

    gives.perform(chain::make_snapshot{.order = 8});
    auto const made = std::get<chain::snapshot_made>(next());
    BOOST_TEST_REQUIRE(made.error == "");
    BOOST_TEST(made.order == 8u);
    takes.perform(chain::open_incoming{made.what});
    BOOST_TEST((std::get<chain::incoming_opened>(next()).id == made.what.id));
    for (std::uint64_t i = 0; i < chunks_of(made.what); ++i)
        gives.perform(chain::read_chunk{.id = made.what.id, .index = i, .mine = {}});
    std::vector<chain::chunk_read> read;
    for (std::uint64_t i = 0; i < chunks_of(made.what); ++i)
    {
        read.push_back(std::get<chain::chunk_read>(next()));
        BOOST_TEST(read.back().index == i);
    }
    for (auto const& got : read)
        takes.perform(
            chain::keep_chunk{.id = got.id, .index = got.index, .hash = got.hash, .packed = got.packed}
        );
    takes.perform(chain::check_incoming{made.what});
    for (auto const& got : read)
    {
        auto const kept = std::get<chain::chunk_kept>(next());
        BOOST_TEST(kept.index == got.index);
        BOOST_TEST(kept.error == "");
    }
    BOOST_TEST(std::get<chain::incoming_checked>(next()).error == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
