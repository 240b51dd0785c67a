#include "runtime/error_words.hpp"

#include <boost/system/system_error.hpp>

namespace chaind::runtime
{

std::string words_of(std::exception const& what)
{
    std::string out = what.what();
    auto const* const failed = dynamic_cast<boost::system::system_error const*>(&what);
    if (failed == nullptr) return out;
    auto const with_its_place = failed->code().what();
    if (auto const at = out.find(with_its_place); at != std::string::npos)
        out.replace(at, with_its_place.size(), failed->code().message());
    return out;
}

}  // namespace chaind::runtime
