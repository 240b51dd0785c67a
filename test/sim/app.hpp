#pragma once
// The replicated application as the simulator sees it: commands made by clients, applied in log order. The
// plain model is the smallest thing that shows a lost, doubled or reordered command.

#include "chain/types.hpp"
#include "sim/rng.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace chaind::sim
{

// A client's name for one intention; it stays the same over all retries.
struct op_key
{
    std::uint64_t client = 0;
    std::uint64_t number = 0;
    friend auto operator<=>(op_key const&, op_key const&) = default;
};

struct outcome
{
    op_key key;
    std::string answer;  // the same for every retry of this key, at every replica
    bool repeated = false;
};

class app
{
public:
    virtual ~app() = default;
    // Applies the next committed entry.
    virtual outcome apply(chain::entry const& what) = 0;
    // Of the whole state; equal on all replicas at equal position.
    [[nodiscard]] virtual digest state() const = 0;
};

// Which application a simulation runs.
struct app_kind
{
    std::function<std::unique_ptr<app>()> make;
    // The command for an intention. Equal keys give equal bytes.
    std::function<std::string(op_key)> command;
};

app_kind plain_app(bool deduplicate = true);

}  // namespace chaind::sim
