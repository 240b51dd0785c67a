#pragma once
// What the tests of the store share: entries that link, a store on a disk in memory or in a folder, and what
// it recovers to as one comparable value.

#include "chain/types.hpp"
#include "chat/command.hpp"
#include "store/chat_reader.hpp"
#include "store/sqlite_store.hpp"
#include "support/sqlite_fault_vfs.hpp"
#include "support/temp_folder.hpp"
#include "wire/command.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace chaind::test
{

template <class Id>
Id numbered(std::uint8_t n)
{
    Id out;
    out.bytes.fill(n);
    return out;
}

// Accounts: each changes the state, so that equal digests mean that the same entries were applied.
inline std::string account_command(std::uint64_t n)
{
    auto const name = "user" + std::to_string(n);
    chat::token_hash token = name;
    token.resize(32);
    return wire::encode(chat::command{
        .uid = {},
        .cid = name,
        .what =
            chat::account_create{
                .name = name, .password_hash = "$argon2id$none", .first_token = token, .label = "test"
            }
    });
}
inline std::string checkpoint_command(std::string const& id)
{
    return wire::encode(chat::command{.uid = {}, .cid = {}, .what = chat::checkpoint{.id = id}});
}

// Entries that follow each other.
class log_writer
{
public:
    log_writer() = default;
    explicit log_writer(log_point from) : end_(from) {}

    chain::entry next(std::uint64_t in, std::string command)
    {
        chain::entry e{
            .at = end_.at.next(),
            .in = epoch(in),
            .ts_us = end_.ts_us + 1000,
            .request = {},
            .command = std::make_shared<std::string const>(std::move(command)),
            .hash = {},
        };
        e.request.bytes[0] = static_cast<std::uint8_t>(e.at.value());
        e.request.bytes[15] = 1;
        e.hash = chain::entry_hash(end_.hash, e);
        end_ = e.point();
        return e;
    }
    chain::entry next(std::uint64_t in) { return next(in, account_command(end_.at.value() + 1 + 100 * in)); }
    std::vector<chain::entry> next_few(std::size_t count, std::uint64_t in)
    {
        std::vector<chain::entry> out;
        while (out.size() < count)
        {
            out.push_back(next(in));
        }
        return out;
    }
    [[nodiscard]] log_point end() const { return end_; }

private:
    log_point end_;
};

inline chain_config promise_of(std::uint64_t at, config_state state = config_state::active)
{
    chain_config out{.at = epoch(at), .state = state, .members = {}, .joiner = std::nullopt};
    out.id = numbered<config_id>(static_cast<std::uint8_t>(at));
    for (std::uint8_t n = 1; n <= 3; ++n)
    {
        out.members.push_back(
            {{"n" + std::to_string(n)},
             numbered<store_id>(n),
             numbered<boot_id>(static_cast<std::uint8_t>(n + at))}
        );
    }
    if (state == config_state::pending) out.joiner = node_id{"n3"};
    return out;
}

inline store::store_observer no_observer()
{
    return {.applied = [](auto) {}, .checkpoint = [](auto const&) {}};
}

// All that survives, in one value.
struct survived
{
    chain_config promised;
    log_point applied;
    std::vector<log_point> suffix;
    std::vector<std::pair<epoch, seq>> epochs;
    digest state;

    friend bool operator==(survived const&, survived const&) = default;
    friend std::ostream& operator<<(std::ostream& to, survived const& s)
    {
        to << "promised " << s.promised.at << " applied " << s.applied.at << " state " << s.state
           << " suffix";
        for (auto const& p : s.suffix)
        {
            to << ' ' << p.at << '/' << p.in;
        }
        return to;
    }
};

inline digest state_digest(std::string const& path, std::string const& vfs = {})
{
    auto db = sqlite::database::open(path, sqlite::database::access::read_only, vfs);
    BOOST_TEST_REQUIRE(db.has_value());
    store::chat_reader reader(**db);
    reader.begin();
    auto const out = reader.state_digest();
    reader.end();
    BOOST_TEST_REQUIRE(!(*db)->failed(), (*db)->failure_text());
    return out;
}

inline survived survived_of(store::sqlite_store& of, std::string const& path, std::string const& vfs = {})
{
    auto found = of.recover();
    BOOST_TEST_REQUIRE(found.has_value(), of.failure_text());
    survived out{found->promised, found->applied, {}, found->epochs, state_digest(path, vfs)};
    for (auto const& e : found->suffix)
    {
        out.suffix.push_back(e.point());
    }
    return out;
}

// A store on a disk in memory.
struct disk_fixture
{
    static std::string new_name()
    {
        static int count = 0;
        return "test disk " + std::to_string(++count);
    }

    store::store_options options() const
    {
        store::store_options out;
        out.path = "db";
        out.new_store = numbered<store_id>(7);
        out.boot = numbered<boot_id>(8);
        out.vfs = disk.name();
        return out;
    }
    std::unique_ptr<store::sqlite_store> open() { return open(options()); }
    std::unique_ptr<store::sqlite_store> open(store::store_options const& how)
    {
        std::string why;
        auto opened = store::sqlite_store::open(how, &why);
        BOOST_TEST_REQUIRE(opened.has_value(), why);
        return std::move(*opened);
    }
    survived survived_now()
    {
        auto opened = open();
        return survived_of(*opened, "db", disk.name());
    }

    fault_disk disk{new_name()};
};

// Where a store is in a folder.
struct folder_fixture
{
    store::store_options options() const
    {
        store::store_options out;
        out.path = (folder / "data" / "chaind.db").string();
        out.new_store = numbered<store_id>(7);
        out.boot = numbered<boot_id>(8);
        return out;
    }

    temp_folder own;
    std::filesystem::path folder{own.path()};
};

// A store_write, said in a line.
struct write_of : chain::store_write
{
    explicit write_of(chain::write_id with) { id = with; }
    write_of&& promises(chain_config what) &&
    {
        promise = std::move(what);
        return std::move(*this);
    }
    write_of&& cuts_after(std::uint64_t at) &&
    {
        truncate_after = seq(at);
        return std::move(*this);
    }
    write_of&& adds(std::vector<chain::entry> rows) &&
    {
        entries = std::move(rows);
        return std::move(*this);
    }
    write_of&& applies(std::uint64_t upto) &&
    {
        apply_upto = seq(upto);
        return std::move(*this);
    }
};

inline error_code write_one(store::sqlite_store& to, chain::store_write const& what)
{
    return to.perform({&what, 1}, no_observer());
}

}  // namespace chaind::test
