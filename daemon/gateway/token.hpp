#pragma once
// Secrets and keys that a gateway makes: session tokens (256 random bits; only their hash is stored anywhere)
// and ULIDs for changes that come without a key of their client.

#include "chat/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace chaind::gateway
{

std::string new_token();                                 // "s1." and 43 characters
chat::token_hash hash_of_token(std::string_view token);  // BLAKE2b-256

std::string new_ulid(std::int64_t wall_ms);

}  // namespace chaind::gateway
