#include "chainctl/become.hpp"

#include <boost/test/unit_test.hpp>

#include <array>

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

// What a process that has become that user is: 0, or which of it is wrong. In a child, for there is no way
// back.
int as_child(passwd const& user)
{
    std::array<gid_t, 2> const before{0, 4};
    if (::geteuid() == 0 && ::setgroups(before.size(), before.data()) != 0) return 1;
    bool const became = chaind::chainctl::become(user);
    if (::getuid() != 0 && !became) return 0;
    std::array<gid_t, 64> groups{};
    int const count = ::getgroups(groups.size(), groups.data());
    if (!became || count < 0) return 2;
    for (int i = 0; i < count; ++i)
        if (groups.at(static_cast<std::size_t>(i)) == 0 || groups.at(static_cast<std::size_t>(i)) == 4)
            return 3;
    return ::getuid() == user.pw_uid && ::getegid() == user.pw_gid ? 0 : 4;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(becoming)

// Without the rights for it the answer is no, and it is checked that this is so.
BOOST_AUTO_TEST_CASE(a_process_leaves_its_own_groups_behind)
{
    auto const* user = ::getpwnam("nobody");
    BOOST_TEST_REQUIRE(user != nullptr);
    auto const child = ::fork();
    BOOST_TEST_REQUIRE(child >= 0);
    if (child == 0) ::_exit(as_child(*user));
    int status = 0;
    BOOST_TEST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_TEST_REQUIRE(WIFEXITED(status));
    BOOST_TEST(WEXITSTATUS(status) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
