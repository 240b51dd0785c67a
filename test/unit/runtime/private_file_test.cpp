#include "runtime/private_file.hpp"

#include "runtime/options.hpp"
#include "support/mentions.hpp"
#include "support/temp_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;
namespace runtime = chaind::runtime;

namespace
{

struct files_fixture
{
    chaind::test::temp_folder folder;
    std::string path = folder.path() + "/token";
    std::string other = folder.path() + "/other";

    static void put(std::string const& at, std::string const& content) { std::ofstream(at) << content; }
    static std::string get(std::string const& at)
    {
        std::ifstream in(at);
        return {std::istreambuf_iterator<char>(in), {}};
    }
};

// Files that cannot be renamed without replacing, as on NFS or 9p; without hard links, as on FAT.
bool forbid(std::initializer_list<long> calls)
{
    std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (long const call : calls)
    {
        program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
        program.push_back(
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (call == SYS_renameat2 ? EINVAL : EPERM))
        );
    }
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    sock_fprog const filter{static_cast<unsigned short>(program.size()), program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

// What a process that may not make those calls gets from renaming: 0, or the error's number.
int rename_without(std::initializer_list<long> calls, std::string const& from, std::string const& to)
{
    auto const child = ::fork();
    if (child == 0)
    {
        if (!forbid(calls)) ::_exit(200);
        ::_exit(runtime::rename_to_new(from, to).value());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(private_files, files_fixture)

BOOST_AUTO_TEST_CASE(a_file_is_ours_alone_and_replaced_whole)
{
    BOOST_TEST(!runtime::write_private_file(path, std::string(100'000, 'x')));
    BOOST_TEST(!runtime::write_private_file(path, "y"));
    BOOST_TEST(get(path) == "y");
    struct ::stat about = {};
    BOOST_TEST_REQUIRE(::stat(path.c_str(), &about) == 0);
    BOOST_TEST((about.st_mode & 07777) == 0600u);
    BOOST_TEST(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
    BOOST_TEST(runtime::write_private_file(folder.path() + "/none/x", "y").value() == ENOENT);
}

BOOST_AUTO_TEST_CASE(what_is_no_plain_file_is_nothing_and_is_not_waited_for)
{
    put(path, std::string(10'000, 'x'));
    BOOST_TEST(runtime::read_plain_file(path).value() == std::string(10'000, 'x'));
    put(path, "");
    BOOST_TEST(runtime::read_plain_file(path).value() == "");
    fs::remove(path);
    BOOST_TEST(!runtime::read_plain_file(path).has_value());
    fs::create_directory(path);
    BOOST_TEST(!runtime::read_plain_file(path).has_value());
    fs::remove(path);
    BOOST_TEST_REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    BOOST_TEST(!runtime::read_plain_file(path).has_value());
}

BOOST_AUTO_TEST_CASE(a_link_is_replaced_and_never_followed)
{
    for (auto const* name : {"", ".new"})
    {
        put(other, "precious");
        fs::remove(path);
        fs::create_symlink(other, path + name);
        BOOST_TEST(!runtime::write_private_file(path, "token"));
        BOOST_TEST(get(other) == "precious");
        BOOST_TEST(fs::is_regular_file(fs::symlink_status(path)));
        BOOST_TEST(get(path) == "token");

        fs::remove(path);
        fs::create_hard_link(other, path + name);
        BOOST_TEST(!runtime::write_private_file(path, "token"));
        BOOST_TEST(get(other) == "precious");
        BOOST_TEST(get(path) == "token");

        fs::remove(path);
        fs::create_symlink(folder.path() + "/nothing", path + name);
        BOOST_TEST(!runtime::write_private_file(path, "token"));
        BOOST_TEST(!fs::exists(folder.path() + "/nothing"));
    }
}

BOOST_AUTO_TEST_CASE(a_folder_in_the_way_is_an_error_and_leaves_nothing_behind)
{
    fs::create_directory(path);
    BOOST_TEST(runtime::write_private_file(path, "token").failed());
    BOOST_TEST(std::distance(fs::directory_iterator(folder.path()), {}) == 1);
}

BOOST_AUTO_TEST_CASE(a_file_gets_a_name_only_while_it_is_free_on_every_file_system)
{
    for (auto const& calls :
         {std::initializer_list<long>{}, {SYS_renameat2}, {SYS_renameat2, SYS_link, SYS_linkat}})
    {
        put(path, "new");
        fs::remove(other);
        BOOST_TEST(rename_without(calls, path, other) == 0);
        BOOST_TEST(get(other) == "new");
        BOOST_TEST(!fs::exists(path));

        put(path, "newer");
        BOOST_TEST(rename_without(calls, path, other) == EEXIST);
        BOOST_TEST(get(other) == "new");
        BOOST_TEST(get(path) == "newer");

        fs::remove(other);
        fs::create_symlink(folder.path() + "/nothing", other);
        BOOST_TEST(rename_without(calls, path, other) == EEXIST);
        BOOST_TEST(rename_without(calls, folder.path() + "/nobody", folder.path() + "/x") == ENOENT);
        BOOST_TEST(!fs::exists(folder.path() + "/x"));
    }
}

BOOST_AUTO_TEST_CASE(a_folder_of_somebody_else_or_of_everybody_is_refused)
{
    auto const complaint = [](std::string const& at)
    {
        try
        {
            runtime::check_private_folder(at);
        }
        catch (runtime::config_error const& wrong)
        {
            return std::string(wrong.what());
        }
        return std::string();
    };
    auto const mine = folder.path() + "/mine";
    runtime::make_private_folder(mine);
    BOOST_TEST(complaint(mine) == "");
    auto const mode_of_mine = [&]
    {
        struct ::stat about = {};
        return ::stat(mine.c_str(), &about) == 0 ? about.st_mode & 07777U : 0U;
    };
    ::chmod(mine.c_str(), 01777);
    BOOST_TEST(complaint(mine) == "");
    BOOST_TEST(mode_of_mine() == 0700U);
    ::chmod(mine.c_str(), 01777);
    put(mine + "/x", "somebody's");
    BOOST_TEST(chaind::test::mentions(complaint(mine), "everybody may write"));
    BOOST_TEST(mode_of_mine() == 01777U);
    fs::remove(mine + "/x");
    if (::geteuid() == 0) BOOST_TEST(chaind::test::mentions(complaint("/tmp"), "everybody may write"));
    ::chmod(mine.c_str(), 0700);
    auto const foreign = ::geteuid() == 0 ? mine : std::string("/");
    if (::geteuid() == 0) BOOST_TEST_REQUIRE(::chown(mine.c_str(), 65534, 65534) == 0);
    BOOST_TEST(chaind::test::mentions(complaint(foreign), "belongs to user"));
}

BOOST_AUTO_TEST_SUITE_END()
