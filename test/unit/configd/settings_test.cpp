// The configuration file of the config service.

#include "configd/configd_settings.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

using namespace chaind;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(configd_configuration)

BOOST_AUTO_TEST_CASE(the_example_in_etc_is_what_the_program_says)
{
    configd::configd_settings settings;
    std::ifstream in(CHAIND_ETC "/configd.conf");
    std::string const text(std::istreambuf_iterator<char>(in), {});

    BOOST_TEST(text.ends_with(configd::configd_options(settings).print_example()));
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused)
{
    auto const refused = [](auto change)
    {
        configd::configd_settings settings;
        settings.bootstrap = {"n1"};
        configd::check(settings);
        change(settings);
        BOOST_CHECK_THROW(configd::check(settings), runtime::config_error);
    };
    refused([](auto& s) { s.listen = "0.0.0.0:7400"; });
    refused([](auto& s) { s.listen = "7400"; });
    refused([](auto& s) { s.bootstrap = {"n1", "n1"}; });
    refused([](auto& s) { s.bootstrap = {"N1"}; });
    refused([](auto& s) { s.data_dir = std::string(120, 'x'); });
    refused([](auto& s) { s.core.silence = s.core.silence_max + 1us; });
}

BOOST_AUTO_TEST_SUITE_END()
