#include "sim/app.hpp"
#include "sim/trace.hpp"

#include <array>
#include <cstring>

namespace chaind::sim
{
namespace
{

// Sixteen registers, each counting the writes to it; the answer to a write is where it landed.
class plain final : public app
{
public:
    explicit plain(bool deduplicate) : deduplicate_(deduplicate) {}

    [[nodiscard]] std::unique_ptr<app> clone(app_parts what) const override
    {
        auto out = std::make_unique<plain>(*this);
        if (!what.dedupe) out->done_.clear();
        if (!what.counters) out->last_id_ = 0;
        return out;
    }

    outcome apply(chain::entry const& what) override
    {
        op_key key;
        demand(what.command->size() == sizeof key, "command of ", what.command->size(), " bytes");
        std::memcpy(&key, what.command->data(), sizeof key);
        auto& mine = done_of(key);
        bool const repeated = mine.at > 0 && deduplicate_;
        if (!repeated)
        {
            auto& reg = registers_[(key.client * 7 + key.number) % 16];
            reg += 1;
            mine = {.at = what.at.value(), .reg = reg, .id = ++last_id_};
            for (auto const part : {mine.at, mine.reg, mine.id, key.client, key.number})
                history_.add(part);
        }
        return {.key = key, .answer = text(mine.at, '/', mine.reg, '/', mine.id), .repeated = repeated};
    }

    [[nodiscard]] digest state() const override { return history_.value(); }
    [[nodiscard]] digest full_state() const override { return state(); }
    [[nodiscard]] bool has_the_rows_of(app const& other) const override { return state() == other.state(); }

private:
    struct done  // at 0: nothing
    {
        std::uint64_t at = 0;
        std::uint64_t reg = 0;
        std::uint64_t id = 0;
    };

    // Clients number what they want from 1 on.
    done& done_of(op_key key)
    {
        if (key.client >= done_.size()) done_.resize(key.client + 1);
        auto& of_client = done_[key.client];
        if (key.number >= of_client.size()) of_client.resize(key.number + 1);
        return of_client[key.number];
    }

    bool deduplicate_;
    history_digest history_;
    std::uint64_t last_id_ = 0;  // like a message's
    std::array<std::uint64_t, 16> registers_{};
    std::vector<std::vector<done>> done_;
};

}  // namespace

app_kind plain_app(bool deduplicate)
{
    return {
        [deduplicate] { return std::make_unique<plain>(deduplicate); },
        [](op_key key, told_times) { return std::string(reinterpret_cast<char const*>(&key), sizeof key); },
        {},
        {}
    };
}

}  // namespace chaind::sim
