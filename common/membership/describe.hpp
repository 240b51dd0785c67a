#pragma once
// How the words of the chain print themselves, each in one line: the same text in the log, in a trace of the
// simulator, in a transcript and in a test that fails. For people: nothing reads it back. What is as usual is
// left out; identities are cut to the digits by which people tell two of them apart; of what clients have
// written there is the size and no more. Operators, so that streams, tests and templates find them by
// themselves.

#include "membership/config.hpp"
#include "membership/messages.hpp"

#include <ostream>
#include <sstream>
#include <string>
#include <utility>

namespace chaind
{

template <class... Parts>
std::string one_line(Parts const&... parts)
{
    std::ostringstream out;
    (out << ... << parts);
    return std::move(out).str();
}
// The first digits of an id.
template <class Tag>
std::string brief(id128<Tag> const& id)
{
    return to_hex(id.view().substr(0, 4));
}
// "250ms", or "1500us" where it is no whole number of them.
std::string span(microseconds time);

// NAME/BOOT, four digits: another store never comes without another boot.
std::ostream& operator<<(std::ostream& to, member const& what);
std::ostream& operator<<(std::ostream& to, config_state what);
std::ostream& operator<<(std::ostream& to, chain_config const& what);
// SEQ/EPOCH#HASH; the stamp is not said, the hash is of it, too.
std::ostream& operator<<(std::ostream& to, log_point const& what);
std::ostream& operator<<(std::ostream& to, room what);
std::ostream& operator<<(std::ostream& to, least_room const& what);
std::ostream& operator<<(std::ostream& to, learner_progress const& what);
std::ostream& operator<<(std::ostream& to, heartbeat const& what);
std::ostream& operator<<(std::ostream& to, learner_assignment const& what);
std::ostream& operator<<(std::ostream& to, directive const& what);

}  // namespace chaind
