#include "gateway/hub.hpp"

#include "chat/audience.hpp"
#include "chat/limits.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <utility>

namespace chaind::gateway
{

namespace asio = boost::asio;

namespace
{

bool contains(std::vector<chat::conv_id> const& own, chat::conv_id conv)
{
    return std::binary_search(own.begin(), own.end(), conv);
}
void insert(std::vector<chat::conv_id>& own, chat::conv_id conv)
{
    auto const at = std::lower_bound(own.begin(), own.end(), conv);
    if (at == own.end() || *at != conv) own.insert(at, conv);
}
void erase(std::vector<chat::conv_id>& own, chat::conv_id conv)
{
    auto const at = std::lower_bound(own.begin(), own.end(), conv);
    if (at != own.end() && *at == conv) own.erase(at);
}

void remove_from(std::vector<subscriber*>& list, subscriber* who)
{
    auto const at = std::find(list.begin(), list.end(), who);
    if (at == list.end()) return;
    *at = list.back();
    list.pop_back();
}

}  // namespace

hub::hub(backend& chain, settings const& limits, std::string own_url, runtime::task_group& tasks)
    : chain_(chain),
      limits_(limits),
      own_url_(std::move(own_url)),
      tasks_(tasks),
      members_of_chain_(own_url_, limits_.remembered_members)
{
    members_of_chain_.learn(chain_.view());
    told_ = cluster_view_of(chain_.view(), own_url_);
    last_cluster_frame_ = wire::cluster_frame(told_);
    lineage_ = chain_.view().lineage;
    chain_.listen(*this);
}

// ---- sessions

void hub::opened(subscriber& who)
{
    all_.insert(&who);
}

bool hub::greeted(subscriber& who)
{
    auto& same = by_user_[who.user()];
    if (same.size() >= limits_.connections_per_user_max) return false;
    same.push_back(&who);
    ++clients_;
    return true;
}

void hub::closed(subscriber& who)
{
    leave(who);
    all_.erase(&who);
    auto const found = by_user_.find(who.user());
    if (found == by_user_.end()) return;
    auto const before = found->second.size();
    remove_from(found->second, &who);
    clients_ -= before - found->second.size();
    if (found->second.empty()) by_user_.erase(found);
}

bool hub::join(subscriber& who, seq upto)
{
    if (last_ > upto && covered_from_ > upto) return false;
    for (auto const& one : ring_)
    {
        if (one.pos <= upto) continue;
        for (auto const& what : one.events)
        {
            auto const& e = what->what();
            for (auto const uid : chat::joined_by(e))
                if (uid == who.user()) insert(who.own, e.conv);
            auto const in = [&who](chat::conv_id conv) { return contains(who.own, conv); };
            if (chat::receives(e, who.user(), in) && !who.push(what)) return false;
            if (chat::leaves_by(e, who.user())) erase(who.own, e.conv);
        }
        if (std::find(one.revoked.begin(), one.revoked.end(), who.token()) != one.revoked.end())
            who.end(4502, "this session was ended", false);
    }
    live_.insert(&who);
    for (auto const conv : who.own)
        by_conv_[conv].push_back(&who);
    return true;
}

void hub::leave(subscriber& who)
{
    if (live_.erase(&who) == 0) return;
    for (auto const conv : who.own)
    {
        auto const found = by_conv_.find(conv);
        if (found == by_conv_.end()) continue;
        remove_from(found->second, &who);
        if (found->second.empty()) by_conv_.erase(found);
    }
}

void hub::enter(subscriber& who, chat::conv_id conv)
{
    if (!live_.contains(&who) || contains(who.own, conv)) return;
    insert(who.own, conv);
    by_conv_[conv].push_back(&who);
}

void hub::exit(subscriber& who, chat::conv_id conv)
{
    if (!live_.contains(&who) || !contains(who.own, conv)) return;
    erase(who.own, conv);
    auto const found = by_conv_.find(conv);
    if (found == by_conv_.end()) return;
    remove_from(found->second, &who);
    if (found->second.empty()) by_conv_.erase(found);
}

// ---- events

void hub::on_applied(std::vector<chat::applied> const& what)
{
    bool const member = chain_.view().member;
    for (auto const& entry : what)
    {
        if (member && on_entry) on_entry(entry);
        // Entries came into the store in another way.
        if (last_ != seq{} && entry.pos != last_.next()) lose(entry.pos.prev());
        if (last_ == seq{}) covered_from_ = entry.pos.prev();
        last_ = entry.pos;

        item one;
        one.pos = entry.pos;
        one.revoked = entry.revoked;
        for (auto const& e : entry.events)
            one.events.push_back(std::make_shared<published const>(e));
        for (auto const& p : one.events)
            deliver(p);
        for (auto const& token : one.revoked)
            revoke(token);
        if (!one.events.empty() || !one.revoked.empty()) keep(std::move(one));
    }
}

void hub::on_missed(seq upto, std::vector<chat::token_hash> const& revoked)
{
    lose(upto);
    for (auto const& token : revoked)
        revoke(token);
}

void hub::lose(seq upto)
{
    ring_.clear();
    ring_bytes_ = ring_events_ = 0;
    covered_from_ = last_ = upto;
    auto const missed = live_;
    for (auto* one : missed)
    {
        leave(*one);
        one->missed_events();
    }
}

void hub::keep(item what)
{
    for (auto const& p : what.events)
        what.bytes += p->bytes();
    ring_bytes_ += what.bytes;
    ring_events_ += what.events.size() + 1;
    ring_.push_back(std::move(what));
    while (ring_events_ > limits_.ring_events_max || ring_bytes_ > limits_.ring_bytes_max)
    {
        covered_from_ = ring_.front().pos;
        ring_bytes_ -= ring_.front().bytes;
        ring_events_ -= ring_.front().events.size() + 1;
        ring_.pop_front();
    }
}

// The live ones.
std::vector<subscriber*> hub::recipients(chat::event const& of) const
{
    std::vector<subscriber*> who;
    auto const everyone = [&]
    {
        who.assign(live_.begin(), live_.end());
        return true;
    };
    auto const user = [&](chat::user_id uid)
    {
        auto const found = by_user_.find(uid);
        if (found == by_user_.end()) return false;
        auto const is_live = [this](subscriber* one) { return live_.contains(one); };
        std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(who), is_live);
        return true;
    };
    auto const members = [&](chat::conv_id conv)
    {
        auto const found = by_conv_.find(conv);
        if (found != by_conv_.end()) who.insert(who.end(), found->second.begin(), found->second.end());
        return false;  // those of the next one, too
    };
    static_cast<void>(chat::any_of_audience(of, everyone, user, members));
    if (of.marks.size() > 1)  // somebody may be in several of their conversations
    {
        std::sort(who.begin(), who.end());
        who.erase(std::unique(who.begin(), who.end()), who.end());
    }
    return who;
}

