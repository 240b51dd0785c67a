// A snapshot on its way from one replica's disk to another's, and everything that can be wrong with it.
#include "store/snapshot_work.hpp"

#include "support/members.hpp"
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

// What an answer says of its order; empty: it was carried out.
template <class Answer>
std::string trouble_of(Answer const& answer)
{
    return answer.failed ? answer.failed->text : "";
}

struct work_fixture
{
    work_fixture()
    {
        source.filled(6000);
        open_source();
        std::filesystem::create_directories(target.folder / "data");
    }

    void open_source()
    {
        giving.emplace(
            store::snapshot_thread_options{.database = source.db()},
            store::long_work{.progress = {}, .cancelled = &cancelled}
        );
    }
    void open_target(std::uint64_t margin = 0)
    {
        taking.emplace(
            store::snapshot_thread_options{.database = target.db(), .space_margin = margin},
            store::long_work{}
        );
    }
    chain::snapshot_info offer()
    {
        auto const made = giving->perform(chain::make_snapshot{.order = 3});
        BOOST_TEST_REQUIRE(trouble_of(made) == "");
        BOOST_TEST(made.order == 3u);
        return made.snapshot;
    }
    static std::uint64_t chunks_of(chain::snapshot_info const& what)
    {
        return (what.bytes + chain::snapshot_chunk_bytes - 1) / chain::snapshot_chunk_bytes;
    }
    chain::keep_chunk fetch(chain::snapshot_info const& what, std::uint64_t index, digest const& mine = {})
    {
        auto const got = giving->perform(chain::read_chunk{.id = what.id, .index = index, .mine = mine});
        BOOST_TEST_REQUIRE(trouble_of(got) == "");
        return {.id = what.id, .index = index, .hash = got.hash, .packed = got.packed};
    }
    void transfer(chain::snapshot_info const& what, std::uint64_t from = 0)
    {
        for (auto i = from; i < chunks_of(what); ++i)
            BOOST_TEST_REQUIRE(trouble_of(taking->perform(fetch(what, i))) == "");
    }
    std::string part() const { return store::incoming_path(target.db()); }

    std::atomic<bool> cancelled = false;
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
    BOOST_TEST(trouble_of(taking->perform(chain::check_incoming{what})) == "");
    taking.reset();
    std::string why;
    BOOST_TEST(!store::install_snapshot(part(), target.db(), {.store = numbered<store_id>(9)}, &why), why);
    BOOST_TEST(state_digest(target.db()) == what.state);
    BOOST_TEST((snapshot_fixture::open(target.options())->end() == what.at));
}

BOOST_AUTO_TEST_CASE(a_chunk_that_the_disk_has_changed_does_not_travel)
{
    auto const what = offer();
    auto const outgoing = (std::filesystem::path(source.db()).parent_path() / "outgoing.db").string();
    auto bytes = file_bytes(outgoing);
    bytes[chain::snapshot_chunk_bytes + 100] ^= 1;
    write_file(outgoing, bytes);
    auto const read = [&](std::uint64_t index)
    { return giving->perform(chain::read_chunk{.id = what.id, .index = index, .mine = {}}); };
    BOOST_TEST(trouble_of(read(0)) == "");
    auto const changed = read(1);
    BOOST_TEST(trouble_of(changed) == outgoing + ": chunk 1 is not what was written");
    BOOST_TEST(!changed.packed);
    BOOST_TEST(trouble_of(read(2)) == "");
}

BOOST_AUTO_TEST_CASE(changed_rows_are_found)
{
    BOOST_TEST(giving->perform(chain::check_rows{}).text == "");
    tamper(source.db(), "UPDATE chat_message SET body = 'other' WHERE id = 7");
    BOOST_TEST(giving->perform(chain::check_rows{}).text == store::rows_differ);
    auto const made = giving->perform(chain::make_snapshot{.order = 1});
    BOOST_TEST_REQUIRE(made.failed.has_value());
    BOOST_TEST((made.failed->what == chain::order_fault::rows_changed), made.failed->text);
}

