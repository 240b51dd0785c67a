#pragma once
// Join tokens that are none: counted, for people to see, and not written down one by one. A secret of 128
// bits is not guessed; what an address could do is to fill logs. Pure: time is a parameter.

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace chaind::configd
{

class join_tries
{
public:
    // One more wrong token from that address (HOST:PORT), refused for that reason. What the sender is told:
    // the reason, or that the address has tried too often, 10 times within a minute. A right token is never
    // refused for that: whoever shares an address with others would keep them out.
    std::string wrong(std::string const& from, std::string const& why, std::int64_t now_ms);

    // {"wrong_tokens":N,"too_many":N,"last_at":MS,"last_from":HOST,"last_why":TEXT}; null where nothing
    // happened.
    [[nodiscard]] boost::json::object shown() const;

private:
    struct address
    {
        std::int64_t since_ms = 0;
        std::size_t tries = 0;
    };

    std::map<std::string, address> addresses_;
    std::uint64_t wrong_ = 0;
    std::uint64_t too_many_ = 0;
    std::int64_t last_ms_ = 0;
    std::string last_from_;
    std::string last_why_;
};

}  // namespace chaind::configd
