#pragma once
// The replicated application as the simulator sees it: commands made by clients, applied in log order. The
// plain model is the smallest thing that shows a lost, doubled or reordered command.

#include "chain/types.hpp"
#include "sim/rng.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::sim
{

// A client's name for one intention; it stays the same over all retries.
struct op_key
{
    std::uint64_t client = 0;
    std::uint64_t number = 0;
    friend auto operator<=>(op_key const&, op_key const&) = default;
};

struct op_key_hash
{
    std::size_t operator()(op_key const& key) const noexcept
    {
        return static_cast<std::size_t>((key.client << 32 ^ key.number) * 0x9E3779B97F4A7C15ull >> 16);
    }
};

// The real time at the start of each run, in µs since 1970 UTC.
inline constexpr std::int64_t epoch_us = 1'700'000'000'000'000;

// The times in a command: when its key was made, by the client's device, and when it was asked for, by the
// gateway.
struct told_times
{
    std::int64_t key_ms = epoch_us / 1000;
    std::int64_t asked_ms = 0;
};

// Some of all commands delete: they are taken when a disk is low.
[[nodiscard]] constexpr bool frees_room(op_key key)
{
    return key.number % 16 == 0;
}

struct outcome
{
    op_key key;
    std::string answer;  // the same for every retry of this key, at every replica
    bool repeated = false;
    bool final = true;        // false: a refusal that another try may turn into something else
    bool wrong_time = false;  // refused for the time of its key
};

// Of all that was done, in order. Nobody tries to make two of them equal.
class history_digest
{
public:
    void add(std::uint64_t part)
    {
        state_[0] = (state_[0] ^ part) * 0x9E3779B97F4A7C15ull;
        state_[0] ^= state_[0] >> 29;
        state_[1] = (state_[1] + state_[0]) * 0xBF58476D1CE4E5B9ull;
        state_[1] ^= state_[1] >> 32;
    }
    void add(std::string_view bytes)
    {
        add(bytes.size());
        for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(8, bytes.size())))
        {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data(), std::min(sizeof word, bytes.size()));
            add(word);
        }
    }
    [[nodiscard]] digest value() const
    {
        digest out;
        static_assert(sizeof state_ == sizeof out.bytes);
        std::memcpy(out.bytes.data(), state_.data(), sizeof state_);
        return out;
    }

private:
    std::array<std::uint64_t, 2> state_{};
};

// What of an application goes into a snapshot: all of it, unless a planted mistake says otherwise.
struct app_parts
{
    bool dedupe = true;
    bool counters = true;
};

class app
{
public:
    virtual ~app() = default;
    [[nodiscard]] virtual std::unique_ptr<app> clone(app_parts what) const = 0;
    // Applies the next committed entry.
    virtual outcome apply(chain::entry const& what) = 0;
    // Cheap, of all that was applied; equal on all replicas at equal position.
    [[nodiscard]] virtual digest state() const = 0;
    // Of every row.
    [[nodiscard]] virtual digest full_state() const = 0;
    // The same, of another one of this kind, without a hash of each row.
    [[nodiscard]] virtual bool has_the_rows_of(app const& other) const = 0;
};

// A real store that does what the simulated disk does, and must come to the same. Throws `violation` where it
// does not.
class shadow_store
{
public:
    virtual ~shadow_store() = default;
    virtual void open(store_id id, boot_id boot, chain::recovered const& expected) = 0;
    virtual void perform(std::vector<chain::store_write> const& transaction) = 0;
    virtual void close() = 0;  // without finishing anything
    virtual void wipe() = 0;
    virtual void set_aside() = 0;
    virtual void compact(seq upto) = 0;
    // Makes a file of what is committed, which must be as expected; any shadow of this application may then
    // install it under an identity of its own.
    virtual void make_snapshot(chain::snapshot_info const& expected, std::uint64_t log_rows) = 0;
    virtual void install(digest const& snapshot, store_id id, chain_config const& promised) = 0;
    // Becomes a store of that identity, made from a backup of one that had applied these rows.
    virtual void restore(
        std::vector<chain::entry> const& history, chain::snapshot_info const& expected, store_id id
    ) = 0;
    virtual void compare(log_point const& end, log_point const& applied, digest const& state) = 0;
};

// What a store does as it should. Planted mistakes switch one of these off.
struct store_habits
{
    bool checks_the_digest = true;      // of a snapshot that it is about to install
    bool hashes_the_part_again = true;  // what an earlier try left may be torn
    bool offers_committed_only = true;  // state and position are those of one transaction
    bool ends_at_the_mark = true;       // no log row above a snapshot's applied mark
    bool gives_a_new_identity = true;   // to what it installs
    bool installs_whole = true;         // the old store or the new one, never the one with the other's log
    bool writes_again = true;           // at a start: what can be read may not be on the disk
    app_parts snapshot;
};

// Which application a simulation runs.
struct app_kind
{
    std::function<std::unique_ptr<app>()> make;
    // The command for an intention. Equal keys give equal bytes.
    std::function<std::string(op_key, told_times)> command;
    // Beside each simulated disk; none by default.
    std::function<std::unique_ptr<shadow_store>(std::string name)> shadow;
    store_habits habits{};
};

app_kind plain_app(bool deduplicate = true);
app_kind chat_application();
app_kind chat_on_sqlite();  // with real files beside it

}  // namespace chaind::sim