BOOST_AUTO_TEST_CASE(a_large_store_is_not_read_while_the_chain_is_short_but_where_it_is_suspect)
{
    giving.emplace(
        store::snapshot_thread_options{.database = source.db(), .proven_at_once = 5999},
        store::long_work{.progress = {}, .cancelled = &cancelled}
    );
    tamper(source.db(), "UPDATE chat_message SET body = 'other' WHERE id = 7");
    auto const some = giving->perform(chain::check_rows{});
    BOOST_TEST((some.verdict == chain::rows_verdict::believed));
    BOOST_TEST(some.text == "");
    auto const all = giving->perform(chain::check_rows{.all = true});
    BOOST_TEST((all.verdict == chain::rows_verdict::changed));
    BOOST_TEST(all.text == store::rows_differ);
}

BOOST_AUTO_TEST_CASE(of_a_suspect_store_the_whole_log_is_read_too)
{
    tamper(source.db(), "UPDATE log SET request = zeroblob(16) WHERE seq = 20");
    BOOST_TEST(giving->perform(chain::check_rows{}).text == "");
    BOOST_TEST(giving->perform(chain::check_rows{.all = true}).text == "log row 20 does not match its hash");
}

BOOST_AUTO_TEST_CASE(a_crash_at_each_chunk_costs_no_chunk)
{
    auto const what = offer();
    for (std::uint64_t at = 0; at < chunks_of(what); ++at)
    {
        open_target();  // as after a crash
        auto const opened = taking->perform(chain::open_incoming{what});
        BOOST_TEST_REQUIRE(trouble_of(opened) == "");
        BOOST_TEST(opened.held.size() == (at == 0 ? 0 : chunks_of(what)));
        for (std::uint64_t i = 0; i < at; ++i)
        {
            auto const again = fetch(what, i, opened.held[i]);
            BOOST_TEST(!again.packed);
            BOOST_TEST(trouble_of(taking->perform(again)) == "");
        }
        auto const next = fetch(what, at, at < opened.held.size() ? opened.held[at] : digest{});
        BOOST_TEST_REQUIRE(!!next.packed);
        BOOST_TEST(trouble_of(taking->perform(next)) == "");
    }
    open_target();
    static_cast<void>(taking->perform(chain::open_incoming{what}));
    BOOST_TEST(trouble_of(taking->perform(chain::check_incoming{what})) == "");
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
        BOOST_TEST(trouble_of(taking->perform(next)) == "");
    }
    BOOST_TEST(trouble_of(taking->perform(chain::check_incoming{second})) == "");
    BOOST_TEST(travelled < chunks_of(second));
    BOOST_TEST_MESSAGE(travelled << " of " << chunks_of(second) << " chunks travelled");
}

BOOST_AUTO_TEST_CASE(a_chunk_that_is_not_what_it_says_is_refused)
{
    auto const what = offer();
    open_target();
    static_cast<void>(taking->perform(chain::open_incoming{what}));
    auto const right = fetch(what, 1);
    auto const said = [&](chain::keep_chunk const& chunk) { return trouble_of(taking->perform(chunk)); };
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

BOOST_AUTO_TEST_CASE(a_bit_that_flips_in_the_part_is_found_and_the_part_goes)
{
    auto const what = offer();
    open_target();
    static_cast<void>(taking->perform(chain::open_incoming{what}));
    transfer(what);
    auto bytes = file_bytes(part());
    auto const text = bytes.find("message 7963307283");  // of entry 3
    BOOST_TEST_REQUIRE(text != std::string::npos);
    bytes[text] = 'M';
    std::fstream(part(), std::ios::in | std::ios::out | std::ios::binary) << bytes;
    auto const said = trouble_of(taking->perform(chain::check_incoming{what}));
    BOOST_TEST(said.find(part() + ": ") == 0u, said);
    BOOST_TEST(!std::filesystem::exists(part()));
    BOOST_TEST(trouble_of(taking->perform(chain::check_incoming{what})) == "there is no such snapshot");
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
            BOOST_TEST_REQUIRE(trouble_of(taking->perform(chunk)) == "");
        }
        BOOST_TEST(trouble_of(taking->perform(chain::check_incoming{other})) != "");
        BOOST_TEST(!std::filesystem::exists(part()));
    }
}

