#include "sim/newcomers.hpp"

#include "sim/world.hpp"

namespace chaind::sim
{

void newcomers::invite(node& which, std::int64_t ttl_ms)
{
    in_.config.make_token(
        ttl_ms,
        [this, &which, ttl_ms](std::string const& token)
        {
            tokens_.push_back(token);
            in_.check.on_token(token, ttl_ms);
            bring(which, token);
            if (in_.random.chance(0.4)) bring(*in_.nodes[in_.random.below(in_.nodes.size())], token);
            if (in_.random.chance(0.3))
                bring(
                    *in_.nodes[in_.random.below(in_.nodes.size())], tokens_[in_.random.below(tokens_.size())]
                );
        }
    );
}

void newcomers::bring(node& which, std::string token)
{
    which.start();
    visitors_.push_back({.which = &which, .token = std::move(token)});
    in_.time.after(in_.random.between(0, 200'000), [this, i = visitors_.size() - 1] { show(i); });
}

void newcomers::show(std::size_t guest)
{
    auto const& self = visitors_[guest];
    if (self.told) return;
    in_.time.after(in_.random.between(50'000, 600'000), [this, guest] { show(guest); });
    if (!self.which->alive() || self.which->paused()) return;
    auto const from = self.which->index();
    auto const config = in_.net.config_machine();
    in_.net.send(
        from,
        config,
        [this, guest, from, config, by = self.which->self(), token = self.token]
        {
            in_.config.show_token(
                by,
                token,
                [this, guest, from, config](bool)
                { in_.net.send(config, from, [this, guest] { visitors_[guest].told = true; }); }
            );
        }
    );
}

}  // namespace chaind::sim
