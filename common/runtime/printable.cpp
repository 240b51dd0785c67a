#include "runtime/printable.hpp"

#include <boost/locale/utf.hpp>

#include <array>
#include <cstdio>

namespace chaind::runtime
{

bool is_utf8(std::string_view text)
{
    using traits = boost::locale::utf::utf_traits<char>;
    auto const* at = text.data();
    auto const* const end = at + text.size();
    while (at != end)
        if (auto const c = traits::decode(at, end);
            c == boost::locale::utf::illegal || c == boost::locale::utf::incomplete)
            return false;
    return true;
}

std::string printable(std::string_view text, std::size_t most)
{
    bool const whole = is_utf8(text);
    std::string out;
    for (char const c : text)
    {
        auto const byte = static_cast<unsigned char>(c);
        bool const is_first_of_character = (byte & 0xC0U) != 0x80U;
        if (out.size() >= most && is_first_of_character) return out + "...";
        if (byte >= 0x20 && byte != 0x7f && (byte < 0x80 || whole))
        {
            out += c;
            continue;
        }
        std::array<char, 5> code{};
        std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned>(byte));
        out += code.data();
    }
    return out;
}

}  // namespace chaind::runtime
