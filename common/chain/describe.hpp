#pragma once
// How messages, events and effects of the replica core print themselves (membership/describe.hpp). Whatever
// is one of the alternatives of message, event or snapshot_order is printed as that.

#include "chain/types.hpp"
#include "membership/describe.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace chaind::chain
{

enum class role : std::uint8_t;
enum class not_served : std::uint8_t;
struct replica_status;

std::ostream& operator<<(std::ostream& to, entry const& what);
std::ostream& operator<<(std::ostream& to, submission const& what);
std::ostream& operator<<(std::ostream& to, refusal what);
std::ostream& operator<<(std::ostream& to, order_fault what);
std::ostream& operator<<(std::ostream& to, rows_verdict what);
std::ostream& operator<<(std::ostream& to, snapshot_info const& what);
std::ostream& operator<<(std::ostream& to, snapshot_progress const& what);
std::ostream& operator<<(std::ostream& to, message const& what);
std::ostream& operator<<(std::ostream& to, envelope const& what);
std::ostream& operator<<(std::ostream& to, event const& what);

std::ostream& operator<<(std::ostream& to, store_write const& what);
std::ostream& operator<<(std::ostream& to, log_read_request const& what);
std::ostream& operator<<(std::ostream& to, read_verdict what);
std::ostream& operator<<(std::ostream& to, read_step const& what);
std::ostream& operator<<(std::ostream& to, local_refusal const& what);
std::ostream& operator<<(std::ostream& to, snapshot_order const& what);
std::ostream& operator<<(std::ostream& to, begin_anew const& what);
std::ostream& operator<<(std::ostream& to, effects const& what);

std::ostream& operator<<(std::ostream& to, forwarding what);
std::ostream& operator<<(std::ostream& to, role what);
std::ostream& operator<<(std::ostream& to, not_served what);
std::ostream& operator<<(std::ostream& to, replica_status const& what);

// Each effect by itself, in the order of the struct.
std::vector<std::string> lines(effects const& what);
// Time has passed and nothing came of it: of so many steps nobody wants to read.
[[nodiscard]] bool is_idle(event const& in, effects const& out);

}  // namespace chaind::chain
