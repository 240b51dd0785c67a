#include "support/sqlite_fault_vfs.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>

namespace chaind::test
{
namespace
{

constexpr int shm_lock_count = SQLITE_SHM_NLOCK;

// One change that no sync has covered yet.
struct change
{
    std::size_t at = 0;
    std::string bytes;
    bool truncation = false;  // to the length `at`

    void apply(std::string& to, std::size_t length) const
    {
        if (truncation) return to.resize(at);
        if (to.size() < at + length) to.resize(at + length);
        std::memcpy(to.data() + at, bytes.data(), length);
    }
    void apply(std::string& to) const { apply(to, bytes.size()); }
    void become(fault_disk::fate what, std::string& on_disk) const
    {
        if (what == fault_disk::fate::kept) apply(on_disk);
        if (what == fault_disk::fate::torn) apply(on_disk, bytes.size() / 2);
    }
};

// The WAL's index: shared memory of the connections to one database.
struct shared_memory
{
    std::vector<std::unique_ptr<char[]>> regions;
    std::array<int, shm_lock_count> shared{};
    std::array<bool, shm_lock_count> exclusive{};
};

struct open_file;

struct file
{
    std::string seen;
    std::string durable;
    std::vector<change> pending;
    std::vector<open_file*> users;
    std::shared_ptr<shared_memory> shm = std::make_shared<shared_memory>();
};

struct open_file
{
    fault_disk::impl* disk = nullptr;
    std::shared_ptr<file> what;
    std::uint64_t life = 0;  // of the disk, when this was opened
    int level = SQLITE_LOCK_NONE;
    bool is_temporary = false;
    std::string path;
    std::shared_ptr<shared_memory> shm;
    std::array<bool, shm_lock_count> shared{};
    std::array<bool, shm_lock_count> exclusive{};
};

struct handle
{
    sqlite3_file base;
    open_file* own;
};

}  // namespace

class fault_disk::impl
{
public:
    explicit impl(std::string const& name);
    ~impl() { sqlite3_vfs_unregister(&vfs_); }

    // Counts an operation; the error that it ends with, or SQLITE_OK.
    int operation(int io_error, bool needs_space)
    {
        ++operations_;
        bool const now = fail_at_ != 0 && (operations_ == fail_at_ || (lasting_ && operations_ > fail_at_));
        if (!now) return SQLITE_OK;
        if (kind_ == kind::no_space && !needs_space)
        {
            if (!lasting_) ++fail_at_;  // the next one that needs space
            return SQLITE_OK;
        }
        happened_ = true;
        return kind_ == kind::no_space ? SQLITE_FULL : io_error;
    }

    bool read_fails()
    {
        ++reads_;
        bool const now =
            fail_read_at_ != 0 && (reads_ == fail_read_at_ || (lasting_reads_ && reads_ > fail_read_at_));
        happened_ = happened_ || now;
        return now;
    }

    void cut_off()
    {
        ++life_;
        for (auto& [path, each] : files_)
        {
            each->users.clear();
            each->shm = std::make_shared<shared_memory>();
        }
    }

