#pragma once
// Pieces of JSON that answers and events share. Not for other layers.

#include "chat/views.hpp"
#include "wire/client_json.hpp"
#include "wire/json_text.hpp"

namespace chaind::wire
{

std::string_view format_name(chat::text_format fmt);
std::string_view role_name(chat::role as);
void write(json_text& to, chat::person const& who);        // {uid, name, display, role}
void write(json_text& to, chat::conv_summary const& one);  // as in sync
void write_ids(json_text& to, std::string_view name, std::vector<chat::user_id> const& ids);
void write_fields(json_text& to, cluster_view const& what);  // of `cluster`, without the braces

}  // namespace chaind::wire
