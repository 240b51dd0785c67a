// Backups: made, looked at, restored.

#include "chainctl/backup_part.hpp"
#include "chainctl/exit_status.hpp"
#include "office.hpp"
#include "runtime/this_process.hpp"
#include "support/mentions.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>

#include <sys/wait.h>

using namespace chaind::chainctl;
using namespace chaind::chainctl::testing;
using chaind::test::mentions;
namespace asio = boost::asio;
namespace json = boost::json;

BOOST_FIXTURE_TEST_SUITE(backup_commands, office)

// A timer that is too short ends it in the middle, each night under another name.
BOOST_AUTO_TEST_CASE(what_a_backup_that_was_killed_has_left_goes_with_the_next_one)
{
    auto const ended = ::fork();
    if (ended == 0) ::_exit(0);
    BOOST_REQUIRE(::waitpid(ended, nullptr, 0) == ended);
    auto const part = [](std::string const& name, ::pid_t of)
    { return part_of(name, chaind::runtime::this_process().kernel, of); };
    auto const of_monday = folder.path() + "/monday.backup";
    std::vector<std::string> const dead{
        part(of_monday, ended), part(of_monday, ended) + "-journal", part(folder.path() + "/b", ended)
    };
    std::vector<std::string> const others{
        part(of_monday, ::getppid()),
        part_of(of_monday, "another kernel", ended),
        of_monday,
        of_monday + ".part-" + std::to_string(ended),
        part(of_monday, ended) + ".gz",
        part(of_monday, ended) + "1x",
    };
    auto make = [](std::string const& name) { std::ofstream(name) << "some"; };
    std::for_each(dead.begin(), dead.end(), make);
    std::for_each(others.begin(), others.end(), make);
    std::filesystem::create_directory(part(folder.path() + "/folder", ended));

    values["--data-dir"] = folder.path();
    make(folder.path() + "/chain.db");
    dry_run = true;
    run_with({folder.path() + "/b"}, {}, run_backup_create);
    for (auto const& name : dead)
        BOOST_TEST(std::filesystem::exists(name), name);
    dry_run = false;
    run_with({folder.path() + "/b"}, {}, run_backup_create);
    for (auto const& name : dead)
        BOOST_TEST(!std::filesystem::exists(name), name);
    for (auto const& name : others)
        BOOST_TEST(std::filesystem::exists(name), name);
    BOOST_TEST(std::filesystem::exists(part(folder.path() + "/folder", ended)));
    BOOST_TEST(mentions(said, "monday.backup.part-"), said);
}

// Where the tail keeps it, the service wrote down when it last spoke.
BOOST_AUTO_TEST_CASE(a_backup_needs_no_service_that_answers)
{
    limit = std::chrono::milliseconds(100);
    dry_run = true;
    auto const database = folder.path() + "/chain.db";
    std::ofstream(database) << "some";
    told_replica const replica(
        {asio::ip::address_v4::loopback(), 0}, 200, std::vector<std::string>(2, status_of("healthy"))
    );
    auto known = [&](std::string const& more)
    {
        std::ofstream(folder.path() + "/nodes.json")
            << R"({"nodes":[{"name":"n1","client_url":"http://127.0.0.1:)" << replica.at().port() << '"'
            << more << "}]}";
    };
    known(R"(,"database":")" + database + '"');
    BOOST_TEST(run_with({folder.path() + "/b"}, {"", ""}, run_backup_create) == exit_done);
    BOOST_TEST(mentions(said, "would write all of " + database));
    known("");
    BOOST_TEST(run_with({folder.path() + "/b"}, {"", ""}, run_backup_create) == exit_no_such_object);
    BOOST_TEST(mentions(said, "where n1 keeps its database is not known without it"));
    BOOST_TEST(mentions(said, "--data-dir"));
}

BOOST_AUTO_TEST_CASE(a_backup_of_a_machine_that_is_not_known_is_refused_by_that)
{
    values["--node"] = "n99";
    BOOST_TEST(
        run_with({folder.path() + "/b"}, {status_of("healthy"), three}, run_backup_create) ==
        exit_no_such_object
    );
    BOOST_TEST(said == "chainctl: no node n99 is known; `chainctl nodes` lists them\n");
}

BOOST_AUTO_TEST_CASE(a_restore_that_fails_leaves_no_folder_that_it_made)
{
    namespace fs = std::filesystem;
    auto const file = folder.path() + "/letter.txt";
    std::ofstream(file) << std::string(5000, 'x');
    words = {file};
    auto const restored_to = [&](std::string const& where)
    {
        values["--data-dir"] = where;
        return run(run_backup_restore);
    };
    BOOST_TEST(restored_to(folder.path() + "/new/n1/") == exit_bad_data);
    BOOST_TEST(!fs::exists(folder.path() + "/new"));
    fs::create_directory(folder.path() + "/own");
    BOOST_TEST(restored_to(folder.path() + "/own") == exit_bad_data);
    BOOST_TEST(fs::is_empty(folder.path() + "/own"));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_no_backup_is_told_as_one_and_named_once)
{
    auto const file = folder.path() + "/letter.txt";
    std::ofstream(file) << std::string(5000, 'x');
    words = {file};
    BOOST_TEST(run(run_backup_verify) == exit_bad_data);
    constexpr auto* next = "          next: take another backup, or make one now: `chainctl backup create`\n";
    BOOST_TEST(said == "chainctl: " + file + ": it is no backup, or its first bytes are damaged\n" + next);
    words = {folder.path() + "/none"};
    BOOST_TEST(run(run_backup_verify) == exit_no_such_object);
    BOOST_TEST(said == "chainctl: there is no file " + folder.path() + "/none\n");
    for (auto const& other : {folder.path(), std::string("/dev/null")})
    {
        words = {other};
        BOOST_TEST(run(run_backup_verify) == exit_bad_data);
        BOOST_TEST(said == "chainctl: " + other + " is no file: a folder or a device\n");
    }
}

BOOST_AUTO_TEST_SUITE_END()