    std::mutex mutex_;
    sqlite3_vfs vfs_{};
    std::string const name_;
    std::map<std::string, std::shared_ptr<file>> files_;
    std::uint64_t life_ = 1;
    std::uint64_t operations_ = 0;
    std::uint64_t syncs_ = 0;
    std::uint64_t fail_at_ = 0;
    kind kind_ = kind::io_error;
    bool lasting_ = false;
    std::uint64_t reads_ = 0;
    std::uint64_t fail_read_at_ = 0;
    bool lasting_reads_ = false;
    bool happened_ = false;
    std::function<fate()> when_a_sync_fails_;
};

namespace
{

open_file& of(sqlite3_file* base)
{
    return *reinterpret_cast<handle*>(base)->own;
}
fault_disk::impl& disk_of(sqlite3_vfs* vfs)
{
    return *static_cast<fault_disk::impl*>(vfs->pAppData);
}
bool is_cut_off(open_file const& f)
{
    return f.life != f.disk->life_;
}

void drop_shm_locks(open_file& f)
{
    for (int i = 0; f.shm && i < shm_lock_count; ++i)
    {
        if (std::exchange(f.shared[static_cast<std::size_t>(i)], false))
            --f.shm->shared[static_cast<std::size_t>(i)];
        if (std::exchange(f.exclusive[static_cast<std::size_t>(i)], false))
            f.shm->exclusive[static_cast<std::size_t>(i)] = false;
    }
}

int close_file(sqlite3_file* base)
{
    auto& f = of(base);
    {
        std::lock_guard const hold(f.disk->mutex_);
        drop_shm_locks(f);
        std::erase(f.what->users, &f);
        if (f.is_temporary) f.disk->files_.erase(f.path);
    }
    delete &f;
    return SQLITE_OK;
}

int read_file(sqlite3_file* base, void* to, int length, sqlite3_int64 offset)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    if (is_cut_off(f) || f.disk->read_fails()) return SQLITE_IOERR_READ;
    auto const& bytes = f.what->seen;
    auto const wanted = static_cast<std::size_t>(length);
    auto const at = std::min(static_cast<std::size_t>(offset), bytes.size());
    auto const there = std::min(wanted, bytes.size() - at);
    std::memcpy(to, bytes.data() + at, there);
    if (there == wanted) return SQLITE_OK;
    std::memset(static_cast<char*>(to) + there, 0, wanted - there);
    return SQLITE_IOERR_SHORT_READ;
}

int write_file(sqlite3_file* base, void const* from, int length, sqlite3_int64 offset)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    if (is_cut_off(f)) return SQLITE_IOERR_WRITE;
    int const error = f.disk->operation(SQLITE_IOERR_WRITE, true);
    change made{
        .at = static_cast<std::size_t>(offset),
        .bytes = std::string(static_cast<char const*>(from), static_cast<std::size_t>(length)),
    };
    if (error) made.bytes.resize(made.bytes.size() / 2);
    made.apply(f.what->seen);
    f.what->pending.push_back(std::move(made));
    return error;
}

int truncate_file(sqlite3_file* base, sqlite3_int64 size)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    if (is_cut_off(f)) return SQLITE_IOERR_TRUNCATE;
    if (int const error = f.disk->operation(SQLITE_IOERR_TRUNCATE, false)) return error;
    change made{.at = static_cast<std::size_t>(size), .bytes = {}, .truncation = true};
    made.apply(f.what->seen);
    f.what->pending.push_back(std::move(made));
    return SQLITE_OK;
}

int sync_file(sqlite3_file* base, int)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    if (is_cut_off(f)) return SQLITE_IOERR_FSYNC;
    int const error = f.disk->operation(SQLITE_IOERR_FSYNC, false);
    ++f.disk->syncs_;
    for (auto const& each : f.what->pending)
    {
        using fate = fault_disk::fate;
        auto const became = !error                       ? fate::kept
                            : f.disk->when_a_sync_fails_ ? f.disk->when_a_sync_fails_()
                                                         : fate::lost;
        each.become(became, f.what->durable);
    }
    f.what->pending.clear();
    return error;
}

int file_size(sqlite3_file* base, sqlite3_int64* size)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    if (is_cut_off(f)) return SQLITE_IOERR_FSTAT;
    *size = static_cast<sqlite3_int64>(f.what->seen.size());
    return SQLITE_OK;
}

int lock_file(sqlite3_file* base, int level)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    if (is_cut_off(f)) return SQLITE_IOERR_LOCK;
    int highest_other = SQLITE_LOCK_NONE;
    for (auto const* other : f.what->users)
    {
        if (other != &f) highest_other = std::max(highest_other, other->level);
    }
    bool const free = level == SQLITE_LOCK_SHARED     ? highest_other < SQLITE_LOCK_PENDING
                      : level == SQLITE_LOCK_RESERVED ? highest_other < SQLITE_LOCK_RESERVED
                                                      : highest_other < SQLITE_LOCK_SHARED;
    if (!free) return SQLITE_BUSY;
    f.level = std::max(f.level, level);
    return SQLITE_OK;
}

int unlock_file(sqlite3_file* base, int level)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    f.level = std::min(f.level, level);
    return SQLITE_OK;
}

int check_reserved(sqlite3_file* base, int* reserved)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    auto has = [](open_file const* user) { return user->level >= SQLITE_LOCK_RESERVED; };
    *reserved = std::any_of(f.what->users.begin(), f.what->users.end(), has) ? 1 : 0;
    return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*)
{
    return SQLITE_NOTFOUND;
}
int sector_size(sqlite3_file*)
{
    return 4096;
}
int device_characteristics(sqlite3_file*)
{
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;  // what SQLite assumes of Linux's files
}

int shm_map(sqlite3_file* base, int region, int size, int extend, void volatile** memory)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    if (is_cut_off(f)) return SQLITE_IOERR_SHMMAP;
    if (!f.shm) f.shm = f.what->shm;
    auto const index = static_cast<std::size_t>(region);
    while (extend && f.shm->regions.size() <= index)
    {
        f.shm->regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
    }
    *memory = index < f.shm->regions.size() ? f.shm->regions[index].get() : nullptr;
    return SQLITE_OK;
}

