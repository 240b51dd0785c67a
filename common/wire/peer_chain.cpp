// The chain's messages to and from protobuf.

#include "wire/peer_convert.hpp"

namespace chaind::wire::peer
{

namespace
{
void put_entry(chain::entry const& from, pb::Entry& to)
{
    to.set_at(from.at.value());
    to.set_in(from.in.value());
    to.set_ts_us(from.ts_us);
    put(from.request, *to.mutable_request());
    to.set_command(*from.command);
    put(from.hash, *to.mutable_hash());
}

bool get_entry(pb::Entry const& from, chain::entry& to)
{
    to.at = seq(from.at());
    to.in = epoch(from.in());
    to.ts_us = from.ts_us();
    to.command = std::make_shared<std::string const>(from.command());
    return get(from.request(), to.request) && get(from.hash(), to.hash);
}

void put_least(least_room const& from, pb::LeastRoom& to)
{
    to.set_who(from.who.name.str());
    to.set_left(static_cast<std::uint32_t>(from.left));
}

bool get_least(pb::LeastRoom const& from, least_room& to)
{
    if (!is_valid_node_name(from.who())) return false;
    to.who.name = from.who();
    to.left = room_of(from.left());
    return true;
}

struct message_encoder
{
    pb::Frame& out;

    void operator()(chain::append const& x) const
    {
        auto& to = *out.mutable_append();
        to.set_in(x.in.value());
        to.set_number(x.number);
        put(x.prev, *to.mutable_prev());
        for (auto const& e : x.entries)
            put_entry(e, *to.add_entries());
        to.set_stable(x.stable.value());
        to.set_commit(x.commit.value());
        to.set_open(x.open.value());
    }
    void operator()(chain::ok const& x) const
    {
        auto& to = *out.mutable_ok();
        to.set_in(x.in.value());
        to.set_number(x.number);
        to.set_verified(x.verified.value());
        to.set_durable(x.durable.value());
    }
    void operator()(chain::nack const& x) const
    {
        auto& to = *out.mutable_nack();
        to.set_in(x.in.value());
        to.set_number(x.number);
        to.set_hint(x.hint.value());
    }
    void operator()(chain::mark const& x) const
    {
        auto& to = *out.mutable_mark();
        to.set_in(x.in.value());
        to.set_stable(x.stable.value());
        to.set_commit(x.commit.value());
        if (is_low(x.least.left)) put_least(x.least, *to.mutable_least());
    }
    void operator()(chain::ack const& x) const
    {
        auto& to = *out.mutable_ack();
        to.set_in(x.in.value());
        to.set_commit(x.commit.value());
        to.set_durable(x.durable.value());
        to.set_verified(x.verified.value());
        if (is_low(x.least.left)) put_least(x.least, *to.mutable_least());
    }
    void operator()(chain::submit const& x) const
    {
        auto& to = *out.mutable_submit();
        to.set_in(x.in.value());
        for (auto const& s : x.submissions)
        {
            auto& next = *to.add_what();
            put(s.request, *next.mutable_request());
            next.set_command(*s.command);
            next.set_frees_room(s.frees_room);
        }
    }
    void operator()(chain::refused const& x) const
    {
        auto& to = *out.mutable_submit_refused();
        to.set_in(x.in.value());
        put(x.request, *to.mutable_request());
        // An older gateway knows no third reason.
        bool const full = x.why == chain::refusal::disk_full;
        to.set_why(static_cast<std::uint32_t>(full ? chain::refusal::read_only : x.why));
        to.set_disk_full(full);
    }
    void operator()(chain::still_at const& x) const { still(x.in, x.round, *out.mutable_still_at()); }
    void operator()(chain::still_at_yes const& x) const { still(x.in, x.round, *out.mutable_still_at_yes()); }

    void operator()(chain::snap_offer const& x) const
    {
        auto& to = *out.mutable_snap_offer();
        to.set_in(x.in.value());
        auto& what = *to.mutable_what();
        put(x.snapshot.id, *what.mutable_id());
        put(x.snapshot.at, *what.mutable_at());
        put(x.snapshot.state, *what.mutable_state());
        what.set_size(x.snapshot.bytes);
    }
    void operator()(chain::snap_want const& x) const
    {
        auto& to = *out.mutable_snap_want();
        to.set_in(x.in.value());
        put(x.id, *to.mutable_id());
        to.set_index(x.index);
        put(x.mine, *to.mutable_mine());
    }
    void operator()(chain::snap_chunk const& x) const
    {
        auto& to = *out.mutable_snap_chunk();
        to.set_in(x.in.value());
        put(x.id, *to.mutable_id());
        to.set_index(x.index);
        put(x.hash, *to.mutable_hash());
        to.set_held(!x.packed);
        if (x.packed) to.set_packed(*x.packed);
    }

