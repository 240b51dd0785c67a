#include "gateway/client_address.hpp"

#include "base/hash.hpp"
#include "runtime/address.hpp"

#include <algorithm>
#include <optional>

namespace chaind::gateway
{

namespace ip = boost::asio::ip;

namespace
{

// Nothing for what is no address.
std::optional<ip::address> parsed_address(std::string_view text)
{
    boost::system::error_code failed;
    auto const parsed = ip::make_address(text, failed);
    if (failed) return std::nullopt;
    return runtime::plain_address(parsed);
}

// Without its port, brackets and blanks; nothing for what is no address.
std::optional<ip::address> forwarded_address(std::string_view item)
{
    auto const blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!item.empty() && blank(item.front()))
        item.remove_prefix(1);
    while (!item.empty() && blank(item.back()))
        item.remove_suffix(1);
    if (item.starts_with('['))
        item = item.substr(1, item.find(']') - 1);
    else if (std::count(item.begin(), item.end(), ':') == 1)
        item = item.substr(0, item.find(':'));
    return parsed_address(item);
}

}  // namespace

std::uint32_t place_of(std::string_view group)
{
    auto const hash = hasher{}.bytes(group).finish();
    return 1U + (std::uint32_t{hash.bytes[0]} | std::uint32_t{hash.bytes[1]} << 8U);
}

std::string client_of(http_request const& request, std::vector<std::string> const& trusted)
{
    auto const is_proxy = [&](std::string const& address)
    {
        auto const asked = parsed_address(address);
        return asked && std::any_of(
                            trusted.begin(),
                            trusted.end(),
                            [&](std::string const& one) { return parsed_address(one) == asked; }
                        );
    };
    auto client = request.peer;
    for (auto header = request.headers.rbegin(); header != request.headers.rend(); ++header)
    {
        if (header->first != "x-forwarded-for") continue;
        std::string_view rest = header->second;
        while (is_proxy(client))
        {
            auto const comma = rest.rfind(',');
            auto const item = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
            auto const named = forwarded_address(item);
            if (!named) return client;
            client = named->to_string();
            if (comma == std::string_view::npos) break;
            rest = rest.substr(0, comma);
        }
    }
    return client;
}

}  // namespace chaind::gateway
