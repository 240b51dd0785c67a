// The chat state machine as the simulated application: the same apply and the same command bytes as in the
// daemon, on plain maps.

#include "chat/apply.hpp"
#include "chat/model_state.hpp"
#include "sim/app.hpp"
#include "sim/trace.hpp"
#include "wire/command.hpp"

#include <memory>
#include <unordered_map>

namespace chaind::sim
{
namespace
{

constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
// The idempotency key is a ULID whose random part is the client and its intention.
std::string cid_of(op_key key, std::int64_t time)
{
    std::string out(26, '0');
    for (std::size_t i = 10; i-- > 0; time /= 32)
        out[i] = digits[static_cast<std::size_t>(time % 32)];
    auto number = key.client << 32 | key.number;
    for (std::size_t i = 26; i-- > 10; number /= 32)
        out[i] = digits[number % 32];
    return out;
}

op_key key_of(std::string_view cid)
{
    std::uint64_t number = 0;
    for (char c : cid.substr(10))
        number = number * 32 + digits.find(c);
    return {number >> 32, number & 0xFFFFFFFF};
}

chat::msg_send text_message(op_key key, chat::conv_id conv)
{
    chat::msg_send out;
    out.conv = conv;
    out.body = text("message ", key.number, " of ", key.client);
    return out;
}

// Which person does what is fixed by the key: the first intentions make an account, a room and a membership.
// Much of it is refused when things come in another order; that is state as well.
chat::command_body body_of(op_key key)
{
    auto mix = (key.client * 0x9E3779B97F4A7C15ull + key.number) * 0xBF58476D1CE4E5B9ull;
    mix ^= mix >> 29;
    chat::conv_id conv(1 + mix % 4);
    bool const seldom = (mix >> 36) % 6 == 0;
    chat::message_id mid(1 + mix % (key.number * 2 + 1));
    switch (key.number)
    {
        case 1:
            return chat::account_create{
                .name = text("person", key.client),
                .password_hash = "h",
                .first_token = std::string(32, static_cast<char>('a' + key.client)),
                .label = "sim"
            };
        case 2: return chat::room_create{.name = text("room", key.client), .priv = false, .topic = {}};
        case 3:
        case 4:
        case 5: return chat::conv_join{.conv = chat::conv_id(key.number - 2)};
        default: break;
    }
    switch ((mix >> 32) % 16)
    {
        case 0: return chat::msg_edit{.mid = mid, .body = text("edited by ", key.client), .if_rev = {}};
        case 1: return chat::msg_delete{.mid = mid};
        case 2: return chat::read_upto{.conv = conv, .at_seq = mix % 40};
        case 3: return chat::dm_create{.peer = chat::user_id(1 + mix % 4)};
        case 4: return chat::conv_leave{.conv = conv};
        case 5: return chat::conv_join{.conv = conv};
        case 6:
            return seldom ? chat::command_body(chat::conv_archive{.conv = conv}) : text_message(key, conv);
        case 7:
            if (!seldom) return text_message(key, conv);
            return chat::room_create{
                .name = text("room", key.client, '-', key.number), .priv = true, .topic = {}
            };
        default: return text_message(key, conv);
    }
}

// All replicas apply the same commands: each is read once, of those bytes that a client has made.
class command_reader
{
public:
    struct intention
    {
        chat::command what;
        op_key key;
    };
    intention const& read(std::shared_ptr<std::string const> const& bytes)
    {
        auto const [known, fresh] = commands_.try_emplace(bytes);
        if (fresh)
        {
            auto command = wire::decode_command(*bytes);
            demand(command.has_value(), "a command cannot be read");
            auto const key = key_of(command->cid);
            known->second = {std::move(*command), key};
        }
        return known->second;
    }

private:
    std::unordered_map<std::shared_ptr<std::string const>, intention> commands_;
};

class chat_app final : public app
{
public:
    explicit chat_app(std::shared_ptr<command_reader> reader) : reader_(std::move(reader)) {}

    [[nodiscard]] std::unique_ptr<app> clone(app_parts) const override
    {
        return std::make_unique<chat_app>(*this);
    }

    outcome apply(chain::entry const& what) override
    {
        auto const& [command, key] = reader_->read(what.command);
        auto result =
            chat::apply(state_, command, {.pos = what.at, .ts_us = what.ts_us, .request = what.request});
        auto answer = wire::encode(result.result);
        if (auto const* sent = std::get_if<chat::message_sent>(&result.result); sent && !result.dup)
        {
            demand(sent->mid > last_, "I16: message ", sent->mid, " after ", last_);
            last_ = sent->mid;
        }
        demand(result.events.size() <= 1, "two events at one position");
        history_.add(answer);
        history_.add(result.effect_pos.value());
        // A refusal that may be otherwise next time is no answer to the key.
        auto const* no = std::get_if<chat::failure>(&result.result);
        auto again = no ? chat::retry_of(no->code) : chat::retry::never;
        bool wrong_time = no && no->maybe_done;
        bool final = again != chat::retry::same_cid && again != chat::retry::reauth && !wrong_time;
        return {key, answer + text(' ', result.effect_pos), result.dup, final, wrong_time};
    }

    [[nodiscard]] digest state() const override { return history_.value(); }
    [[nodiscard]] digest full_state() const override { return state_.state_digest(); }
    [[nodiscard]] bool has_the_rows_of(app const& other) const override
    {
        return state_.has_the_rows_of(static_cast<chat_app const&>(other).state_);
    }

private:
    std::shared_ptr<command_reader> reader_;
    chat::model_state state_;
    history_digest history_;
    chat::message_id last_;
};

}  // namespace

app_kind chat_application()
{
    return {
        [reader = std::make_shared<command_reader>()] { return std::make_unique<chat_app>(reader); },
        [](op_key key, told_times at)
        {
            auto body = body_of(key);
            bool nobody = std::holds_alternative<chat::account_create>(body);
            return wire::encode(chat::command{
                .uid = nobody ? chat::user_id{} : chat::user_id(1 + key.client),
                .cid = cid_of(key, at.key_ms),
                .what = std::move(body),
                .asked_ms = at.asked_ms
            });
        },
        {},
        {}
    };
}

}  // namespace chaind::sim
