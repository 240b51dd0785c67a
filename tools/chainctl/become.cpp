#include "chainctl/become.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

namespace chaind::chainctl
{

bool become(passwd const& user)
{
    return ::initgroups(user.pw_name, user.pw_gid) == 0 && ::setgid(user.pw_gid) == 0 &&
           ::setuid(user.pw_uid) == 0;
}

}  // namespace chaind::chainctl