void hub::deliver(published_ptr const& what)
{
    auto const& e = what->what();
    for (auto const uid : chat::joined_by(e))
        if (auto const found = by_user_.find(uid); found != by_user_.end())
            for (auto* one : found->second)
                enter(*one, e.conv);
    for (auto* one : recipients(e))
    {
        ++events_sent_;
        if (!one->push(what)) leave(*one);
        if (chat::leaves_by(e, one->user())) exit(*one, e.conv);
    }
}

void hub::revoke(chat::token_hash const& token)
{
    for (auto* one : all_)
        if (one->token() == token) one->end(4502, "this session was ended", false);
}

// ---- the chain

void hub::on_view()
{
    members_of_chain_.learn(chain_.view());
    if (is_settled(chain_.view())) tell_cluster();
    watch_place();
}

void hub::tell_cluster()
{
    told_ = cluster_view_of(chain_.view(), own_url_);
    auto frame = wire::cluster_frame(told_);
    if (frame == last_cluster_frame_) return;
    last_cluster_frame_ = std::move(frame);
    auto const shared = std::make_shared<std::string const>(last_cluster_frame_);
    for (auto const& [uid, sessions] : by_user_)
        for (auto* one : sessions)
            one->hint(shared);
}

// What was settled last stays on people's pages while a chain is being made; what lasts is said as it is.
void hub::watch_cluster(std::chrono::steady_clock::time_point now)
{
    if (is_settled(chain_.view()))
        unsettled_since_.reset();
    else if (!unsettled_since_)
        unsettled_since_ = now;
    else if (now - *unsettled_since_ >= limits_.unsettled_at_most)
        tell_cluster();
}

