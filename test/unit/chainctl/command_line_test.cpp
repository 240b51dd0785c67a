#include "chainctl/command.hpp"
#include "support/mentions.hpp"
#include "support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <fstream>
#include <memory>
#include <set>

using namespace chaind::chainctl;
using chaind::test::mentions;

BOOST_AUTO_TEST_SUITE(command_line)

BOOST_AUTO_TEST_CASE(words_and_options_stand_in_any_order)
{
    for (auto const& words : std::vector<std::vector<std::string>>{
             {"move", "n1", "--to", "tail", "--no-wait"},
             {"--to=tail", "move", "--no-wait", "n1"},
             {"move", "--to", "tail", "n1", "--no-wait"}
         })
    {
        auto const p = parse(words);

        BOOST_TEST(p.mistake == "");
        BOOST_REQUIRE(p.what != nullptr);
        BOOST_TEST(p.what->name == "move");
        BOOST_TEST(p.call.words.size() == 1U);
        BOOST_TEST(p.call.value("--to") == "tail");
        BOOST_TEST(p.call.has("--no-wait"));
    }
}

BOOST_AUTO_TEST_CASE(a_command_of_two_words_is_one_command)
{
    auto const p = parse({"backup", "restore", "a.backup", "--data-dir", "n4", "--dry-run"});

    BOOST_TEST(p.mistake == "");
    BOOST_REQUIRE(p.what != nullptr);
    BOOST_TEST(p.what->name == "backup restore");
    BOOST_TEST(p.call.words.front() == "a.backup");
    BOOST_TEST(p.call.value("--data-dir") == "n4");
    BOOST_TEST(p.call.dry_run);
}

BOOST_AUTO_TEST_CASE(the_first_of_two_words_is_explained_too)
{
    for (auto const& words : std::vector<std::vector<std::string>>{
             {"backup", "--help"}, {"--help", "backup"}, {"backup", "--node", "n1", "-h"}
         })
    {
        auto const p = parse(words);
        BOOST_TEST(p.mistake == "");
        BOOST_TEST_REQUIRE((p.what != nullptr && !p.help));
        BOOST_TEST(p.what->name == "help");
        BOOST_TEST(p.call.words == std::vector<std::string>{"backup"}, boost::test_tools::per_element());
    }
    BOOST_TEST(parse({"backup", "-o", "json", "list"}).what->name == "backup list");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named)
{
    BOOST_TEST(mentions(parse({"frobnicate"}).mistake, "frobnicate"));
    BOOST_TEST(parse({"stauts"}).mistake == "no command stauts; did you mean status?");
    BOOST_TEST(parse({"bakcup", "list"}).mistake == "no command bakcup; did you mean backup?");
    BOOST_TEST(
        mentions(parse({"move", "n1", "--ot", "tail"}).mistake, "move has no option --ot; did you mean --to?")
    );
    BOOST_TEST(mentions(parse({"backup"}).mistake, "create, list, verify, restore"));
    BOOST_TEST(mentions(parse({"backup", "eat"}).mistake, "create, list, verify, restore"));
    BOOST_TEST(mentions(parse({"add-node"}).mistake, "needs NAME [ADDRESS]"));
    BOOST_TEST(mentions(parse({"add-node", "n4", "a:1", "b"}).mistake, "takes no word b"));
    BOOST_TEST(mentions(parse({"status", "--to", "tail"}).mistake, "status has no option --to"));
    BOOST_TEST(mentions(parse({"move", "n1", "--to"}).mistake, "--to needs a value"));
    BOOST_TEST(mentions(parse({"status", "--if-epoch", "x"}).mistake, "--if-epoch"));
    BOOST_TEST(mentions(parse({"status", "--request-id", ""}).mistake, "--request-id"));
    BOOST_TEST(mentions(parse({"status", "--timeout", "0"}).mistake, "--timeout"));
    BOOST_TEST(mentions(parse({"status", "-o", "xml"}).mistake, "xml"));
    BOOST_TEST(mentions(parse({"--no-wait"}).mistake, "--no-wait"));
    BOOST_TEST(mentions(parse({"status", "--endpoint", "ftp://x"}).mistake, "--endpoint"));
}

BOOST_AUTO_TEST_CASE(no_option_is_given_twice)
{
    auto const refused = [](std::vector<std::string> const& words, std::string const& option)
    { BOOST_TEST(parse(words).mistake == option + " is given twice"); };
    refused({"move", "n1", "--to", "head", "--to", "tail"}, "--to");
    refused({"--to=head", "move", "n1", "--to", "head"}, "--to");
    refused({"status", "-o", "json", "--output", "table"}, "--output");
    // Of every command, and those that all commands have.
    auto const twice = [&](std::vector<std::string> words, flag_help const& flag)
    {
        for (int i = 0; i < 2; ++i)
        {
            words.emplace_back(flag.word());
            if (flag.takes_value()) words.emplace_back("1");
        }
        refused(words, std::string(flag.word()));
    };
    for (auto const& c : commands())
        for (auto const& flag : c.flags)
            twice({}, flag);
    for (auto const& flag : global_flags())
        if (flag.word().starts_with("--") && flag.word() != "--help" && flag.word() != "--endpoint")
            twice({"status"}, flag);
    // An alias that names one does not stand in the way of another.
    auto const p = parse({"--endpoint", "unix:/a", "status", "--endpoint", "unix:/b"});
    BOOST_TEST(p.mistake == "");
    BOOST_TEST(p.call.at.text == "unix:/b");
}

BOOST_AUTO_TEST_CASE(the_options_of_every_change_are_read)
{
    auto const p = parse({"drain", "n1", "--if-epoch", "18", "--request-id=7f", "--yes"});

    BOOST_TEST(p.mistake == "");
    BOOST_TEST(p.call.if_epoch.value_or(0) == 18U);
    BOOST_TEST(p.call.request_id == "7f");
    BOOST_TEST(p.call.yes);
}

