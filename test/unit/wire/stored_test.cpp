// Commands and results as the log and the database hold them.
#include "chat/row_hash.hpp"
#include "wire/command.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

using namespace chaind;
using namespace chaind::chat;

namespace
{

std::vector<command_body> one_of_each()
{
    std::string const bytes("\0\xff text", 7);
    msg_send send;
    send.conv = conv_id(3);
    send.body = bytes;
    send.fmt = text_format::plain;
    send.mentions = {user_id(1), user_id(9)};
    send.reply_to = message_id(4);
    return {
        probe{},
        account_create{
            .name = "Ana", .password_hash = "$argon2id$", .first_token = bytes, .label = "web", .place = 5
        },
        session_create{.token = bytes, .label = "web", .password_rev = 7, .place = 65536},
        session_revoke{.id = session_id(5)},
        session_revoke_all{.keep = {}},
        session_revoke_all{.keep = session_id(0)},
        password_change{.password_hash = "h", .password_rev = 8, .keep = session_id(2)},
        send,
        msg_edit{.mid = message_id(4), .body = bytes, .if_rev = {}},
        msg_edit{.mid = message_id(4), .body = bytes, .if_rev = 0},
        msg_delete{.mid = message_id(4)},
        read_upto{.conv = conv_id(3), .at_seq = 77},
        delivered_batch{{{.uid = user_id(1), .conv = conv_id(2), .at_seq = 3}}},
        dm_create{.peer = user_id(8)},
        room_create{.name = "ops", .priv = true, .topic = bytes},
        conv_join{.conv = conv_id(6)},
        conv_leave{.conv = conv_id(6)},
        checkpoint{.id = "check-1"},
        conv_archive{.conv = conv_id(6)},
        session_touch{.id = session_id(5)},
    };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stored)

BOOST_AUTO_TEST_CASE(every_command_comes_back_as_it_was)
{
    auto const all = one_of_each();
    BOOST_TEST(all.back().index() + 1 == std::variant_size_v<command_body>);
    for (auto const& body : all)
    {
        command const c{
            .uid = user_id(42),
            .cid = "01J9ZKQ3V7Y8M2N4P6R8T0W2X4",
            .what = body,
            .asked_ms = 1'795'000'000'123
        };
        auto const bytes = wire::encode(c);
        auto const back = wire::decode_command(bytes).value();
        BOOST_TEST(back.uid == c.uid);
        BOOST_TEST(back.cid == c.cid);
        BOOST_TEST(back.what.index() == body.index());
        BOOST_TEST(wire::encode(back) == bytes);
        BOOST_TEST(fingerprint(back.what) == fingerprint(body));
    }
}

BOOST_AUTO_TEST_CASE(different_commands_have_different_fingerprints)
{
    auto const all = one_of_each();
    for (std::size_t a = 0; a < all.size(); ++a)
        for (std::size_t b = 0; b < a; ++b)
            BOOST_TEST(fingerprint(all[a]) != fingerprint(all[b]));
}

BOOST_AUTO_TEST_CASE(every_result_comes_back_as_it_was)
{
    std::vector<outcome> const all{
        failure{.code = api_errc::cid_mismatch, .message = "m", .field = "cid"},
        done{},
        account_created{.uid = user_id(1)},
        session_created{.id = session_id(2)},
        message_sent{.mid = message_id(3), .at_seq = 4, .rev = 5, .at_ms = 6},
        changed{.rev = 7},
        conv_made{
            .conv = conv_id(8),
            .room = true,
            .name = "n",
            .priv = false,
            .topic = "t",
            .peer = user_id(9),
            .last_seq = 10,
            .rev = 11
        }
    };
    BOOST_TEST(all.size() == std::variant_size_v<outcome>);
    for (auto const& one : all)
        BOOST_TEST((wire::decode_outcome(wire::encode(one)) == one));
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_command_are_refused_and_nothing_worse)
{
    BOOST_TEST(!wire::decode_command(""));
    BOOST_TEST(!wire::decode_outcome(""));
    BOOST_TEST(!wire::decode_command("not protobuf at all"));
    std::uint64_t const seed = 20261123;
    BOOST_TEST_MESSAGE("seed " << seed);
    std::mt19937_64 random(seed);
    for (auto const& body : one_of_each())
    {
        auto const whole = wire::encode(command{.uid = user_id(42), .cid = "x", .what = body});
        for (int i = 0; i < 300; ++i)
        {
            auto bytes = whole.substr(0, random() % (whole.size() + 1));
            if (!bytes.empty()) bytes[random() % bytes.size()] = static_cast<char>(random());
            // Whatever it is taken for, it can be written again.
            if (auto const c = wire::decode_command(bytes))
                BOOST_TEST(wire::decode_command(wire::encode(*c)).has_value());
        }
    }
    // A field that a later version has added, to the command or to what it holds, is not left out.
    constexpr std::string_view added("\x98\x3f\x01", 3);  // 1011: 1
    for (auto const& body : one_of_each())
    {
        auto const whole = wire::encode(command{.uid = {}, .cid = {}, .what = body});
        BOOST_TEST(wire::decode_command(whole).has_value());
        BOOST_TEST(!wire::decode_command(whole + std::string(added)));
        // The inner message is all there is: two bytes of its key, its length, itself.
        auto const key = static_cast<unsigned char>(whole[0]) >= 0x80 ? 2u : 1u;
        auto inner = whole.substr(key + 1);
        BOOST_TEST_REQUIRE(inner.size() + added.size() < 128u);
        inner += added;
        BOOST_TEST(!wire::decode_command(whole.substr(0, key) + static_cast<char>(inner.size()) + inner));
    }
    BOOST_TEST(!wire::decode_command(std::string("\x9a\x3f\x00", 3)));
    BOOST_TEST(!wire::decode_command(std::string("\xa2\x01\x05\x0a\x03\x98\x3f\x01", 8)));
    // An unknown text format or error code belongs to a later version.
    auto broken = wire::encode(outcome(failure{.code = api_errc::internal, .message = {}, .field = {}}));
    broken.back() = 99;
    BOOST_TEST(!wire::decode_outcome(broken));
}

BOOST_AUTO_TEST_SUITE_END()
