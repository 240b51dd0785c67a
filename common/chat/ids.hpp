#pragma once
// Identities of the chat domain. Clients see them as `u_5`, `c_9`, `m_413`; here they are numbers of counters
// that are part of the replicated state, so they are never given twice.

#include "base/id.hpp"
#include "base/strong_number.hpp"

#include <cstdint>
#include <string>

namespace chaind::chat
{

using user_id = strong_number<struct user_tag>;        // 0: nobody
using conv_id = strong_number<struct conv_tag>;        // 0: none
using message_id = strong_number<struct message_tag>;  // 0: none; from the counter `max_message_id`
using session_id = strong_number<struct session_tag>;  // names a session in lists; never a secret

// SHA-256 or BLAKE2b of a session token, 32 raw bytes. The token itself is known to its client alone.
using token_hash = std::string;

}  // namespace chaind::chat
