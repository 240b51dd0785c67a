// Random commands, good and bad, on both states: the same answers, events and digests. A failure prints its
// seed.
#include "chat/limits.hpp"
#include "chat_world.hpp"
#include "random_commands.hpp"
#include "wire/command.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>

using namespace chaind;
using namespace chaind::chat;
using namespace chaind::test;

BOOST_AUTO_TEST_SUITE(differential)

BOOST_DATA_TEST_CASE(both_states_agree, boost::unit_test::data::xrange(1, 41), seed)
{
    chat_world world;
    random_commands random(static_cast<std::uint64_t>(seed));
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
