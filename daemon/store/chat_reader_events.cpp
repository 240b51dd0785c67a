// What somebody missed.
#include "chat/audience.hpp"
#include "store/chat_reader.hpp"
#include "store/chat_rows.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace chaind::store
{

using namespace chat_rows;

namespace
{

constexpr std::size_t looked_at = 4096;  // events of a call, whoever they are for
constexpr std::size_t events_of_page = 256;
constexpr std::size_t bytes_of_page = 1u << 20;

// When somebody was in which conversation.
class presence_record
{
public:
    void add(chat::conv_id conv, seq joined, seq left) { spans_[conv].emplace_back(joined, left); }

    [[nodiscard]] bool was_in(chat::conv_id conv, seq pos) const
    {
        auto const at = spans_.find(conv);
        if (at == spans_.end()) return false;
        return std::any_of(
            at->second.begin(),
            at->second.end(),
            [pos](auto const& span) { return span.first <= pos && pos <= span.second; }
        );
    }
    [[nodiscard]] bool is_in(chat::conv_id conv) const { return was_in(conv, for_ever); }

    static constexpr seq for_ever{std::numeric_limits<std::uint64_t>::max()};

private:
    std::map<chat::conv_id, std::vector<std::pair<seq, seq>>> spans_;
};

}  // namespace

void chat_reader::complete(chat::event& e)
{
    auto const add_person = [&](chat::user_id uid)
    {
        if (auto found = find_person(uid)) e.people.push_back(*std::move(found));
    };
    switch (e.kind)
    {
        case chat::event_kind::msg_new:
        case chat::event_kind::msg_edit:
        {
            auto row = db_.query("SELECT " CHAIND_MESSAGE_COLUMNS " FROM chat_message WHERE id = ?", e.mid);
            if (row.step()) e.text = get_message(row);
            break;
        }
        case chat::event_kind::conv_new:
            e.about = find_conv(e.conv);
            if (e.about && e.about->kind == chat::conv_kind::dm)
            {
                add_person(e.about->low);
                add_person(e.about->high);
            }
            else
                add_person(e.uid);
            break;
        case chat::event_kind::conv_member:
            e.about = find_conv(e.conv);
            add_person(e.uid);
            break;
        case chat::event_kind::user_update: add_person(e.uid); break;
        case chat::event_kind::msg_delete:
        case chat::event_kind::read:
        case chat::event_kind::delivered:
        case chat::event_kind::conv_gone: break;
    }
}

std::uint64_t chat_reader::rev_at_leaving(chat::user_id who, chat::conv_id conv)
{
    auto row = db_.query(
        "SELECT e.rev FROM chat_past_member p JOIN chat_event e ON e.pos = p.parted"
        " WHERE p.conv = ? AND p.uid = ? ORDER BY p.parted DESC LIMIT 1",
        conv,
        who
    );
    return row.step() ? row.number(0) : 0;
}

std::uint64_t chat_reader::members_at(chat::conv_id conv, seq pos)
{
    auto row = db_.query(
        "SELECT (SELECT count(*) FROM chat_member WHERE conv = ?1 AND joined <= ?2)"
        " + (SELECT count(*) FROM chat_past_member WHERE conv = ?1 AND joined <= ?2 AND parted > ?2)",
        conv,
        pos
    );
    return row.step() ? row.number(0) : 0;
}

chat::events_page chat_reader::events(chat::user_id who, seq since)
{
    presence_record was;
    auto now = db_.query("SELECT conv, joined FROM chat_member WHERE uid = ? ORDER BY conv", who);
    while (now.step())
        was.add(chat::conv_id(now.number(0)), seq(now.number(1)), presence_record::for_ever);
    auto past = db_.query(
        "SELECT " CHAIND_PAST_MEMBER_COLUMNS
        " FROM chat_past_member WHERE uid = ? AND parted > ? ORDER BY conv, joined",
        who,
        since
    );
    while (past.step())
    {
        auto const span = get_past_member(past);
        was.add(span.conv, span.joined, span.left);
    }

    // Of a removed room nothing is told any more but that it is gone.
    std::map<chat::conv_id, bool> removed;
    auto const is_removed = [&](chat::conv_id conv)
    {
        if (conv == chat::conv_id()) return false;
        auto const [at, fresh] = removed.try_emplace(conv, false);
        if (fresh)
            if (auto const found = find_conv(conv)) at->second = found->gone != seq();
        return at->second;
    };
    std::map<chat::conv_id, std::uint64_t> revs_at_leaving;
    auto const rev_then = [&](chat::conv_id conv)
    {
        auto const [at, fresh] = revs_at_leaving.try_emplace(conv, 0);
        if (fresh) at->second = rev_at_leaving(who, conv);
        return at->second;
    };

    chat::events_page page;
    page.upto = since;
    std::size_t looked = 0;
    std::size_t bytes = 0;
    bool all = true;
    auto row = db_.query(
        "SELECT " CHAIND_EVENT_COLUMNS " FROM chat_event WHERE pos > ? ORDER BY pos LIMIT ?", since, looked_at
    );
    while (row.step())
    {
        ++looked;
        auto e = get_event(row);
        auto const in = [&](chat::conv_id conv)
        { return was.was_in(conv, e.pos) && (e.kind == chat::event_kind::conv_gone || !is_removed(conv)); };
        bool const hidden = e.kind != chat::event_kind::conv_gone && is_removed(e.conv);
        if (!hidden && chat::is_for(e, who, in))
        {
            chat::keep_own_marks(e, in);
            complete(e);
            if ((e.text || e.about) && e.to == chat::audience::members && !was.is_in(e.conv))
                chat::withhold_what_came_later(e, rev_then(e.conv), e.about ? members_at(e.conv, e.pos) : 0);
            bytes += 256 + 64 * e.marks.size() + (e.text ? e.text->body.size() : 0);
            page.events.push_back(std::move(e));
        }
        page.upto = seq(row.number(0));
        if (page.events.size() == events_of_page || bytes >= bytes_of_page)
        {
            all = false;
            break;
        }
    }
    if (all && looked < looked_at) page.upto = std::max(since, applied());
    return page;
}

}  // namespace chaind::store