BOOST_AUTO_TEST_CASE(without_room_nothing_begins_and_the_sentence_says_how_much_is_needed)
{
    auto const what = offer();
    std::uint64_t const margin = std::uint64_t{1} << 60;
    open_target(margin);
    auto const said = trouble_of(taking->perform(chain::open_incoming{what}));
    BOOST_TEST(
        said.find(std::to_string(margin + what.bytes) + " bytes are needed") != std::string::npos, said
    );
    BOOST_TEST(std::filesystem::file_size(part()) == 0u);
    BOOST_TEST(trouble_of(taking->perform(fetch(what, 0))) == "there is no such chunk");

    // What the part has already is not asked for again.
    open_target(0);
    BOOST_TEST(trouble_of(taking->perform(chain::open_incoming{what})) == "");
    open_target(margin);
    BOOST_TEST(trouble_of(taking->perform(chain::open_incoming{what})) == "");
}

BOOST_AUTO_TEST_CASE(a_write_that_fails_is_an_error_and_can_be_tried_again)
{
    auto const what = offer();
    open_target();
    static_cast<void>(taking->perform(chain::open_incoming{what}));
    auto const last = fetch(what, chunks_of(what) - 1);
    std::filesystem::create_directory(target.path("elsewhere"));
    store::snapshot_work elsewhere({.database = target.path("elsewhere/chaind.db")}, {});
    // The operating system refuses to write beyond this length, as a full disk does.
    struct rlimit before = {};
    BOOST_TEST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto const handler = std::signal(SIGXFSZ, SIG_IGN);
    auto small = before;
    small.rlim_cur = 4096;
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    auto const kept = trouble_of(taking->perform(last));
    auto const opened = trouble_of(elsewhere.perform(chain::open_incoming{what}));
    auto const made = trouble_of(giving->perform(chain::make_snapshot{.order = 4}));
    BOOST_TEST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
    std::signal(SIGXFSZ, handler);

    BOOST_TEST(kept.starts_with("cannot write " + part()), kept);
    BOOST_TEST(opened != "");
    BOOST_TEST(made != "");
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
    BOOST_TEST(trouble_of(taking->perform(last)) == "");
    offer();
}

BOOST_AUTO_TEST_CASE(files_for_others_go_when_nobody_needs_them)
{
    auto const what = offer();
    giving->perform(chain::drop_snapshot{.order = 2});
    BOOST_TEST(std::filesystem::exists(source.path("outgoing.db")));
    giving->perform(chain::drop_snapshot{.order = 3});
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
    BOOST_TEST(
        trouble_of(giving->perform(chain::read_chunk{.id = what.id, .index = 0, .mine = {}})) ==
        "there is no such chunk"
    );
    offer();
    giving.reset();
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
    write_file(source.path("outgoing.db"), "left by a crash");
    open_source();
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
}

BOOST_AUTO_TEST_CASE(work_that_was_cancelled_before_it_began_is_not_done)
{
    cancelled = true;
    auto const made = giving->perform(chain::make_snapshot{.order = 4});
    BOOST_TEST(made.order == 4u);
    BOOST_TEST(trouble_of(made) == "stopped");
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
}

// What the threads post, taken by the test one by one.
struct thread_fixture : work_fixture
{
    thread_fixture() { giving.reset(); }

    store::post_function post()
    {
        return [this](std::function<void()> what)
        {
            {
                std::lock_guard const hold(mutex);
                posted.push_back(std::move(what));
            }
            wake.notify_one();
        };
    }
    std::function<void(chain::event)> tell()
    {
        return [this](chain::event what) { answers.push_back(std::move(what)); };
    }
    chain::event next()
    {
        std::unique_lock hold(mutex);
        BOOST_TEST_REQUIRE(wake.wait_for(hold, std::chrono::seconds(60), [&] { return !posted.empty(); }));
        auto const run = std::move(posted.front());
        posted.pop_front();
        hold.unlock();
        run();
        return answers.back();
    }
    chain::snapshot_made next_made() { return std::get<chain::snapshot_made>(next()); }

    std::mutex mutex;
    std::condition_variable wake;
    std::deque<std::function<void()>> posted;
    std::vector<chain::event> answers;
};

// Holds whoever runs a statement that begins so, if nothing else is said, whoever begins to copy messages
// into a snapshot. One at a time: SQLite's hooks are the process's.
class copy_gate
{
public:
    explicit copy_gate(std::string_view sql = "INSERT INTO snapshot.chat_message") : sql_(sql)
    {
        it() = this;
        sqlite3_auto_extension(hook());
    }
    ~copy_gate()
    {
        open();
        sqlite3_cancel_auto_extension(hook());
    }
    copy_gate(copy_gate const&) = delete;
    copy_gate& operator=(copy_gate const&) = delete;

