#include "base/hash.hpp"
#include "sim/app.hpp"
#include "sim/trace.hpp"

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
        if (!what.dedupe) out->answers_.clear();
        if (!what.counters) out->last_id_ = 0;
        return out;
    }

    outcome apply(chain::entry const& what) override
    {
        op_key key;
        demand(what.command->size() == sizeof key, "command of ", what.command->size(), " bytes");
        std::memcpy(&key, what.command->data(), sizeof key);
        auto known = answers_.find(key);
        if (known != answers_.end() && deduplicate_) return {key, known->second, true, true};
        auto& reg = registers_[(key.client * 7 + key.number) % 16];
        reg += 1;
        auto answer = text(what.at.value(), '/', reg, '/', ++last_id_);
        state_ = hasher{}.bytes(state_.view()).bytes(answer).number(key.client).number(key.number).finish();
        answers_[key] = answer;
        return {key, answer, false, true};
    }

    [[nodiscard]] digest state() const override { return state_; }
    [[nodiscard]] digest full_state() const override { return state_; }

private:
    bool deduplicate_;
    digest state_;
    std::uint64_t last_id_ = 0;  // like a message's
    std::array<std::uint64_t, 16> registers_{};
    std::map<op_key, std::string> answers_;
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
