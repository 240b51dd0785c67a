#pragma once
// The chat state in plain maps: what tests and the simulator run beside the SQLite one and compare with it.

#include "chat/state.hpp"

#include <array>
#include <map>
#include <set>
#include <string>
#include <utility>

namespace chaind::chat
{

class model_state final : public state
{
public:
    counters get_counters() override { return counters_; }
    void put(counters const& row) override { counters_ = row; }

    std::optional<user> find_user(user_id id) override;
    std::optional<user> find_user(std::string_view canonical_name) override;
    void put(user const& row) override;

    std::vector<session> sessions_of(user_id uid) override;
    void put(session const& row) override;
    void erase(session const& row) override;

    std::optional<conversation> find_conv(conv_id id) override;
    std::optional<conversation> find_dm(user_id low, user_id high) override;
    std::optional<conversation> find_public_room(std::string_view canonical_name) override;
    void put(conversation const& row) override;

    std::optional<member> find_member(conv_id conv, user_id uid) override;
    std::vector<member> places_of(user_id uid) override;
    void put(member const& row) override;
    void erase(member const& row) override;
    void put(past_member const& row) override;

    std::optional<message> find_message(message_id id) override;
    void put(message const& row) override;
    void put(mention const& row) override;
    void erase(mention const& row) override;

    std::optional<remembered> find_remembered(user_id uid, std::string_view cid) override;
    std::optional<remembered> oldest_remembered() override;
    void put(remembered const& row) override;
    void erase(remembered const& row) override;

    void put(event const& row) override;

    // Equal to that of every other implementation with the same rows (row_hash.hpp).
    [[nodiscard]] digest state_digest() const;
    // As equal digests, but faster by far.
    [[nodiscard]] bool has_the_rows_of(model_state const& other) const;

    // For invariants and checks from outside.
    [[nodiscard]] std::map<message_id, message> const& messages() const { return messages_; }
    [[nodiscard]] std::map<conv_id, conversation> const& conversations() const { return convs_; }
    [[nodiscard]] std::map<seq, event> const& events() const { return events_; }

private:
    using remembered_key = std::pair<user_id, std::string>;

    counters counters_;
    std::map<user_id, user> users_;
    std::map<std::string, user_id, std::less<>> user_names_;
    std::map<token_hash, session> sessions_;
    std::map<std::pair<user_id, session_id>, token_hash> sessions_of_;
    std::map<conv_id, conversation> convs_;
    std::map<std::pair<user_id, user_id>, conv_id> dms_;
    std::map<std::string, conv_id, std::less<>> public_rooms_;
    std::map<std::pair<conv_id, user_id>, member> members_;
    std::map<std::array<std::uint64_t, 3>, past_member> past_members_;  // conv, uid, joined
    std::map<message_id, message> messages_;
    std::set<mention> mentions_;
    std::map<remembered_key, remembered> remembered_;
    std::map<seq, remembered_key> remembered_by_pos_;
    std::map<seq, event> events_;
};

}  // namespace chaind::chat
