#pragma once
// Commands of eight people, good and bad, by a seed.

#include "chat/limits.hpp"
#include "chat_world.hpp"

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace chaind::test
{

class random_commands
{
public:
    explicit random_commands(std::uint64_t seed) : random_(seed) {}

    chat::command next(chat_world& world)
    {
        if (!sent_.empty() && chance(10)) return retry();
        chat::command out{
            .uid = chance(2) ? chat::user_id(99) : who(), .cid = world.fresh_cid(), .what = body()
        };
        if (std::holds_alternative<chat::account_create>(out.what)) out.uid = {};
        if (chance(2)) out.cid = "bad";
        if (chance(2)) out.cid = make_ulid(world.now_ms - 40 * chat::limits::day_ms, below(100));
        sent_.push_back(out);
        return out;
    }
    bool chance(unsigned percent) { return below(100) < percent; }

private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    chat::user_id who() { return chat::user_id(1 + below(8)); }
    chat::conv_id conv() { return chat::conv_id(1 + below(14)); }
    chat::message_id mid() { return chat::message_id(below(60)); }
    std::string name() { return std::string(1, static_cast<char>('a' + below(9))) + (chance(10) ? "" : "x"); }
    chat::token_hash token() { return chat_world::token(std::to_string(below(40))); }

    // The same again, or the same key for something else.
    chat::command retry()
    {
        auto out = sent_[below(sent_.size())];
        if (chance(20) && !std::holds_alternative<chat::account_create>(out.what)) out.what = body();
        return out;
    }

    chat::command_body body()
    {
        switch (below(21))
        {
            case 0:
            case 1:
                return chat::account_create{
                    .name = name(), .password_hash = "h", .first_token = token(), .label = "l"
                };
            case 2: return chat::session_create{.token = token(), .label = "", .password_rev = 1 + below(30)};
            case 3: return chat::session_revoke{.id = chat::session_id(below(20))};
            case 4:
                return chat::session_revoke_all{
                    .keep = chance(50) ? std::optional(chat::session_id(below(20))) : std::nullopt
                };
            case 5:
                return chat::password_change{
                    .password_hash = "p", .password_rev = 1 + below(30), .keep = chat::session_id(below(9))
                };
            case 6: return chat::dm_create{.peer = who()};
            case 7: return chat::room_create{.name = name(), .priv = chance(30), .topic = "t"};
            case 8:
            case 9: return chat::conv_join{.conv = conv()};
            case 10: return chat::conv_leave{.conv = conv()};
            case 11: return chat::msg_edit{.mid = mid(), .body = "edited", .if_rev = if_rev()};
            case 12: return chat::msg_delete{.mid = mid()};
            case 13: return chat::read_upto{.conv = conv(), .at_seq = below(20)};
            case 14:
            {
                chat::delivered_batch out;
                for (auto n = below(5); n > 0; --n)
                    out.marks.push_back({.uid = who(), .conv = conv(), .at_seq = below(20)});
                return out;
            }
            case 16: return chat::session_touch{.id = chat::session_id(below(20))};
            case 17:
                if (chance(20)) return chat::conv_archive{.conv = conv()};
                break;
            case 15: return chat::checkpoint{.id = std::to_string(below(9))};
            default: break;
        }
        chat::msg_send out;
        out.conv = conv();
        out.body = chance(5) ? "" : "text \xf0\x9f\x91\x8d " + std::to_string(below(1000));
        out.fmt = chance(50) ? chat::text_format::md : chat::text_format::plain;
        for (auto n = below(4); n > 0; --n)
            out.mentions.push_back(who());
        if (chance(20)) out.reply_to = mid();
        return out;
    }

    std::optional<std::uint64_t> if_rev()
    {
        if (chance(70)) return std::nullopt;
        return below(10);
    }

    std::mt19937_64 random_;
    std::vector<chat::command> sent_;
};

}  // namespace chaind::test
