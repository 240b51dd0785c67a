#include "configd/join_tries.hpp"

#include "runtime/address.hpp"

namespace chaind::configd
{

namespace
{
constexpr std::int64_t window_ms = 60'000;
constexpr std::size_t tries_max = 10;        // of an address in that time
constexpr std::size_t addresses_max = 1024;  // beyond, all others count as one

std::string owner_of(std::string const& peer)
{
    auto const at = runtime::parse_address(peer);
    return at ? runtime::address_group(at->address().to_string()) : peer;
}
}  // namespace

std::string join_tries::wrong(std::string const& from, std::string const& why, std::int64_t now_ms)
{
    ++wrong_;
    auto owner = owner_of(from);
    last_ms_ = now_ms;
    last_from_ = owner;
    last_why_ = why;
    // A clock that was put back begins a new minute, too.
    std::erase_if(
        addresses_,
        [&](auto const& each)
        { return now_ms - each.second.since_ms >= window_ms || each.second.since_ms > now_ms; }
    );
    if (addresses_.size() >= addresses_max && !addresses_.contains(owner)) owner.clear();
    auto& seen = addresses_[owner];
    if (seen.tries == 0) seen.since_ms = now_ms;
    if (++seen.tries <= tries_max) return why;
    ++too_many_;
    auto const left_s = (seen.since_ms + window_ms - now_ms + 999) / 1000;
    return "too many wrong join tokens from this address: try again in " + std::to_string(left_s) + " s";
}

boost::json::object join_tries::shown() const
{
    boost::json::object out{{"wrong_tokens", wrong_}, {"too_many", too_many_}};
    out["last_at"] = wrong_ == 0 ? boost::json::value() : boost::json::value(last_ms_);
    out["last_from"] = wrong_ == 0 ? boost::json::value() : boost::json::value(last_from_);
    out["last_why"] = wrong_ == 0 ? boost::json::value() : boost::json::value(last_why_);
    return out;
}

}  // namespace chaind::configd
