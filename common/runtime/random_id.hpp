#pragma once
// Random identities (libsodium). The sans-I/O layers never make any themselves.

#include "base/id.hpp"

#include <sodium.h>

namespace chaind::runtime
{

// Call once before anything random is made; throws std::runtime_error when libsodium cannot start.
void start_random();

template <class Id>
Id random_id()
{
    Id out;
    ::randombytes_buf(out.bytes.data(), out.bytes.size());
    return out;
}

// Request ids of one process: 8 random bytes, then a counter, so that they are cheap and never repeat.
class request_ids
{
public:
    request_ids();
    [[nodiscard]] request_id next();

private:
    request_id last_;
};

}  // namespace chaind::runtime
