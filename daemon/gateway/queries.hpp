#pragma once
// What clients read, as questions to the store. The text is made on the reader's thread, not on the event
// loop.

#include "gateway/ask.hpp"
#include "wire/client_json.hpp"

#include <optional>
#include <string>
#include <variant>

namespace chaind::gateway
{

using page_text = std::variant<chat::failure, std::string>;  // the answer's `d`

// Of sync, history, members, users; nothing for any other request.
std::optional<query<page_text>> query_of(wire::request_body const& what, chat::user_id who);

}  // namespace chaind::gateway
