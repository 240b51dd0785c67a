#pragma once
// What can go wrong in operation, for all layers: one page. Clients see the names of `api_errc`
// (docs/client_api.md 1).

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <string_view>
#include <system_error>

namespace chaind
{

template <class T>
using result = boost::system::result<T>;
using boost::system::error_code;

enum class errc
{
    ok = 0,
    bad_frame,        // a frame with a wrong length, checksum or content
    frame_too_large,  // a length field above the limit
    wrong_cluster,    // a peer of another cluster
    wrong_version,    // a peer whose protocol range does not meet ours
    epoch_conflict,   // the stored epoch is not the one expected: somebody else changed the chain
    disk_failed,      // I/O error, corruption or no space: the store has stopped
    store_damaged,    // a row's checksum or the hash chain is wrong
    rows_changed,     // the chat rows are not those that were written
    no_access,        // the database is not this process's to open: owner, mode, or no file at all
    newer_schema,     // the database was written by a newer version
    locked,           // another process holds this database
    timed_out,
    stopped,  // the part was told to stop
};

boost::system::error_category const& chaind_category();

inline error_code make_error_code(errc e)
{
    return {static_cast<int>(e), chaind_category()};
}

}  // namespace chaind

template <>
struct boost::system::is_error_code_enum<chaind::errc> : std::true_type
{
};
