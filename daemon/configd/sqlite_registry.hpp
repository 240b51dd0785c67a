#pragma once
// The embedded registry: one SQLite file, synchronous=FULL, mode 0600, locked against a second process.

#include "configd/registry.hpp"
#include "store/process_lock.hpp"
#include "store/sqlite.hpp"

#include <memory>
#include <string>

namespace chaind::configd
{

class sqlite_registry : public registry
{
public:
    // `fresh`: the identity if the registry is made now. Errors: locked, newer_schema, store_damaged,
    // disk_failed; `why` becomes a sentence for the administrator.
    static result<std::unique_ptr<sqlite_registry>> open(
        std::string const& path, chain_identity const& fresh, std::string& why
    );

    [[nodiscard]] chain_identity const& identity() const override { return identity_; }
    [[nodiscard]] result<control::record> load() override;
    [[nodiscard]] error_code replace(control::record const& next, std::string const& new_lineage) override;
    [[nodiscard]] result<std::vector<join_token>> tokens() override;
    [[nodiscard]] error_code keep(std::vector<join_token> const& all) override;
    [[nodiscard]] error_code append(std::vector<event_row> const& rows) override;
    [[nodiscard]] result<std::vector<event_row>> newest_events(std::size_t limit) override;

private:
    sqlite_registry(store::process_lock lock, std::unique_ptr<store::database> db);
    error_code prepare(chain_identity const& fresh, std::string& why);

    store::process_lock lock_;
    std::unique_ptr<store::database> db_;
    chain_identity identity_;
};

}  // namespace chaind::configd
