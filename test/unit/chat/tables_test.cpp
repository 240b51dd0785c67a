// Each row as replicas have hashed and stored it since there are any: a row of each kind, every field with a
// value of its own, as bytes that never change; and the database's schema as the description of the rows has
// it.
#include "chat/tables.hpp"

#include "chat/row_hash.hpp"
#include "sqlite/database.hpp"
#include "store/chat_rows.hpp"
#include "store/chat_state.hpp"
#include "store/store_schema.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace chaind;
using namespace chaind::chat;

namespace
{

template <class Id>
Id filled(std::uint8_t with)
{
    Id out;
    out.bytes.fill(with);
    return out;
}

counters const counted{
    .pos = seq(1),
    .at_ms = 2,
    .users = 3,
    .convs = 4,
    .sessions = 5,
    .max_message_id = 6,
    .forgotten_ms = 7,
};
user const ana{
    .id = user_id(1),
    .name = "ana",
    .display = "Ana",
    .as = role::owner,
    .password_hash = "$argon2id$",
    .password_rev = 2,
    .created_ms = 3,
    .rooms = 4,
    .changed = seq(5),
    .made = 6,
};
chat::session const opened{
    .token = std::string("\0token", 6),
    .id = session_id(1),
    .uid = user_id(2),
    .label = "web",
    .created_ms = 3,
    .used_ms = 4,
    .place = 5,
};
conversation const ops{
    .id = conv_id(1),
    .kind = conv_kind::room,
    .name = "ops",
    .priv = true,
    .topic = "topic",
    .creator = user_id(2),
    .low = user_id(3),
    .high = user_id(4),
    .created_ms = 5,
    .last_seq = 6,
    .rev = 7,
    .members = 8,
    .changed = seq(9),
    .gone = seq(10),
};
chat::member const inside{
    .conv = conv_id(1),
    .uid = user_id(2),
    .joined = seq(3),
    .read = 4,
    .delivered = 5,
    .changed = seq(6),
};
past_member const outside{.conv = conv_id(1), .uid = user_id(2), .joined = seq(3), .left = seq(4)};
message const said{
    .id = message_id(1),
    .conv = conv_id(2),
    .at_seq = 3,
    .rev = 4,
    .uid = user_id(5),
    .at_ms = 6,
    .body = "body",
    .fmt = text_format::plain,
    .reply_to = message_id(7),
    .mentions = {user_id(8), user_id(9)},
    .edited_ms = 10,
    .deleted = true,
};
mention const called{.uid = user_id(1), .conv = conv_id(2), .at_seq = 3};
remembered const answered{
    .uid = user_id(1),
    .cid = "cid",
    .fingerprint = filled<digest>(2),
    .pos = seq(3),
    .at_ms = 4,
    .result = message_sent{.mid = message_id(5), .at_seq = 6, .rev = 7, .at_ms = 8},
};
event told()
{
    event out;
    out.pos = seq(1);
    out.kind = event_kind::msg_edit;
    out.to = audience::everyone;
    out.conv = conv_id(4);
    out.uid = user_id(5);
    out.mid = message_id(6);
    out.at_seq = 7;
    out.rev = 8;
    out.at_ms = 9;
    out.on = true;
    out.marks = {{.uid = user_id(10), .conv = conv_id(11), .at_seq = 12}};
    return out;
}

template <class Row>
std::string hash(Row const& row)
{
    row_sum of;
    of.add(row);
    return to_string(of.value());
}

struct rows_in_sql
{
    rows_in_sql() : db(sqlite::database::open(":memory:", sqlite::database::access::create).value())
    {
        store::upgrade_schema(*db, 0);
        rows.emplace(*db);
    }

    // The rows of a table, with each column's type to be seen.
    std::string stored(std::string const& table)
    {
        rows->flush();
        std::string out;
        std::string columns;
        for (auto row = db->query("SELECT name FROM pragma_table_info(?)", std::string_view(table));
             row.step();)
            columns += (columns.empty() ? "" : " || ' ' || ") + std::string("'") + row.text(0) +
                       "=' || quote(" + row.text(0) + ")";
        for (auto row = db->query("SELECT " + columns + " FROM " + table); row.step();)
            out += (out.empty() ? "" : "\n") + row.text(0);
        BOOST_TEST(!db->failed(), db->failure_text());
        return out;
    }