    static void still(epoch in, std::uint64_t round, pb::StillAt& to)
    {
        to.set_in(in.value());
        to.set_round(round);
    }
};

// The entries of an append follow `prev` without a gap: what does not cannot be from a right peer.
bool get_append(pb::Append const& from, chain::append& to)
{
    to.in = epoch(from.in());
    to.number = from.number();
    if (!get(from.prev(), to.prev)) return false;
    to.entries.reserve(static_cast<std::size_t>(from.entries_size()));
    auto expected = to.prev.at;
    for (auto const& e : from.entries())
    {
        expected = expected.next();
        if (!get_entry(e, to.entries.emplace_back()) || to.entries.back().at != expected) return false;
    }
    to.stable = seq(from.stable());
    to.commit = seq(from.commit());
    to.open = seq(from.open());
    return true;
}

bool get_submit(pb::Submit const& from, chain::submit& to)
{
    to.in = epoch(from.in());
    for (auto const& s : from.what())
    {
        auto& next = to.submissions.emplace_back();
        next.command = std::make_shared<std::string const>(s.command());
        next.frees_room = s.frees_room();
        if (!get(s.request(), next.request)) return false;
    }
    return true;
}

bool get_refused(pb::SubmitRefused const& from, chain::refused& to)
{
    if (from.why() > static_cast<std::uint32_t>(chain::refusal::not_known)) return false;
    to.in = epoch(from.in());
    to.why = from.disk_full() ? chain::refusal::disk_full : static_cast<chain::refusal>(from.why());
    return get(from.request(), to.request);
}

// Whatever its bytes are, a chunk packs into its own size and a little more.
constexpr std::size_t packed_max = chain::snapshot_chunk_bytes + (64u << 10);

bool get_offer(pb::SnapOffer const& from, chain::snap_offer& to)
{
    to.in = epoch(from.in());
    to.snapshot.bytes = from.what().size();
    if (to.snapshot.bytes == 0) return false;
    return get(from.what().id(), to.snapshot.id) && get(from.what().at(), to.snapshot.at) &&
           get(from.what().state(), to.snapshot.state);
}

bool get_want(pb::SnapWant const& from, chain::snap_want& to)
{
    to.in = epoch(from.in());
    to.index = from.index();
    return get(from.id(), to.id) && get(from.mine(), to.mine);
}

bool get_chunk(pb::SnapChunk const& from, chain::snap_chunk& to)
{
    to.in = epoch(from.in());
    to.index = from.index();
    if (from.packed().size() > packed_max || from.held() != from.packed().empty()) return false;
    if (!from.held()) to.packed = std::make_shared<std::string const>(from.packed());
    return get(from.id(), to.id) && get(from.hash(), to.hash);
}

chain::ok get_ok(pb::Ok const& from)
{
    return {
        .in = epoch(from.in()),
        .number = from.number(),
        .verified = seq(from.verified()),
        .durable = seq(from.durable()),
    };
}

bool get_ack(pb::Ack const& from, chain::ack& to)
{
    to.in = epoch(from.in());
    to.commit = seq(from.commit());
    to.durable = seq(from.durable());
    to.verified = seq(from.verified());
    return !from.has_least() || get_least(from.least(), to.least);
}

bool get_mark(pb::Mark const& from, chain::mark& to)
{
    to.in = epoch(from.in());
    to.stable = seq(from.stable());
    to.commit = seq(from.commit());
    return !from.has_least() || get_least(from.least(), to.least);
}
}  // namespace

void put(chain::message const& from, pb::Frame& to)
{
    std::visit(message_encoder{to}, from);
}

bool get(pb::Frame const& from, chain::message& to)
{
    switch (from.what_case())
    {
        case pb::Frame::kAppend: return get_append(from.append(), to.emplace<chain::append>());
        case pb::Frame::kOk: return to = get_ok(from.ok()), true;
        case pb::Frame::kNack:
            to = chain::nack{epoch(from.nack().in()), from.nack().number(), seq(from.nack().hint())};
            return true;
        case pb::Frame::kMark: return get_mark(from.mark(), to.emplace<chain::mark>());
        case pb::Frame::kAck: return get_ack(from.ack(), to.emplace<chain::ack>());
        case pb::Frame::kSubmit: return get_submit(from.submit(), to.emplace<chain::submit>());
        case pb::Frame::kSubmitRefused:
            return get_refused(from.submit_refused(), to.emplace<chain::refused>());
        case pb::Frame::kStillAt:
            return to = chain::still_at{epoch(from.still_at().in()), from.still_at().round()}, true;
        case pb::Frame::kStillAtYes:
            return to = chain::still_at_yes{epoch(from.still_at_yes().in()), from.still_at_yes().round()},
                   true;
        case pb::Frame::kSnapOffer: return get_offer(from.snap_offer(), to.emplace<chain::snap_offer>());
        case pb::Frame::kSnapWant: return get_want(from.snap_want(), to.emplace<chain::snap_want>());
        case pb::Frame::kSnapChunk: return get_chunk(from.snap_chunk(), to.emplace<chain::snap_chunk>());
        default: return false;
    }
}

}  // namespace chaind::wire::peer
