#pragma once
// Limits that `apply` decides by. They are constants: every replica of one version applies an entry to the
// same result, and a change of them is a new version of the state machine. A gateway may refuse earlier, by
// lower configured limits; it may never let through what is refused here and call it done.

#include <cstddef>
#include <cstdint>

namespace chaind::chat::limits
{

inline constexpr std::size_t body_bytes = 16 * 1024;
inline constexpr std::size_t topic_bytes = 1024;
inline constexpr std::size_t mentions = 50;
inline constexpr std::uint64_t room_members = 5000;
inline constexpr std::uint64_t rooms_of_user = 1000;       // he is in
inline constexpr std::uint64_t rooms_made_by_user = 1000;  // that are there
inline constexpr std::size_t leave_of_entry = 64;          // removed rooms that he leaves with one entry
inline constexpr std::size_t sessions_of_user = 64;        // the oldest makes room for a new one
inline constexpr std::uint64_t broadcast_members = 50;     // watermarks are shown to rooms of up to so many
inline constexpr std::size_t marks_of_batch = 4096;        // of one `delivered` entry
inline constexpr std::size_t forget_of_entry = 8;          // expired results removed with one entry

inline constexpr std::int64_t day_ms = 24LL * 60 * 60 * 1000;
inline constexpr std::int64_t cid_past_ms = 30 * day_ms;  // a cid's time lies at most so far before its entry
inline constexpr std::int64_t cid_future_ms = 1 * day_ms;
inline constexpr std::int64_t clock_error_ms = 10 * 60 * 1000;  // less is no reason to doubt a clock
// A result outlives the last moment at which its cid can still pass the two checks above.
inline constexpr std::int64_t remember_ms = cid_past_ms + cid_future_ms;

}  // namespace chaind::chat::limits
