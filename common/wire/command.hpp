#pragma once
// Chat commands and stored results as bytes (protobuf, command.proto). What the log holds: every version of
// the program must read what any earlier one wrote.

#include "chat/command.hpp"
#include "chat/event.hpp"
#include "chat/outcome.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::wire
{

std::string encode(chat::command const& what);
// Nothing for bytes that are no command of this version. Never throws, whatever the bytes.
// Nothing for bytes that this version does not understand to the last field: what it left out would be
// carried out by a newer one and not by this, and the replicas would differ from then on.
std::optional<chat::command> decode_command(std::string_view bytes);
bool is_command(std::string_view bytes);  // of this version

std::string encode(chat::outcome const& what);
std::optional<chat::outcome> decode_outcome(std::string_view bytes);

std::string encode(std::vector<chat::mark> const& marks);
std::optional<std::vector<chat::mark>> decode_marks(std::string_view bytes);

}  // namespace chaind::wire
