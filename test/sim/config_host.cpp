#include "sim/config_host.hpp"

#include "sim/world.hpp"

namespace chaind::sim
{

config_host::config_host(world& in)
    : in_(in),
      time_(in.time),
      clock_{in.random.between(0, 1'000'000'000'000), in.random.between(-in.how.clock_ppm, in.how.clock_ppm)}
{
}

void config_host::start()
{
    if (alive()) return;
    in_.log.line("start config revision=", registry_.revision);
    auto how = in_.how.control;
    how.run = in_.random.id<boot_id>();
    tick_every_ = in_.random.between(tick_least, tick_most);
    for (int i = 0; i < in_.how.nodes - in_.how.spares; ++i)
        how.bootstrap.push_back(in_.at(i).self().name);
    core_.emplace(how, registry_, instant(clock_.local(time_.now())));
    admission_.emplace(cluster_id{}, tokens_);
    next_tick();
    ask_for_admissions();
    for (int i = 0; i < static_cast<int>(in_.nodes.size()); ++i)
        links_[i].dialled_at = time_.now() + dial_time();
}

// Whoever found nobody here dials again after up to 100 ms; a dial that nobody answers is given up after 2 s.
us config_host::dial_time()
{
    return in_.random.chance(0.1) ? in_.random.between(0, 2'100'000) : in_.random.between(0, 110'000);
}

void config_host::take_dials()
{
    for (auto& [index, each] : links_)
        each.dialled_at = std::min(each.dialled_at, time_.now() + 110'000);
}

void config_host::stop()
{
    if (!alive()) return;
    in_.log.line("stop config");
    in_.count.add(seen::config_crashes);
    if (being_stored_)
    {
        in_.count.add(seen::config_crashes_mid_change);
        auto record = *being_stored_;
        being_stored_.reset();
        if (in_.random.chance(0.5)) is_stored(std::move(record));
    }
    core_.reset();
    admission_.reset();
    coming_in_.clear();
    for (auto& [index, each] : links_)
        each = control_link(each.number + 1);
    paused_ = false;
    inbox_.clear();
    ++life_;
}

void config_host::pause()
{
    if (!alive() || paused_) return;
    in_.log.line("pause config");
    paused_ = true;
    paused_since_ = time_.now();
}

void config_host::resume()
{
    if (!paused_) return;
    in_.log.line("resume config");
    paused_ = false;
    if (time_.now() - paused_since_ > 60'000) in_.count.add(seen::own_pauses);
    if (in_.random.chance(0.5)) inbox_.push_front(control::tick{});
    auto events = std::move(inbox_);
    inbox_.clear();
    auto life = life_;
    for (auto& each : events)
    {
        if (life != life_) return;
        process(each);
    }
}

void config_host::hear(int from, heartbeat what)
{
    if (!alive() || time_.now() < links_[from].dialled_at) return;
    in_.net.send(
        from,
        in_.net.config_machine(),
        [this, from, number = links_[from].number, message = std::move(what)]() mutable
        { arrive(from, number, std::move(message)); }
    );
}

void config_host::arrive(int from, std::uint64_t connection, heartbeat what)
{
    auto& link = links_[from];
    // What a connection still held is gone with it.
    if (!alive() || connection != link.number) return;
    if (link.end != what.from)
    {
        link.end = what.from;
        deliver(control::connected{what.from, in_.at(from).kernel});
    }
    link.heard = time_.now();
    admission_->heard(what.from);
    deliver(control::heard{std::move(what)});
}

bool config_host::speaks_now(node const& which) const
{
    auto const link = links_.find(which.index());
    if (!alive() || paused_ || !which.alive() || link == links_.end() || link->second.end != which.self())
        return false;
    auto const word = last_word(which);
    return word && word->from == which.self() && time_.now() - link->second.heard < 100'000;
}

std::optional<heartbeat> config_host::last_word(node const& of) const
{
    for (auto const& each : core_->nodes())
        if (each.name == of.self().name) return each.last;
    return std::nullopt;
}

void config_host::impostor(node const& as, heartbeat const& what)
{
    in_.count.add(seen::impostors);
    if (!core_->objection(what.from, now()).empty()) return;
    deliver(control::connected{what.from, as.kernel});
    deliver(control::heard{what});
}

void config_host::mistaken(node const& from, heartbeat const& what)
{
    in_.count.add(seen::mistaken_words);
    arrive(from.index(), links_[from.index()].number, what);
}

void config_host::lost(int index, member const& who)
{
    // Another run may have connected meanwhile.
    auto& link = links_[index];
    if (link.end == who || link.end.name.empty()) link = control_link(link.number + 1);
    deliver(control::connection_lost{who});
}

void config_host::lose(node const& which)
{
    if (!which.alive()) return;
    in_.count.add(seen::control_links_lost);
    in_.log.line("control link of ", which.self().name, " lost");
    lost(which.index(), which.self());
    in_.at(which.index()).deliver(which.self(), chain::config_link{false});
}

void config_host::on_process_gone(node const& which)
{
    in_.net.send(
        which.index(),
        in_.net.config_machine(),
        [this, index = which.index(), who = which.self()] { lost(index, who); }
    );
}

void config_host::deliver(control::event what)
{
    if (!alive()) return;
    if (paused_)
        inbox_.push_back(std::move(what));
    else
        process(what);
}

instant config_host::now() const
{
    return instant(clock_.local(time_.now()));
}

void config_host::next_tick()
{
    later(
        clock_.true_span(tick_every_) + in_.random.between(0, tick_jitter),
        [this]
        {
            deliver(control::tick{wall_us()});
            next_tick();
        }
    );
}

void config_host::process(control::event const& what)
{
    in_.log.mix_time();
    in_.log.mix(0x100 + what.index());
    perform(core_->step(now(), what));
}

void config_host::perform(control::effects what)
{
    auto life = life_;
    for (auto const& each : what.notices)
        note(each);
    for (auto const& each : what.replies)
    {
        in_.count.add(each.verdict == control::admin_verdict::done ? seen::admin_done : seen::admin_refused);
        on_admission(each.request, each.verdict);
    }
    for (auto& each : what.directives)
    {
        auto* to = in_.find(each.to.name);
        if (!to) continue;
        in_.check.on_directive(each.to, each.directive);
        in_.net.send(
            in_.net.config_machine(),
            to->index(),
            [to, each = std::move(each)]() mutable
            { to->deliver(each.to, chain::directed{std::move(each.directive)}); }
        );
    }
    for (auto const& each : what.probes)
        probe(each);
    for (auto const& each : what.hang_ups)
        later(
            in_.random.between(50, 500),
            [this, on = each.on]
            {
                for (auto const& [index, link] : links_)
                    if (link.end == on) return lost(index, on);
            }
        );
    if (what.persist) store(std::move(*what.persist));
    if (life != life_) return;
}

void config_host::is_stored(control::record what)
{
    bool const changes = what.current.at != registry_.current.at;
    if (truth_)
    {
        demand(
            !changes || what.current.at > truth_->current.at,
            "I2: a registry that was put back makes ",
            what.current
        );
        registry_ = std::move(what);
        if (!changes) return;
        truth_.reset();
        before_.reset();
        in_.check.on_forced(registry_);
        return;
    }
    if (changes) before_ = registry_;
    registry_ = std::move(what);
    in_.check.on_registry(registry_);
}

bool config_host::can_be_put_back() const
{
    return alive() && !paused_ && !being_stored_ && !truth_ && before_ &&
           before_->last_active.state == config_state::active;
}

void config_host::put_back()
{
    in_.count.add(seen::registries_put_back);
    in_.log.line("registry put back to revision ", before_->revision);
    stop();
    truth_ = std::exchange(registry_, *std::exchange(before_, std::nullopt));
    start();
}

void config_host::mend()
{
    if (!truth_) return;
    in_.log.line("registry is the newest again");
    stop();
    if (truth_) registry_ = *std::exchange(truth_, std::nullopt);
    start();
}

void config_host::store(control::record what)
{
    demand(!being_stored_, "two records are being stored");
    demand(
        what.revision == registry_.revision + 1,
        "compare-and-set: ",
        what.revision,
        " after ",
        registry_.revision
    );
    if (in_.log.printing()) in_.log.line("store ", what);
    being_stored_ = std::move(what);
    bool changes = being_stored_->current != registry_.current;
    auto duration = in_.random.skewed(in_.how.registry_write.low, in_.how.registry_write.high);
    if (armed_ && changes)
    {
        armed_ = false;
        // During the write, or a moment after it.
        later(
            in_.random.between(1, duration + in_.random.between(0, 8'000)),
            [this]
            {
                stop();
                time_.after(in_.random.skewed(1'000, 400'000), [this] { start(); });
            }
        );
    }
    later(
        duration,
        [this]
        {
            auto record = *being_stored_;
            being_stored_.reset();
            is_stored(std::move(record));
            deliver(control::stored{registry_.revision});
        }
    );
}

std::int64_t config_host::wall_us() const
{
    return epoch_us + time_.now() + clock_jump_us;
}

void config_host::make_token(std::int64_t ttl_ms, std::function<void(std::string)> made)
{
    if (!alive() || paused_) return;
    auto const secret = in_.random.id<digest>();
    auto token = admission_->make(
        secret.view().substr(0, control::join_tokens::secret_bytes), wall_us() / 1000, ttl_ms
    );
    if (!token) return;
    keep_tokens([text = std::move(*token), then = std::move(made)] { then(text); });
}

void config_host::show_token(member const& by, std::string const& token, std::function<void(bool)> told)
{
    if (!alive() || paused_) return;
    in_.count.add(seen::tokens_shown);
    auto const there = [&](auto const& link)
    { return link.second.end.name == by.name && link.second.end.store != by.store; };
    bool const taken = std::any_of(links_.begin(), links_.end(), there);
    auto const seen = admission_->hello(token, by, taken, core_->current(), wall_us() / 1000);
    if (in_.log.printing()) in_.log.line("token of ", by.name, ": ", seen.why.empty() ? "yes" : seen.why);
    if (!seen.why.empty()) return told(false);
    auto welcome = [this, by, token, answer = std::move(told)]
    {
        in_.check.on_let_in(by, token);
        answer(true);
        ask_for_admissions();
    };
    if (admission_->all_kept())
        welcome();
    else
        keep_tokens(welcome);
    ask_for_admissions();  // as another machine's hello may bring about at any moment
}

void config_host::keep_tokens(std::function<void()> then)
{
    later(
        in_.random.skewed(in_.how.registry_write.low, in_.how.registry_write.high),
        [this, rows = admission_->rows(), version = admission_->version(), done = std::move(then)]
        {
            // A later one is there already.
            if (!admission_->is_kept(version)) tokens_ = rows;
            admission_->kept(version);
            in_.check.on_tokens(tokens_);
            done();
        }
    );
}

void config_host::ask_for_admissions()
{
    for (auto const& name : admission_->due(core_->current()))
    {
        auto const is_asked_for = [&name](auto const& each) { return each.second == name; };
        if (std::any_of(coming_in_.begin(), coming_in_.end(), is_asked_for)) continue;
        coming_in_.emplace(++next_request_, name);
        deliver(control::add_node{next_request_, name});
        if (!alive()) return;
    }
}

void config_host::on_admission(std::uint64_t request, control::admin_verdict what)
{
    auto const found = coming_in_.find(request);
    if (found == coming_in_.end()) return;
    admission_->answered(found->second, what);
    later(
        200'000,
        [this, request]
        {
            coming_in_.erase(request);
            ask_for_admissions();
        }
    );
}

// What the kernel below knows: of its own processes everything, of others that none of its own is meant.
void config_host::probe(member const& who)
{
    auto const* target = in_.find(who.name);
    auto ended = [target, who, here = in_.how.control.kernel]
    { return target == nullptr || target->kernel != here || !target->alive() || target->self() != who; };
    auto answer = [this, who](bool gone)
    {
        if (gone) in_.count.add(seen::probes_answered_gone);
        deliver(control::probed{who, gone});
    };
    later(
        in_.random.between(100, 1'000),
        [this, ended, answer]
        {
            if (ended()) return answer(true);
            later(200'000, [ended, answer] { answer(ended()); });
        }
    );
}

void config_host::note(control::notice const& what)
{
    if (what.what == "cold_start") in_.count.add(seen::cold_starts);
    if (what.what == "refused") in_.count.add(seen::refused_disks);
    if (what.what == "clock") in_.count.add(seen::clocks_named);
    // As long as no clock is wrong, nobody's word about one costs a head its place.
    bool const for_its_clock = what.what == "removed" && what.why.starts_with("not to be the head");
    demand(
        !for_its_clock || in_.count.of(seen::clock_jumps) > 0,
        "I24: ",
        what.who,
        " loses the head for its clock, which is right"
    );
    if (in_.log.printing()) in_.log.line(what);
}

}  // namespace chaind::sim
