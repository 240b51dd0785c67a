#include "chainctl/new_folders.hpp"

#include <utility>

#include <unistd.h>

namespace chaind::chainctl
{

namespace fs = std::filesystem;

new_folders::new_folders(fs::path const& folder)
{
    std::error_code unseen;
    for (auto at = fs::absolute(folder, unseen).lexically_normal(); at.has_relative_path();
         at = at.parent_path())
    {
        if (!at.has_filename()) continue;  // "folder/"
        if (fs::symlink_status(at, unseen).type() != fs::file_type::not_found) return;
        missing_.push_back(at);
    }
}

void new_folders::remove()
{
    for (auto const& folder : std::exchange(missing_, {}))
        ::rmdir(folder.c_str());
}

}  // namespace chaind::chainctl
