#pragma once
// The replicated chat state as `apply` sees it: rows by key, nothing else. Two implementations hold the same
// rows and give the same digest: model_state (plain maps; tests and the simulator) and the SQLite one of
// daemon/store, which works inside the writer's transaction.
//
// `find_*` returns the row as the last `put` left it. `put` inserts or replaces by the row's key. Lists come
// in the order that is written beside them; nothing here depends on hashing, locale or time. Failures of the
// disk are not apply's business: an implementation throws, and its owner stops the process.

#include "chat/event.hpp"
#include "chat/rows.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace chaind::chat
{

class state
{
public:
    virtual ~state() = default;

    [[nodiscard]] virtual counters get_counters() = 0;
    virtual void put(counters const& row) = 0;

    [[nodiscard]] virtual std::optional<user> find_user(user_id id) = 0;
    [[nodiscard]] virtual std::optional<user> find_user(std::string_view canonical_name) = 0;
    virtual void put(user const& row) = 0;

    [[nodiscard]] virtual std::vector<session> sessions_of(user_id uid) = 0;  // by session id
    virtual void put(session const& row) = 0;
    virtual void erase(session const& row) = 0;

    [[nodiscard]] virtual std::optional<conversation> find_conv(conv_id id) = 0;
    [[nodiscard]] virtual std::optional<conversation> find_dm(user_id low, user_id high) = 0;
    [[nodiscard]] virtual std::optional<conversation> find_public_room(std::string_view canonical_name) = 0;
    virtual void put(conversation const& row) = 0;

    [[nodiscard]] virtual std::optional<member> find_member(conv_id conv, user_id uid) = 0;
    [[nodiscard]] virtual std::vector<member> places_of(user_id uid) = 0;  // by conversation id
    virtual void put(member const& row) = 0;
    virtual void erase(member const& row) = 0;
    virtual void put(past_member const& row) = 0;

    [[nodiscard]] virtual std::optional<message> find_message(message_id id) = 0;
    virtual void put(message const& row) = 0;
    virtual void put(mention const& row) = 0;
    virtual void erase(mention const& row) = 0;

    [[nodiscard]] virtual std::optional<remembered> find_remembered(user_id uid, std::string_view cid) = 0;
    [[nodiscard]] virtual std::optional<remembered> oldest_remembered() = 0;  // lowest pos
    virtual void put(remembered const& row) = 0;
    virtual void erase(remembered const& row) = 0;

    virtual void put(event const& row) = 0;  // only the stored part
};

}  // namespace chaind::chat