    std::unique_ptr<sqlite::database> db;
    std::optional<store::chat_state> rows;
};

// ---- columns, as lines of name, type, place in the key

template <class Row, class Value, bool is_blob>
std::string type_of(column<Row, Value, is_blob> const&)
{
    if constexpr (is_blob || std::is_same_v<Value, digest> || std::is_same_v<Value, outcome>)
        return "BLOB";
    else if constexpr (std::is_same_v<Value, std::vector<mark>>)
        return "BLOB or NULL";
    else if constexpr (std::is_same_v<Value, std::string> || std::is_same_v<Value, std::vector<user_id>>)
        return "TEXT";
    else
        return "INTEGER";
}

template <class Row>
std::string described()
{
    std::string out;
    int at = 0;
    auto const add = [&](auto const& each)
    {
        ++at;
        out += std::string(each.name) + " " + type_of(each) + " " +
               std::to_string(each.use == column_use::key ? at : 0) + "\n";
    };
    with_columns<Row>([&](auto const&... each) { (add(each), ...); });
    return out;
}

std::string in_the_schema(sqlite::database& db, std::string_view table)
{
    std::string out;
    // An INTEGER PRIMARY KEY has no other NULL than the row's own number.
    for (auto row = db.query(
             "SELECT name || ' ' || type || iif(\"notnull\" OR pk, '', ' or NULL') || ' ' || pk"
             " FROM pragma_table_info(?) WHERE name NOT IN ('one', 'row_sum') ORDER BY cid",
             table
         );
         row.step();)
        out += row.text(0) + "\n";
    return out;
}

template <class... Row>
void check_tables(sqlite::database& db, row_types<Row...>)
{
    std::set<std::string> names{table<counters>.name};
    auto const check = [&](std::string const& name, std::string const& columns)
    {
        BOOST_TEST_CONTEXT(name) BOOST_TEST(in_the_schema(db, name) == columns);
        names.insert(name);
    };
    check(table<counters>.name, described<counters>());
    (check(table<Row>.name, described<Row>()), ...);

    std::set<std::string> stored;
    for (auto row = db.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'chat_*'");
         row.step();)
        stored.insert(row.text(0));
    BOOST_TEST(stored == names, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tables)

// Beside the described columns the counters' row has its own number and the sum of all rows.
BOOST_FIXTURE_TEST_CASE(the_schema_has_the_tables_and_columns_that_are_described, rows_in_sql)
{
    check_tables(*db, keyed_rows());
}

// Their keys compare as the database compares them.
BOOST_FIXTURE_TEST_CASE(places_have_the_order_of_the_primary_key, rows_in_sql)
{
    for (std::uint64_t const uid : {256u, 1u, 255u})
        for (auto const* cid : {"b", "", "ab"})
        {
            auto row = answered;
            row.uid = user_id(uid);
            row.cid = cid;
            row.pos = seq(1000 * uid + cid[0]);
            rows->put(row);
        }
    using stored_rows = store::chat_rows::rows_of<remembered>;
    std::vector<store::row_place> places;
    for (auto row = stored_rows::in_key_order(*db); row.step();)
        places.push_back(stored_rows::place(stored_rows::get(row)));
    BOOST_TEST(places.size() == 9u);
    BOOST_TEST(std::is_sorted(places.begin(), places.end()));
}

BOOST_AUTO_TEST_CASE(rows_keep_their_hashes)
{
    BOOST_TEST(hash(counted) == "2dbfc30af707424adb59e81d802f0cc2");
    BOOST_TEST(hash(ana) == "eac5674fc73c619fd70d35d2f5e65d72");
    BOOST_TEST(hash(opened) == "f5cf0095498a96926f6088bd63e0549a");
    BOOST_TEST(hash(ops) == "b00e69f54c01da532841172c6e8fbb6a");
    BOOST_TEST(hash(inside) == "c559875ce28642ac7beb82e31878a423");
    BOOST_TEST(hash(outside) == "2f9bd4394aea265c1d9e12fe645d5e64");
    BOOST_TEST(hash(said) == "693324dfb618575165f5a0c866a61fb3");
    BOOST_TEST(hash(called) == "217945cc23888302116cfe9d653b0f60");
    BOOST_TEST(hash(answered) == "9d4267d3136e06eca19d8fa7f2fcdc0c");
    BOOST_TEST(hash(told()) == "b3fbf127a6f4c4607e71b43275ab8264");
}

BOOST_AUTO_TEST_CASE(rows_without_later_columns_keep_the_hashes_of_the_time_before_them)
{
    auto const with = [](auto row, auto const& change)
    {
        change(row);
        return hash(row);
    };
    BOOST_TEST(
        with(counted, [](counters& row) { row.forgotten_ms = 0; }) == "c17d557c686927a7620454264acc2fed"
    );
    BOOST_TEST(with(ana, [](user& row) { row.made = 0; }) == "eb9f74f02cb452e6af48ca09d6a1774d");
    BOOST_TEST(with(opened, [](session& row) { row.used_ms = 0; }) == "b87deb391088f3af4dcb3960e1a7def6");
    BOOST_TEST(with(opened, [](session& row) { row.place = 0; }) == "87ba70dad166e910af200c0e7ddb62d4");
    BOOST_TEST(with(ops, [](conversation& row) { row.gone = {}; }) == "a5a2e49a91c1c02cfd714ce21429cec4");
}

BOOST_FIXTURE_TEST_CASE(rows_stand_in_the_database_as_they_always_have, rows_in_sql)
{
    rows->put(counted);
    rows->put(ana);
    rows->put(opened);
    rows->put(ops);
    rows->put(inside);
    rows->put(outside);
    rows->put(said);
    rows->put(called);
    rows->put(answered);
    rows->put(told());
    BOOST_TEST(
        stored("chat_counters") ==
        "one=1 pos=1 at_ms=2 users=3 convs=4 sessions=5 max_message_id=6 "
        "row_sum=X'8A43B421164523797A0336FCF9E50B46' forgotten_ms=7"
    );
    BOOST_TEST(
        stored("chat_user") ==
        "id=1 name='ana' display='Ana' role=1 password_hash='$argon2id$' password_rev=2 created_ms=3 rooms=4 "
        "changed=5 made=6"
    );
    BOOST_TEST(
        stored("chat_session") ==
        "token=X'00746F6B656E' id=1 uid=2 label='web' created_ms=3 used_ms=4 place=5"
    );
    BOOST_TEST(
        stored("chat_conv") ==
        "id=1 kind=1 name='ops' priv=1 topic='topic' creator=2 low=3 high=4 created_ms=5 last_seq=6 rev=7 "
        "members=8 changed=9 gone=10"
    );
    BOOST_TEST(stored("chat_member") == "conv=1 uid=2 joined=3 read=4 delivered=5 changed=6");
    BOOST_TEST(stored("chat_past_member") == "conv=1 uid=2 joined=3 parted=4");
    BOOST_TEST(
        stored("chat_message") ==
        "id=1 conv=2 seq=3 rev=4 uid=5 at_ms=6 body='body' fmt=1 reply_to=7 mentions='8 9' edited_ms=10 "
        "deleted=1"
    );
    BOOST_TEST(stored("chat_mention") == "uid=1 conv=2 seq=3");
    BOOST_TEST(
        stored("chat_remembered") ==
        "uid=1 cid='cid' fingerprint=X'02020202020202020202020202020202' pos=3 at_ms=4 "
        "result=X'2A080805100618072008'"
    );
    BOOST_TEST(
        stored("chat_event") ==
        "pos=1 kind=2 audience=3 conv=4 uid=5 mid=6 seq=7 rev=8 at_ms=9 is_on=1 marks=X'0A06080A100B180C'"
    );
}

BOOST_FIXTURE_TEST_CASE(an_event_without_marks_has_none_in_the_database, rows_in_sql)
{
    auto row = told();
    row.marks.clear();
    rows->put(row);
    BOOST_TEST(stored("chat_event").ends_with("marks=NULL"));
}

BOOST_AUTO_TEST_SUITE_END()
