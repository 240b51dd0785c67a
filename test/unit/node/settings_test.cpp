// What chaind takes for a setting, and what it says of the rest.

#include "chaind/chaind_settings.hpp"
#include "support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <sstream>

using namespace chaind;

namespace
{
// What is wrong with these options and this file, a line each.
std::vector<std::string> complaints_about(
    std::vector<std::string> const& options, std::string const& file = {}
)
{
    test::temp_folder folder;
    auto const path = folder.path() + "/chaind.conf";
    std::ofstream(path) << file;
    program::chaind_settings settings;
    auto table = program::chaind_options(settings);
    std::vector<char const*> words{"chaind", "--config", path.c_str()};
    for (auto const& word : options)
        words.push_back(word.c_str());
    try
    {
        table.parse(static_cast<int>(words.size()), words.data(), [&] { program::complete(settings); });
    }
    catch (runtime::config_error const& wrong)
    {
        auto lines = wrong.lines();
        for (auto& line : lines)
            if (line.starts_with(path)) line = "FILE" + line.substr(path.size());
        return lines;
    }
    return {};
}
}  // namespace

BOOST_AUTO_TEST_SUITE(chaind_settings)

BOOST_AUTO_TEST_CASE(no_number_is_taken_that_could_not_work)
{
    for (auto const* each :
         {"snapshot-after = 0",
          "log-keep-entries = 0",
          "log-keep-bytes = 0",
          "snapshot-rate = 63KiB",
          "snapshot-share = 0",
          "snapshot-share = 101",
          "messages-per-second = inf",
          "messages-per-second = nan",
          "messages-per-second = 1e400",
          "messages-per-second = -1",
          "messages-burst = 1e30",
          "hash-threads = 1000000",
          "reader-threads = 99999999999999999999",
          "connections-max = 0",
          "heartbeat = 0s",
          "heartbeat = 0",
          "heartbeat = 11s",
          "stall-limit = 100000h",
          "idle-after = -5s",
          "frame-max = 99999999GiB",
          "frame-max = 1",
          "body-max = 17KiB",
          "admission-bytes = 16EiB",
          "min-replicas = 0"})
    {
        auto const lines = complaints_about({}, each);
        BOOST_TEST_REQUIRE(lines.size() == 1u, each);
        BOOST_TEST(lines.front().starts_with("FILE:1: "), lines.front());
    }
    BOOST_TEST(complaints_about({"--snapshot-rate", "0", "--drain-within", "0"}).empty());
}

BOOST_AUTO_TEST_CASE(every_number_says_its_range_and_takes_both_ends)
{
    program::chaind_settings settings;
    auto const example = program::chaind_options(settings).print_example();
    std::istringstream lines(example);
    std::string help;
    int ranges = 0;
    for (std::string line; std::getline(lines, line);)
    {
        if (line.starts_with("# ")) help = line;
        if (!line.starts_with("#") || line.starts_with("# ") || help.empty()) continue;
        auto const name = line.substr(1, line.find(' ') - 1);
        auto const value = line.substr(line.find('=') + 1);
        bool const number =
            value.size() > 1 && value[1] >= '0' && value[1] <= '9' && value.find(':') == std::string::npos;
        auto const from = help.rfind("rom ");
        BOOST_TEST_REQUIRE(
            number == (from != std::string::npos && help.ends_with('.') &&
                       help.find(" to ", from) != std::string::npos),
            name
        );
        if (!number) continue;
        ++ranges;
        auto const to = help.find(" to ", from);
        auto const least = help.substr(from + 4, to - from - 4);
        auto const most = help.substr(to + 4, help.size() - to - 5);
        for (auto const& end : {least, most})
        {
            auto const wrong =
                complaints_about({"--" + name, end, "--body-max", "1B", "--frame-max", "16MiB"});
            bool const given_twice = name == "body-max" || name == "frame-max";
            BOOST_TEST((given_twice || wrong.empty()), name << " " << end);
        }
    }
    BOOST_TEST(ranges > 25);
}

BOOST_AUTO_TEST_CASE(everything_that_is_wrong_is_said_at_once_with_its_place)
{
    auto const lines = complaints_about(
        {"--idle-after", "soon"},
        "nmae = n1\nclient-listen = 10.0.0.1:8080\n\nreplica-listen = 0.0.0.0:1\nhash-threads = 0\n"
        "client-url = javascript:alert(1)\nallowed-origins = https://a.example, *\n"
    );
    std::vector<std::string> const begins{
        "command line: --idle-after: ",
        "FILE:1: unknown option nmae",
        "FILE:5: hash-threads: ",
        "FILE:4: replica-listen: ",
        "FILE:2: client-listen: ",
        "FILE:6: client-url: ",
        "FILE:7: allowed-origins: ",
    };
    BOOST_TEST_REQUIRE(lines.size() == begins.size());
    for (std::size_t i = 0; i < begins.size(); ++i)
        BOOST_TEST(lines[i].starts_with(begins[i]), lines[i]);
}

BOOST_AUTO_TEST_CASE(clients_leave_the_machine_unencrypted_only_when_that_is_said)
{
    for (auto const* at : {"0.0.0.0:8080", "[::]:8080"})
    {
        // Every address is none that clients can be told.
        auto const complaints = complaints_about({"--client-listen", at, "--client-plain", "on"});
        BOOST_TEST_REQUIRE(complaints.size() == 1u, at);
        BOOST_TEST(complaints.front().starts_with("client-url: must be given"), at);
        auto const* url = "http://chat.example.org:8080";
        BOOST_TEST(complaints_about({"--client-listen", at, "--client-url", url}).size() == 1u, at);
        BOOST_TEST(
            complaints_about({"--client-listen", at, "--client-plain", "on", "--client-url", url}).empty(), at
        );
    }
    for (auto const* at : {"10.0.0.1:8080", "192.0.2.1:0"})
    {
        BOOST_TEST(complaints_about({"--client-listen", at}).size() == 1u, at);
        BOOST_TEST(complaints_about({"--client-listen", at, "--client-plain", "on"}).empty(), at);
    }
    for (auto const* at : {"127.0.0.1:8080", "127.9.9.9:1", "[::1]:8080", "localhost:0"})
        BOOST_TEST(complaints_about({"--client-listen", at}).empty(), at);
}

BOOST_AUTO_TEST_CASE(what_goes_into_the_policy_of_browsers_is_an_address_and_nothing_else)
{
    for (auto const* url :
         {"javascript:alert(1)",
          "http://x y",
          "http://x; script-src *",
          "http://x;script-src",
          "http://user@x",
          "http://x?q",
          "http://x#f",
          "https://",
          "ws://x",
          "http://x,y",
          "http://*",
          "http://x:99999",
          "x.example"})
    {
        BOOST_TEST(complaints_about({"--client-url", url}).size() == 1u, url);
        BOOST_TEST(complaints_about({"--allowed-origins", url}).size() >= 1u, url);
    }
    for (auto const* url : {"http://10.0.0.1:8080", "https://chat.example", "http://[::1]:80"})
    {
        BOOST_TEST(complaints_about({"--client-url", url}).empty(), url);
        BOOST_TEST(complaints_about({"--allowed-origins", url}).empty(), url);
    }
    BOOST_TEST(complaints_about({"--client-url", "https://chat.example/team/"}).empty());
    BOOST_TEST(complaints_about({"--allowed-origins", "https://chat.example/"}).size() == 1u);
    BOOST_TEST(complaints_about({"--allowed-origins", "*"}).size() == 1u);
    BOOST_TEST(complaints_about({"--allowed-origins", "null"}).size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
