#include "chat/model_state.hpp"

#include "chat/row_hash.hpp"

namespace chaind::chat
{

namespace
{

template <class Map, class Key>
auto find(Map const& in, Key const& key) -> std::optional<typename Map::mapped_type>
{
    auto const at = in.find(key);
    if (at == in.end()) return std::nullopt;
    return at->second;
}

template <class Map>
void add_all(row_sum& to, Map const& rows)
{
    for (auto const& [key, row] : rows)
        to.add(row);
}

}  // namespace

std::optional<user> model_state::find_user(user_id id)
{
    return find(users_, id);
}

std::optional<user> model_state::find_user(std::string_view canonical_name)
{
    auto const at = user_names_.find(canonical_name);
    return at == user_names_.end() ? std::nullopt : find_user(at->second);
}

void model_state::put(user const& row)
{
    user_names_[row.name] = row.id;
    users_[row.id] = row;
}

std::vector<session> model_state::sessions_of(user_id uid)
{
    std::vector<session> out;
    for (auto at = sessions_of_.lower_bound({uid, session_id()});
         at != sessions_of_.end() && at->first.first == uid;
         ++at)
        out.push_back(sessions_.at(at->second));
    return out;
}

void model_state::put(session const& row)
{
    erase(row);
    sessions_of_[{row.uid, row.id}] = row.token;
    sessions_[row.token] = row;
}

void model_state::erase(session const& row)
{
    auto const at = sessions_.find(row.token);
    if (at == sessions_.end()) return;
    sessions_of_.erase({at->second.uid, at->second.id});
    sessions_.erase(at);
}

std::optional<conversation> model_state::find_conv(conv_id id)
{
    return find(convs_, id);
}

std::optional<conversation> model_state::find_dm(user_id low, user_id high)
{
    auto const id = find(dms_, std::pair(low, high));
    return id ? find_conv(*id) : std::nullopt;
}

std::optional<conversation> model_state::find_public_room(std::string_view canonical_name)
{
    auto const at = public_rooms_.find(canonical_name);
    return at == public_rooms_.end() ? std::nullopt : find_conv(at->second);
}

void model_state::put(conversation const& row)
{
    if (row.kind == conv_kind::dm) dms_[{row.low, row.high}] = row.id;
    if (row.kind == conv_kind::room && !row.priv) public_rooms_[row.name] = row.id;
    if (row.kind == conv_kind::room && row.priv)
        if (auto const at = public_rooms_.find(row.name); at != public_rooms_.end() && at->second == row.id)
            public_rooms_.erase(at);
    convs_[row.id] = row;
}

std::optional<member> model_state::find_member(conv_id conv, user_id uid)
{
    return find(members_, std::pair(conv, uid));
}

std::vector<member> model_state::places_of(user_id uid)
{
    std::vector<member> out;
    for (auto const& [key, row] : members_)
        if (row.uid == uid) out.push_back(row);
    return out;
}

void model_state::put(member const& row)
{
    members_[{row.conv, row.uid}] = row;
}

void model_state::erase(member const& row)
{
    members_.erase({row.conv, row.uid});
}

void model_state::put(past_member const& row)
{
    past_members_[{row.conv.value(), row.uid.value(), row.joined.value()}] = row;
}

std::optional<message> model_state::find_message(message_id id)
{
    return find(messages_, id);
}

void model_state::put(message const& row)
{
    messages_[row.id] = row;
}

void model_state::put(mention const& row)
{
    mentions_.insert(row);
}

void model_state::erase(mention const& row)
{
    mentions_.erase(row);
}

std::optional<remembered> model_state::find_remembered(user_id uid, std::string_view cid)
{
    return find(remembered_, remembered_key(uid, cid));
}

std::optional<remembered> model_state::oldest_remembered()
{
    if (remembered_by_pos_.empty()) return std::nullopt;
    return find(remembered_, remembered_by_pos_.begin()->second);
}

void model_state::put(remembered const& row)
{
    auto const [at, fresh] = remembered_.try_emplace({row.uid, row.cid}, row);
    if (!fresh)
    {
        remembered_by_pos_.erase(at->second.pos);
        at->second = row;
    }
    remembered_by_pos_[row.pos] = at->first;
}

void model_state::erase(remembered const& row)
{
    auto const at = remembered_.find({row.uid, row.cid});
    if (at == remembered_.end()) return;
    remembered_by_pos_.erase(at->second.pos);
    remembered_.erase(at);
}

void model_state::put(event const& row)
{
    event stored = row;
    stored.text.reset();
    stored.about.reset();
    stored.people.clear();
    events_[row.pos] = std::move(stored);
}

bool model_state::has_the_rows_of(model_state const& other) const
{
    return counters_ == other.counters_ && users_ == other.users_ && sessions_ == other.sessions_ &&
           convs_ == other.convs_ && members_ == other.members_ && past_members_ == other.past_members_ &&
           messages_ == other.messages_ && mentions_ == other.mentions_ && remembered_ == other.remembered_ &&
           events_ == other.events_;
}

digest model_state::state_digest() const
{
    row_sum to;
    to.add(counters_);
    add_all(to, users_);
    add_all(to, sessions_);
    add_all(to, convs_);
    add_all(to, members_);
    add_all(to, past_members_);
    add_all(to, messages_);
    for (auto const& row : mentions_)
        to.add(row);
    add_all(to, remembered_);
    add_all(to, events_);
    return to.value();
}

}  // namespace chaind::chat
