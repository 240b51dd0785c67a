#pragma once
// Work that waits for its turn, in the order in which those who want it take turns: each `from` has a line of
// its own, and lines are served one after the other, so that a long line makes only itself wait. Lines of
// those who are known go before the others, which get every fourth turn all the same.
//
// Bounded: when it is full, the longest line of strangers loses its newest piece of work (of the known, where
// no stranger waits), or what has just come is refused when its own line is that one.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace chaind::gateway
{

enum class standing : std::uint8_t
{
    known,
    stranger,
};

template <class Work>
class fair_queue
{
public:
    explicit fair_queue(std::size_t most) : most_(most) {}

    [[nodiscard]] std::size_t size() const { return size_; }

    // What has no place any more: nothing, an older piece of work, or `what` itself.
    std::optional<Work> push(standing who, std::string const& from, Work what)
    {
        std::optional<Work> lost;
        if (size_ >= most_)
        {
            auto* const longest = longest_line(who);
            if (longest == nullptr) return what;
            auto* const own = longest->who == who ? lines(who).find(from) : nullptr;
            if (own != nullptr && own->work.size() >= longest->work.size()) return what;
            lost = std::move(longest->work.back());
            longest->work.pop_back();
            --size_;
            if (longest->work.empty()) lines(longest->who).erase(longest->from);
        }
        lines(who).line_of(who, from).work.push_back(std::move(what));
        ++size_;
        return lost;
    }

    std::optional<Work> pop()
    {
        auto& known = lines(standing::known);
        auto& strangers = lines(standing::stranger);
        bool const strangers_turn = known.empty() || (known_in_a_row_ >= 3 && !strangers.empty());
        auto& next = strangers_turn ? strangers : known;
        if (next.empty()) return std::nullopt;
        known_in_a_row_ = strangers_turn ? 0 : known_in_a_row_ + 1;
        --size_;
        return next.take();
    }

private:
    struct line
    {
        standing who = standing::stranger;
        std::string from;
        std::deque<Work> work;
    };
    // Lines in the order of their turns.
    class rotation
    {
    public:
        [[nodiscard]] bool empty() const { return order_.empty(); }
        line* find(std::string const& from)
        {
            auto const at = by_name_.find(from);
            return at == by_name_.end() ? nullptr : &*at->second;
        }
        line& line_of(standing who, std::string const& from)
        {
            if (auto* const there = find(from)) return *there;
            order_.push_back({.who = who, .from = from, .work = {}});
            by_name_.emplace(from, std::prev(order_.end()));
            return order_.back();
        }
        void erase(std::string from)
        {
            auto const at = by_name_.find(from);
            order_.erase(at->second);
            by_name_.erase(at);
        }
        Work take()
        {
            auto& first = order_.front();
            auto out = std::move(first.work.front());
            first.work.pop_front();
            if (first.work.empty())
                erase(first.from);
            else
                order_.splice(order_.end(), order_, order_.begin());
            return out;
        }
        line* longest()
        {
            line* out = nullptr;
            for (auto& one : order_)
                if (out == nullptr || one.work.size() > out->work.size()) out = &one;
            return out;
        }

    private:
        std::list<line> order_;
        std::map<std::string, typename std::list<line>::iterator, std::less<>> by_name_;
    };

    rotation& lines(standing who) { return lines_[static_cast<std::size_t>(who)]; }

    // The one that gives way to somebody of that standing; none for a stranger where all who wait are known.
    line* longest_line(standing for_whom)
    {
        if (auto* const strangers = lines(standing::stranger).longest()) return strangers;
        return for_whom == standing::known ? lines(standing::known).longest() : nullptr;
    }

    std::size_t most_;
    std::size_t size_ = 0;
    std::size_t known_in_a_row_ = 0;
    std::array<rotation, 2> lines_;
};

}  // namespace chaind::gateway
