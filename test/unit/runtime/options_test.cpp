#include "runtime/options.hpp"

#include "support/mentions.hpp"
#include "support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace runtime = chaind::runtime;
using namespace std::chrono_literals;
using chaind::test::mentions;

namespace
{

struct fixture
{
    std::string name = "default";
    std::chrono::microseconds silence = 250ms;
    std::size_t size = 16u << 20;
    bool on = false;
    bool once = false;
    std::vector<std::string> names;
    chaind::test::temp_folder folder;

    runtime::options table()
    {
        runtime::options out("prog", "about", "OPTTEST_");
        out.add("name", name, "A name.");
        out.add("silence", silence, {1us, 1h}, "A duration.");
        out.add_size("size", size, {.least = 1, .most = 1u << 30, .or_zero = true}, "A size.");
        out.add("on", on, "A switch.");
        out.add_list("names", names, "A list.");
        out.add_switch("once", once, "Only once.");
        return out;
    }

    std::string file(std::string const& content)
    {
        auto const path = folder.path() + "/prog.conf";
        std::ofstream(path) << content;
        return path;
    }

    void parse(std::vector<char const*> arguments)
    {
        arguments.insert(arguments.begin(), "prog");
        auto options = table();
        auto const what = options.parse(static_cast<int>(arguments.size()), arguments.data(), [] {});
        BOOST_TEST((what == runtime::options::action::run));
    }

