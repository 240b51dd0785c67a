#include "sqlite/write_again.hpp"

#include "sqlite/database.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace chaind::sqlite
{
namespace
{

// SQLite takes the size of a transfer modulo 128 KiB.
constexpr std::size_t piece = 64u << 10;
constexpr int full_sync = SQLITE_SYNC_FULL;

std::string note_of(std::string const& path)
{
    return path + "-distrusted";
}

// A file as SQLite sees it: on the disks of tests, too.
class vfs_file
{
public:
    static constexpr int made = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;

    vfs_file(std::string const& path, int flags, std::string const& vfs)
        : vfs_(sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str())), name_(path)
    {
        name_.push_back('\0');  // SQLite looks for parameters behind a name
        name_.push_back('\0');
        if (vfs_ == nullptr) return;
        memory_.resize(
            (static_cast<std::size_t>(vfs_->szOsFile) + sizeof(std::max_align_t) - 1) /
            sizeof(std::max_align_t)
        );
        int ignored = 0;
        code_ = vfs_->xOpen(vfs_, name_.c_str(), file(), flags, &ignored);
        opened_ = file()->pMethods != nullptr;
    }
    ~vfs_file()
    {
        if (opened_) file()->pMethods->xClose(file());
    }
    vfs_file(vfs_file const&) = delete;
    vfs_file& operator=(vfs_file const&) = delete;

    [[nodiscard]] bool good() const { return code_ == SQLITE_OK; }
    [[nodiscard]] std::string why() const { return error_code(code_, category()).message(); }

    [[nodiscard]] std::size_t size()
    {
        sqlite3_int64 out = 0;
        if (good()) code_ = file()->pMethods->xFileSize(file(), &out);
        return good() ? static_cast<std::size_t>(out) : 0;
    }
    void read(char* to, std::size_t count, std::size_t at)
    {
        if (good())
            code_ =
                file()->pMethods->xRead(file(), to, static_cast<int>(count), static_cast<sqlite3_int64>(at));
    }
    void write(char const* from, std::size_t count, std::size_t at)
    {
        if (good())
            code_ = file()->pMethods->xWrite(
                file(), from, static_cast<int>(count), static_cast<sqlite3_int64>(at)
            );
    }
    void sync()
    {
        if (good()) code_ = file()->pMethods->xSync(file(), full_sync);
    }

private:
    sqlite3_file* file() { return reinterpret_cast<sqlite3_file*>(memory_.data()); }

    sqlite3_vfs* vfs_;
    std::string name_;
    std::vector<std::max_align_t> memory_;
    int code_ = SQLITE_CANTOPEN;
    bool opened_ = false;
};

bool exists(std::string const& path, std::string const& vfs)
{
    auto* on = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
    int there = 0;
    return on != nullptr && on->xAccess(on, path.c_str(), SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK &&
           there != 0;
}

}  // namespace

error_code write_again(std::string const& path, file_kind what, std::string const& vfs, std::string& why)
{
    if (!exists(path, vfs)) return {};
    int const kind = what == file_kind::database ? SQLITE_OPEN_MAIN_DB : SQLITE_OPEN_WAL;
    vfs_file file(path, SQLITE_OPEN_READWRITE | kind, vfs);
    auto const size = file.size();
    std::vector<char> bytes(std::min(size, piece));
    for (std::size_t at = 0; at < size && file.good(); at += piece)
    {
        auto const count = std::min(piece, size - at);
        file.read(bytes.data(), count, at);
        file.write(bytes.data(), count, at);
    }
    file.sync();
    if (file.good()) return {};
    why = "cannot write " + path + " again: " + file.why();
    return errc::disk_failed;
}

void leave_distrust(std::string const& path, std::string const& vfs, std::string const& reason) noexcept
{
    try
    {
        vfs_file note(note_of(path), vfs_file::made | SQLITE_OPEN_MAIN_JOURNAL, vfs);
        auto const text = reason + "\n";
        note.write(text.data(), text.size(), 0);
        note.sync();
    }
    catch (std::exception const&)
    {
        // No memory for the note: the next start does without, as on a disk that takes none.
    }
}

bool is_distrusted(std::string const& path, std::string const& vfs)
{
    return exists(note_of(path), vfs);
}

error_code remove_distrust(std::string const& path, std::string const& vfs, std::string& why)
{
    auto* on = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
    int const code = on->xDelete(on, note_of(path).c_str(), 1);
    if (code == SQLITE_OK || code == SQLITE_IOERR_DELETE_NOENT) return {};
    why = "cannot remove " + note_of(path) + ": " + error_code(code, category()).message();
    return errc::disk_failed;
}

}  // namespace chaind::sqlite
