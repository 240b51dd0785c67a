#include "runtime/utc.hpp"

#include <array>
#include <ctime>

namespace chaind::runtime
{

std::string in_utc(std::int64_t wall_us, char const* form)
{
    auto const seconds = static_cast<std::time_t>(wall_us / 1'000'000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), form, &parts)};
}

std::string in_utc(std::int64_t wall_us)
{
    return in_utc(wall_us, "%Y-%m-%d %H:%M:%SZ");
}

}  // namespace chaind::runtime
