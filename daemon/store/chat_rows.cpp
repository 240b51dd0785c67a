#include "store/chat_rows.hpp"

#include "chat/tables.hpp"
#include "wire/command.hpp"

#include <charconv>
#include <type_traits>
#include <utility>

namespace chaind::store::chat_rows
{

namespace
{

// ---- values, as they are bound

struct own_blob
{
    std::string bytes;

    operator sqlite::blob() const { return {bytes}; }
};

template <class Value>
Value const& bound(Value const& value)
{
    return value;
}
// With a blank between.
std::string bound(std::vector<chat::user_id> const& mentions)
{
    std::string out;
    for (auto const uid : mentions)
    {
        if (!out.empty()) out += ' ';
        out += std::to_string(uid.value());
    }
    return out;
}
own_blob bound(chat::outcome const& result)
{
    return {wire::encode(result)};
}
// No marks: NULL.
std::optional<own_blob> bound(std::vector<chat::mark> const& marks)
{
    if (marks.empty()) return std::nullopt;
    return own_blob{wire::encode(marks)};
}

template <class Row, class Value, bool is_blob>
decltype(auto) bound(chat::column<Row, Value, is_blob> const& of, Row const& row)
{
    if constexpr (is_blob)
        return sqlite::blob{row.*of.field};
    else
        return bound(row.*of.field);
}

// ---- values, as they are read

template <class Value>
    requires std::is_integral_v<Value> || std::is_enum_v<Value>
void read(Value& to, sqlite::statement const& row, int column)
{
    to = static_cast<Value>(row.integer(column));
}
void read(bool& to, sqlite::statement const& row, int column)
{
    to = row.integer(column) != 0;
}
template <class Tag>
void read(strong_number<Tag>& to, sqlite::statement const& row, int column)
{
    to = strong_number<Tag>(row.number(column));
}
void read(std::string& to, sqlite::statement const& row, int column)
{
    to = row.bytes(column);
}
void read(digest& to, sqlite::statement const& row, int column)
{
    to = row.id<digest>(column);
}
void read(std::vector<chat::user_id>& mentions, sqlite::statement const& row, int column)
{
    auto const text = row.bytes(column);
    char const* at = text.data();
    char const* const end = at + text.size();
    while (at < end)
    {
        std::uint64_t value = 0;
        auto const [next, error] = std::from_chars(at, end, value);
        if (error != std::errc()) break;
        mentions.emplace_back(value);
        at = next == end ? end : next + 1;  // the blank
    }
}
// A value that this program never wrote stands out in the digest, and in what people see; it does not stop
// reads.
void read(chat::outcome& to, sqlite::statement const& row, int column)
{
    if (auto stored = wire::decode_outcome(row.bytes(column)))
        to = *std::move(stored);
    else
        to = chat::failure{
            .code = chat::api_errc::internal, .message = "the stored result is unreadable", .field = {}
        };
}
void read(std::vector<chat::mark>& to, sqlite::statement const& row, int column)
{
    if (!row.null(column)) to = wire::decode_marks(row.bytes(column)).value_or(std::vector<chat::mark>());
}

// ---- SQL

template <class Row>
constexpr auto keys_of = chat::columns_used<Row>(chat::column_use::key);

// `use` with the columns of the key, each as an argument of its own.
template <class Row, class Use>
decltype(auto) with_key(Use&& use)
{
    return [&]<std::size_t... at>(std::index_sequence<at...>) -> decltype(auto)
    { return use(std::get<at>(chat::table<Row>.columns)...); }(std::make_index_sequence<keys_of<Row>>());
}

std::string join(std::vector<std::string> const& parts, char const* between)
{
    std::string out;
    for (auto const& part : parts)
        out += (out.empty() ? "" : between) + part;
    return out;
}
template <class Row>
std::string column_names()
{
    return chat::with_columns<Row>([](auto const&... each) { return join({each.name...}, ", "); });
}
template <class Row>
std::string key_names()
{
    return with_key<Row>([](auto const&... each) { return join({each.name...}, ", "); });
}
// "?, ?"
std::string question_marks(std::size_t count)
{
    return join(std::vector<std::string>(count, "?"), ", ");
}
template <class Row>
std::string with_its_key()
{
    return with_key<Row>([](auto const&... each)
                         { return "WHERE " + join({each.name + std::string(" = ?")...}, " AND "); });
}

template <class Row>
constexpr auto columns_of = chat::with_columns<Row>([](auto const&... each) { return sizeof...(each); });

// Of a row that is there already the columns that are as they came are left out: their indexes need not be
// touched.
template <class Row>
std::string insertion()
{
    std::vector<std::string> changes;
    auto const add = [&](std::string const& name, chat::column_use use)
    {
        if (use == chat::column_use::changes) changes.push_back(name + " = excluded." + name);
    };
    chat::with_columns<Row>([&](auto const&... each) { (add(each.name, each.use), ...); });
    auto const text = "INSERT INTO " + std::string(chat::table<Row>.name) + " (" + column_names<Row>() +
                      ") VALUES (" + question_marks(columns_of<Row>) + ")";
    if (changes.empty()) return text;
    return text + " ON CONFLICT (" + key_names<Row>() + ") DO UPDATE SET " + join(changes, ", ");
}

// ---- keys

// Numbers compare as their bytes do, the highest first.
void add_key(std::string& to, std::uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        to.push_back(static_cast<char>(static_cast<unsigned char>(number >> shift)));
}
template <class Tag>
void add_key(std::string& to, strong_number<Tag> number)
{
    add_key(to, number.value());
}
// It is the last of its key: its length needs not be told.
void add_key(std::string& to, std::string const& text)
{
    to += text;
}

template <class Row, class... Each>
constexpr std::size_t place_among(chat::row_types<Each...>)
{
    std::size_t at = 0;
    static_cast<void>(((std::is_same_v<Row, Each> || (++at, false)) || ...));
    return at;
}

template <class... Row>
std::vector<table_text> texts_of(chat::row_types<Row...>)
{
    return {{chat::table<Row>.name, key_names<Row>(), chat::table<Row>.only_grows}...};
}

}  // namespace

template <class Row>
std::string const& rows_of<Row>::select()
{
    static auto const text =
        "SELECT " + column_names<Row>() + " FROM " + std::string(chat::table<Row>.name) + " ";
    return text;
}

template <class Row>
Row rows_of<Row>::get(sqlite::statement const& selected)
{
    Row out{};
    int at = 0;
    chat::with_columns<Row>([&](auto const&... each) { (read(out.*each.field, selected, at++), ...); });
    return out;
}

template <class Row>
sqlite::statement rows_of<Row>::in_key_order(sqlite::database& db)
{
    static auto const text = select() + "ORDER BY " + key_names<Row>();
    return db.query(text);
}

template <class Row>
sqlite::statement rows_of<Row>::behind(sqlite::database& db, Row const& key, std::uint64_t count)
{
    static auto const names = key_names<Row>();
    static auto const text = select() + "WHERE (" + names + ") > (" + question_marks(keys_of<Row>) +
                             ") ORDER BY " + names + " LIMIT ?";
    return with_key<Row>([&](auto const&... each) { return db.query(text, bound(each, key)..., count); });
}

template <class Row>
std::optional<Row> rows_of<Row>::find(sqlite::database& db, Row const& key)
{
    static auto const text = select() + with_its_key<Row>();
    auto row = with_key<Row>([&](auto const&... each) { return db.query(text, bound(each, key)...); });
    return row.step() ? std::optional(get(row)) : std::nullopt;
}

template <class Row>
void rows_of<Row>::put(sqlite::database& db, Row const& row)
{
    static auto const text = insertion<Row>();
    chat::with_columns<Row>([&](auto const&... each) { db.run(text, bound(each, row)...); });
}

template <class Row>
void rows_of<Row>::erase(sqlite::database& db, Row const& key)
{
    static auto const text = "DELETE FROM " + std::string(chat::table<Row>.name) + " " + with_its_key<Row>();
    with_key<Row>([&](auto const&... each) { db.run(text, bound(each, key)...); });
}

template <class Row>
bool rows_of<Row>::ever_change()
{
    return chat::columns_used<Row>(chat::column_use::changes) != 0;
}

template <class Row>
row_place rows_of<Row>::place(Row const& row)
{
    row_place out{.table = place_among<Row>(chat::keyed_rows()), .key = {}};
    with_key<Row>([&](auto const&... each) { (add_key(out.key, row.*each.field), ...); });
    return out;
}

template struct rows_of<chat::user>;
template struct rows_of<chat::session>;
template struct rows_of<chat::conversation>;
template struct rows_of<chat::member>;
template struct rows_of<chat::past_member>;
template struct rows_of<chat::mention>;
template struct rows_of<chat::message>;
template struct rows_of<chat::event>;
template struct rows_of<chat::remembered>;

chat::counters get_counters(sqlite::database& db)
{
    auto row = db.query(rows_of<chat::counters>::select());
    return row.step() ? rows_of<chat::counters>::get(row) : chat::counters();
}

void put_counters(sqlite::database& db, chat::counters const& row, digest const& sum)
{
    static std::string const text = "UPDATE chat_counters SET (" + column_names<chat::counters>() +
                                    ", row_sum) = (" + question_marks(columns_of<chat::counters> + 1) + ")";
    chat::with_columns<chat::counters>([&](auto const&... each) { db.run(text, bound(each, row)..., sum); });
}

std::vector<table_text> const& tables()
{
    static auto const all = texts_of(chat::keyed_rows());
    return all;
}

}  // namespace chaind::store::chat_rows
