#pragma once
// One process a database: an advisory lock on a file beside it. The kernel lets go of it when the process
// ends, however it ends.

#include "base/errc.hpp"

#include <string>

namespace chaind::sqlite
{

class process_lock
{
public:
    process_lock() = default;
    // Makes `path` (mode 0600) and locks it; errc::locked when somebody else has it, and `holder` becomes the
    // process id that they left in it.
    static result<process_lock> take(std::string const& path, std::string& holder);
    process_lock(process_lock&& other) noexcept;
    process_lock& operator=(process_lock&& other) noexcept;
    ~process_lock();

private:
    explicit process_lock(int file) : file_(file) {}

    int file_ = -1;
};

}  // namespace chaind::sqlite
