// All rows read again, piece by piece, beside a writer.
#include "store/scrub.hpp"

#include "store/store_thread.hpp"
#include "unit/store/snapshot_fixture.hpp"
#include "unit/store/test_loop.hpp"

#include <random>

namespace chaind::test
{
namespace
{

// Eight people in some rooms who write, change their minds, come and go: entry n is always the same one.
class busy_people
{
public:
    chain::entry next(log_writer& log)
    {
        auto const n = log.end().at.value() + 1;
        if (n <= 8) return log.next(1, account_command(n));
        auto const digits = std::to_string(n);
        chat::user_id const who(1 + below(8));
        chat::command what{
            .uid = who, .cid = std::string(26 - digits.size(), '0') + digits, .what = body(n, who)
        };
        return log.next(1 + n / 500, wire::encode(what));
    }

private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    chat::conv_id conv() { return chat::conv_id(1 + below(4)); }
    chat::message_id any_message() { return chat::message_id(1 + below(400)); }

    chat::command_body body(std::uint64_t n, chat::user_id who)
    {
        if (n <= 12) return chat::room_create{.name = "room" + std::to_string(n), .priv = false, .topic = {}};
        switch (below(12))
        {
            case 0: return chat::conv_join{conv()};
            case 1: return chat::conv_leave{conv()};
            case 2: return chat::msg_edit{any_message(), "changed in " + std::to_string(n), std::nullopt};
            case 3: return chat::msg_delete{any_message()};
            case 4: return chat::read_upto{conv(), below(200)};
            case 5:
            {
                chat::token_hash token = "session " + std::to_string(n);
                token.resize(32);
                return chat::session_create{token, "l", who.value()};  // his password is of that entry
            }
            case 6: return chat::session_revoke_all{};
            case 7: return chat::dm_create{chat::user_id(1 + below(8))};
            default: break;
        }
        chat::msg_send out;
        out.conv = conv();
        out.body = "message " + std::to_string(n);
        if (below(3) == 0) out.mentions = {chat::user_id(1 + below(8))};
        return out;
    }

    std::mt19937_64 random_{7};
};

struct scrub_fixture : snapshot_fixture
{
    void start(store::sqlite_store const& of, std::uint64_t piece = 500, std::chrono::seconds every = {})
    {
        store::scrub_options how;
        how.database = db();
        how.every = how.first = every;
        how.share = how.share_when_asked = 100;
        how.piece_rows = piece;
        reader = std::make_unique<store::scrub>(
            how,
            of.watch(),
            store::scrub_events{
                .progress = [this](store::scrub_report const& now) { shown.push_back(now); },
                .ended = [this](store::scrub_report const& now) { ended.push_back(now); },
                .failed = [this](error_code why, std::string const& text)
                { failures.emplace_back(why, text); },
            },
            loop.post()
        );
    }
    store::scrub_report round(std::uint64_t number)
    {
        auto const before = ended.size();
        reader->ask(number);
        loop.run_until([&] { return ended.size() > before || !failures.empty(); });
        BOOST_TEST_REQUIRE(first_failure() == "");
        return ended.back();
    }

    // What is said of it; "": nothing has failed.
    std::string first_failure() const
    {
        if (failures.empty()) return "";
        auto const& [why, text] = failures.front();
        return text.empty() ? why.message() : text;
    }

