#pragma once
// The replicated chat state in SQLite: what chat::apply works on, inside the writer's transaction. The rows
// and the digest are those of chat::model_state.
//
// The counters and the sum of the rows (chat_sum.hpp) are kept here between entries: flush() writes them,
// once for each transaction and before COMMIT. After a transaction that was not committed this object must be
// thrown away.

#include "chain/types.hpp"
#include "chat/apply.hpp"
#include "chat/row_hash.hpp"
#include "chat/state.hpp"
#include "store/row_watch.hpp"
#include "store/sqlite.hpp"

#include <memory>
#include <string>

namespace chaind::store
{

class chat_state final : public chat::state
{
public:
    // `db` outlives this and has the tables.
    explicit chat_state(database& db);

    void flush();

    // The sum of all rows as they are now, the counters' included, as it was kept.
    [[nodiscard]] chat::row_sum kept() const;
    // What is told of each row that changes.
    [[nodiscard]] std::shared_ptr<row_watch> watch() const { return watch_; }

    chat::counters get_counters() override { return counters_; }
    void put(chat::counters const& row) override;

    std::optional<chat::user> find_user(chat::user_id id) override;
    std::optional<chat::user> find_user(std::string_view canonical_name) override;
    void put(chat::user const& row) override;

    std::vector<chat::session> sessions_of(chat::user_id uid) override;
    void put(chat::session const& row) override;
    void erase(chat::session const& row) override;

    std::optional<chat::conversation> find_conv(chat::conv_id id) override;
    std::optional<chat::conversation> find_dm(chat::user_id low, chat::user_id high) override;
    std::optional<chat::conversation> find_public_room(std::string_view canonical_name) override;
    void put(chat::conversation const& row) override;

    std::optional<chat::member> find_member(chat::conv_id conv, chat::user_id uid) override;
    [[nodiscard]] std::vector<chat::member> places_of(chat::user_id uid) override;
    void put(chat::member const& row) override;
    void erase(chat::member const& row) override;
    void put(chat::past_member const& row) override;

    std::optional<chat::message> find_message(chat::message_id id) override;
    void put(chat::message const& row) override;
    void put(chat::mention const& row) override;
    void erase(chat::mention const& row) override;

    std::optional<chat::remembered> find_remembered(chat::user_id uid, std::string_view cid) override;
    std::optional<chat::remembered> oldest_remembered() override;
    void put(chat::remembered const& row) override;
    void erase(chat::remembered const& row) override;

    void put(chat::event const& row) override;

private:
    std::optional<chat::session> find_session(chat::token_hash const& token);
    template <class Row>
    void came(Row const& row);
    template <class Row>
    void went(Row const& row);
    template <class Row>
    void replaced(std::optional<Row> const& before, Row const& after);

    database& db_;
    chat::counters counters_;
    chat::row_sum rows_;  // without the counters
    bool counters_changed_ = false;
    std::shared_ptr<row_watch> watch_ = std::make_shared<row_watch>();
};

// What this row of the log does to the state. newer_schema: it holds a command that this version does not
// know, and to pass over that would be another state than that of those who do; `why` becomes a sentence.
[[nodiscard]] result<chat::applied> apply_row(chat_state& to, chain::entry const& row, std::string& why);

}  // namespace chaind::store
