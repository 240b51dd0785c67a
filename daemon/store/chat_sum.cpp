#include "store/chat_sum.hpp"

#include "store/chat_rows.hpp"

namespace chaind::store
{

using namespace chat_rows;

namespace
{

template <class Row>
void add_all(chat::row_sum& to, statement rows, Row (*get)(statement const&))
{
    while (rows.step())
        to.add(get(rows));
}

}  // namespace

chat::row_sum kept_sum(database& db)
{
    auto row = db.query("SELECT row_sum FROM chat_counters");
    return row.step() ? chat::row_sum(row.id<digest>(0)) : chat::row_sum();
}

void keep_sum(database& db, chat::row_sum const& sum)
{
    db.run("UPDATE chat_counters SET row_sum = ?", sum.value());
}

chat::row_sum sum_of_rows(database& db)
{
    chat::row_sum to;
    to.add(get_counters(db));
    add_all(to, db.query("SELECT " CHAIND_USER_COLUMNS " FROM chat_user"), get_user);
    add_all(to, db.query("SELECT " CHAIND_SESSION_COLUMNS " FROM chat_session"), get_session);
    add_all(to, db.query("SELECT " CHAIND_CONV_COLUMNS " FROM chat_conv"), get_conv);
    add_all(to, db.query("SELECT " CHAIND_MEMBER_COLUMNS " FROM chat_member"), get_member);
    // Its index holds all columns: without the order SQLite would read that one instead of the table.
    add_all(
        to,
        db.query("SELECT " CHAIND_PAST_MEMBER_COLUMNS " FROM chat_past_member ORDER BY conv, uid, joined"),
        get_past_member
    );
    add_all(to, db.query("SELECT " CHAIND_MESSAGE_COLUMNS " FROM chat_message"), get_message);
    add_all(to, db.query("SELECT uid, conv, seq FROM chat_mention"), get_mention);
    add_all(to, db.query("SELECT " CHAIND_REMEMBERED_COLUMNS " FROM chat_remembered"), get_remembered);
    add_all(to, db.query("SELECT " CHAIND_EVENT_COLUMNS " FROM chat_event"), get_event);
    return to;
}

std::optional<chat::row_sum> proven_sum(database& db)
{
    auto const sum = sum_of_rows(db);
    if (sum != kept_sum(db)) return std::nullopt;
    return sum;
}

}  // namespace chaind::store
