#include "node/bridge_letters.hpp"

#include <iterator>
#include <utility>

namespace chaind::node
{

namespace
{

std::size_t bytes_of(chat::event const& what)
{
    std::size_t sum = sizeof what + what.marks.size() * sizeof(chat::mark);
    if (what.text) sum += what.text->body.size();
    if (what.about) sum += what.about->name.size() + what.about->topic.size();
    for (auto const& one : what.people)
        sum += sizeof one + one.name.size() + one.display.size();
    return sum;
}

void miss(were_missed& into, std::vector<chat::applied> const& what)
{
    for (auto const& one : what)
    {
        into.upto = one.pos;
        into.revoked.insert(into.revoked.end(), one.revoked.begin(), one.revoked.end());
    }
}

// True: `next` is now in the place of the letter that waited last.
bool replaces(to_gateway& last, to_gateway& next)
{
    auto* const old_progress = std::get_if<progress>(&last);
    auto* const old_looks = std::get_if<looks>(&last);
    if (old_progress == nullptr && old_looks == nullptr) return false;
    if (auto const* const step = std::get_if<progress>(&next))
    {
        if (old_progress != nullptr)
            *old_progress = *step;
        else
        {
            old_looks->view.applied = step->applied;
            old_looks->view.committed = step->committed;
        }
        return true;
    }
    auto* const fresh = std::get_if<looks>(&next);
    if (fresh == nullptr) return false;
    if (old_looks != nullptr && !fresh->status) fresh->status = std::move(old_looks->status);
    last = std::move(next);
    return true;
}

// With what they stand for gone, views and progress come to stand beside one another: only the last is
// needed.
void make_room(std::vector<to_gateway>& waiting)
{
    std::vector<to_gateway> kept;
    std::ptrdiff_t missed_at = -1;
    for (auto& one : waiting)
    {
        auto* const batch = std::get_if<was_applied>(&one);
        auto* const earlier = std::get_if<were_missed>(&one);
        if (batch == nullptr && earlier == nullptr)
        {
            if (kept.empty() || !replaces(kept.back(), one)) kept.push_back(std::move(one));
            continue;
        }
        if (missed_at < 0)
        {
            missed_at = static_cast<std::ptrdiff_t>(kept.size());
            kept.emplace_back(were_missed{});
        }
        auto& into = std::get<were_missed>(kept[static_cast<std::size_t>(missed_at)]);
        if (batch != nullptr)
            miss(into, *batch->what);
        else
        {
            into.upto = earlier->upto;
            into.revoked.insert(into.revoked.end(), earlier->revoked.begin(), earlier->revoked.end());
        }
    }
    waiting = std::move(kept);
}

}  // namespace

std::size_t bytes_of(std::vector<chat::applied> const& what)
{
    std::size_t sum = 0;
    for (auto const& one : what)
    {
        sum += sizeof one + one.revoked.size() * sizeof(chat::token_hash);
        for (auto const& e : one.events)
            sum += bytes_of(e);
    }
    return sum;
}

void put_in_order(
    std::vector<to_gateway>& waiting, to_gateway next, std::size_t& bytes, std::size_t bytes_max
)
{
    if (waiting.empty()) bytes = 0;
    bool const hearsay = std::holds_alternative<gateway::typing_note>(next);
    if (hearsay && waiting.size() >= letters_before_hearsay_is_lost) return;
    if (!waiting.empty() && replaces(waiting.back(), next)) return;
    auto const* const batch = std::get_if<was_applied>(&next);
    if (batch != nullptr) bytes += batch->bytes;
    bool const too_much = batch != nullptr && bytes > bytes_max && !waiting.empty();
    waiting.push_back(std::move(next));
    if (!too_much) return;
    make_room(waiting);
    bytes = 0;
}

}  // namespace chaind::node