int shm_lock(sqlite3_file* base, int offset, int count, int flags)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    if (is_cut_off(f)) return SQLITE_IOERR_SHMLOCK;
    if (!f.shm) f.shm = f.what->shm;
    auto const first = static_cast<std::size_t>(offset);
    auto const end = first + static_cast<std::size_t>(count);
    bool const is_shared = (flags & SQLITE_SHM_SHARED) != 0;
    if (flags & SQLITE_SHM_LOCK)
    {
        for (auto i = first; i < end; ++i)
        {
            bool const others_share = f.shm->shared[i] > (f.shared[i] ? 1 : 0);
            bool const others_exclude = f.shm->exclusive[i] && !f.exclusive[i];
            if (others_exclude || (!is_shared && others_share)) return SQLITE_BUSY;
        }
    }
    for (auto i = first; i < end; ++i)
    {
        bool const take = (flags & SQLITE_SHM_LOCK) != 0;
        if (is_shared && std::exchange(f.shared[i], take) != take) f.shm->shared[i] += take ? 1 : -1;
        if (!is_shared && std::exchange(f.exclusive[i], take) != take) f.shm->exclusive[i] = take;
    }
    return SQLITE_OK;
}

void shm_barrier(sqlite3_file* base)
{
    std::lock_guard const hold(of(base).disk->mutex_);
}

int shm_unmap(sqlite3_file* base, int remove)
{
    auto& f = of(base);
    std::lock_guard const hold(f.disk->mutex_);
    drop_shm_locks(f);
    f.shm.reset();
    if (remove && !is_cut_off(f)) f.what->shm = std::make_shared<shared_memory>();
    return SQLITE_OK;
}

sqlite3_io_methods const io_methods{
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = file_size,
    .xLock = lock_file,
    .xUnlock = unlock_file,
    .xCheckReservedLock = check_reserved,
    .xFileControl = file_control,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = device_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int open_at(sqlite3_vfs* vfs, char const* name, sqlite3_file* base, int flags, int* out_flags)
{
    auto& disk = disk_of(vfs);
    std::lock_guard const hold(disk.mutex_);
    base->pMethods = nullptr;
    bool const is_temporary = name == nullptr;
    auto const path = is_temporary ? "temporary " + std::to_string(disk.operations_) : std::string(name);
    auto at = disk.files_.find(path);
    if (at == disk.files_.end())
    {
        if (!(flags & SQLITE_OPEN_CREATE)) return SQLITE_CANTOPEN;
        if (int const error = disk.operation(SQLITE_CANTOPEN, true)) return error;
        at = disk.files_.emplace(path, std::make_shared<file>()).first;
    }
    auto made = std::make_unique<open_file>();
    made->disk = &disk;
    made->what = at->second;
    made->life = disk.life_;
    made->is_temporary = is_temporary;
    made->path = path;
    at->second->users.push_back(made.get());
    reinterpret_cast<handle*>(base)->own = made.release();
    base->pMethods = &io_methods;
    if (out_flags) *out_flags = flags;
    return SQLITE_OK;
}

int delete_at(sqlite3_vfs* vfs, char const* name, int)
{
    auto& disk = disk_of(vfs);
    std::lock_guard const hold(disk.mutex_);
    if (!disk.files_.contains(name)) return SQLITE_IOERR_DELETE_NOENT;
    if (int const error = disk.operation(SQLITE_IOERR_DELETE, false)) return error;
    disk.files_.erase(name);
    return SQLITE_OK;
}

int access_at(sqlite3_vfs* vfs, char const* name, int, int* there)
{
    auto& disk = disk_of(vfs);
    std::lock_guard const hold(disk.mutex_);
    auto const at = disk.files_.find(name);
    // SQLite takes an empty journal for none.
    *there = at != disk.files_.end() && !at->second->seen.empty() ? 1 : 0;
    return SQLITE_OK;
}

int full_path(sqlite3_vfs*, char const* name, int size, char* out)
{
    sqlite3_snprintf(size, out, "%s", name);
    return SQLITE_OK;
}

// Two calls of the operating system's that have nothing to do with a disk.
int randomness(sqlite3_vfs*, int size, char* out)
{
    auto* real = sqlite3_vfs_find("unix");
    return real->xRandomness(real, size, out);
}
int sleep_for(sqlite3_vfs*, int us)
{
    auto* real = sqlite3_vfs_find("unix");
    return real->xSleep(real, us);
}
int current_time(sqlite3_vfs*, double* days)
{
    *days = 2440587.5;  // 1970: nothing here may depend on it
    return SQLITE_OK;
}
int last_error(sqlite3_vfs*, int, char*)
{
    return 0;
}

}  // namespace

