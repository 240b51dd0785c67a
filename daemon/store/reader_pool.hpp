#pragma once
// Reads beside the writer: a few threads, each with its own read-only connection, each job on one snapshot
// that sees committed rows only. Jobs wait in a bounded queue.

#include "base/errc.hpp"
#include "sqlite/database.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace chaind::store
{

class chat_reader;

// Runs a function on the owner's loop thread. May be called from any thread.
using post_function = std::function<void(std::function<void()>)>;

struct reader_options
{
    std::string path;
    std::string vfs;
    std::size_t threads = 2;
    std::size_t waiting_max = 256;
};

class reader_pool
{
public:
    // The database exists already: the store is opened first.
    static result<std::unique_ptr<reader_pool>> open(reader_options const& how, post_function post);
    // Jobs that run finish, those that wait are dropped; their `done` is posted with errc::stopped.
    ~reader_pool();

    // `tell` is posted once, with SQLite's words, when a reader's connection has failed: a disk that cannot
    // be read is a failed disk. Set it before the first read.
    void on_failure(std::function<void(std::string const&)> tell);

    // Runs `query` on a reader thread, then posts `done`: with disk_failed when SQLite failed, and then what
    // `query` saw is worthless. False: the queue is full, nothing will happen.
    [[nodiscard]] bool read(std::function<void(chat_reader&)> query, std::function<void(error_code)> done);

    [[nodiscard]] std::size_t waiting() const;

private:
    class impl;
    explicit reader_pool(std::unique_ptr<impl> made);
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::store