    bool reached()
    {
        std::unique_lock hold(mutex_);
        return wake_.wait_for(hold, std::chrono::seconds(60), [&] { return reached_; });
    }
    void open()
    {
        {
            std::lock_guard const hold(mutex_);
            open_ = true;
        }
        wake_.notify_all();
    }

private:
    using loaded_function = void (*)();
    static copy_gate*& it()
    {
        static copy_gate* out = nullptr;
        return out;
    }
    static loaded_function hook() { return reinterpret_cast<loaded_function>(on_connection); }
    static int on_connection(sqlite3* db, char const**, void const*)
    {
        return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_statement, it());
    }
    static int on_statement(unsigned, void* gate, void*, void* text)
    {
        std::string_view const sql = static_cast<char const*>(text);
        auto* const self = static_cast<copy_gate*>(gate);
        if (sql.starts_with(self->sql_)) self->pass();
        return 0;
    }
    void pass()
    {
        std::unique_lock hold(mutex_);
        reached_ = true;
        wake_.notify_all();
        wake_.wait_for(hold, std::chrono::seconds(60), [&] { return open_; });
    }

    std::string_view const sql_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool reached_ = false;
    bool open_ = false;
};

BOOST_FIXTURE_TEST_CASE(a_snapshot_that_is_dropped_while_it_is_made_is_not_made_to_its_end, thread_fixture)
{
    copy_gate gate;
    store::snapshot_thread gives({.database = source.db()}, tell(), post());
    gives.perform(chain::make_snapshot{.order = 1});
    BOOST_TEST_REQUIRE(gate.reached());
    gives.perform(chain::drop_snapshot{.order = 1});
    gate.open();
    auto const made = next_made();
    BOOST_TEST(made.order == 1u);
    BOOST_TEST(trouble_of(made).find("interrupted") != std::string::npos, trouble_of(made));
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));

    // Nothing of it is left for the next one.
    gives.perform(chain::make_snapshot{.order = 2});
    BOOST_TEST(trouble_of(next_made()) == "");
}

BOOST_FIXTURE_TEST_CASE(a_snapshot_that_is_dropped_before_its_turn_is_not_begun, thread_fixture)
{
    copy_gate gate;
    store::snapshot_thread gives({.database = source.db()}, tell(), post());
    gives.perform(chain::make_snapshot{.order = 1});
    BOOST_TEST_REQUIRE(gate.reached());
    gives.perform(chain::make_snapshot{.order = 2});
    gives.perform(chain::drop_snapshot{.order = 2});
    gives.perform(chain::make_snapshot{.order = 3});
    gate.open();
    BOOST_TEST(trouble_of(next_made()) == "");
    auto const second = next_made();
    BOOST_TEST(second.order == 2u);
    BOOST_TEST(trouble_of(second) == "stopped");
    auto const third = next_made();
    BOOST_TEST(third.order == 3u);
    BOOST_TEST(trouble_of(third) == "");
    gives.perform(chain::read_chunk{.id = third.snapshot.id, .index = 0, .mine = {}});
    BOOST_TEST(trouble_of(std::get<chain::chunk_read>(next())) == "");
}

BOOST_FIXTURE_TEST_CASE(a_drop_that_comes_too_late_takes_the_file_away, thread_fixture)
{
    store::snapshot_thread gives({.database = source.db()}, tell(), post());
    gives.perform(chain::make_snapshot{.order = 1});
    auto const made = next_made();
    BOOST_TEST(trouble_of(made) == "");
    gives.perform(chain::drop_snapshot{.order = 1});
    gives.perform(chain::read_chunk{.id = made.snapshot.id, .index = 0, .mine = {}});
    BOOST_TEST(trouble_of(std::get<chain::chunk_read>(next())) == "there is no such chunk");
    BOOST_TEST(!std::filesystem::exists(source.path("outgoing.db")));
}

