#include "base/near_word.hpp"

#include <algorithm>

namespace chaind
{
namespace
{

constexpr std::size_t longest = 40;

// How many slips are between the two: the optimal string alignment distance.
std::size_t slips(std::string_view a, std::string_view b)
{
    std::vector<std::vector<std::size_t>> upto(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i)
        for (std::size_t j = 0; j <= b.size(); ++j)
        {
            if (i == 0 || j == 0)
            {
                upto[i][j] = i + j;
                continue;
            }
            auto const other = a[i - 1] == b[j - 1] ? 0U : 1U;
            auto& here = upto[i][j];
            here = std::min({upto[i - 1][j] + 1, upto[i][j - 1] + 1, upto[i - 1][j - 1] + other});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                here = std::min(here, upto[i - 2][j - 2] + 1);
        }
    return upto[a.size()][b.size()];
}

}  // namespace

std::optional<std::string_view> near_word(std::string_view word, std::vector<std::string_view> const& known)
{
    if (word.size() > longest) return std::nullopt;
    // Of a short word two slips leave nothing.
    std::size_t best = word.size() < 5 ? 2 : 3;
    std::optional<std::string_view> out;
    for (auto const& each : known)
    {
        auto const count = slips(word, each);
        if (count > best || (count == best && !out)) continue;
        out = count < best ? std::optional(each) : std::nullopt;
        best = count;
    }
    return out;
}

std::string did_you_mean(std::string_view word, std::vector<std::string_view> const& known)
{
    auto const meant = near_word(word, known);
    return meant ? "; did you mean " + std::string(*meant) + "?" : "";
}

}  // namespace chaind
