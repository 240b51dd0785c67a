#pragma once
// A frame as it goes over the wire.

#include "net/frame.hpp"

#include <string>

namespace chaind::test
{

inline std::string framed(std::string const& body)
{
    auto const header = net::header_of(body);
    return std::string(header.data(), header.size()) + body;
}

}  // namespace chaind::test
