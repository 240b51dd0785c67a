#pragma once
// What the gateway needs of the replica it belongs to. The bridge to the replica's thread (daemon/node)
// implements this; tests of the gateway use a double. Every function is called on the gateway's loop.

#include "base/errc.hpp"
#include "base/strong_number.hpp"
#include "base/time.hpp"
#include "chat/apply.hpp"
#include "chat/command.hpp"
#include "chat/outcome.hpp"
#include "membership/cluster_status.hpp"
#include "membership/other_machine.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace chaind::store
{
class chat_reader;
}

namespace chaind::gateway
{

// Why a submitted command has no answer.
enum class no_answer : std::uint8_t
{
    busy,         // admission is full; not in the log (outcome none) unless maybe_logged
    read_only,    // fewer than min_replicas
    disk_full,    // a member of the chain has no room for it
    not_known,    // the head's version cannot carry it out
    timed_out,    // undecided after the limit: the outcome is unknown
    unavailable,  // this replica is stopping or too full itself; not submitted
};
struct undecided
{
    no_answer why = no_answer::timed_out;
    bool maybe_logged = true;
};
using submit_outcome = std::variant<chat::applied, undecided>;

// What /readyz, /status and the `cluster` frames show.
struct chain_view
{
    std::string node;     // this replica's name
    std::string lineage;  // "" until known
    epoch at;
    bool member = false;    // of an ACTIVE chain
    bool can_read = false;  // a linearizable read would be answered now
    bool can_write = false;
    bool draining = false;   // about to leave the chain: clients are to go to other replicas
    bool cut_off = false;    // others serve writes and this replica does not: clients are to go to them
    bool outside = false;    // there is an ACTIVE chain, and this replica is not in it
    std::string why_not;     // for people, when one of the above is false
    std::string what_helps;  // against that; empty: that the config service answers, or nothing but time
    std::string refused;     // why the config service does not let this process in; empty: nothing like that
    std::vector<std::string> unreached;  // other members of the chain, to which no link is up
    std::vector<other_machine> others;   // all machines that are linked and speak
    std::size_t replicas = 0;            // members of the ACTIVE chain
    seq applied;                         // visible to readers
    seq committed;
    std::int64_t agreed_us =
        0;  // the time that most clocks say less the boot-time clock, to a second; 0: not known
    microseconds clock_tolerance{};  // more than this away from it, the own wall clock is wrong
    std::int64_t state_ms = 0;       // the state's time after what was applied last
    std::int64_t forgotten_ms = 0;   // no key of an earlier time is carried out any more
    cluster_status status;           // the config service's last word
};

// Somebody writes in a conversation. Hearsay between the gateways: it is in no log, and lost where anything
// is slow.
struct typing_note
{
    chat::conv_id conv;
    chat::user_id who;
    bool on = false;
};

class backend
{
public:
    virtual ~backend() = default;

    // Resumes when the command was applied at this replica, was refused by the head, or the limit (5 s)
    // passed.
    virtual boost::asio::awaitable<submit_outcome> submit(chat::command what) = 0;

    // A linearizable read (docs/protocol.md 5): `query` runs on a reader thread against one snapshot, perhaps
    // more than once; only its last run counts. errc::timed_out: this replica cannot prove freshness now.
    virtual boost::asio::awaitable<error_code> read(std::function<void(store::chat_reader&)> query) = 0;

    // A session read: waits up to 1 s until `min_pos` is visible here, then runs `query` on a snapshot.
    virtual boost::asio::awaitable<error_code> read_from(
        seq min_pos, std::function<void(store::chat_reader&)> query
    ) = 0;

    // To the gateways of the other replicas.
    virtual void tell_others(typing_note const& what) = 0;

    [[nodiscard]] virtual chain_view const& view() const = 0;

    // What time it is for clients, in ms since 1970 UTC: what the machines of the chain agree on.
    [[nodiscard]] std::int64_t now_ms() const;
    // For keys that are made here, for somebody whose own clock is not known: what the machines agree on, so
    // that the state's time comes back from a wrong one also where nobody else makes keys. The state's time
    // where that is later and they do not agree, or cannot be right, since they had no power.
    [[nodiscard]] std::int64_t key_ms() const;
    // For keys that clients make. Not the state's time: where that is ahead, only what is told by a key sets
    // it right.
    [[nodiscard]] std::int64_t told_ms() const;

    // `on_applied`: every entry applied at this replica, in log order, before readers can see it (they can
    // once view().applied reaches it); `on_missed`: in place of entries up to that one, of which nobody will
    // be told because too much waited; `on_view`: view() has changed in a way that clients see.
    struct listener
    {
        virtual ~listener() = default;
        virtual void on_applied(std::vector<chat::applied> const& what) = 0;
        virtual void on_missed(seq upto, std::vector<chat::token_hash> const& revoked) = 0;
        virtual void on_view() = 0;
        virtual void on_typing(typing_note const& what) = 0;  // at another replica
    };
    virtual void listen(listener& who) = 0;  // once, before the first event
};

}  // namespace chaind::gateway
