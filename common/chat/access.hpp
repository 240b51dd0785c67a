#pragma once
// Who may do something in a conversation, or know of it: for what changes the state, and for what reads it.

#include "chat/outcome.hpp"
#include "chat/rows.hpp"

#include <optional>
#include <variant>

namespace chaind::chat
{

// A conversation with somebody's place in it.
struct own_place
{
    conversation conv;
    member me;
};

// Whether somebody may know that it is there; `inside`: he is in it.
[[nodiscard]] bool is_visible(conversation const& conv, bool inside);
[[nodiscard]] failure no_such_conversation();

// Of the rows that were found: `not_found` where the conversation is hidden from him or does not exist,
// `forbidden` for a public room that he is not in.
[[nodiscard]] std::variant<failure, own_place> place_in(
    std::optional<conversation> conv, std::optional<member> const& me
);

}  // namespace chaind::chat
