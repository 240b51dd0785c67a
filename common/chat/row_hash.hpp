#pragma once
// The hash of every row, and the digest of a state. Two states have the same digest when they hold the same
// rows, however they keep them and in whatever order the rows came.

#include "base/hash.hpp"
#include "chat/command.hpp"

namespace chaind::chat
{

// Of a row of tables.hpp, over its columns.
template <class Row>
digest hash_of(Row const& row);

// The hashes of all rows, the counters' included, added up modulo 2^128: a row that comes or goes costs one
// hash, so that the sum can be kept beside the rows and be compared with one made from them at any later
// time. (M. Bellare, D. Micciancio: A New Paradigm for Collision-free Hashing, 1997, AdHash. Its collision
// resistance is not needed: a disk's faults do not look for collisions.)
class row_sum
{
public:
    row_sum() = default;
    explicit row_sum(digest const& value) : value_(value) {}

    template <class Row>
    void add(Row const& row)
    {
        plus(hash_of(row));
    }
    template <class Row>
    void remove(Row const& row)
    {
        minus(hash_of(row));
    }
    // Of other rows.
    void add(row_sum const& rows) { plus(rows.value_); }
    void remove(row_sum const& rows) { minus(rows.value_); }
    [[nodiscard]] digest const& value() const { return value_; }

    friend bool operator==(row_sum const&, row_sum const&) = default;

private:
    void plus(digest const& hash);
    void minus(digest const& hash);

    digest value_;  // little endian
};

// Of an operation and its payload, without who and with which key; secrets that a retry makes afresh are left
// out.
digest fingerprint(command_body const& what);

}  // namespace chaind::chat
