#pragma once
// What clients and gateways ask of the committed chat state. All calls on one reader between begin() and
// end() see one snapshot. The connection is read-only; when it has failed, every answer is empty and
// worthless (database::failed()).
//
// Rights are part of the answer: what `who` may not see is a chat::failure in the words of
// docs/client_api.md 1.10, `not_found` where even the existence is hidden.

#include "chat/access.hpp"
#include "chat/views.hpp"
#include "sqlite/database.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace chaind::store
{

class chat_reader
{
public:
    // `db` outlives this.
    explicit chat_reader(sqlite::database& db) : db_(db) {}

    // One snapshot for all that is asked until end(). It exists when begin() returns.
    void begin();
    void end();

    [[nodiscard]] chat::counters counters();
    [[nodiscard]] seq applied() { return counters().pos; }  // of this snapshot

    [[nodiscard]] std::optional<chat::known_session> find_session(chat::token_hash const& token);
    [[nodiscard]] std::vector<chat::session> sessions_of(chat::user_id uid);
    [[nodiscard]] std::optional<chat::login_data> find_login(std::string_view name);  // as typed
    [[nodiscard]] std::optional<chat::login_data> find_login(chat::user_id uid);
    [[nodiscard]] std::optional<chat::person> find_person(chat::user_id uid);

    [[nodiscard]] chat::answer<chat::sync_page> sync(chat::user_id who, chat::sync_query const& what);
    // One conversation as in sync.
    [[nodiscard]] chat::answer<chat::conv_summary> conv(chat::user_id who, chat::conv_id conv);
    [[nodiscard]] chat::answer<chat::history_page> history(
        chat::user_id who, chat::history_query const& what
    );
    [[nodiscard]] chat::answer<chat::members_page> members(
        chat::user_id who, chat::members_query const& what
    );
    // Whether a `read` of that message would change nothing; false where he may not see it.
    [[nodiscard]] bool has_read(chat::user_id who, chat::conv_id conv, std::uint64_t at_seq);
    // Whether a result is kept for that key.
    [[nodiscard]] bool is_remembered(chat::user_id who, std::string_view cid);
    [[nodiscard]] chat::users_page users(chat::users_query const& what);

    // The durable events of (since, ...] for this user: looks at a bounded number of events a call, so call
    // it again from `upto`, with the page's `sizes`. The caller refuses a resume that is too far behind
    // (`gone`) instead of paging for ever.
    [[nodiscard]] chat::events_page events(chat::user_id who, seq since, chat::room_sizes sizes = {});
    // The conversations that he is in: what a gateway subscribes a session to.
    [[nodiscard]] std::vector<chat::membership> conversations_of(chat::user_id who);

    // Of the rows as they are, read one by one. Equal to chat::model_state::state_digest().
    [[nodiscard]] digest state_digest();

private:
    // As chat::apply finds it.
    chat::answer<chat::own_place> find_place(chat::user_id who, chat::conv_id conv);
    std::optional<chat::conversation> find_conv(chat::conv_id conv);
    // `me`: null for somebody who is not in it.
    chat::conv_summary summary(chat::user_id who, chat::conversation conv, chat::member const* me);
    // Fills in what an event's row refers to.
    void complete(chat::event& e);
    // The conversation's revision when he left it for the last time.
    std::uint64_t rev_at_leaving(chat::user_id who, chat::conv_id conv);
    // `counted` grows by the rows that had to be looked at.
    std::uint64_t members_at(chat::conv_id conv, seq pos, std::size_t& counted);

    sqlite::database& db_;
};

}  // namespace chaind::store
