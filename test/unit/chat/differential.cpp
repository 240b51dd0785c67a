// Random commands, good and bad, on both states: the same answers, events and digests. A failure prints its
// seed.
#include "chat/limits.hpp"
#include "chat_world.hpp"
#include "wire/command.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

#include <random>
#include <vector>

using namespace chaind;
using namespace chaind::chat;
using namespace chaind::test;

namespace
{

class commands
{
public:
    explicit commands(std::uint64_t seed) : random_(seed) {}

    command next(chat_world& world)
    {
        if (!sent_.empty() && chance(10)) return retry();
        command out{.uid = chance(2) ? user_id(99) : who(), .cid = world.fresh_cid(), .what = body()};
        if (std::holds_alternative<account_create>(out.what)) out.uid = {};
        if (chance(2)) out.cid = "bad";
        if (chance(2)) out.cid = make_ulid(world.now_ms - 40 * limits::day_ms, below(100));
        sent_.push_back(out);
        return out;
    }
    bool chance(unsigned percent) { return below(100) < percent; }

private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    user_id who() { return user_id(1 + below(8)); }
    conv_id conv() { return conv_id(1 + below(14)); }
    message_id mid() { return message_id(below(60)); }
    std::string name() { return std::string(1, static_cast<char>('a' + below(9))) + (chance(10) ? "" : "x"); }
    token_hash token() { return chat_world::token(std::to_string(below(40))); }

    // The same again, or the same key for something else.
    command retry()
    {
        auto out = sent_[below(sent_.size())];
        if (chance(20) && !std::holds_alternative<account_create>(out.what)) out.what = body();
        return out;
    }

    command_body body()
    {
        switch (below(21))
        {
            case 0:
            case 1:
                return account_create{
                    .name = name(), .password_hash = "h", .first_token = token(), .label = "l"
                };
            case 2: return session_create{.token = token(), .label = "", .password_rev = 1 + below(30)};
            case 3: return session_revoke{.id = session_id(below(20))};
            case 4:
                return session_revoke_all{
                    .keep = chance(50) ? std::optional(session_id(below(20))) : std::nullopt
                };
            case 5:
                return password_change{
                    .password_hash = "p", .password_rev = 1 + below(30), .keep = session_id(below(9))
                };
            case 6: return dm_create{.peer = who()};
            case 7: return room_create{.name = name(), .priv = chance(30), .topic = "t"};
            case 8:
            case 9: return conv_join{.conv = conv()};
            case 10: return conv_leave{.conv = conv()};
            case 11: return msg_edit{.mid = mid(), .body = "edited", .if_rev = if_rev()};
            case 12: return msg_delete{.mid = mid()};
            case 13: return read_upto{.conv = conv(), .at_seq = below(20)};
            case 14:
            {
                delivered_batch out;
                for (auto n = below(5); n > 0; --n)
                    out.marks.push_back({.uid = who(), .conv = conv(), .at_seq = below(20)});
                return out;
            }
            case 16: return session_touch{.id = session_id(below(20))};
            case 17:
                if (chance(20)) return conv_archive{.conv = conv()};
                break;
            case 15: return checkpoint{.id = std::to_string(below(9))};
            default: break;
        }
        msg_send out;
        out.conv = conv();
        out.body = chance(5) ? "" : "text \xf0\x9f\x91\x8d " + std::to_string(below(1000));
        out.fmt = chance(50) ? text_format::md : text_format::plain;
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
    std::vector<command> sent_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(differential)

BOOST_DATA_TEST_CASE(both_states_agree, boost::unit_test::data::xrange(1, 41), seed)
{
    chat_world world;
    commands random(static_cast<std::uint64_t>(seed));
    std::size_t done_well = 0;
    for (int i = 0; i < 400; ++i)
    {
        // What the log holds is the encoded command: it must come out as it went in.
        auto const c = wire::decode_command(wire::encode(random.next(world))).value();
        if (random.chance(1)) world.now_ms += 5 * limits::day_ms;
        auto const a = world.apply(c.uid, c.what, c.cid);
        if (refusal(a).empty()) ++done_well;
        if (i % 40 == 0) world.check_digests();
    }
    world.check_digests();
    // Else the sequences would test refusals alone.
    BOOST_TEST(done_well > 60u);

    // Everybody's missed events are those that the model holds for him, in order and complete.
    for (std::uint64_t uid = 1; uid <= 8; ++uid)
    {
        seq last;
        for (auto const& e : world.read.events(user_id(uid), seq(0)).events)
        {
            BOOST_TEST(e.pos > last);
            last = e.pos;
            BOOST_TEST((e.kind != event_kind::msg_new || e.text.has_value()));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
