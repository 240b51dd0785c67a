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

// When somebody was in which conversation, asked for positions that never fall. Each of his stretches inside
// and outside is looked up once, where it begins: reading costs what was missed, however often he came and
// went before and after it.
class presence_record
{
public:
    presence_record(sqlite::database& db, chat::user_id who, seq since)
        : db_(db),
          who_(who),
          has_left_(
              db.query("SELECT 1 FROM chat_past_member WHERE uid = ? AND parted > ? LIMIT 1", who, since)
                  .step()
          )
    {
    }

    bool was_in(chat::conv_id conv, seq pos)
    {
        auto& at = place_in(conv);
        if (at.joined && *at.joined <= pos) return true;
        if (!has_left_) return false;
        if (pos > at.upto) look(conv, pos, at);
        return at.inside;
    }
    bool is_in(chat::conv_id conv) { return place_in(conv).joined.has_value(); }

private:
    struct place
    {
        std::optional<seq> joined;  // of who is in it now
        bool inside = false;        // as a past member, up to and at `upto`
        seq upto;
    };

    place& place_in(chat::conv_id conv)
    {
        auto const [at, fresh] = places_.try_emplace(conv);
        if (fresh)
        {
            auto row = db_.query("SELECT joined FROM chat_member WHERE conv = ? AND uid = ?", conv, who_);
            if (row.step()) at->second.joined = seq(row.number(0));
        }
        return at->second;
    }
    void look(chat::conv_id conv, seq pos, place& at)
    {
        auto last = db_.query(
            "SELECT parted FROM chat_past_member WHERE conv = ? AND uid = ? AND joined <= ?"
            " ORDER BY joined DESC LIMIT 1",
            conv,
            who_,
            pos
        );
        at.inside = last.step() && seq(last.number(0)) >= pos;
        if (at.inside)
        {
            at.upto = seq(last.number(0));
            return;
        }
        auto next = db_.query(
            "SELECT joined FROM chat_past_member WHERE conv = ? AND uid = ? AND joined > ?"
            " ORDER BY joined LIMIT 1",
            conv,
            who_,
            pos
        );
        at.upto = next.step() ? seq(next.number(0) - 1) : for_ever;
    }

    static constexpr seq for_ever{std::numeric_limits<std::uint64_t>::max()};

    sqlite::database& db_;
    chat::user_id who_;
    bool has_left_;
    std::map<chat::conv_id, place> places_;
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
        case chat::event_kind::msg_edit: e.text = first<chat::message, "WHERE id = ?">(db_, e.mid); break;
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
        "SELECT rev FROM chat_event WHERE pos ="
        " (SELECT parted FROM chat_past_member WHERE conv = ? AND uid = ? ORDER BY joined DESC LIMIT 1)",
        conv,
        who
    );
    return row.step() ? row.number(0) : 0;
}

std::uint64_t chat_reader::members_at(chat::conv_id conv, seq pos, std::size_t& counted)
{
    auto now = db_.query("SELECT count(*) FROM chat_member WHERE conv = ? AND joined <= ?", conv, pos);
    auto past = db_.query(
        "SELECT count(*), ifnull(sum(joined <= ?2 AND parted > ?2), 0) FROM chat_past_member WHERE conv = ?1",
        conv,
        pos
    );
    if (!now.step() || !past.step()) return 0;
    counted += now.number(0) + past.number(0);
    return now.number(0) + past.number(1);
}

chat::events_page chat_reader::events(chat::user_id who, seq since, chat::room_sizes sizes)
{
    presence_record was(db_, who, since);

    std::map<chat::conv_id, bool> removed;
    auto const is_removed = [&](chat::conv_id conv)
    {
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
    page.sizes = std::move(sizes);
    // How many there were at an event of a room that he has left: counted at the first one, then every coming
    // and going changes it by one.
    auto const size_at = [&](chat::event const& e)
    {
        auto const [at, fresh] = page.sizes.try_emplace(e.conv, 0);
        if (fresh) at->second = members_at(e.conv, e.pos, page.counted);
        return at->second;
    };
    std::size_t looked = 0;
    std::size_t bytes = 0;
    bool all = true;
    auto row = select<chat::event, "WHERE pos > ? ORDER BY pos LIMIT ?">(db_, since, looked_at);
    while (row.step())
    {
        ++looked;
        auto e = rows_of<chat::event>::get(row);
        if (e.kind == chat::event_kind::conv_member)
            if (auto const room = page.sizes.find(e.conv); room != page.sizes.end())
                room->second = e.on ? room->second + 1 : room->second - 1;
        auto const is_told = [&](chat::conv_id conv) { return chat::is_told(e, conv, is_removed); };
        auto const in = [&](chat::conv_id conv) { return was.was_in(conv, e.pos) && is_told(conv); };
        if (is_told(e.conv) && chat::receives(e, who, in))
        {
            chat::keep_own_marks(e.marks, in);
            complete(e);
            if ((e.text || e.about) && e.to == chat::audience::members && !was.is_in(e.conv))
                chat::withhold_what_came_later(e, rev_then(e.conv), e.about ? size_at(e) : 0);
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
