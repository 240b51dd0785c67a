#pragma once
// What every request may need, in one place. The server owns all of it and outlives every session and
// request.

#include "gateway/backend.hpp"
#include "gateway/change_limits.hpp"
#include "gateway/hub.hpp"
#include "gateway/known_places.hpp"
#include "gateway/page_turns.hpp"
#include "gateway/password_pool.hpp"
#include "gateway/rate_limiter.hpp"
#include "gateway/settings.hpp"
#include "runtime/task_group.hpp"

#include <string>

namespace chaind::gateway
{

class counters;

struct services
{
    backend& chain;
    settings const& limits;
    hub& sessions;
    password_pool& passwords;
    rate_limiter& rates;
    known_places& places;
    change_limits& changes;
    page_turns& pages;
    runtime::task_group& tasks;
    counters& count;
    std::string own_url;
};

}  // namespace chaind::gateway
