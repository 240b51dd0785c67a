#pragma once
// Members with made-up identities.

#include "membership/config.hpp"

namespace chaind::test
{

inline member made_member(std::string name, std::uint8_t store = 1, std::uint8_t boot = 1)
{
    member out;
    out.name.name = std::move(name);
    out.store.bytes.fill(store);
    out.boot.bytes.fill(boot);
    return out;
}

template <class Id>
Id made_id(std::uint8_t fill)
{
    Id out;
    out.bytes.fill(fill);
    return out;
}

}  // namespace chaind::test
