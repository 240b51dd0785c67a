#pragma once
// How many changes a user may make. Each gateway sees every entry of the log, so it counts what the user has
// written at other replicas, too: one after the other, or all at once, they give him one rate.

#include "chat/apply.hpp"
#include "chat/command.hpp"
#include "gateway/rate_limiter.hpp"
#include "gateway/refusal.hpp"
#include "gateway/settings.hpp"

#include <optional>

namespace chaind::gateway
{

class change_limits
{
public:
    // Both outlive this.
    change_limits(rate_limiter& rates, settings const& limits) : rates_(rates), limits_(limits) {}

    // Before it is submitted; a refusal when he has to wait.
    [[nodiscard]] std::optional<refusal> take(chat::user_id who, chat::command_body const& what);

    // An entry that was applied, whoever submitted it; and the answer to one that was submitted here, which
    // take() has counted before.
    void applied(chat::applied const& entry);
    void answered(chat::applied const& entry);

private:
    rate_limiter& rates_;
    settings const& limits_;
};

}  // namespace chaind::gateway
