#pragma once
// Small files beside the data that other programs read: whole or not at all, and ours alone.

#include "base/errc.hpp"

#include <string>
#include <string_view>

namespace chaind::runtime
{

// Makes the folder (mode 0700) unless it is there; throws config_error when that is impossible.
void make_private_folder(std::string const& path);

enum class after_power_cut
{
    anything,  // for what is written anew at each start, by a thread that may not wait for a disk
    there,     // on disk before this returns
};

// Replaces `path` by a file of mode 0600 with this content (a temporary file, then rename).
[[nodiscard]] error_code write_private_file(
    std::string const& path, std::string_view content, after_power_cut it_is = after_power_cut::anything
);

}  // namespace chaind::runtime
