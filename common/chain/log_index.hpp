#pragma once
// What a replica knows of its log without asking the disk: where it ends, which epoch each row is of, and the
// rows of its upper part. Every row above the applied mark is here; lower ones stay as long as there is room,
// because a successor that lags a little wants them.

#include "chain/types.hpp"

#include <deque>
#include <unordered_map>
#include <utility>

namespace chaind::chain
{

class log_index
{
public:
    log_index() = default;
    explicit log_index(recovered const& from);

    [[nodiscard]] log_point const& base() const { return base_; }
    [[nodiscard]] seq end() const { return end_point().at; }
    [[nodiscard]] log_point end_point() const { return rows_.empty() ? before_ : rows_.back().point(); }

    // The point at `at`; nothing when the row is not in memory (or not in the log).
    [[nodiscard]] std::optional<log_point> point(seq at) const;
    // The row at `at`, if it is in memory.
    [[nodiscard]] entry const* row(seq at) const;
    // The first row of the epoch that the row at `at` is of. Requires base < at <= end.
    [[nodiscard]] seq run_start(seq at) const;
    // Is this request among the rows in memory?
    [[nodiscard]] bool holds(request_id const& request) const { return requests_.contains(request); }

    // `e` follows the end.
    void append(entry const& e);
    // Drops rows above `last`, which must be in memory (or the point before them).
    void truncate_after(seq last);
    // The disk has dropped all rows up to `to`; those that are in memory stay.
    void base_moved(log_point const& to);
    // Forgets rows at or below `upto`, oldest first, until the rest fits.
    void evict(seq upto, std::size_t bytes_limit);

private:
    log_point base_;
    log_point before_;                         // the point below rows_.front()
    std::deque<entry> rows_;                   // consecutive
    std::size_t bytes_ = 0;                    // of rows_
    std::vector<std::pair<epoch, seq>> runs_;  // (epoch, its first row), rising
    std::unordered_map<request_id, seq> requests_;
};

}  // namespace chaind::chain
