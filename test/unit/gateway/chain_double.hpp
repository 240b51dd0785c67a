#pragma once
// A chain that commits at once: one real store in a folder of its own, and any number of replicas whose
// gateways are the real ones. What a chain can do to a client (be slow, refuse, fall behind, fail) is
// switched on by hand.

#include "gateway/backend.hpp"
#include "gateway/settings.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace chaind::test
{

// The limits of docs/client_api.md with cheap passwords and no rates, so that tests are quick; each test
// changes what it is about.
gateway::settings quick_settings();

class chain_double
{
public:
    explicit chain_double(gateway::settings const& with = quick_settings(), std::size_t replicas = 1);
    ~chain_double();

    [[nodiscard]] std::uint16_t port(std::size_t replica = 0) const;
    [[nodiscard]] std::uint16_t admin_port(std::size_t replica = 0) const;
    [[nodiscard]] std::size_t clients(std::size_t replica = 0);
    [[nodiscard]] std::uint64_t committed();

    void hold(bool on);                // submitted changes wait
    [[nodiscard]] std::size_t held();  // how many do
    void answer_next(gateway::undecided with);
    void refuse_reads(bool on);
    void slow_reads(bool on);  // each takes a millisecond
    [[nodiscard]] std::size_t most_reads_at_once();
    // This replica hears of no entry until it is switched off again; the others do.
    void lag(std::size_t replica, bool on);
    // Ends a lag: what it did not hear of, its gateway is told to have missed.
    void miss(std::size_t replica);
    void change_view(std::size_t replica, std::function<void(gateway::chain_view&)> how);
    void forget_log(std::uint64_t upto);     // with the next change
    [[nodiscard]] std::uint64_t log_base();  // up to here it is forgotten
    [[nodiscard]] bool drained(std::size_t replica);
    void begin_stop(std::size_t replica);  // of its server
    [[nodiscard]] bool stopped(std::size_t replica);

    // Many messages in one go, straight into the log.
    void send_many(std::string const& uid, std::string const& conv, std::size_t count);

    // Looks after each step of the loop until `is_so` holds; false when it never did.
    bool eventually(
        std::function<bool()> const& is_so, std::chrono::milliseconds within = std::chrono::seconds(8)
    );

    struct account
    {
        std::string uid;
        std::string token;
    };
    account register_user(std::string const& name, std::size_t replica = 0);

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

}  // namespace chaind::test
