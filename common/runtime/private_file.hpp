#pragma once
// Small files beside the data that other programs read: whole or not at all, and ours alone.

#include "base/errc.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace chaind::runtime
{

// Makes the folder (mode 0700) unless it is there; throws config_error when that is impossible.
void make_private_folder(std::string const& path);

// Throws config_error unless the folder belongs to this process's user and not everybody may write there: who
// may place links in it decides what is written elsewhere by this user's rights, above all when that is root.
// An empty one, as a new file system is, gets the mode 0700.
void check_private_folder(std::string const& path);

// What has been made or renamed in a folder is only there after a power cut when the folder has been synced.
// False: errno says why.
[[nodiscard]] bool sync_folder(std::filesystem::path const& folder);

// Of its file system: a copy of the folder has another one, a renamed folder the same. 0: it is not there.
[[nodiscard]] std::uint64_t folder_number(std::string const& path);

struct file_owner
{
    unsigned user = 0;
    unsigned group = 0;
};

enum class after_power_cut
{
    anything,  // for what is written anew at each start, by a thread that may not wait for a disk
    there,     // on disk before this returns
};

// All of it: a disk that is full takes a part first. errno says the same as the error.
[[nodiscard]] error_code write_all(int file, std::string_view content);

// Replaces `path` by a file of mode 0600 with this content (a new file beside it, then rename), which belongs
// to `owner` if one is given. A link that stands at either name is replaced, never followed.
[[nodiscard]] error_code write_private_file(
    std::string const& path,
    std::string_view content,
    after_power_cut it_is = after_power_cut::anything,
    std::optional<file_owner> owner = std::nullopt
);

// Its text. Nothing where there is no plain file that can be read: a folder in its place, a pipe that nobody
// fills or a sector that is bad is no reason to throw, or to wait.
[[nodiscard]] std::optional<std::string> read_plain_file(std::string const& path);

// Gives the file that name unless something has it already (errc::file_exists), in one step, whatever the
// file system can do.
[[nodiscard]] error_code rename_to_new(std::string const& from, std::string const& to);

}  // namespace chaind::runtime
