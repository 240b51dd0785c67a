#include "gateway/feed.hpp"

#include "wire/client_json.hpp"

#include <boost/assert.hpp>

#include <map>
#include <string_view>

namespace chaind::gateway
{

published::published(chat::event what) : what_(std::move(what))
{
    if (wire::differs_by_recipient(what_)) return;
    static constexpr std::string_view key = "\"prev\":";
    text_ = wire::event_frame(what_, {}, {}, seq{});
    auto const at = text_.find(key);
    BOOST_ASSERT(at != std::string::npos && text_[at + key.size()] == '0');
    prev_at_ = at + key.size();
}

std::string published::frame(chat::user_id to, std::span<chat::conv_id const> own, seq prev) const
{
    if (text_.empty()) return wire::event_frame(what_, to, own, prev);
    auto const number = std::to_string(prev.value());
    std::string out;
    out.reserve(text_.size() + number.size());
    out.append(text_, 0, prev_at_).append(number).append(text_, prev_at_ + 1);
    return out;
}

void feed::start(chat::user_id who, seq at)
{
    who_ = who;
    last_queued_ = last_sent_ = at;
}

bool feed::push(published_ptr what)
{
    if (waiting_.size() >= waiting_max) return false;
    if (!waiting_.empty() && waiting_bytes_ + what->bytes() > waiting_bytes_max) return false;
    BOOST_ASSERT(what->what().pos > last_queued_);
    last_queued_ = what->what().pos;
    waiting_bytes_ += what->bytes();
    waiting_.push_back(std::move(what));
    return true;
}

std::optional<seq> feed::next_pos() const
{
    if (waiting_.empty()) return std::nullopt;
    return waiting_.front()->what().pos;
}

std::string feed::send_one(std::span<chat::conv_id const> own)
{
    auto what = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= what->bytes();
    auto text = what->frame(who_, own, last_sent_);
    last_sent_ = what->what().pos;
    unacked_bytes_ += text.size();
    unacked_.push_back({.what = std::move(what), .bytes = text.size()});
    return text;
}

std::optional<std::string> feed::next(bool batches, std::span<chat::conv_id const> own)
{
    if (waiting_.empty() || !window_open()) return std::nullopt;
    auto first = send_one(own);
    if (!batches || waiting_.empty() || !window_open()) return first;

    // A text in a batch costs its size and a comma; the frame around them a few bytes.
    std::size_t bytes = first.size() + 16;
    std::vector<std::string> texts;
    texts.push_back(std::move(first));
    while (!waiting_.empty() && window_open() && texts.size() < limits_.batch_max)
    {
        auto const size = waiting_.front()->frame(who_, own, last_sent_).size() + 1;
        if (bytes + size > limits_.batch_bytes_max) break;
        bytes += size;
        texts.push_back(send_one(own));
    }
    if (texts.size() == 1) return std::move(texts.front());
    return wire::batch_frame(texts);
}

std::vector<chat::mark> feed::acked(seq upto)
{
    std::map<chat::conv_id, std::uint64_t> delivered;
    while (!unacked_.empty() && unacked_.front().what->what().pos <= upto)
    {
        auto const& e = unacked_.front().what->what();
        if (e.kind == chat::event_kind::msg_new && e.uid != who_) delivered[e.conv] = e.at_seq;
        unacked_bytes_ -= unacked_.front().bytes;
        unacked_.pop_front();
    }
    std::vector<chat::mark> marks;
    for (auto const& [conv, at] : delivered)
        marks.push_back({.uid = who_, .conv = conv, .at_seq = at});
    return marks;
}

}  // namespace chaind::gateway
