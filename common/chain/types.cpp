#include "chain/types.hpp"

namespace chaind::chain
{

digest entry_hash(digest const& previous, entry const& e)
{
    return hasher{}
        .bytes(previous.view())
        .number(e.at.value())
        .number(e.in.value())
        .number(static_cast<std::uint64_t>(e.ts_us))
        .bytes(e.request.view())
        .bytes(*e.command)
        .finish();
}

}  // namespace chaind::chain