void hub::watch_place()
{
    auto const& view = chain_.view();
    bool const other_log = !lineage_.empty() && !view.lineage.empty() && view.lineage != lineage_;
    if (!view.lineage.empty()) lineage_ = view.lineage;
    bool const drains = !std::exchange(draining_, view.draining) && view.draining;
    bool const cut_off = !std::exchange(cut_off_, view.cut_off) && view.cut_off;
    bool const out = !std::exchange(outside_, is_elsewhere(view)) && outside_;
    if (stopping_) return;
    // They resume with the old lineage and are told `gone`.
    if (other_log) end_all(4003, "the chain goes on with another history", false);
    if (drains) end_all(4001, "this replica is about to leave the chain", true);
    if (cut_off) end_all(4001, "this replica serves no writes now: " + view.why_not, true);
    if (out) end_all(4002, "this replica is not in the chain", true);
}

void hub::end_all(int code, std::string const& reason, bool after_requests)
{
    if (!all_.empty())
        log::write(
            log::level::notice,
            "gateway",
            "sends its clients elsewhere",
            {{"Reason", reason}, {"Clients", all_.size()}}
        );
    for (auto* one : all_)
        one->end(code, reason, after_requests);
}

void hub::watch_service(std::chrono::steady_clock::time_point now)
{
    auto const& view = chain_.view();
    if (stopping_ || view.can_read || view.can_write)
    {
        unreadable_since_.reset();
        return;
    }
    if (!unreadable_since_) unreadable_since_ = now;
    if (now - *unreadable_since_ < limits_.unreadable_after) return;
    unreadable_since_.reset();
    if (clients_ > 0)
        log::write(log::level::notice, "gateway", "sends its clients elsewhere", {{"Reason", view.why_not}});
    std::vector<subscriber*> greeted;
    for (auto const& [uid, sessions] : by_user_)
        greeted.insert(greeted.end(), sessions.begin(), sessions.end());
    for (auto* one : greeted)
        one->end(code_elsewhere(view), "this replica cannot serve reads: " + view.why_not, false);
}

// ---- small things

void hub::typing(subscriber const& from, chat::conv_id conv, bool on)
{
    if (!contains(from.own, conv)) return;
    typing_note const what{.conv = conv, .who = from.user(), .on = on};
    on_typing(what);
    chain_.tell_others(what);
}

void hub::on_typing(typing_note const& what)
{
    auto const found = by_conv_.find(what.conv);
    if (found == by_conv_.end()) return;
    auto const frame = std::make_shared<std::string const>(wire::typing_frame(what.conv, what.who, what.on));
    for (auto* one : found->second)
        if (one->user() != what.who) one->hint(frame);
}

void hub::delivered(chat::mark const& mark)
{
    auto& at = marks_[{mark.uid, mark.conv}];
    at = std::max(at, mark.at_seq);
}

asio::awaitable<void> hub::send_marks()
{
    chat::delivered_batch batch;
    while (!marks_.empty() && batch.marks.size() < chat::limits::marks_of_batch)
    {
        auto const first = marks_.begin();
        batch.marks.push_back(
            {.uid = first->first.first, .conv = first->first.second, .at_seq = first->second}
        );
        marks_.erase(first);
    }
    chat::command command;
    command.what = batch;
    auto const outcome = co_await chain_.submit(std::move(command));
    // Applied twice they do no harm; forgotten, a message would never be shown as delivered.
    if (std::holds_alternative<undecided>(outcome))
        for (auto const& mark : batch.marks)
            delivered(mark);
    sending_marks_ = false;
}

void hub::tick(std::chrono::steady_clock::time_point now)
{
    std::vector<subscriber*> const everybody(all_.begin(), all_.end());
    for (auto* one : everybody)
        if (all_.contains(one)) one->tick(now);
    watch_service(now);
    watch_cluster(now);
    if (!marks_.empty() && !sending_marks_ && now - marks_sent_ >= limits_.delivered_every &&
        chain_.view().can_write)
    {
        sending_marks_ = true;
        marks_sent_ = now;
        tasks_.spawn(send_marks());
    }
}

void hub::stop(int code, std::string const& reason)
{
    stopping_ = true;
    for (auto* one : all_)
        one->end(code, reason, true);
}

}  // namespace chaind::gateway
