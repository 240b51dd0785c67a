#include "gateway/known_places.hpp"

#include <iterator>

namespace chaind::gateway
{

namespace
{
std::string pair_key(std::string_view name, std::string_view address)
{
    return std::string(name).append(1, ' ').append(address);
}
}  // namespace

void known_places::saw(std::string_view name, std::string_view address)
{
    auto key = pair_key(name, address);
    auto const found = by_key_.find(key);
    if (found != by_key_.end())
    {
        by_age_.splice(by_age_.end(), by_age_, found->second);
        return;
    }
    by_age_.push_back({.key = key, .address = std::string(address)});
    by_key_.emplace(std::move(key), std::prev(by_age_.end()));
    ++accounts_at_[std::string(address)];
    if (by_key_.size() <= most_) return;
    auto const& oldest = by_age_.front();
    auto const count = accounts_at_.find(oldest.address);
    if (--count->second == 0) accounts_at_.erase(count);
    by_key_.erase(oldest.key);
    by_age_.pop_front();
}

bool known_places::knows(std::string_view name, std::string_view address) const
{
    return by_key_.contains(pair_key(name, address));
}

bool known_places::knows(std::string_view address) const
{
    return accounts_at_.contains(std::string(address));
}

}  // namespace chaind::gateway
