// The snapshot files of the harness: bytes that depend on the position in their last chunks only, kept in
// memory.

#include "base/hash.hpp"
#include "harness.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

namespace chaind::chain
{
namespace
{

order_outcome outcome(std::string const& error)
{
    return error.empty() ? order_outcome{} : order_failure::disk(error);
}

}  // namespace

digest chunk_hash(std::string_view chunk)
{
    return hasher{}.bytes(chunk).finish();
}

void harness::carry_out(std::size_t i, snapshot_order const& what)
{
    auto const error = at(i).fault ? at(i).fault(what) : std::string{};
    std::visit([&](auto const& each) { carry_out(i, each, error); }, what);
}

void harness::carry_out(std::size_t i, make_snapshot const& what, std::string error)
{
    auto& m = at(i);
    BOOST_TEST_REQUIRE(what.order > m.made_by);
    m.made_by = what.order;
    m.made.reset();
    m.made_in_vain = std::any_of(
        m.orders.begin(),
        m.orders.end(),
        [&](snapshot_order const& each)
        {
            auto const* drop = std::get_if<drop_snapshot>(&each);
            return drop != nullptr && drop->order == what.order;
        }
    );
    if (m.made_in_vain) error = "stopped";
    snapshot_made answer{.order = what.order, .snapshot = {}, .failed = outcome(error)};
    if (error.empty())
    {
        snapshot_file file;
        file.content = m.store;
        file.content.promised = {};
        file.content.rows.resize(m.store.applied - m.store.base.at);
        file.bytes.resize(m.snapshot_bytes);
        for (std::uint64_t at_byte = 0; at_byte < file.bytes.size(); ++at_byte)
            file.bytes[at_byte] = static_cast<char>(at_byte / snapshot_chunk_bytes);
        file.bytes.back() = static_cast<char>(m.store.applied.value());
        file.info.id = chunk_hash(std::to_string(next_id_++));
        file.info.at =
            m.store.applied > m.store.base.at ? m.store.row(m.store.applied).point() : m.store.base;
        file.info.bytes = file.bytes.size();
        answer.snapshot = file.info;
        m.made = file;
        files_[file.info.id] = file;
    }
    (void)step(i, answer);
}

void harness::carry_out(std::size_t i, read_chunk const& what, std::string error)
{
    auto& m = at(i);
    chunk_read answer{.id = what.id, .index = what.index, .hash = {}, .packed = {}, .failed = outcome(error)};
    if (error.empty())
    {
        BOOST_TEST_REQUIRE((m.made && m.made->info.id == what.id));
        auto const chunk = m.made->chunk(what.index);
        answer.hash = chunk_hash(chunk);
        if (answer.hash != what.mine) answer.packed = std::make_shared<std::string const>(chunk);
    }
    (void)step(i, answer);
}

void harness::carry_out(std::size_t i, drop_snapshot const& what, std::string)
{
    auto& m = at(i);
    BOOST_TEST_REQUIRE(what.order == m.made_by);
    BOOST_TEST_REQUIRE((m.made.has_value() || m.made_in_vain));
    m.made.reset();
    m.made_in_vain = false;
}

void harness::carry_out(std::size_t i, open_incoming const& what, std::string error)
{
    incoming_opened answer{.id = what.snapshot.id, .held = {}, .failed = outcome(error)};
    for (auto const& [index, chunk] : at(i).part)
    {
        answer.held.resize(index + 1);
        answer.held.back() = chunk_hash(chunk);
    }
    (void)step(i, answer);
}

void harness::carry_out(std::size_t i, keep_chunk const& what, std::string error)
{
    if (error.empty() && what.packed) at(i).part[what.index] = *what.packed;
    if (error.empty()) BOOST_TEST(chunk_hash(at(i).part[what.index]) == what.hash);
    (void)step(i, chunk_kept{what.id, what.index, outcome(error)});
}

void harness::carry_out(std::size_t i, check_incoming const& what, std::string error)
{
    std::string all;
    for (auto const& [index, chunk] : at(i).part)
        all += chunk;
    if (error.empty() && all != files_.at(what.snapshot.id).bytes) error = "not what was sent";
    (void)step(i, incoming_checked{what.snapshot.id, outcome(error)});
}

void harness::carry_out(std::size_t i, check_rows const&, std::string error)
{
    (void)step(i, rows_checked{error.empty() ? rows_verdict::sound : rows_verdict::changed, error});
}

}  // namespace chaind::chain
