#pragma once
// SQLite's C API with owners. Two promises shape it:
//
// - Errors stick. The first failed call is remembered with its extended code and text, and from then on the
//   connection does nothing: statements have no rows, scripts do not run. Code that makes many queries needs
//   no check after each; whoever publishes or commits what it computed asks failed() first and throws the
//   result away. That is also the rule for a disk that failed an fsync: never try again. A full one has
//   failed none, see undo_full().
// - A broken constraint or a wrong parameter is a bug of ours, not a failed disk: it stops the process.
// Unless
//   the rows come from a file whose soundness is the question (doubt_rows()).
//
// A connection and its statements belong to one thread at a time.

#include "base/errc.hpp"
#include "base/id.hpp"
#include "base/strong_number.hpp"

#include <sqlite3.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

namespace chaind::sqlite
{

// What SQLite says of a damaged file may quote its bytes, and whoever passes that on promises UTF-8: only
// printable ASCII stays, a question mark stands for the rest.
[[nodiscard]] std::string legible(std::string text);

class database;

// SQLite's extended result codes as error codes.
boost::system::error_category const& category();

// Binds as BLOB; a plain string_view binds as TEXT.
struct blob
{
    std::string_view bytes;
};

// A prepared statement borrowed from its connection's cache; goes back when this ends. Columns count from 0.
// A column's view is valid until the next step().
class statement
{
public:
    statement(statement&& other) noexcept;
    statement& operator=(statement&&) = delete;
    ~statement();

    // All parameters, in order.
    template <class... Values>
    statement& bind(Values const&... values)
    {
        int index = 0;
        (bind_one(++index, values), ...);
        return *this;
    }

    // True: there is a row. False: no more, or the connection has failed.
    [[nodiscard]] bool step();
    // For statements without rows.
    void run() { static_cast<void>(step()); }
    // Ready for another bind() and step().
    statement& reset();

    [[nodiscard]] bool null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] std::uint64_t number(int column) const
    {
        return static_cast<std::uint64_t>(integer(column));
    }
    [[nodiscard]] std::string_view bytes(int column) const;  // TEXT or BLOB
    [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
    // The 16 bytes of a BLOB; the empty id for NULL or any other length.
    template <class Id>
    [[nodiscard]] Id id(int column) const
    {
        return Id::from_bytes(bytes(column)).value_or(Id{});
    }

private:
    friend class database;
    statement(database& owner, std::string_view sql, sqlite3_stmt* handle);

    void bind_one(int index, std::integral auto value)
    {
        bind_integer(index, static_cast<std::int64_t>(value));
    }
    template <class Enum>
        requires std::is_enum_v<Enum>
    void bind_one(int index, Enum value)
    {
        bind_integer(index, static_cast<std::int64_t>(value));
    }
    template <class Tag>
    void bind_one(int index, strong_number<Tag> value)
    {
        bind_integer(index, static_cast<std::int64_t>(value.value()));
    }
    template <class Tag>
    void bind_one(int index, id128<Tag> const& value)
    {
        bind_blob(index, value.view());
    }
    void bind_one(int index, blob value) { bind_blob(index, value.bytes); }
    void bind_one(int index, std::string_view value) { bind_text(index, value); }
    void bind_one(int index, std::nullptr_t) { bind_null(index); }
    template <class T>
    void bind_one(int index, std::optional<T> const& value)
    {
        if (value) return bind_one(index, *value);
        bind_null(index);
    }

    void bind_integer(int index, std::int64_t value);
    void bind_text(int index, std::string_view value);
    void bind_blob(int index, std::string_view value);
    void bind_null(int index);

    database* owner_;
    std::string sql_;
    sqlite3_stmt* handle_;  // null: the connection has failed
};

class database
{
public:
    enum class access
    {
        create,     // read and write, made when missing
        read_only,  // and query_only
    };

    // `vfs` empty: the operating system's files.
    static result<std::unique_ptr<database>> open(
        std::string const& path, access how, std::string const& vfs = {}
    );
    ~database();
    database(database const&) = delete;
    database& operator=(database const&) = delete;

    // One statement, prepared once for each connection.
    [[nodiscard]] statement query(std::string_view sql);
    template <class... Values>
    [[nodiscard]] statement query(std::string_view sql, Values const&... values)
    {
        auto prepared = query(sql);
        prepared.bind(values...);
        return prepared;
    }
    // One statement without rows.
    template <class... Values>
    void run(std::string_view sql, Values const&... values)
    {
        query(sql, values...).run();
    }
    // Any number of statements, rows ignored: schemas, BEGIN, COMMIT.
    void script(std::string const& sql);

    // The rows that the last INSERT, UPDATE or DELETE changed.
    [[nodiscard]] std::int64_t changes() const;

    [[nodiscard]] bool failed() const { return failure_.has_value(); }
    [[nodiscard]] error_code failure() const { return failure_ ? *failure_ : error_code{}; }
    // "disk I/O error (1034) in: COMMIT"
    [[nodiscard]] std::string const& failure_text() const { return failure_text_; }
    // The file's name stands for another file now, or for none. One system call.
    [[nodiscard]] bool has_moved();

    // From now on a broken constraint is a failure like any other.
    void doubt_rows() { rows_doubted_ = true; }

    // After SQLITE_FULL, which changes nothing that is there: takes back the transaction that failed, and the
    // connection can be used again. False: it has not failed, or by something else.
    [[nodiscard]] bool undo_full();
    // Remembers the failure of a call that was made on handle().
    void fail(int code, std::string_view sql);

    [[nodiscard]] sqlite3* handle() const { return handle_; }

private:
    friend class statement;
    explicit database(sqlite3* handle) : handle_(handle) {}
    // False after recording the failure.
    bool check(int code, std::string_view sql);
    void give_back(std::string const& sql, sqlite3_stmt* prepared);

    struct text_hash
    {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    sqlite3* handle_;
    std::unordered_map<std::string, std::vector<sqlite3_stmt*>, text_hash, std::equal_to<>> idle_;
    std::optional<error_code> failure_;
    std::string failure_text_;
    bool rows_doubted_ = false;
};

}  // namespace chaind::sqlite