    test_loop loop;
    std::vector<store::scrub_report> shown;
    std::vector<store::scrub_report> ended;
    std::vector<std::pair<error_code, std::string>> failures;
    std::unique_ptr<store::scrub> reader;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(scrubbing, scrub_fixture)

BOOST_AUTO_TEST_CASE(rows_as_they_were_written_are_proven_once_a_number)
{
    auto const made = filled(3000);
    start(*made);
    auto const first = round(41);
    BOOST_TEST(first.error == "");
    BOOST_TEST(!first.running);
    BOOST_TEST(first.asked == 41u);
    BOOST_TEST(first.rounds == 1u);
    BOOST_TEST(first.done == first.all);
    BOOST_TEST(first.ended_ms > 0);
    reader->ask(41);  // has been done
    BOOST_TEST(round(42).rounds == 2u);
}

// Whoever is told hands it on to the config service.
BOOST_AUTO_TEST_CASE(how_far_it_is_is_not_told_with_each_piece)
{
    auto const made = filled(3000);
    start(*made, 1);
    round(41);
    BOOST_TEST(shown.size() > 0u);
    BOOST_TEST(shown.size() < 1500u);
}

BOOST_AUTO_TEST_CASE(an_empty_store_is_sound)
{
    auto const made = filled(0);
    start(*made);
    BOOST_TEST(round(1).error == "");
}

// One of each table at least, changed, lost, or out of sight.
constexpr char const* damages[] = {
    "UPDATE chat_message SET body = 'other' WHERE id = 7",
    "UPDATE chat_message SET deleted = 1 WHERE id = (SELECT max(id) FROM chat_message)",
    "DELETE FROM chat_message WHERE id = 300",
    "UPDATE chat_user SET display = 'other' WHERE id = 3",
    "DELETE FROM chat_session WHERE token = (SELECT max(token) FROM chat_session)",
    "UPDATE chat_conv SET topic = 'other' WHERE id = 2",
    "UPDATE chat_member SET read = read + 1 WHERE conv = 1",
    "DELETE FROM chat_past_member WHERE joined = (SELECT max(joined) FROM chat_past_member)",
    "DELETE FROM chat_mention WHERE seq = (SELECT max(seq) FROM chat_mention)",
    "UPDATE chat_event SET at_ms = at_ms + 1 WHERE pos = (SELECT max(pos) FROM chat_event)",
    "UPDATE chat_remembered SET at_ms = at_ms + 1 WHERE pos = 20",
    "UPDATE chat_message SET id = -id WHERE id = 5",
};

BOOST_AUTO_TEST_CASE(a_changed_row_of_any_table_is_found)
{
    for (std::string const sql : damages)
    {
        scrub_fixture other;
        auto const made = other.open(other.options());
        busy_people people;
        std::vector<chain::entry> rows;
        while (rows.size() < 2000)
            rows.push_back(people.next(other.log));
        BOOST_TEST_REQUIRE(!write_one(*made, write_of(1).adds(std::move(rows)).applies(2000)));
        other.start(*made, 100);
        BOOST_TEST(other.round(1).error == "", sql);
        tamper(other.db(), sql);
        BOOST_TEST(other.round(2).error == store::rows_differ, sql);
    }
}

BOOST_AUTO_TEST_CASE(a_changed_row_of_the_log_is_found)
{
    auto const made = filled(3000);
    start(*made);
    tamper(db(), "UPDATE log SET ts_us = ts_us + 1 WHERE seq = 1700");
    BOOST_TEST(round(1).error == "log row 1700 does not match its hash");
}

// The writer's thread changes rows before, behind and in the piece that is being read, all the time.
BOOST_AUTO_TEST_CASE(writing_goes_on_and_no_round_is_misled)
{
    for (std::uint64_t const piece : {1, 3, 7, 50, 400})
    {
        scrub_fixture other;
        auto const made = other.open(other.options());
        busy_people people;
        other.start(*made, piece);
        std::uint64_t number = 0;
        other.reader->ask(++number);
        for (int i = 0; i < 300; ++i)
        {
            std::vector<chain::entry> rows;
            for (int j = 0; j < 1 + i % 9; ++j)
                rows.push_back(people.next(other.log));
            auto const end = rows.back().at.value();
            BOOST_TEST_REQUIRE(!write_one(*made, write_of(end).adds(std::move(rows)).applies(end)));
            auto const before = other.ended.size();
            other.loop.run_what_is_there();
            BOOST_TEST_REQUIRE(other.first_failure() == "");
            if (other.ended.size() == before) continue;
            BOOST_TEST_REQUIRE(other.ended.back().error == "", "piece " << piece << ", entry " << end);
            other.reader->ask(++number);
        }
        other.loop.run_until([&] { return !other.ended.empty() && other.ended.back().asked == number; });
        BOOST_TEST(other.ended.back().error == "", "piece " << piece << ", at the end");
        BOOST_TEST_MESSAGE(other.ended.size() << " rounds in pieces of " << piece);
        // And a row that the disk has changed is still found after all that.
        tamper(other.db(), "UPDATE chat_message SET uid = 77 WHERE id = (SELECT min(id) FROM chat_message)");
        BOOST_TEST(other.round(++number).error == store::rows_differ);
    }
}

BOOST_AUTO_TEST_CASE(a_round_that_was_asked_for_ends_when_nobody_wants_it)
{
    auto const made = filled(3000);
    store::scrub_options how;
    how.database = db();
    how.every = {};
    how.share_when_asked = 1;
    how.piece_rows = 10;
    reader = std::make_unique<store::scrub>(
        how,
        made->watch(),
        store::scrub_events{
            .progress = [this](store::scrub_report const& now) { shown.push_back(now); },
            .ended = [this](store::scrub_report const& now) { ended.push_back(now); },
            .failed = [](error_code, std::string const&) {},
        },
        loop.post()
    );
    reader->ask(5);
    loop.run_until([&] { return !shown.empty() && shown.back().running; });
    BOOST_TEST(shown.back().asked == 5u);
    BOOST_TEST(shown.back().done < shown.back().all);
    reader->ask(0);
    loop.run_until([&] { return !shown.back().running; });
    BOOST_TEST(shown.back().asked == 0u);
    BOOST_TEST(ended.empty());
}

BOOST_AUTO_TEST_CASE(a_round_begins_by_itself_when_it_is_due)
{
    auto const made = filled(500);
    start(*made, 500, std::chrono::seconds(1));
    loop.run_until([&] { return ended.size() == 2; });
    BOOST_TEST(ended.back().rounds == 2u);
    BOOST_TEST(ended.back().asked == 0u);
    BOOST_TEST(ended.back().error == "");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_sound_database_any_more_is_distrusted)
{
    auto const made = filled(3000);
    start(*made);
    auto const pages = number_in(db(), "PRAGMA page_count");
    tamper(db(), "PRAGMA wal_checkpoint(TRUNCATE)");
    auto bytes = file_bytes(db());
    for (auto at = static_cast<std::size_t>(pages) / 2 * 4096; at + 4096 <= bytes.size(); at += 4096)
        std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 4096, '\x5a');
    write_file(db(), bytes);
    reader->ask(1);
    loop.run_until([&] { return !failures.empty(); });
    BOOST_TEST((failures.front().first == errc::store_damaged), failures.front().second);
    BOOST_TEST(std::filesystem::exists(db() + "-distrusted"));
    BOOST_TEST(ended.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace chaind::test
