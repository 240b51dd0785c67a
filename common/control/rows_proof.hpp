#pragma once
// `chainctl verify --deep`: every member reads all of its rows again and says whether they are those that
// were written. One after the other, since it takes of the disk that people wait for; and only as long as
// somebody asks how it goes.

#include "membership/messages.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace chaind::control
{

// What a replica says of the reading that was asked for last.
struct proof_report
{
    std::uint64_t id = 0;
    bool running = false;
    std::uint64_t done = 0;  // rows; `all` is an estimate
    std::uint64_t all = 0;
    std::string error;  // what it has found
};

class rows_proof
{
public:
    enum class state : std::uint8_t
    {
        waiting,
        running,
        proven,
        changed,   // the disk has changed some
        unproven,  // not found out, for the reason in `why`
    };
    struct part
    {
        node_id who;
        state at = state::waiting;
        std::uint64_t done = 0;
        std::uint64_t all = 0;
        std::string why;
    };
    struct order
    {
        node_id to;
        std::uint64_t id = 0;  // 0: no more
    };

    // `id` is not 0 and was used for nothing else.
    rows_proof(std::uint64_t id, std::vector<node_id> const& members, instant now);

    // Who is to be asked next, if anybody.
    [[nodiscard]] std::optional<node_id> current() const;
    // How it stands with that one: is it connected, what has it said. Returns what is to be sent to it.
    [[nodiscard]] std::optional<order> step(
        instant now, bool connected, std::optional<proof_report> const& said
    );
    // Somebody asked how it goes.
    void asked(instant now) { asked_at_ = now; }
    // Nobody wants to know any more.
    [[nodiscard]] std::optional<order> stop(std::string const& why);

    [[nodiscard]] std::uint64_t id() const { return id_; }
    [[nodiscard]] bool over() const { return next_ == parts_.size(); }
    [[nodiscard]] std::vector<part> const& parts() const { return parts_; }

private:
    std::optional<order> close(state as, std::string why, bool tell);

    std::uint64_t id_;
    std::vector<part> parts_;
    std::size_t next_ = 0;
    instant asked_at_;
    instant heard_at_;                // that the current one does what it was asked for
    std::optional<instant> told_at_;  // it was asked last
};

}  // namespace chaind::control
