#include "wire/peer.hpp"

#include "base/utf8.hpp"
#include "wire/field_count.hpp"
#include "wire/peer_convert.hpp"

#include <google/protobuf/stubs/logging.h>

namespace chaind::wire::peer
{

namespace
{
// Who sent bytes that are no frame is refused and logged by the link; protobuf's own line about them, on
// stderr and for each of them, says less.
[[maybe_unused]] bool const quiet = []
{
    google::protobuf::SetLogHandler(nullptr);
    return true;
}();

// A frame's bytes; protobuf cannot fail to serialise a message that fits in memory.
std::string bytes_of(pb::Frame const& what)
{
    return what.SerializeAsString();
}

// For people: a sentence or two.
constexpr std::size_t text_max = 2048;

struct frame_encoder
{
    pb::Frame& out;

    void operator()(hello const& x) const
    {
        auto& to = *out.mutable_hello();
        to.set_protocol_min(x.protocol_min);
        to.set_protocol_max(x.protocol_max);
        if (!x.cluster.empty()) put(x.cluster, *to.mutable_cluster());
        if (!x.from.name.empty()) put(x.from, *to.mutable_member());
        to.set_purpose(static_cast<std::uint32_t>(x.what_for));
        to.set_token(x.token);
        to.set_kernel(x.place.kernel);
        to.set_pid(x.place.pid);
        to.set_started(x.place.started);
        to.set_trouble(std::string(utf8_prefix(x.trouble, text_max)));
        to.set_advice(std::string(utf8_prefix(x.advice, text_max)));
    }
    void operator()(welcome const& x) const
    {
        auto& to = *out.mutable_welcome();
        to.set_protocol(x.protocol);
        put(x.cluster, *to.mutable_cluster());
        if (!x.from.name.empty()) put(x.from, *to.mutable_member());
        to.set_goes_on_without(x.goes_on_without);
    }
    void operator()(refused const& x) const { out.mutable_refused()->set_reason(x.reason); }
    void operator()(chain::message const& x) const { put(x, out); }
    void operator()(heartbeat const& x) const { put(x, *out.mutable_heartbeat()); }
    void operator()(instruction const& x) const
    {
        auto& to = *out.mutable_directive();
        put(x.what, to);
        for (auto const& [name, at] : x.addresses)
        {
            auto& address = *to.add_addresses();
            address.set_name(name.name.str());
            address.set_at(at);
        }
        to.set_status_json(x.status_json);
        to.set_lineage(x.lineage);
    }
    void operator()(verify const& x) const { out.mutable_verify()->set_id(x.id); }
    void operator()(prove const& x) const { out.mutable_prove()->set_id(x.id); }
    void operator()(abort_process const&) const { static_cast<void>(out.mutable_abort()); }
    void operator()(typing const& x) const
    {
        auto& to = *out.mutable_typing();
        to.set_conv(x.conv.value());
        to.set_uid(x.who.value());
        to.set_on(x.on);
    }
    void operator()(here const& x) const
    {
        auto& to = *out.mutable_here();
        to.set_hears(x.hears);
        to.set_apart(x.apart);
        to.set_at(x.at.value());
        to.set_hears_config(x.hears_config);
        to.set_can_read(x.can_read);
        to.set_can_write(x.can_write);
    }
};

// A token has some 50 characters; what is much longer is none.
constexpr std::size_t token_max = 512;
constexpr std::size_t kernel_max = 128;

bool take(pb::Hello const& from, hello& to)
{
    to.protocol_min = from.protocol_min();
    to.protocol_max = from.protocol_max();
    if (from.purpose() < 1 || from.purpose() > 3) return false;
    to.what_for = static_cast<purpose>(from.purpose());
    if (from.token().size() > token_max) return false;
    to.token = from.token();
    if (from.kernel().size() > kernel_max) return false;
    to.place = {from.kernel(), from.pid(), from.started()};
    if (from.trouble().size() > text_max || from.advice().size() > text_max) return false;
    to.trouble = from.trouble();
    to.advice = from.advice();
    if (!from.cluster().empty() && !get(from.cluster(), to.cluster)) return false;
    if (to.what_for == purpose::identify && !from.has_member()) return true;
    return get(from.member(), to.from);
}

bool take(pb::Welcome const& from, welcome& to)
{
    to.protocol = from.protocol();
    to.goes_on_without = from.goes_on_without();
    if (!get(from.cluster(), to.cluster)) return false;
    return !from.has_member() || get(from.member(), to.from);
}

bool take(pb::Directive const& from, instruction& to)
{
    if (!get(from, to.what)) return false;
    for (auto const& address : from.addresses())
    {
        if (!is_valid_node_name(address.name())) return false;
        to.addresses[node_id{address.name()}] = address.at();
    }
    to.status_json = from.status_json();
    to.lineage = from.lineage();
    return true;
}

bool take(pb::Heartbeat const& from, heartbeat& to)
{
    return get(from, to);
}

bool take(pb::Frame const& from, chain::message& to)
{
    return get(from, to);
}

// No daemon has more to say at once: an append has up to 1,024 entries, a submit as many as wait at a member.
constexpr std::size_t most_fields = 65'536;

template <class T, class Pb>
result<frame> decoded(Pb const& from)
{
    T to;
    if (!take(from, to)) return make_error_code(errc::bad_frame);
    return frame(std::move(to));
}
}  // namespace

std::string encode(frame const& what)
{
    pb::Frame out;
    std::visit(frame_encoder{out}, what);
    return bytes_of(out);
}

std::string encode(chain::message const& what)
{
    pb::Frame out;
    put(what, out);
    return bytes_of(out);
}

result<frame> decode(std::string_view bytes)
{
    pb::Frame in;
    if (has_more_fields_than(most_fields, bytes) ||
        !in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
        return make_error_code(errc::bad_frame);
    switch (in.what_case())
    {
        case pb::Frame::kHello: return decoded<hello>(in.hello());
        case pb::Frame::kWelcome: return decoded<welcome>(in.welcome());
        case pb::Frame::kRefused: return frame(refused{in.refused().reason()});
        case pb::Frame::kHeartbeat: return decoded<heartbeat>(in.heartbeat());
        case pb::Frame::kDirective: return decoded<instruction>(in.directive());
        case pb::Frame::kVerify: return frame(verify{in.verify().id()});
        case pb::Frame::kProve: return frame(prove{in.prove().id()});
        case pb::Frame::kAbort: return frame(abort_process{});
        case pb::Frame::kTyping:
            return frame(
                typing{chat::conv_id(in.typing().conv()), chat::user_id(in.typing().uid()), in.typing().on()}
            );
        case pb::Frame::kHere:
        {
            auto const& from = in.here();
            return frame(here{
                .hears = from.hears(),
                .apart = from.apart(),
                .at = epoch(from.at()),
                .hears_config = from.hears_config(),
                .can_read = from.can_read(),
                .can_write = from.can_write()
            });
        }
        case pb::Frame::WHAT_NOT_SET: return make_error_code(errc::bad_frame);
        default: return decoded<chain::message>(in);
    }
}

std::optional<std::uint32_t> agree(std::uint32_t their_min, std::uint32_t their_max)
{
    auto const highest = std::min(protocol_max, their_max);
    if (highest < protocol_min || highest < their_min) return std::nullopt;
    return highest;
}

}  // namespace chaind::wire::peer
