#pragma once
// Reads the whole store beside the writer and says whether the disk has kept what was written: the chat rows
// against their kept sum (row_watch.hpp), the rows of the log against their hash chain. A thread of its own
// that rests most of the time. A round begins by itself when it is due, or when it is asked for; one is under
// way at a time.

#include "base/errc.hpp"
#include "base/id.hpp"
#include "store/reader_pool.hpp"
#include "store/row_watch.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace chaind::store
{

struct scrub_options
{
    std::string database;
    std::string vfs;
    std::chrono::milliseconds every =
        std::chrono::hours(7 * 24);     // from the end of a round to the next one; 0: none by itself
    std::chrono::milliseconds first{};  // the same for the first round of this process
    std::size_t share = 5;              // percent of the time that it works
    std::size_t share_when_asked = 20;
    std::uint64_t piece_rows = 500;
};

// How it stands.
struct scrub_report
{
    bool running = false;
    std::uint64_t asked =
        0;  // the number under which the round that runs, or ran last, was asked for; 0: none
    std::uint64_t done = 0;  // rows of the round that runs, or ran last; `all` is an estimate
    std::uint64_t all = 0;
    std::uint64_t rounds = 0;   // that came to their end in this process
    std::int64_t ended_ms = 0;  // the wall clock at the end of the last one; 0: none has ended
    std::string error;          // what the last one has found; empty: all is as it was written

    friend bool operator==(scrub_report const&, scrub_report const&) = default;
};

struct scrub_events
{
    std::function<void(scrub_report const&)> progress;  // now and then
    std::function<void(scrub_report const&)> ended;     // a round has come to its end
    // The file could not be read, or is no sound database any more: the last word.
    std::function<void(error_code, std::string const& text)> failed;
};

class scrub
{
public:
    scrub(scrub_options how, std::shared_ptr<row_watch> watch, scrub_events tell, post_function post);
    // Ends what is under way. Posted events may still be on their way afterwards.
    ~scrub();

    // A round from the beginning, now, under that number, unless it runs or ran last. 0: the one that was
    // asked for ends where it is.
    void ask(std::uint64_t number);

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::store