fault_disk::impl::impl(std::string const& name) : name_(name)
{
    vfs_.iVersion = 1;
    vfs_.szOsFile = sizeof(handle);
    vfs_.mxPathname = 512;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = open_at;
    vfs_.xDelete = delete_at;
    vfs_.xAccess = access_at;
    vfs_.xFullPathname = full_path;
    vfs_.xRandomness = randomness;
    vfs_.xSleep = sleep_for;
    vfs_.xCurrentTime = current_time;
    vfs_.xGetLastError = last_error;
    sqlite3_vfs_register(&vfs_, 0);
}

fault_disk::fault_disk(std::string name) : name_(std::move(name)), impl_(std::make_unique<impl>(name_)) {}
fault_disk::~fault_disk() = default;

void fault_disk::fail_at(std::uint64_t n, kind what, bool lasting)
{
    std::lock_guard const hold(impl_->mutex_);
    impl_->fail_at_ = impl_->operations_ + n;
    impl_->kind_ = what;
    impl_->lasting_ = lasting;
    impl_->happened_ = false;
}

void fault_disk::fail_read_at(std::uint64_t n, bool lasting)
{
    std::lock_guard const hold(impl_->mutex_);
    impl_->fail_read_at_ = impl_->reads_ + n;
    impl_->lasting_reads_ = lasting;
    impl_->happened_ = false;
}

void fault_disk::when_a_sync_fails(std::function<fate()> decide)
{
    std::lock_guard const hold(impl_->mutex_);
    impl_->when_a_sync_fails_ = std::move(decide);
}

void fault_disk::forget_what_is_lost()
{
    std::lock_guard const hold(impl_->mutex_);
    for (auto& [path, each] : impl_->files_)
    {
        each->seen = each->durable;
        for (auto const& made : each->pending)
            made.apply(each->seen);
    }
}

void fault_disk::no_more_faults()
{
    std::lock_guard const hold(impl_->mutex_);
    impl_->fail_at_ = 0;
    impl_->fail_read_at_ = 0;
}

bool fault_disk::fault_happened() const
{
    std::lock_guard const hold(impl_->mutex_);
    return impl_->happened_;
}

std::uint64_t fault_disk::operations() const
{
    std::lock_guard const hold(impl_->mutex_);
    return impl_->operations_;
}

std::uint64_t fault_disk::syncs() const
{
    std::lock_guard const hold(impl_->mutex_);
    return impl_->syncs_;
}
std::uint64_t fault_disk::reads() const
{
    std::lock_guard const hold(impl_->mutex_);
    return impl_->reads_;
}

void fault_disk::kill()
{
    std::lock_guard const hold(impl_->mutex_);
    impl_->cut_off();
}

void fault_disk::power_loss(std::function<fate()> const& decide)
{
    std::lock_guard const hold(impl_->mutex_);
    impl_->cut_off();
    for (auto& [path, each] : impl_->files_)
    {
        for (auto const& made : each->pending)
        {
            made.become(decide(), each->durable);
        }
        each->pending.clear();
        each->seen = each->durable;
    }
}

void fault_disk::power_loss()
{
    power_loss([] { return fate::lost; });
}

std::vector<std::string> fault_disk::files() const
{
    std::lock_guard const hold(impl_->mutex_);
    std::vector<std::string> out;
    for (auto const& [path, each] : impl_->files_)
    {
        out.push_back(path);
    }
    return out;
}

std::string fault_disk::read(std::string const& path) const
{
    std::lock_guard const hold(impl_->mutex_);
    auto const at = impl_->files_.find(path);
    return at == impl_->files_.end() ? std::string() : at->second->seen;
}

void fault_disk::replace(std::string const& path, std::string bytes)
{
    std::lock_guard const hold(impl_->mutex_);
    auto& slot = impl_->files_[path];
    if (!slot) slot = std::make_shared<file>();
    slot->pending.clear();
    slot->durable = bytes;
    slot->seen = std::move(bytes);
}

void fault_disk::wipe()
{
    std::lock_guard const hold(impl_->mutex_);
    impl_->cut_off();
    impl_->files_.clear();
}

}  // namespace chaind::test
