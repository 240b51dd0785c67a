#include "gateway/weak_passwords.hpp"

#include "runtime/log.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>

namespace chaind::gateway
{

namespace
{

// One a line (web/scripts/common-passwords.mjs).
std::unordered_set<std::string_view> common_ones_in(std::span<asset const> assets)
{
    std::unordered_set<std::string_view> out;
    for (auto const& one : assets)
    {
        if (one.path != common_passwords_path) continue;
        auto rest = one.bytes;
        for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n'))
        {
            out.insert(rest.substr(0, end));
            rest.remove_prefix(end + 1);
        }
    }
    return out;
}

std::unordered_set<std::string_view> const& common_ones()
{
    static auto const all = common_ones_in(web_assets());
    return all;
}

std::string in_lower_case(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

template <class Is>
std::string_view stripped(std::string_view text, Is const& is)
{
    while (!text.empty() && is(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is(text.back()))
        text.remove_suffix(1);
    return text;
}

bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_no_letter(char c)
{
    return !(c >= 'a' && c <= 'z') && static_cast<unsigned char>(c) < 0x80;
}

// The name alone, backwards, again and again, or with digits and signs around it.
bool is_made_of(std::string_view text, std::string_view name)
{
    if (name.empty()) return false;
    if (text == name || std::equal(text.begin(), text.end(), name.rbegin(), name.rend())) return true;
    bool repeats = text.size() % name.size() == 0;
    for (std::size_t i = 0; repeats && i < text.size(); ++i)
        repeats = text[i] == name[i % name.size()];
    if (repeats) return true;
    auto const core = stripped(name, is_no_letter);
    return !core.empty() && stripped(text, is_no_letter) == core;
}

}  // namespace

std::size_t common_passwords(std::span<asset const> in)
{
    return common_ones_in(in).size();
}

void warn_without_common_passwords(std::span<asset const> in)
{
    if (common_passwords(in) > 0) return;
    log::write(
        log::level::warning,
        "gateway",
        "this program was built without the list of common passwords (web/dist/common-passwords.txt, from "
        "the "
        "web client's build): passwords that everybody would guess are taken"
    );
}

std::optional<std::string_view> weakness_of(std::string_view password, std::string_view name)
{
    auto const whole = in_lower_case(password);
    auto const text = stripped(whole, is_blank);
    if (text.empty()) return "a password is more than blanks";
    if (is_made_of(text, in_lower_case(name))) return "a password is not the account's name";
    if (common_ones().contains(text)) return "this password is among the most common ones";
    return std::nullopt;
}

}  // namespace chaind::gateway
