#include "sim/clients.hpp"

#include "sim/world.hpp"

#include <algorithm>

namespace chaind::sim
{

client_crowd::client_crowd(world& in) : in_(in) {}

void client_crowd::start()
{
    writers_.resize(static_cast<std::size_t>(in_.how.writers));
    readers_.resize(static_cast<std::size_t>(in_.how.readers));
    if (in_.how.wrong_devices > 0)
        for (auto& each : writers_)
            if (in_.random.chance(in_.how.wrong_devices))
                each.ahead_ms = in_.random.between(-100, 100) * 24 * 3'600'000;
    burst_left_ = in_.how.idle ? static_cast<int>(in_.random.between(5, 60)) : -1;
    for (std::size_t w = 0; w < writers_.size(); ++w)
        in_.how.open_loop ? write_on(w) : think(w);
    for (std::size_t r = 0; r < readers_.size(); ++r)
        begin_read(r, in_.random.between(0, 20'000));
}

int client_crowd::pick(int usual)
{
    if (preferred_ >= 0) return preferred_;
    auto serves = [](node const& each)
    {
        return each.alive() && each.status().part != chain::role::detached &&
               each.status().part != chain::role::learner;
    };
    if (in_.random.chance(0.7) && serves(in_.at(usual))) return usual;
    // Who is outside of the chain refuses, and who is in none yet answers much later. People who have a
    // choice notice.
    if (!in_.faults_on)
    {
        std::vector<int> serving;
        for (auto const& each : in_.nodes)
            if (serves(*each)) serving.push_back(each->index());
        if (!serving.empty()) return serving[in_.random.below(serving.size())];
    }
    // Nobody asks a replica for long that the administrator has taken out.
    auto const wanted = in_.wanted();
    if (wanted.empty()) return static_cast<int>(in_.random.below(in_.nodes.size()));
    return in_.find(wanted[in_.random.below(wanted.size())])->index();
}

void client_crowd::prefer(int which)
{
    preferred_ = which;
    for (std::size_t w = 0; w < writers_.size(); ++w)
        if (writers_[w].wants) ask_again(w, in_.random.between(0, 50'000));
}

void client_crowd::think(std::size_t w)
{
    auto& self = writers_[w];
    self.wants = false;
    ++self.attempt;
    if (stopped_ || burst_left_ == 0) return;
    if (burst_left_ > 0) --burst_left_;
    in_.time.after(
        in_.random.skewed(in_.how.think.low, in_.how.think.high),
        [this, w]
        {
            if (stopped_) return;
            auto& me = writers_[w];
            ++me.number;
            me.made_ms = told_by(me);
            me.wants = true;
            ask(w);
        }
    );
}

std::int64_t client_crowd::told_by(writer const& who) const
{
    return who.ahead_ms + (epoch_us + in_.time.now()) / 1000;
}

// Whatever has become of the one before.
void client_crowd::write_on(std::size_t w)
{
    in_.time.after(
        in_.random.between(in_.how.think.low, in_.how.think.high),
        [this, w]
        {
            if (stopped_) return;
            auto& self = writers_[w];
            self.at = pick(self.at);
            op_key const key{w, ++self.number};
            if (auto& to = in_.at(self.at); to.alive()) to.submit(key, told_by(self));
            write_on(w);
        }
    );
}

void client_crowd::ask(std::size_t w)
{
    auto& self = writers_[w];
    op_key key{w, self.number};
    self.at = pick(self.at);
    if (self.attempt > 2 && in_.random.chance(0.05))
    {
        think(w);  // gives up: the outcome stays unknown
        return;
    }
    ask_again(w, in_.random.between(in_.how.patience.low, in_.how.patience.high));
    bool storm = in_.random.chance(in_.how.storm);
    for (auto& each : in_.nodes)
        if (each->alive() && (storm || each->index() == self.at)) each->submit(key, self.made_ms);
    if (!storm && !in_.at(self.at).alive()) ask_again(w, in_.random.between(2'000, 20'000));
}

void client_crowd::ask_again(std::size_t w, us delay)
{
    auto attempt = ++writers_[w].attempt;
    in_.time.after(
        delay,
        [this, w, attempt]
        {
            auto& me = writers_[w];
            if (!me.wants || me.attempt != attempt || stopped_) return;
            me.at = static_cast<int>(in_.random.below(in_.nodes.size()));
            ask(w);
        }
    );
}

void client_crowd::write_once(int where)
{
    auto& self = writers_.front();
    self.wants = false;
    in_.at(where).submit({0, ++self.number}, told_by(self));
}

void client_crowd::read_once(int where)
{
    auto& self = readers_.front();
    self.waits = true;
    self.floor = in_.check.read_floor();
    (void)in_.at(where).read(0, ++self.attempt);
}

void client_crowd::on_answer(op_key key)
{
    auto& self = writers_[key.client];
    if (!self.wants || self.number != key.number) return;
    if (in_.random.chance(in_.how.deaf))
        ask_again(key.client, in_.random.between(0, 5'000));
    else
        think(key.client);
}

void client_crowd::on_refused(op_key key)
{
    auto& self = writers_[key.client];
    if (self.wants && self.number == key.number) ask_again(key.client, in_.random.between(1'000, 20'000));
}

void client_crowd::on_node_gone(int which)
{
    for (std::size_t w = 0; w < writers_.size(); ++w)
        if (writers_[w].wants && writers_[w].at == which) ask_again(w, in_.random.between(1'000, 30'000));
    for (std::size_t r = 0; r < readers_.size(); ++r)
        if (readers_[r].waits && readers_[r].at == which) begin_read(r, in_.random.between(1'000, 30'000));
}

void client_crowd::begin_read(std::size_t r, us delay)
{
    auto attempt = ++readers_[r].attempt;
    readers_[r].waits = false;
    in_.time.after(
        delay,
        [this, r, attempt]
        {
            auto& me = readers_[r];
            if (me.attempt != attempt || stopped_) return;
            me.at = static_cast<int>(in_.random.below(in_.nodes.size()));
            me.floor = in_.check.read_floor();
            me.waits = true;
            if (!in_.at(me.at).read(r, attempt)) begin_read(r, in_.random.between(2'000, 20'000));
        }
    );
}

void client_crowd::on_read(std::uint64_t r, std::uint64_t asked, std::optional<seq> saw)
{
    auto& self = readers_[r];
    if (!self.waits || self.attempt != asked) return;
    if (saw) in_.check.on_read(self.floor, *saw);
    begin_read(
        r, saw ? in_.random.skewed(in_.how.think.low, in_.how.think.high) : in_.random.between(3'000, 30'000)
    );
}

}  // namespace chaind::sim
