#pragma once
// The chain as clients are told of it, and which web pages belong to it.

#include "gateway/backend.hpp"
#include "gateway/settings.hpp"
#include "membership/cluster_status.hpp"
#include "wire/client_json.hpp"

#include <boost/json/object.hpp>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::gateway
{

// `own_url`: where clients reach this replica; it stands in as long as nothing is known of the others.
wire::cluster_view cluster_view_of(chain_view const& now, std::string const& own_url);

// What the config service says and what this replica can do are of the same moment. They are not while a
// chain is being made, which takes milliseconds, nor where one of them has not heard yet.
bool is_settled(chain_view const& now);

// What this replica shows of the cluster: to people who have signed in, all of it.
cluster_status status_here(chain_view const& now);
// Strangers are told how the chain is, not what it runs on.
boost::json::object status_for_strangers(chain_view const& now);

// The names of the other members, best first: where a client should go when this replica sends it away.
std::vector<std::string> others_than(chain_view const& now);

// The chain goes on without this replica, and a client knows where: nothing is to be had here.
bool is_elsewhere(chain_view const& now);

// The close code for whoever asks a replica for what it cannot serve now: he comes in at another one, or
// later.
int code_elsewhere(chain_view const& now);

// Every base URL that some member of the chain ever had: a page that one of them served may talk to us, and
// our page to them, also while they are out of the chain.
class known_members
{
public:
    // `remembered`: what newest() was before a restart.
    explicit known_members(std::string const& own_url, std::vector<std::string> const& remembered = {});
    void learn(chain_view const& now);

    // Those of which the config service told last; none before it has.
    [[nodiscard]] std::set<std::string> const& newest() const { return newest_; }

    // Whether a page of that origin may use this replica, which was asked as `host` (the Host header).
    [[nodiscard]] bool may_use(
        std::string_view origin, std::string_view host, std::vector<std::string> const& allowed
    ) const;

    // Of those URLs, with their ports.
    [[nodiscard]] std::vector<std::string> const& hosts() const { return hosts_; }

    // Sources for the page's connect-src: every port of every machine that runs a member.
    [[nodiscard]] std::string connect_sources() const;

private:
    void add(std::string origin);

    std::set<std::string> origins_;
    std::set<std::string> newest_;
    std::vector<std::string> hosts_;
};

}  // namespace chaind::gateway
