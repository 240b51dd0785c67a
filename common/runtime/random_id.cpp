#include "runtime/random_id.hpp"

#include <stdexcept>

namespace chaind::runtime
{

void start_random()
{
    if (::sodium_init() < 0) throw std::runtime_error("libsodium cannot start");
}

request_ids::request_ids() : last_(random_id<request_id>())
{
    for (std::size_t i = 8; i < last_.bytes.size(); ++i)
        last_.bytes[i] = 0;
}

request_id request_ids::next()
{
    for (std::size_t i = last_.bytes.size(); i-- > 8;)
        if (++last_.bytes[i] != 0) break;
    return last_;
}

}  // namespace chaind::runtime
