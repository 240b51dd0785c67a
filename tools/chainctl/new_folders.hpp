#pragma once
#include <filesystem>
#include <vector>

namespace chaind::chainctl
{

// Of a folder and those above it, those that are not there yet: unless kept they go again, as far as they are
// empty, so that a command that fails leaves none behind.
class new_folders
{
public:
    explicit new_folders(std::filesystem::path const& folder);
    ~new_folders() { remove(); }
    new_folders(new_folders const&) = delete;
    new_folders& operator=(new_folders const&) = delete;

    void keep() { missing_.clear(); }
    void remove();

private:
    std::vector<std::filesystem::path> missing_;  // the innermost first
};

}  // namespace chaind::chainctl
