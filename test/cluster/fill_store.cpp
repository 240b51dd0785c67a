// fill_store DATABASE MESSAGES: appends so many messages to a replica's database, as the chain would have,
// much faster. The replica must not run. For measurements of large stores (measure_size.py).

#include "chain/types.hpp"
#include "store/sqlite_store.hpp"
#include "wire/command.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace
{

using namespace chaind;

constexpr std::uint64_t people = 20;
constexpr std::uint64_t rooms = 50;
constexpr std::uint64_t entries_of_write = 5'000;

std::string ulid(std::int64_t time_ms, std::uint64_t number)
{
    static constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string out(26, '0');
    for (std::size_t i = 10; i-- > 0; time_ms /= 32)
        out[i] = alphabet[time_ms % 32];
    for (std::size_t i = 26; i-- > 10; number /= 32)
        out[i] = alphabet[number % 32];
    return out;
}

class history
{
public:
    history(store::sqlite_store& to, epoch in) : store_(to), end_(to.end()), in_(in)
    {
        // Stamps must not be ahead of the clock, and cids not be of another month.
        now_ms_ = std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::system_clock::now().time_since_epoch()
        )
                      .count();
        begins_us_ = (now_ms_ - 3'600'000) * 1000;
    }

    void add(chat::user_id who, chat::command_body what, std::string cid)
    {
        chat::command const all{.uid = who, .cid = std::move(cid), .what = std::move(what)};
        chain::entry e{
            .at = end_.at.next(),
            .in = in_,
            .ts_us = std::max(end_.ts_us + 1, begins_us_),
            .request = {},
            .command = std::make_shared<std::string const>(wire::encode(all)),
            .hash = {},
        };
        auto const number = e.at.value();
        std::memcpy(e.request.bytes.data(), &number, sizeof number);
        e.request.bytes[15] = 1;
        e.hash = chain::entry_hash(end_.hash, e);
        end_ = e.point();
        rows_.push_back(std::move(e));
        if (rows_.size() == entries_of_write) write();
    }
    void write()
    {
        if (rows_.empty()) return;
        chain::store_write what;
        what.entries = std::move(rows_);
        what.apply_upto = end_.at;
        rows_.clear();
        store_.allow_drop(store_.applied().at);
        auto failure =
            store_.perform({&what, 1}, {.applied = [](auto const&) {}, .checkpoint = [](auto const&) {}});
        if (!failure) failure = store_.tidy();
        if (!failure) return;
        std::cerr << "fill_store: " << store_.failure_text() << '\n';
        std::exit(1);
    }
    std::string cid() { return ulid(now_ms_, ++cids_); }

private:
    store::sqlite_store& store_;
    log_point end_;
    epoch in_;
    std::vector<chain::entry> rows_;
    std::int64_t now_ms_ = 0;
    std::int64_t begins_us_ = 0;
    std::uint64_t cids_ = 0;
};

int fill(std::string const& path, std::uint64_t messages)
{
    store::store_options how;
    how.path = path;
    std::string why;
    auto opened = store::sqlite_store::open(how, &why);
    if (!opened)
    {
        std::cerr << "fill_store: " << why << '\n';
        return 1;
    }
    auto& store = **opened;
    auto const found = store.recover();
    if (!found || found->promised.at == epoch{} || !found->suffix.empty())
    {
        std::cerr << "fill_store: that is no database of a replica that was in a chain and stopped\n";
        return 1;
    }
    // Whoever is made here has the next numbers.
    history to(store, found->promised.at);
    std::uint64_t const first_user = 1;
    for (std::uint64_t i = 0; i < people; ++i)
    {
        chat::token_hash token = "fill" + std::to_string(i);
        token.resize(32);
        to.add(
            {},
            chat::account_create{
                .name = "fill" + std::to_string(i),
                .password_hash = "$argon2id$none",
                .first_token = token,
                .label = "fill"
            },
            "fill" + std::to_string(i)
        );
    }
    for (std::uint64_t i = 0; i < rooms; ++i)
        to.add(
            chat::user_id(first_user + i % people),
            chat::room_create{.name = "fill" + std::to_string(i), .priv = false, .topic = {}},
            to.cid()
        );
    for (std::uint64_t i = 0; i < rooms; ++i)
        for (std::uint64_t j = 0; j < people; ++j)
            if (j != i % people)
                to.add(chat::user_id(first_user + j), chat::conv_join{chat::conv_id(1 + i)}, to.cid());
    for (std::uint64_t i = 0; i < messages; ++i)
    {
        chat::msg_send what;
        what.conv = chat::conv_id(1 + (i * 7919) % rooms);
        what.body = "message " + std::to_string(i) +
                    " of many, about as long as what people write to each other on a quiet afternoon " +
                    std::to_string(i * 2654435761u % 1000003);
        what.fmt = chat::text_format::plain;
        to.add(chat::user_id(first_user + i % people), what, to.cid());
        if (i % 1'000'000 == 999'999) std::cerr << i + 1 << " messages\n";
    }
    to.write();
    std::cout << store.applied().at.value() << '\n';
    return 0;
}

}  // namespace

int main(int count, char** words)
{
    std::uint64_t messages = 0;
    std::string_view const number = count == 3 ? words[2] : "";
    if (std::from_chars(number.data(), number.data() + number.size(), messages).ec != std::errc{} ||
        messages == 0)
    {
        std::cerr << "fill_store DATABASE MESSAGES\n";
        return 64;
    }
    return fill(words[1], messages);
}
