#pragma once
// The order to the disk: gathers what one step wants written, numbers it, and knows what of it is durable.
// Only `written` moves the marks; a truncation takes back what it deletes at once, also from writes under
// way.

#include "chain/types.hpp"

#include <deque>
#include <utility>

namespace chaind::chain
{

class write_queue
{
public:
    write_queue() = default;
    write_queue(seq durable, seq applied, chain_config const& promised);

    void promise(chain_config const& what);
    void truncate_after(seq last);
    void append(entry const& e);
    void apply(seq upto);
    // Hands out what was gathered since the last time.
    void flush(std::vector<store_write>& to);
    // The store has performed all writes with id <= upto. False: it never was asked for that one.
    [[nodiscard]] bool confirm(write_id upto);

    [[nodiscard]] seq durable() const { return durable_; }  // the log, up to here
    [[nodiscard]] seq applied() const { return applied_; }  // visible to readers
    [[nodiscard]] seq apply_ordered() const { return apply_ordered_; }
    [[nodiscard]] epoch promised() const { return promised_; }  // durably
    [[nodiscard]] config_id const& promised_id() const { return promised_id_; }
    [[nodiscard]] chain_config const& promise_ordered() const { return promise_ordered_; }

private:
    struct flight
    {
        write_id id = 0;
        std::optional<std::pair<epoch, config_id>> promise;
        std::optional<seq> log_end;
        std::optional<seq> apply;
    };

    store_write& open();
    void close();

    seq durable_;
    seq applied_;
    seq apply_ordered_;
    epoch promised_;
    config_id promised_id_;
    chain_config promise_ordered_;
    write_id last_id_ = 0;
    std::vector<store_write> gathered_;  // all but the last are complete
    bool open_ = false;                  // gathered_.back() takes more
    std::deque<flight> flights_;
};

}  // namespace chaind::chain
