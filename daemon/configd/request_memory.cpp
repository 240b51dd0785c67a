#include "configd/request_memory.hpp"

#include <algorithm>

namespace chaind::configd
{

namespace
{
constexpr std::size_t answers_kept = 256;
}

request_memory::entry const* request_memory::find(std::string const& id) const
{
    auto const found =
        std::find_if(entries_.begin(), entries_.end(), [&](entry const& each) { return each.id == id; });
    return found == entries_.end() ? nullptr : &*found;
}

void request_memory::begin(std::string const& id, std::string what)
{
    if (entries_.size() >= answers_kept) entries_.pop_front();
    entries_.push_back({id, std::move(what), std::nullopt});
}

void request_memory::end(std::string const& id, admin_answer const& answer)
{
    for (auto& each : entries_)
        if (each.id == id) each.answer = answer;
}

void request_memory::forget(std::string const& id)
{
    std::erase_if(entries_, [&](entry const& each) { return each.id == id; });
}

}  // namespace chaind::configd
