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
#include "sqlite/database.hpp"
#include "store/chat_rows.hpp"
#include "store/row_watch.hpp"

#include <memory>
#include <string>

namespace chaind::store
{

class chat_state final : public chat::state
{
public:
    // `db` outlives this and has the tables.
    explicit chat_state(sqlite::database& db);

    void flush();

    // The sum of all rows as they are now, the counters' included, as it was kept.
    [[nodiscard]] chat::row_sum kept() const;
    // What is told of each row that changes.
    [[nodiscard]] std::shared_ptr<row_watch> watch() const { return watch_; }

    chat::counters get_counters() override { return counters_; }
    void put(chat::counters const& row) override;

    std::optional<chat::user> find_user(chat::user_id id) override;
    std::optional<chat::user> find_user(std::string_view canonical_name) override;
    void put(chat::user const& row) override { write(row); }

    std::vector<chat::session> sessions_of(chat::user_id uid) override;
    void put(chat::session const& row) override { write(row); }
    void erase(chat::session const& row) override { remove(row); }

    std::optional<chat::conversation> find_conv(chat::conv_id id) override;
    std::optional<chat::conversation> find_dm(chat::user_id low, chat::user_id high) override;
    std::optional<chat::conversation> find_public_room(std::string_view canonical_name) override;
    void put(chat::conversation const& row) override { write(row); }

    std::optional<chat::member> find_member(chat::conv_id conv, chat::user_id uid) override;
    [[nodiscard]] std::vector<chat::member> places_of(chat::user_id uid) override;
    void put(chat::member const& row) override { write(row); }
    void erase(chat::member const& row) override { remove(row); }
    void put(chat::past_member const& row) override { write(row); }

    std::optional<chat::message> find_message(chat::message_id id) override;
    void put(chat::message const& row) override { write(row); }
    void put(chat::mention const& row) override { write(row); }
    void erase(chat::mention const& row) override { remove(row); }

    std::optional<chat::remembered> find_remembered(chat::user_id uid, std::string_view cid) override;
    std::optional<chat::remembered> oldest_remembered() override;
    void put(chat::remembered const& row) override { write(row); }
    void erase(chat::remembered const& row) override { remove(row); }

    void put(chat::event const& row) override { write(row); }

private:
    // Every change of rows comes with one of the counters, so that flush() has something to do.
    template <class Row>
    void write(Row const& row)
    {
        using rows = chat_rows::rows_of<Row>;
        if (rows::ever_change())
            if (auto const before = rows::find(db_, row)) went(*before);
        came(row);
        rows::put(db_, row);
    }
    template <class Row>
    void remove(Row const& row)
    {
        went(row);
        chat_rows::rows_of<Row>::erase(db_, row);
    }
    template <class Row>
    void came(Row const& row)
    {
        chat::row_sum one;
        one.add(row);
        note(row, one);
    }
    template <class Row>
    void went(Row const& row)
    {
        chat::row_sum less;
        less.remove(row);
        note(row, less);
    }
    template <class Row>
    void note(Row const& row, chat::row_sum const& by)
    {
        rows_.add(by);
        if (auto const at = counters_.pos.next(); watch_->watches(at))
            watch_->changed(chat_rows::rows_of<Row>::place(row), by, at);
    }

    sqlite::database& db_;
    chat::counters counters_;
    chat::row_sum rows_;  // without the counters
    bool counters_changed_ = false;
    std::shared_ptr<row_watch> watch_ = std::make_shared<row_watch>();
};

// What this row of the log does to the state. newer_schema: it holds a command that this version does not
// know, and to pass over that would be another state than that of those who do; `why` becomes a sentence.
[[nodiscard]] result<chat::applied> apply_row(chat_state& to, chain::entry const& row, std::string& why);

}  // namespace chaind::store