// What a receiver is to open another one for, it has given up.
BOOST_FIXTURE_TEST_CASE(a_check_ends_when_another_snapshot_is_opened, thread_fixture)
{
    open_source();
    auto const first = offer();
    auto other = first;
    other.id = made_id<digest>(99);
    store::snapshot_thread takes({.database = target.db()}, tell(), post());
    takes.perform(chain::open_incoming{first});
    BOOST_TEST(trouble_of(std::get<chain::incoming_opened>(next())) == "");
    for (std::uint64_t i = 0; i < chunks_of(first); ++i)
    {
        takes.perform(fetch(first, i));
        BOOST_TEST(trouble_of(std::get<chain::chunk_kept>(next())) == "");
    }

    copy_gate gate("PRAGMA integrity_check");
    takes.perform(chain::check_incoming{first});
    BOOST_TEST_REQUIRE(gate.reached());
    takes.perform(chain::open_incoming{other});
    gate.open();
    auto const checked = std::get<chain::incoming_checked>(next());
    BOOST_TEST((checked.id == first.id));
    BOOST_TEST(trouble_of(checked).find("interrupted") != std::string::npos, trouble_of(checked));
    // What had come is there for the other one.
    auto const opened = std::get<chain::incoming_opened>(next());
    BOOST_TEST((opened.id == other.id));
    BOOST_TEST(trouble_of(opened) == "");
    BOOST_TEST(opened.held.size() == chunks_of(other));
}

BOOST_FIXTURE_TEST_CASE(an_opening_ends_when_another_snapshot_is_opened, thread_fixture)
{
    write_file(store::incoming_path(source.db()), std::string(3 * chain::snapshot_chunk_bytes, 'x'));
    chain::snapshot_info first;
    first.id = made_id<digest>(98);
    first.bytes = 3 * chain::snapshot_chunk_bytes;
    auto other = first;
    other.id = made_id<digest>(99);
    copy_gate gate;
    store::snapshot_thread both({.database = source.db()}, tell(), post());
    both.perform(chain::make_snapshot{.order = 1});
    BOOST_TEST_REQUIRE(gate.reached());
    both.perform(chain::open_incoming{first});
    both.perform(chain::open_incoming{other});
    both.perform(chain::open_incoming{other});
    gate.open();
    BOOST_TEST(trouble_of(next_made()) == "");
    BOOST_TEST(trouble_of(std::get<chain::incoming_opened>(next())) == "stopped");
    for (int i = 0; i < 2; ++i)
    {
        auto const opened = std::get<chain::incoming_opened>(next());
        BOOST_TEST((opened.id == other.id));
        BOOST_TEST(trouble_of(opened) == "");
        BOOST_TEST(opened.held.size() == 3u);
    }
}

BOOST_FIXTURE_TEST_CASE(the_thread_answers_each_order_in_order, thread_fixture)
{
    store::snapshot_thread gives({.database = source.db()}, tell(), post());
    store::snapshot_thread takes({.database = target.db()}, tell(), post());

    gives.perform(chain::make_snapshot{.order = 8});
    auto const made = std::get<chain::snapshot_made>(next());
    BOOST_TEST_REQUIRE(trouble_of(made) == "");
    BOOST_TEST(made.order == 8u);
    takes.perform(chain::open_incoming{made.snapshot});
    BOOST_TEST((std::get<chain::incoming_opened>(next()).id == made.snapshot.id));
    for (std::uint64_t i = 0; i < chunks_of(made.snapshot); ++i)
        gives.perform(chain::read_chunk{.id = made.snapshot.id, .index = i, .mine = {}});
    std::vector<chain::chunk_read> read;
    for (std::uint64_t i = 0; i < chunks_of(made.snapshot); ++i)
    {
        read.push_back(std::get<chain::chunk_read>(next()));
        BOOST_TEST(read.back().index == i);
    }
    for (auto const& got : read)
        takes.perform(
            chain::keep_chunk{.id = got.id, .index = got.index, .hash = got.hash, .packed = got.packed}
        );
    takes.perform(chain::check_incoming{made.snapshot});
    for (auto const& got : read)
    {
        auto const kept = std::get<chain::chunk_kept>(next());
        BOOST_TEST(kept.index == got.index);
        BOOST_TEST(trouble_of(kept) == "");
    }
    BOOST_TEST(trouble_of(std::get<chain::incoming_checked>(next())) == "");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
