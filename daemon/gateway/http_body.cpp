#include "gateway/http_body.hpp"

#include <boost/beast/http/error.hpp>

namespace chaind::gateway
{

namespace
{
constexpr std::size_t last_chunk = 5;
}

bool http_body::take(boost::beast::flat_buffer& from, boost::system::error_code& failed)
{
    failed = {};
    auto const there = from.size();
    if (into_.is_done() || there <= seen_) return false;
    // The line of another chunk would have been used.
    auto const* const text = static_cast<char const*>(from.data().data());
    bool const in_last_chunk = seen_ > 0 && text[seen_ - 1] == '\n';
    if (in_last_chunk && there < last_chunk) return false;
    auto const used = into_.put(from.data(), failed);
    from.consume(used);
    taken_ += used;
    bool const waits = failed == boost::beast::http::error::need_more;
    if (waits) failed = {};
    seen_ = waits || used == 0 ? from.size() : 0;
    return !failed;
}

}  // namespace chaind::gateway