    // What parsing these complains about.
    std::string complaint(std::vector<char const*> const& arguments)
    {
        try
        {
            parse(arguments);
        }
        catch (runtime::config_error const& wrong)
        {
            return wrong.what();
        }
        return "nothing";
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(options, fixture)

BOOST_AUTO_TEST_CASE(the_command_line_wins_over_the_environment_and_that_over_the_file)
{
    auto const path = file("name = from-file\nsilence = 1s\nsize = 1KiB\n");
    ::setenv("OPTTEST_NAME", "from-env", 1);
    ::setenv("OPTTEST_SILENCE", "2s", 1);

    parse({"--config", path.c_str(), "--name", "from-cli"});

    ::unsetenv("OPTTEST_NAME");
    ::unsetenv("OPTTEST_SILENCE");
    BOOST_TEST(name == "from-cli");
    BOOST_TEST(silence.count() == 2'000'000);
    BOOST_TEST(size == 1024u);
}

BOOST_AUTO_TEST_CASE(lists_and_switches_are_read)
{
    parse({"--names", "n1, n2,n3", "--on", "true"});

    BOOST_TEST(names == (std::vector<std::string>{"n1", "n2", "n3"}), boost::test_tools::per_element());
    BOOST_TEST(on);
}

BOOST_AUTO_TEST_CASE(what_to_do_stands_on_the_command_line_alone)
{
    parse({"--name", "x"});
    BOOST_TEST(!once);
    parse({"--once", "--name", "x"});
    BOOST_TEST(once);

    auto const path = file("once = true\n");
    BOOST_TEST(mentions(complaint({"--config", path.c_str()}), "unknown option once"));
    BOOST_TEST(!mentions(table().print_config(), "once"));
}

BOOST_AUTO_TEST_CASE(a_wrong_line_is_named_with_its_file_and_number)
{
    auto const path = file("# fine\nname = x\nnmae = y\n");
    BOOST_TEST(mentions(
        complaint({"--config", path.c_str()}), "prog.conf:3: unknown option nmae; did you mean name?"
    ));
    BOOST_TEST(mentions(complaint({"--nmae", "y"}), "unknown option --nmae; did you mean name?"));

    file("silence = soon\n");
    BOOST_TEST(mentions(complaint({"--config", path.c_str()}), "prog.conf:1: silence: not a duration"));

    file("name = x\nname = y\n");
    BOOST_TEST(mentions(complaint({"--config", path.c_str()}), "prog.conf:2: name stands in line 1 already"));

    file("just words\n");
    BOOST_TEST(mentions(complaint({"--config", path.c_str()}), "prog.conf:1: not of the form"));
}

BOOST_AUTO_TEST_CASE(a_bad_value_in_the_file_does_not_hide_behind_the_command_line)
{
    auto const path = file("size = huge\n");

    BOOST_TEST(mentions(complaint({"--config", path.c_str(), "--size", "1MiB"}), "prog.conf:1: size"));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_meant_is_no_value)
{
    auto const about = [&](std::string const& content)
    {
        auto const path = file(content);
        return complaint({"--config", path.c_str()});
    };
    BOOST_TEST(mentions(about("name = \"x y\"\n"), "prog.conf:1: name: values stand without quotes"));
    BOOST_TEST(mentions(about("name = 'x'\n"), "without quotes"));
    BOOST_TEST(mentions(about("name = x  # the first\n"), "prog.conf:1: name: a comment stands in a line"));
    BOOST_TEST(mentions(about("name = x\t; the first\n"), "a comment stands in a line"));
    BOOST_TEST(mentions(about("name = # none\n"), "a comment stands in a line"));
    BOOST_TEST(mentions(about("name = \x1b[31mred\n"), "a control character: \\x1b[31mred"));
    BOOST_TEST(mentions(about("name = \xff\xfe\n"), "is not UTF-8: \\xff\\xfe"));
    BOOST_TEST(mentions(about(std::string("name = a\0b\n", 11)), "a control character"));
    BOOST_TEST(mentions(about(std::string(2u << 20, '#')), "too large"));
    ::setenv("OPTTEST_NAME", "\"x\"", 1);
    BOOST_TEST(mentions(complaint({"--size", "0"}), "environment: name: values stand without quotes"));
    ::unsetenv("OPTTEST_NAME");

    BOOST_TEST(about("name = a#b;c\xc3\xa9's\n") == "nothing");
    BOOST_TEST(name == "a#b;c\xc3\xa9's");
    BOOST_TEST(about("\xef\xbb\xbfname = marked\r\n") == "nothing");
    BOOST_TEST(name == "marked");
    BOOST_TEST(about("name = last") == "nothing");
    BOOST_TEST(name == "last");
}

BOOST_AUTO_TEST_CASE(a_folder_is_no_configuration)
{
    BOOST_TEST(mentions(complaint({"--config", folder.path().c_str()}), "is a folder, not a file"));
}

BOOST_AUTO_TEST_CASE(all_that_is_wrong_is_said_at_once)
{
    auto const path = file("size = huge\njust words\nnmae = x\nsilence = soon\n");
    ::setenv("OPTTEST_ON", "perhaps", 1);
    auto const all = complaint({"--config", path.c_str(), "--frobnicate", "--size", "12", "word"});
    ::unsetenv("OPTTEST_ON");
    for (auto const* each :
         {"--frobnicate",
          "word",
          "--size: ",
          "environment: on: ",
          "prog.conf:1: size",
          "prog.conf:2: not of",
          "prog.conf:3: unknown",
          "prog.conf:4: silence"})
        BOOST_TEST(mentions(all, each), each << " in " << all);

    std::string lines;
    for (int i = 0; i < 1000; ++i)
        lines += "nonsense\n";
    auto const many = file(lines);
    auto const said = complaint({"--config", many.c_str()});
    BOOST_TEST(std::count(said.begin(), said.end(), '\n') <= 101);
    BOOST_TEST(mentions(said, "and more"));
}

BOOST_AUTO_TEST_CASE(wrong_command_lines_are_named)
{
    BOOST_TEST(mentions(complaint({"--nmae", "x"}), "nmae"));
    BOOST_TEST(mentions(complaint({"--size", "12"}), "size"));
    BOOST_TEST(mentions(complaint({"--on", "yes"}), "neither true nor false"));
    BOOST_TEST(mentions(complaint({"word"}), "command line"));
    BOOST_TEST(mentions(complaint({"--config", "/nonexistent/prog.conf"}), "cannot be read"));
}

BOOST_AUTO_TEST_CASE(what_is_printed_reads_back_to_the_same)
{
    parse({"--name", "x", "--silence", "1500us", "--size", "3KiB", "--names", "a,b"});
    auto const printed = table().print_config();
    fixture other;
    auto const path = other.file(printed);

    other.parse({"--config", path.c_str()});

    BOOST_TEST(other.table().print_config() == printed);
    BOOST_TEST(other.silence.count() == 1500);
}

BOOST_AUTO_TEST_SUITE_END()
