#pragma once
// How records, events, effects and verdicts of the config service's core print themselves
// (membership/describe.hpp). Whatever is one of the alternatives of event is printed as that.

#include "control/rows_proof.hpp"
#include "control/types.hpp"
#include "membership/describe.hpp"

#include <ostream>
#include <string>
#include <vector>

namespace chaind::control
{

enum class held : std::uint8_t;
enum class verdict : std::uint8_t;

std::ostream& operator<<(std::ostream& to, older_claim const& what);
std::ostream& operator<<(std::ostream& to, record const& what);
std::ostream& operator<<(std::ostream& to, event const& what);

std::ostream& operator<<(std::ostream& to, outgoing const& what);
std::ostream& operator<<(std::ostream& to, admin_verdict what);
std::ostream& operator<<(std::ostream& to, admin_reply const& what);
std::ostream& operator<<(std::ostream& to, notice const& what);
std::ostream& operator<<(std::ostream& to, effects const& what);

std::ostream& operator<<(std::ostream& to, held what);
std::ostream& operator<<(std::ostream& to, verdict what);
std::ostream& operator<<(std::ostream& to, rows_proof::state what);

// Each effect by itself, in the order of the struct.
std::vector<std::string> lines(effects const& what);
// Time has passed and nothing came of it: of so many steps nobody wants to read.
[[nodiscard]] bool is_idle(event const& in, effects const& out);

}  // namespace chaind::control
