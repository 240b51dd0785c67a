#include "chat/access.hpp"

#include <string>
#include <utility>

namespace chaind::chat
{

bool is_visible(conversation const& conv, bool inside)
{
    bool const is_public = conv.kind == conv_kind::room && !conv.priv;
    return conv.gone == seq() && (inside || is_public);
}

failure no_such_conversation()
{
    return {.code = api_errc::not_found, .message = "no such conversation", .field = "conv"};
}

std::variant<failure, own_place> place_in(std::optional<conversation> conv, std::optional<member> const& me)
{
    if (!conv || !is_visible(*conv, me.has_value())) return no_such_conversation();
    if (me) return own_place{.conv = *std::move(conv), .me = *me};
    return failure{
        .code = api_errc::forbidden,
        .message = "not a member of c_" + std::to_string(conv->id.value()),
        .field = "conv"
    };
}

}  // namespace chaind::chat
