#include "scenario/difference.hpp"

#include <algorithm>
#include <cstddef>
#include <sstream>
#include <vector>

namespace chaind::scenario
{
namespace
{

constexpr std::size_t around = 3;

std::vector<std::string> lines_of(std::string const& text)
{
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);)
        out.push_back(line);
    return out;
}

struct edit
{
    char what = ' ';
    std::size_t at = 0;  // line of the old text that it stands at
    std::string const* line = nullptr;
};

// By the longest sequence of lines that both have.
std::vector<edit> edits(std::vector<std::string> const& a, std::vector<std::string> const& b)
{
    std::vector<std::vector<std::size_t>> common(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (auto i = a.size(); i-- > 0;)
        for (auto j = b.size(); j-- > 0;)
            common[i][j] =
                a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    std::vector<edit> out;
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() || j < b.size())
        if (i < a.size() && j < b.size() && a[i] == b[j])
        {
            out.push_back({' ', i, &a[i]});
            ++i;
            ++j;
        }
        else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1]))
        {
            out.push_back({'-', i, &a[i]});
            ++i;
        }
        else
            out.push_back({'+', i, &b[j++]});
    return out;
}

// Where a reader finds it: the line, and the command that it came of.
std::string place(std::vector<edit> const& all, std::size_t change)
{
    auto const out = "@@ " + std::to_string(all[change].at + 1);
    for (auto i = change; i-- > 0;)
        if (all[i].line->starts_with("> ")) return out + " below " + *all[i].line + '\n';
    return out + '\n';
}

}  // namespace

std::string difference(std::string const& before, std::string const& now)
{
    auto const a = lines_of(before);
    auto const b = lines_of(now);
    auto const all = edits(a, b);
    std::string out;
    std::size_t shown = 0;  // edits that are in `out` already or passed over
    for (std::size_t i = 0; i < all.size(); ++i)
    {
        if (all[i].what == ' ') continue;
        auto const from = std::max(shown, i - std::min(i, around));
        if (out.empty() || from > shown) out += place(all, i);
        // As far as changes are close to each other.
        auto upto = i + 1;
        for (auto next = upto; next < std::min(all.size(), upto + around); ++next)
            if (all[next].what != ' ') upto = next + 1;
        upto = std::min(all.size(), upto + around);
        for (auto each = from; each < upto; ++each)
            ((out += all[each].what) += *all[each].line) += '\n';
        shown = upto;
        i = upto - 1;
    }
    return out;
}

}  // namespace chaind::scenario
