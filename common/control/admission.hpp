#pragma once
// How a machine comes in by a join token: what it is told, and which names the controller is to be asked for
// (add_node). That a token was used is durable before its machine hears that it may come in, and before its
// name is known: otherwise whoever crashes in between lets the token be used again, or leaves a machine
// outside that has thrown its token away. Pure: time and chance are parameters.

#include "control/join_tokens.hpp"
#include "control/types.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::control
{

class admission
{
public:
    // What the registry holds. A machine whose token was used just before the last stop is asked for now.
    admission(cluster_id of, std::vector<join_token> kept);

    // As join_tokens::make. It counts when it is kept.
    [[nodiscard]] std::optional<std::string> make(
        std::string_view secret, std::int64_t now_ms, std::int64_t ttl_ms
    );

    struct verdict
    {
        std::string why;         // it does not come in; empty: it does, when all is kept
        bool made_here = false;  // the token was, however it was used since
        std::string token;       // hash of its secret, where it was made here
    };
    // That machine shows a token. `taken`: another process speaks in its name.
    [[nodiscard]] verdict hello(
        std::string_view token, member const& from, bool taken, record const& now, std::int64_t now_ms
    );

    // That machine speaks: from now on its link says whose the name is.
    void heard(member const& from);

    // What the registry is to hold, and the number of that version.
    [[nodiscard]] std::vector<join_token> const& rows() const { return tokens_.rows(); }
    [[nodiscard]] std::uint64_t version() const { return version_; }
    // The registry holds that version.
    void kept(std::uint64_t version);
    [[nodiscard]] bool is_kept(std::uint64_t version) const { return version <= kept_; }
    [[nodiscard]] bool all_kept() const { return is_kept(version_); }

    // Names to ask the controller for, and whether to go on asking.
    [[nodiscard]] std::vector<node_id> due(record const& now) const;
    [[nodiscard]] bool is_due(node_id const& name, record const& now) const;
    // The controller's answer to add_node; nothing: none came.
    void answered(node_id const& name, std::optional<admin_verdict> what);

private:
    struct wait
    {
        std::uint64_t version = 0;  // with which its token is used
        bool take_back = false;     // a removed name, too: by a token that was shown in this run
    };

    // Who was let in and has not been heard yet. Another machine of that name is told so as long as this one
    // may show its token again: both would be let in, and one of them refused for ever once the other speaks.
    struct expected
    {
        store_id store;
        std::int64_t until_ms = 0;
    };

    join_tokens tokens_;
    std::uint64_t version_ = 0;
    std::uint64_t kept_ = 0;
    std::map<node_id, wait> waiting_;
    std::map<node_id, expected> expected_;
};

}  // namespace chaind::control
