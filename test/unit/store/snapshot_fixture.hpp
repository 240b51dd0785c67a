#pragma once
// Stores with rooms and messages in them, and their snapshots, in a folder.

#include "store/chat_sum.hpp"
#include "store/chunk_file.hpp"
#include "store/snapshot_install.hpp"
#include "unit/store/store_fixture.hpp"

#include <fstream>
#include <iterator>

namespace chaind::test
{

inline std::string file_bytes(std::filesystem::path const& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
inline void write_file(std::filesystem::path const& path, std::string const& bytes)
{
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// An account, a room of his, then messages; entry n is always the same one.
inline chain::entry chat_entry(log_writer& log)
{
    auto const n = log.end().at.value() + 1;
    if (n == 1) return log.next(1, account_command(n));
    auto const digits = std::to_string(n);
    // A ULID of the log's first millisecond.
    auto const cid = std::string(26 - digits.size(), '0') + digits;
    chat::command what{.uid = chat::user_id(1), .cid = cid, .what = chat::probe{}};
    if (n == 2)
        what.what = chat::room_create{.name = "general", .priv = false, .topic = {}};
    else
    {
        chat::msg_send message;
        message.conv = chat::conv_id(1);
        message.body = "message " + std::to_string(n * 2654435761u) + std::string(n % 300, 'x');
        what.what = message;
    }
    return log.next(1 + n / 1000, wire::encode(what));
}

inline void tamper(std::string const& path, std::string const& sql)
{
    auto db = sqlite::database::open(path, sqlite::database::access::create);
    BOOST_TEST_REQUIRE(db.has_value());
    (*db)->script(sql);
    BOOST_TEST_REQUIRE(!(*db)->failed(), (*db)->failure_text());
}

inline std::int64_t number_in(std::string const& path, std::string const& sql)
{
    auto db = sqlite::database::open(path, sqlite::database::access::read_only);
    BOOST_TEST_REQUIRE(db.has_value());
    auto row = (*db)->query(sql);
    BOOST_TEST_REQUIRE(row.step(), (*db)->failure_text());
    return row.integer(0);
}

struct snapshot_fixture : folder_fixture
{
    std::string path(std::string const& name) const { return (folder / "data" / name).string(); }
    std::string db() const { return path("chaind.db"); }

    static std::unique_ptr<store::sqlite_store> open(store::store_options const& how)
    {
        std::string why;
        auto opened = store::sqlite_store::open(how, &why);
        BOOST_TEST_REQUIRE(opened.has_value(), why);
        return std::move(*opened);
    }
    // Goes on to `entries` in the log, of which the last `open_end` are not applied.
    std::unique_ptr<store::sqlite_store> filled(std::uint64_t entries, std::uint64_t open_end = 0)
    {
        auto made = open(options());
        fill(*made, log, entries, open_end);
        return made;
    }
    static void fill(
        store::sqlite_store& to, log_writer& from, std::uint64_t entries, std::uint64_t open_end = 0
    )
    {
        std::vector<chain::entry> rows;
        while (from.end().at.value() < entries)
            rows.push_back(chat_entry(from));
        auto const failure =
            write_one(to, write_of(entries).adds(std::move(rows)).applies(entries - open_end));
        BOOST_TEST_REQUIRE(!failure, to.failure_text());
    }
    store::snapshot_manifest snapshot(std::string const& name, store::snapshot_options const& how = {})
    {
        std::string why;
        auto made = store::make_snapshot(db(), path(name), how, &why);
        BOOST_TEST_REQUIRE(made.has_value(), why);
        return *made;
    }

    log_writer log;
};

}  // namespace chaind::test
