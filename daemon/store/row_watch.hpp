#pragma once
// A sum over all chat rows that is made piece by piece while rows are being written, and still must be the
// kept one (chat_sum.hpp) in the end.
//
// To read all rows in one transaction would keep the write-ahead log from being used again for as long as
// that takes. So a reader goes through the tables in the order of their keys, a short transaction for each
// piece, and the writer tells this object of each row that it changes: what lies behind the reader changes
// the reader's sum as it changes the kept one, and what lies before it will be read as it is then. A change
// in the very piece that is being read counts when it is later than the position that the piece was read at.

#include "base/strong_number.hpp"
#include "chat/row_hash.hpp"
#include "store/chat_rows.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace chaind::store
{

// Of one writer and one reader, on two threads.
class row_watch
{
public:
    // ---- the writer
    // Before each change of a row, in the transaction that ends at `at` or later. True: somebody wants to be
    // told of it.
    [[nodiscard]] bool watches(seq at);
    // A row came (`by` is its hash) or went (less its hash).
    void changed(row_place const& where, chat::row_sum const& by, seq at);
    // All changes up to here have been told, and the kept sum (without the counters) is this one.
    void settled(chat::row_sum const& kept);

    // ---- the reader
    void begin_round();
    // The rows of `table` behind the last piece are going to be read. They must be read as they were at the
    // position that this returns, or at a later one: earlier changes are not told any more.
    [[nodiscard]] seq begin_piece(std::size_t table);
    // They have been, up to and including `last` (nothing: to the table's end), at that position.
    // False: more has changed than is kept in mind. The piece must be read again.
    [[nodiscard]] bool end_piece(seq at, std::optional<row_place> const& last, chat::row_sum const& rows);
    // After the last piece: are the rows those that were written? Nothing: the writer is in the middle of
    // something.
    [[nodiscard]] std::optional<bool> verdict();
    void end_round();

private:
    struct change
    {
        row_place where;
        chat::row_sum by;
        seq at;
    };

    // A change before somebody watches is not told, but its position is known: of these two, each side writes
    // its own and then reads the other's.
    std::atomic<bool> watching_ = false;
    std::atomic<std::uint64_t> changed_at_ = 0;

    std::mutex mutex_;
    chat::row_sum kept_;    // when the writer said so last
    bool settled_ = true;   // nothing has changed since
    chat::row_sum sum_;     // of what has been read
    row_place read_;        // up to here
    bool begun_ = false;    // else: nothing
    bool reading_ = false;  // a piece, of this table
    std::size_t piece_ = 0;
    std::vector<change> meanwhile_;
    bool too_many_ = false;
};

}  // namespace chaind::store
