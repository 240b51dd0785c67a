#include "sqlite/database.hpp"

#include <boost/assert.hpp>

#include <utility>

namespace chaind::sqlite
{
namespace
{

class sqlite_codes final : public boost::system::error_category
{
public:
    char const* name() const noexcept override { return "sqlite"; }
    std::string message(int value) const override
    {
        return std::string(sqlite3_errstr(value)) + " (" + std::to_string(value) + ")";
    }
};

// Only our own code can cause these.
bool is_bug(int code)
{
    int const primary = code & 0xff;
    return primary == SQLITE_CONSTRAINT || primary == SQLITE_MISUSE || primary == SQLITE_RANGE ||
           primary == SQLITE_MISMATCH;
}

}  // namespace

boost::system::error_category const& category()
{
    static sqlite_codes const instance;
    return instance;
}

// ---- statement

statement::statement(database& owner, std::string_view sql, sqlite3_stmt* handle)
    : owner_(&owner), sql_(sql), handle_(handle)
{
}

statement::statement(statement&& other) noexcept
    : owner_(other.owner_), sql_(std::move(other.sql_)), handle_(std::exchange(other.handle_, nullptr))
{
}

statement::~statement()
{
    if (handle_) owner_->give_back(sql_, handle_);
}

bool statement::step()
{
    if (!handle_ || owner_->failed()) return false;
    int const code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) owner_->check(code, sql_);
    return false;
}

statement& statement::reset()
{
    // The code repeats that of the last step, which has been judged there.
    if (handle_) sqlite3_reset(handle_);
    return *this;
}

bool statement::null(int column) const
{
    return !handle_ || sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t statement::integer(int column) const
{
    return handle_ ? sqlite3_column_int64(handle_, column) : 0;
}

std::string_view statement::bytes(int column) const
{
    if (!handle_) return {};
    auto const* start = static_cast<char const*>(sqlite3_column_blob(handle_, column));
    if (!start) return {};
    return {start, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

void statement::bind_integer(int index, std::int64_t value)
{
    if (handle_) owner_->check(sqlite3_bind_int64(handle_, index, value), sql_);
}

void statement::bind_text(int index, std::string_view value)
{
    if (!handle_) return;
    // A null pointer would bind NULL: an empty view has one.
    char const* start = value.data() ? value.data() : "";
    owner_->check(
        sqlite3_bind_text64(handle_, index, start, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8), sql_
    );
}

void statement::bind_blob(int index, std::string_view value)
{
    if (!handle_) return;
    char const* start = value.data() ? value.data() : "";
    owner_->check(sqlite3_bind_blob64(handle_, index, start, value.size(), SQLITE_TRANSIENT), sql_);
}

void statement::bind_null(int index)
{
    if (handle_) owner_->check(sqlite3_bind_null(handle_, index), sql_);
}

// ---- database

result<std::unique_ptr<database>> database::open(std::string const& path, access how, std::string const& vfs)
{
    int const flags =
        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
        (how == access::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READWRITE);
    sqlite3* handle = nullptr;
    int const code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
    std::unique_ptr<database> opened(new database(handle));
    if (code != SQLITE_OK) return error_code(code, category());
    if (how == access::read_only)
    {
        // Also not the WAL's checkpoint when the last connection closes: that one is the writer's.
        sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
        opened->script("PRAGMA query_only = ON");
    }
    if (opened->failed()) return opened->failure();
    return opened;
}

database::~database()
{
    for (auto& [sql, prepared] : idle_)
    {
        for (auto* one : prepared)
        {
            sqlite3_finalize(one);
        }
    }
    sqlite3_close_v2(handle_);
}

statement database::query(std::string_view sql)
{
    if (failed()) return {*this, sql, nullptr};
    auto at = idle_.find(sql);
    if (at != idle_.end() && !at->second.empty())
    {
        auto* prepared = at->second.back();
        at->second.pop_back();
        return {*this, sql, prepared};
    }
    sqlite3_stmt* prepared = nullptr;
    check(
        sqlite3_prepare_v3(
            handle_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &prepared, nullptr
        ),
        sql
    );
    return {*this, sql, prepared};
}

void database::script(std::string const& sql)
{
    if (!failed()) check(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), sql);
}

std::int64_t database::changes() const
{
    return sqlite3_changes64(handle_);
}

bool database::check(int code, std::string_view sql)
{
    if (code == SQLITE_OK) return true;
    fail(code, sql);
    return false;
}

std::string legible(std::string text)
{
    for (char& c : text)
        if (c < ' ' || c > '~') c = '?';
    return text;
}

bool database::undo_full()
{
    if (!failure_ || (failure_->value() & 0xff) != SQLITE_FULL) return false;
    failure_.reset();
    failure_text_.clear();
    if (sqlite3_get_autocommit(handle_) == 0) script("ROLLBACK");
    return !failed();
}

void database::fail(int code, std::string_view sql)
{
    if (failed()) return;
    int const extended = sqlite3_extended_errcode(handle_);
    // An error that the connection did not record keeps its own code.
    int const best = (extended & 0xff) == (code & 0xff) ? extended : code;
    failure_ = error_code(best, category());
    failure_text_ = legible(sqlite3_errmsg(handle_)) + " (" + std::to_string(best) +
                    ") in: " + std::string(sql.substr(0, 200));
    bool const of_the_rows = rows_doubted_ && (best & 0xff) == SQLITE_CONSTRAINT;
    BOOST_ASSERT_MSG(of_the_rows || !is_bug(best), failure_text_.c_str());
}

void database::give_back(std::string const& sql, sqlite3_stmt* prepared)
{
    sqlite3_reset(prepared);
    sqlite3_clear_bindings(prepared);
    idle_[sql].push_back(prepared);
}

bool database::has_moved()
{
    int moved = 0;
    return sqlite3_file_control(handle(), "main", SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved != 0;
}

}  // namespace chaind::sqlite
