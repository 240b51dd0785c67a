// Direct conversations and rooms: made, joined, left.
#include "chat/apply_step.hpp"
#include "chat/limits.hpp"
#include "chat/names.hpp"

#include <algorithm>
#include <optional>

namespace chaind::chat
{

namespace
{

// A new member starts at the end: what was said before counts as neither unread nor undelivered.
void enter(apply_step& s, conversation& conv, user_id uid)
{
    ++conv.members;
    s.on.put(member{
        .conv = conv.id,
        .uid = uid,
        .joined = s.pos,
        .read = conv.last_seq,
        .delivered = conv.last_seq,
        .changed = s.pos
    });
}

conversation new_conversation(apply_step& s, conv_kind kind)
{
    ++s.count.convs;
    conversation row;
    row.id = conv_id(s.count.convs);
    row.kind = kind;
    row.creator = s.uid;
    row.created_ms = s.at_ms;
    row.changed = s.pos;
    return row;
}

conv_made describe(conversation const& conv)
{
    return {
        .conv = conv.id,
        .room = conv.kind == conv_kind::room,
        .name = conv.name,
        .priv = conv.priv,
        .topic = conv.topic,
        .peer = {},
        .last_seq = conv.last_seq,
        .rev = conv.rev
    };
}

conv_made describe(conversation const& dm, user const& peer)
{
    auto out = describe(dm);
    out.name = peer.name;
    out.peer = peer.id;
    return out;
}

failure too_many_rooms()
{
    return refuse(api_errc::quota_exceeded, "an account is in at most 1000 rooms");
}

void depart(apply_step& s, member const& who, seq at)
{
    s.on.erase(who);
    s.on.put(past_member{.conv = who.conv, .uid = who.uid, .joined = who.joined, .left = at});
}

// Whether there is a place for one more room. A room that is removed keeps its members' rows, so that its
// removal costs the same however many there are; whoever has no place left leaves such rooms here.
bool has_place_for_room(apply_step& s, user& me)
{
    if (me.rooms < limits::rooms_of_user) return true;
    std::size_t left = 0;
    for (auto const& place : s.on.places_of(me.id))
    {
        if (left == limits::leave_of_entry) break;
        auto const conv = s.on.find_conv(place.conv);
        if (!conv || conv->gone == seq()) continue;
        depart(s, place, conv->gone);
        --me.rooms;
        ++left;
    }
    if (left != 0) s.on.put(me);
    return me.rooms < limits::rooms_of_user;
}

event membership_event(apply_step& s, conversation const& conv, user const& who, bool joined)
{
    auto e = s.make_event(event_kind::conv_member, audience::members);
    e.conv = conv.id;
    e.at_seq = conv.last_seq;
    e.rev = conv.rev;
    e.on = joined;
    e.about = conv;
    e.people.push_back(person_of(who));
    return e;
}

}  // namespace

outcome run(apply_step& s, dm_create const& what)
{
    if (what.peer == s.uid)
        return refuse(api_errc::bad_request, "a direct conversation has two people", "members");
    auto const me = s.on.find_user(s.uid);
    auto const peer = s.on.find_user(what.peer);
    if (!me || !peer) return refuse(api_errc::not_found, "no such account", "members");
    auto const& low = me->id < peer->id ? *me : *peer;
    auto const& high = me->id < peer->id ? *peer : *me;
    if (auto const there = s.on.find_dm(low.id, high.id)) return describe(*there, *peer);

    auto conv = new_conversation(s, conv_kind::dm);
    conv.priv = true;
    conv.low = low.id;
    conv.high = high.id;
    enter(s, conv, low.id);
    enter(s, conv, high.id);
    s.on.put(conv);

    auto e = s.make_event(event_kind::conv_new, audience::members);
    e.conv = conv.id;
    e.about = conv;
    e.people = {person_of(low), person_of(high)};
    s.emit(std::move(e));
    return describe(conv, *peer);
}

outcome run(apply_step& s, room_create const& what)
{
    auto const name = canonical_name(what.name);
    if (!name)
        return refuse(
            api_errc::bad_request, "a name has 2 to 32 characters of a-z, 0-9, '.', '_' and '-'", "name"
        );
    if (what.topic.size() > limits::topic_bytes)
        return refuse(api_errc::too_large, "a topic has at most 1024 bytes", "topic");
    if (!what.priv && s.on.find_public_room(*name))
        return refuse(api_errc::conflict, "there is a room of this name", "name");
    auto me = s.on.find_user(s.uid);
    if (!me || !has_place_for_room(s, *me)) return too_many_rooms();
    // Leaving them does not make room for more: they stay, for everybody.
    if (me->made >= limits::rooms_made_by_user)
        return refuse(
            api_errc::quota_exceeded, "an account has made at most 1000 rooms that are still there"
        );

    auto conv = new_conversation(s, conv_kind::room);
    conv.name = *name;
    conv.priv = what.priv;
    conv.topic = what.topic;
    enter(s, conv, s.uid);
    s.on.put(conv);
    ++me->rooms;
    ++me->made;
    s.on.put(*me);

    // A public room appears in everybody's list.
    auto e = s.make_event(event_kind::conv_new, what.priv ? audience::members : audience::everyone);
    e.conv = conv.id;
    e.about = conv;
    e.people = {person_of(*me)};
    s.emit(std::move(e));
    return describe(conv);
}

outcome run(apply_step& s, conv_join const& what)
{
    auto conv = s.on.find_conv(what.conv);
    auto const inside = s.on.find_member(what.conv, s.uid);
    if (!conv || !is_visible(*conv, inside.has_value())) return no_such_conversation();
    if (inside) return changed{.rev = conv->rev};
    auto me = s.on.find_user(s.uid);
    if (!me || !has_place_for_room(s, *me)) return too_many_rooms();
    if (conv->members >= limits::room_members)
        return refuse(api_errc::quota_exceeded, "a room has at most 5000 members");

    enter(s, *conv, s.uid);
    conv->changed = s.pos;
    s.on.put(*conv);
    ++me->rooms;
    s.on.put(*me);
    s.emit(membership_event(s, *conv, *me, true));
    return changed{.rev = conv->rev};
}

outcome run(apply_step& s, conv_leave const& what)
{
    auto place = find_own_place(s, what.conv);
    if (auto* why = std::get_if<failure>(&place)) return std::move(*why);
    auto& [conv, inside] = std::get<own_place>(place);
    if (conv.kind == conv_kind::dm)
        return refuse(api_errc::forbidden, "nobody leaves a direct conversation", "conv");
    auto me = s.on.find_user(s.uid);
    if (!me) return refuse(api_errc::not_found, "no such account");

    depart(s, inside, s.pos);
    --conv.members;
    conv.changed = s.pos;
    s.on.put(conv);
    --me->rooms;
    s.on.put(*me);
    s.emit(membership_event(s, conv, *me, false));
    return changed{.rev = conv.rev};
}

// The room stays as a row without a name for others: its texts are for nobody any more.
outcome run(apply_step& s, conv_archive const& what)
{
    auto conv = s.on.find_conv(what.conv);
    auto const me = s.on.find_user(s.uid);
    if (!conv || !me || conv->gone != seq()) return no_such_conversation();
    bool const is_room = conv->kind == conv_kind::room;
    if (!is_room || (me->as != role::owner && conv->creator != s.uid))
    {
        if (!is_visible(*conv, s.on.find_member(conv->id, s.uid).has_value())) return no_such_conversation();
        return refuse(
            api_errc::forbidden, "a room is removed by who made it, or by the owner of this server", "conv"
        );
    }

    bool const was_public = !conv->priv;
    conv->gone = s.pos;
    conv->priv = true;  // its name is free
    conv->changed = s.pos;
    s.on.put(*conv);
    if (auto maker = s.on.find_user(conv->creator); maker && maker->made > 0)
    {
        --maker->made;
        s.on.put(*maker);
    }
    auto e = s.make_event(event_kind::conv_gone, was_public ? audience::everyone : audience::members);
    e.conv = conv->id;
    e.at_seq = conv->last_seq;
    e.rev = conv->rev;
    s.emit(std::move(e));
    return changed{.rev = conv->rev};
}

}  // namespace chaind::chat
