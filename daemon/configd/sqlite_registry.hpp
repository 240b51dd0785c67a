#pragma once
// The embedded registry: one SQLite file, synchronous=FULL, mode 0600, locked against a second process.

#include "configd/registry.hpp"
#include "sqlite/database.hpp"
#include "sqlite/process_lock.hpp"

#include <memory>
#include <string>

namespace chaind::configd
{

class sqlite_registry : public registry
{
public:
    // `fresh`: the identity if the registry is made now. Errors: locked, newer_schema, store_damaged,
    // disk_failed; `why` becomes a sentence for the administrator. `vfs` empty: the operating system's files,
    // and a lock against other processes.
    static result<std::unique_ptr<sqlite_registry>> open(
        std::string const& path, chain_identity const& fresh, std::string& why, std::string const& vfs = {}
    );

    [[nodiscard]] chain_identity const& identity() const override { return identity_; }
    [[nodiscard]] result<control::record> load() override;
    [[nodiscard]] error_code replace(control::record const& next, std::string const& new_lineage) override;
    [[nodiscard]] result<std::vector<control::join_token>> tokens() override;
    [[nodiscard]] error_code keep(std::vector<control::join_token> const& all) override;
    [[nodiscard]] error_code append(std::vector<event_row> const& rows) override;
    [[nodiscard]] result<std::vector<event_row>> newest_events(std::size_t limit) override;
    [[nodiscard]] bool undo_full() override;
    [[nodiscard]] std::string failure_text() const override;

private:
    sqlite_registry(sqlite::process_lock lock, std::unique_ptr<sqlite::database> db);
    error_code prepare(chain_identity const& fresh, std::string& why);
    error_code check_all(std::string& why);
    error_code commit();
    [[nodiscard]] bool is_full() const;
    error_code disk();  // disk_failed if the connection has failed; the next one to open the file hears of it

    sqlite::process_lock lock_;
    std::string path_;
    std::string vfs_;
    int wal_pages_ = 0;
    bool gone_ = false;  // the file was deleted or replaced
    std::unique_ptr<sqlite::database> db_;
    chain_identity identity_;
};

}  // namespace chaind::configd
