#include "runtime/log_step.hpp"

#include <boost/test/unit_test.hpp>

#include <ostream>
#include <string>
#include <vector>

using namespace chaind;

namespace a_core
{

int printed = 0;

struct event
{
    bool idle = false;
};
std::ostream& operator<<(std::ostream& to, event const&)
{
    ++printed;
    return to << "an event";
}

struct effects
{
};
std::vector<std::string> lines(effects const&)
{
    ++printed;
    return {"one", "another"};
}

bool is_idle(event const& in, effects const&)
{
    return in.idle;
}

}  // namespace a_core

BOOST_AUTO_TEST_SUITE(steps_of_a_core)

BOOST_AUTO_TEST_CASE(nothing_is_formatted_unless_it_is_written)
{
    a_core::printed = 0;
    log::set_level(log::level::info);
    log::write_step("core", a_core::event{}, a_core::effects{});
    BOOST_TEST(a_core::printed == 0);

    log::set_level(log::level::debug);
    log::write_step("core", a_core::event{.idle = true}, a_core::effects{});
    BOOST_TEST(a_core::printed == 0);
    log::write_step("core", a_core::event{}, a_core::effects{});
    BOOST_TEST(a_core::printed == 2);
    log::set_level(log::level::warning);
}

BOOST_AUTO_TEST_SUITE_END()
