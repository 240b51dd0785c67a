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

namespace
{
// Control characters, and what turns the direction of writing (Unicode, Bidi_Control).
bool acts_on_a_terminal(boost::locale::utf::code_point c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || c == 0x61c ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void append_escaped(std::string& out, std::string_view bytes)
{
    for (char const c : bytes)
    {
        std::array<char, 5> code{};
        std::snprintf(
            code.data(), code.size(), "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c))
        );
        out += code.data();
    }
}
}  // namespace

std::string printable(std::string_view text, std::size_t most)
{
    using traits = boost::locale::utf::utf_traits<char>;
    bool const whole = is_utf8(text);
    std::string out;
    auto const* at = text.data();
    auto const* const end = at + text.size();
    while (at != end)
    {
        if (out.size() >= most) return out + "...";
        auto const* const first = at;
        auto const c = whole ? traits::decode(at, end) : static_cast<unsigned char>(*at++);
        std::string_view const bytes(first, static_cast<std::size_t>(at - first));
        if (acts_on_a_terminal(c) || (!whole && c > 0x7f))
            append_escaped(out, bytes);
        else
            out += bytes;
    }
    return out;
}

}  // namespace chaind::runtime
