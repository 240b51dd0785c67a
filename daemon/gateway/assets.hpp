#pragma once
// The web client, embedded (tools/cmake/chaind_embed.cmake writes the table). A fixed map: no request can
// name a file.

#include <span>
#include <string_view>

namespace chaind::gateway
{

struct asset
{
    std::string_view path;  // "/index.html", "/assets/index-3f2a.js"
    std::string_view bytes;
};

std::span<asset const> web_assets();

// The one that is for weak_passwords.hpp, and shown to nobody.
inline constexpr std::string_view common_passwords_path = "/common-passwords.txt";

}  // namespace chaind::gateway
