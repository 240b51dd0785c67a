#include "gateway/queries.hpp"

namespace chaind::gateway
{

namespace
{

template <class Page>
page_text text_of_page(chat::answer<Page> const& from, std::string (*write)(Page const&))
{
    if (auto const* why = std::get_if<chat::failure>(&from)) return *why;
    return write(std::get<Page>(from));
}

}  // namespace

std::optional<query<page_text>> query_of(wire::request_body const& what, chat::user_id who)
{
    if (auto const* sync = std::get_if<chat::sync_query>(&what))
        return [who, q = *sync](store::chat_reader& from)
        { return text_of_page<chat::sync_page>(from.sync(who, q), wire::sync_d); };
    if (auto const* history = std::get_if<chat::history_query>(&what))
        return [who, q = *history](store::chat_reader& from)
        { return text_of_page<chat::history_page>(from.history(who, q), wire::history_d); };
    if (auto const* members = std::get_if<chat::members_query>(&what))
        return [who, q = *members](store::chat_reader& from)
        { return text_of_page<chat::members_page>(from.members(who, q), wire::members_d); };
    if (auto const* users = std::get_if<chat::users_query>(&what))
        return [q = *users](store::chat_reader& from) -> page_text { return wire::users_d(from.users(q)); };
    return std::nullopt;
}

}  // namespace chaind::gateway
