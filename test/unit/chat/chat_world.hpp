#pragma once
// The state machine on both states at once, the plain maps and SQLite: every command is applied to each, and
// both must say the same. What it returns is the answer of both.

#include "chat/apply.hpp"
#include "chat/model_state.hpp"
#include "sqlite/database.hpp"
#include "store/chat_reader.hpp"
#include "store/chat_state.hpp"
#include "store/chat_sum.hpp"
#include "store/store_schema.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace chaind::test
{

inline std::string make_ulid(std::int64_t time_ms, std::uint64_t number)
{
    static constexpr char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::string out(26, '0');
    for (int i = 9; i >= 0; --i, time_ms /= 32)
        out[static_cast<std::size_t>(i)] = alphabet[time_ms % 32];
    for (int i = 25; i >= 10; --i, number /= 32)
        out[static_cast<std::size_t>(i)] = alphabet[number % 32];
    return out;
}

class chat_world
{
public:
    static constexpr std::int64_t start_ms = 1'795'000'000'000;

    chat_world()
        : db_(sqlite::database::open(":memory:", sqlite::database::access::create).value()), read(*db_)
    {
        store::upgrade_schema(*db_, 0);
        rows_.emplace(*db_);
    }

    // One log entry, a millisecond after the last one.
    chat::applied apply(chat::user_id who, chat::command_body what, std::string cid)
    {
        now_ms += 1;
        pos = pos.next();
        chat::command const c{
            .uid = who,
            .cid = std::move(cid),
            .what = std::move(what),
            .asked_ms = machines_ahead_ms ? now_ms + *machines_ahead_ms : 0
        };
        // As the head does it: by its own clock, and rising.
        stamp_us = std::max(stamp_us + 1, (now_ms + head_ahead_ms) * 1000);
        chat::entry_context const at{.pos = pos, .ts_us = stamp_us, .request = {}};
        auto in_maps = chat::apply(model, c, at);
        auto const in_rows = chat::apply(*rows_, c, at);
        rows_->flush();
        BOOST_TEST((in_maps == in_rows));
        BOOST_TEST(!db_->failed(), db_->failure_text());
        BOOST_TEST(in_maps.events.size() <= 1u);
        return in_maps;
    }
    chat::applied apply(chat::user_id who, chat::command_body what)
    {
        return apply(who, std::move(what), fresh_cid());
    }

    std::string fresh_cid() { return make_ulid(now_ms, ++cids_); }

    template <class Answer>
    static Answer expect(chat::applied const& a)
    {
        if (auto const* why = std::get_if<chat::failure>(&a.result))
            BOOST_FAIL("refused: " << chat::name_of(why->code) << " " << why->message);
        return std::get<Answer>(a.result);
    }

    chat::user_id account(std::string const& name)
    {
        auto const a = apply(
            {},
            chat::account_create{
                .name = name, .password_hash = "hash of " + name, .first_token = token(name), .label = "test"
            },
            fresh_cid()
        );
        return expect<chat::account_created>(a).uid;
    }
    chat::conv_id dm(chat::user_id a, chat::user_id b)
    {
        return expect<chat::conv_made>(apply(a, chat::dm_create{.peer = b})).conv;
    }
    chat::conv_id room(chat::user_id who, std::string const& name, bool priv = false)
    {
        return expect<chat::conv_made>(apply(who, chat::room_create{.name = name, .priv = priv, .topic = {}})
        ).conv;
    }
    void join(chat::user_id who, chat::conv_id conv)
    {
        expect<chat::changed>(apply(who, chat::conv_join{.conv = conv}));
    }
    chat::message_sent send(chat::user_id who, chat::conv_id conv, std::string const& body)
    {
        return expect<chat::message_sent>(apply(who, text(conv, body)));
    }
    static chat::msg_send text(chat::conv_id conv, std::string body)
    {
        chat::msg_send out;
        out.conv = conv;
        out.body = std::move(body);
        return out;
    }
    static chat::token_hash token(std::string const& name)
    {
        auto out = name;
        out.resize(32, '.');
        return out;
    }

    // What a reading costs, on every machine alike: the steps of SQLite's virtual machine.
    template <class Reading>
    std::uint64_t steps_of(Reading const& reading)
    {
        std::uint64_t steps = 0;
        auto const count = [](void* into)
        {
            ++*static_cast<std::uint64_t*>(into);
            return 0;
        };
        sqlite3_progress_handler(db_->handle(), 1, count, &steps);
        reading();
        sqlite3_progress_handler(db_->handle(), 0, nullptr, nullptr);
        return steps;
    }

    void check_digests()
    {
        auto const in_maps = model.state_digest();
        auto const in_rows = read.state_digest();
        BOOST_TEST(in_maps == in_rows);
        // What was kept row by row is what all rows make.
        BOOST_TEST(store::proven_sum(*db_).has_value());
    }

    chat::model_state model;
    seq pos;
    std::int64_t now_ms = start_ms;  // what it really is
    std::int64_t stamp_us = 0;       // of the last entry
    std::int64_t head_ahead_ms = 0;
    std::optional<std::int64_t> machines_ahead_ms;  // all of them together; nothing: the gateway does not say

private:
    std::unique_ptr<sqlite::database> db_;
    std::optional<store::chat_state> rows_;
    std::uint64_t cids_ = 0;

public:
    store::chat_reader read;  // sees every applied entry
};

// The code of a refusal, or nothing for an answer.
inline std::string refusal(chat::outcome const& what)
{
    auto const* why = std::get_if<chat::failure>(&what);
    if (why == nullptr) return {};
    return std::string(chat::name_of(why->code)) + (why->field.empty() ? "" : " " + why->field);
}
inline std::string refusal(chat::applied const& a)
{
    return refusal(a.result);
}
template <class Page>
std::string refusal(chat::answer<Page> const& page)
{
    auto const* why = std::get_if<chat::failure>(&page);
    return why == nullptr ? std::string() : refusal(chat::outcome(*why));
}

}  // namespace chaind::test