BOOST_AUTO_TEST_CASE(a_word_may_be_left_out_where_help_shows_brackets)
{
    BOOST_TEST(parse({"backup", "create"}).mistake == "");
    BOOST_TEST(parse({"help"}).mistake == "");
    BOOST_TEST(parse({"help", "backup", "create"}).mistake == "");
}

BOOST_AUTO_TEST_CASE(help_man_page_and_completions_know_every_command)
{
    for (auto const& c : commands())
    {
        std::string const name(c.name);
        std::string const last = name.substr(name.find(' ') + 1);
        BOOST_TEST(mentions(help_text(), name), name);
        BOOST_TEST(mentions(man_page(), name), name);
        for (auto const* shell : {"bash", "zsh", "fish"})
        {
            BOOST_TEST(mentions(completion(shell), last), name << " " << shell);
            for (auto const& flag : c.flags)
                BOOST_TEST(
                    mentions(completion(shell), flag.word()), name << " " << flag.word() << " " << shell
                );
        }
        for (auto const& flag : c.flags)
            BOOST_TEST(mentions(help_text(c), flag.name), name << " " << flag.name);
        BOOST_TEST(mentions(help_text(c), c.summary), name);
    }
    BOOST_TEST(completion("csh").empty());
    for (auto const& text : {help_text(*find_command("status")), man_page()})
        BOOST_TEST(mentions(text, "1 degraded or read only"), text);
}

// What bash offers behind these words: its own files or folders in brackets.
std::string offered(chaind::test::temp_folder const& folder, std::string const& words)
{
    auto const script = folder.path() + "/completion";
    std::ofstream(script
    ) << completion("bash")
      << "chainctl() { echo n1; }\ncompopt() { COMPREPLY=(\"[$2]\"); }\nCOMP_WORDS=(chainctl " << words
      << " '')\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_chainctl\n"
         "echo \"${COMPREPLY[*]}\"\n";
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const shell(
        ::popen(("bash --norc " + script).c_str(), "r"), &::pclose
    );
    char line[4096] = {};
    if (shell == nullptr || std::fgets(line, sizeof line, shell.get()) == nullptr) return "no shell";
    std::string out(line);
    out.pop_back();
    return out;
}

BOOST_AUTO_TEST_CASE(a_shell_offers_what_an_option_takes)
{
    chaind::test::temp_folder const folder;
    BOOST_TEST(offered(folder, "status -o") == "table wide json jsonl name");
    BOOST_TEST(offered(folder, "--output") == "table wide json jsonl name");
    BOOST_TEST(offered(folder, "status --output =") == "table wide json jsonl name");
    BOOST_TEST(offered(folder, "move n1 --to") == "head tail");
    BOOST_TEST(offered(folder, "backup create --data-dir") == "[dirnames]");
    BOOST_TEST(offered(folder, "backup create --data-dir =") == "[dirnames]");
    for (auto const* words : {"join --token-file", "join --config", "--endpoint unix :"})
        BOOST_TEST(offered(folder, words) == "[default]", words);
    BOOST_TEST(offered(folder, "join --token") == "-");
    for (auto const* words : {"join --name", "join --client-listen", "--timeout", "move n1 --wait-at-most"})
        BOOST_TEST(offered(folder, words) == "", words);
    BOOST_TEST(offered(folder, "replace n1 --with") == "n1");
    BOOST_TEST(mentions(offered(folder, "help"), "status nodes"));
    BOOST_TEST(mentions(offered(folder, "help backup"), "create list verify restore"));
    BOOST_TEST(mentions(offered(folder, "--to head"), "status nodes"));
    for (auto const* shell : {"zsh", "fish"})
        for (auto const* words : {"table wide json jsonl name", "head tail"})
            BOOST_TEST(mentions(completion(shell), words), shell);
}

BOOST_AUTO_TEST_CASE(a_shell_offers_what_a_command_takes)
{
    chaind::test::temp_folder const folder;
    for (auto const* words : {"backup verify", "backup restore", "backup create", "backup create --node n1"})
        BOOST_TEST(offered(folder, words) == "[default]", words);
    BOOST_TEST(offered(folder, "backup list") == "[dirnames]");
    BOOST_TEST(offered(folder, "--output = json backup") == "create list verify restore");
    BOOST_TEST(offered(folder, "backup restore a.backup") == "--data-dir");
    BOOST_TEST(offered(folder, "drain") == "n1");
    BOOST_TEST(offered(folder, "move n1") == "--to --no-wait --wait-at-most");
    BOOST_TEST(offered(folder, "add-node") == "--no-wait --wait-at-most");  // nobody knows it yet
    BOOST_TEST(offered(folder, "drill") == "kill-head kill-middle kill-tail");
    BOOST_TEST(offered(folder, "status") == "--check");
    BOOST_TEST(offered(folder, "nodes") == "");
    BOOST_TEST(mentions(completion("zsh"), "'backup verify') ((pending)) && _files;"));
    BOOST_TEST(mentions(completion("fish"), "from backup; and __fish_seen_subcommand_from verify' -F"));
}

BOOST_AUTO_TEST_CASE(an_option_takes_a_value_in_all_commands_or_in_none)
{
    // An option may stand before the command's name: its shape must not depend on the command.
    std::set<std::string_view> with, without;
    for (auto const& c : commands())
        for (auto const& flag : c.flags)
            (flag.takes_value() ? with : without).insert(flag.word());
    for (auto const& word : with)
        BOOST_TEST(!without.contains(word), word);
}

BOOST_AUTO_TEST_SUITE_END()
