#pragma once
// Where accounts have been seen: the pairs of account and address of which this replica has had a proof (a
// password or a token that was right). In memory and bounded: the pair that was seen longest ago goes first.

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace chaind::gateway
{

class known_places
{
public:
    explicit known_places(std::size_t most = 50'000) : most_(most) {}

    // `name` is canonical, `address` a group (runtime/address.hpp).
    void saw(std::string_view name, std::string_view address);
    [[nodiscard]] bool knows(std::string_view name, std::string_view address) const;
    [[nodiscard]] bool knows(std::string_view address) const;  // some account or other
    [[nodiscard]] std::size_t size() const { return by_key_.size(); }

private:
    struct pair
    {
        std::string key;
        std::string address;
    };

    std::size_t most_;
    std::list<pair> by_age_;  // first: seen longest ago
    std::unordered_map<std::string, std::list<pair>::iterator> by_key_;
    std::unordered_map<std::string, std::size_t> accounts_at_;
};

}  // namespace chaind::gateway
