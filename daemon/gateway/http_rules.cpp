#include "gateway/http_rules.hpp"

#include <algorithm>

namespace chaind::gateway
{

namespace
{

std::string lower(std::string_view text)
{
    std::string out(text);
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return out;
}

std::string_view trimmed(std::string_view text)
{
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

}  // namespace

objection framing_objection(http_request const& head, bool http_1_0)
{
    std::size_t codings = 0;
    std::size_t lengths = 0;
    for (auto const& [name, value] : head.headers)
    {
        if (name == "transfer-encoding")
        {
            ++codings;
            if (lower(trimmed(value)) != "chunked")
                return {501, "the only Transfer-Encoding here is chunked"};
        }
        else if (name == "content-length")
        {
            ++lengths;
            if (value.empty() || !std::all_of(value.begin(), value.end(), is_digit))
                return {400, "Content-Length is no number"};
        }
    }
    if (codings > 1 || lengths > 1 || (codings > 0 && lengths > 0))
        return {400, "the body's length is said twice"};
    if (codings > 0 && http_1_0) return {400, "HTTP/1.0 has no Transfer-Encoding"};
    return {};
}

bool matches_tag(http_request const& request, std::string_view tag)
{
    for (auto const& [name, value] : request.headers)
    {
        if (name != "if-none-match") continue;
        std::string_view rest = value;
        while (true)
        {
            while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t' || rest.front() == ','))
                rest.remove_prefix(1);
            if (rest.starts_with('*')) return true;
            if (rest.starts_with("W/")) rest.remove_prefix(2);
            // A comma may stand inside the quotes.
            auto const end = rest.starts_with('"') ? rest.find('"', 1) : std::string_view::npos;
            if (end == std::string_view::npos) break;
            if (rest.substr(0, end + 1) == tag) return true;
            rest.remove_prefix(end + 1);
        }
    }
    return false;
}

bool lists(std::string_view header, std::string_view wanted)
{
    while (!header.empty())
    {
        auto const end = header.find(',');
        if (trimmed(header.substr(0, end)) == wanted) return true;
        if (end == std::string_view::npos) break;
        header.remove_prefix(end + 1);
    }
    return false;
}

std::string host_of(std::string_view authority)
{
    std::string_view host;
    std::string_view rest;
    if (authority.starts_with('['))
    {
        auto const end = authority.find(']');
        if (end == std::string_view::npos) return {};
        host = authority.substr(1, end - 1);
        rest = authority.substr(end + 1);
        boost::system::error_code failed;
        auto const address = boost::asio::ip::make_address_v6(host, failed);
        if (failed || address.scope_id() != 0) return {};
        return rest.empty() || (rest.front() == ':' && std::all_of(rest.begin() + 1, rest.end(), is_digit))
                   ? address.to_string()
                   : std::string();
    }
    auto const colon = authority.find(':');
    host = authority.substr(0, colon);
    if (colon != std::string_view::npos) rest = authority.substr(colon + 1);
    if (!std::all_of(rest.begin(), rest.end(), is_digit)) return {};
    if (host.ends_with('.')) host.remove_suffix(1);
    auto const of_a_name = [](char c)
    { return is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_'; };
    auto out = lower(host);
    return std::all_of(out.begin(), out.end(), of_a_name) ? out : std::string();
}

bool is_own_name(std::string_view host, std::string_view reached_at, std::vector<std::string> const& names)
{
    auto const asked = host_of(host);
    if (asked.empty()) return false;
    if (asked == "localhost" || asked == reached_at) return true;
    boost::system::error_code no_address;
    auto const address = boost::asio::ip::make_address(asked, no_address);
    if (!no_address && address.is_loopback()) return true;
    return std::any_of(
        names.begin(), names.end(), [&](std::string const& one) { return host_of(one) == asked; }
    );
}

}  // namespace chaind::gateway
