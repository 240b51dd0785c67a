#include "runtime/address.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <charconv>

namespace chaind::runtime
{

namespace ip = boost::asio::ip;

std::optional<ip::tcp::endpoint> parse_address(std::string_view text)
{
    auto const colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto host = text.substr(0, colon);
    auto const digits = text.substr(colon + 1);

    std::uint16_t port = 0;
    auto const [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (bad != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;

    bool const bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (host == "localhost") host = "127.0.0.1";
    boost::system::error_code failed;
    auto const address = ip::make_address(host, failed);
    if (failed || address.is_v6() != bracketed) return std::nullopt;
    return ip::tcp::endpoint(address, port);
}

std::string to_string(ip::tcp::endpoint const& at)
{
    auto host = at.address().to_string();
    if (at.address().is_v6()) host = '[' + host + ']';
    return host + ':' + std::to_string(at.port());
}

ip::address plain_address(ip::address const& of)
{
    if (of.is_v6() && of.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, of.to_v6());
    return of;
}

std::string address_group(std::string_view address)
{
    boost::system::error_code failed;
    auto const parsed = plain_address(ip::make_address(address, failed));
    if (failed) return std::string(address);
    if (parsed.is_v4() || parsed.is_loopback()) return parsed.to_string();
    return ip::make_network_v6(parsed.to_v6(), 64).canonical().to_string();
}

bool is_loopback(ip::tcp::endpoint const& at)
{
    return at.address().is_loopback();
}

}  // namespace chaind::runtime
