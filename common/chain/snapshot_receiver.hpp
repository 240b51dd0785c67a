#pragma once
// Takes in a snapshot that this learner's source offers: asks for its chunks, a few at a time, says what an
// earlier try has left on the disk, has the whole checked. docs/protocol.md 8.4. Outlives links and epochs:
// the same file goes on where it was; another one begins again, and what is equal in both does not travel
// twice.
//
// Bytes come from a peer: whatever does not fit is dropped, never asserted.

#include "chain/types.hpp"

#include <map>

namespace chaind::chain
{

class snapshot_receiver
{
public:
    // The replica's state as this part judges it, during one step.
    struct view
    {
        settings const& how;
        instant now{};
        epoch in;
        member const* source = nullptr;  // this replica is a learner of it, by a durable promise of `in`
        effects& out;
    };

    // After each step: asks for what is due.
    void pump(view const& v);
    void on_offer(snap_offer const& what, view const& v);
    void on_chunk(snap_chunk const& what, view const& v);
    void on_opened(incoming_opened const& what, view const& v);
    void on_kept(chunk_kept const& what, view const& v);
    void on_checked(incoming_checked const& what, view const& v);
    // The source feeds this replica by its log after all, or it is a member now.
    void abandon();
    // Another try begins: what went wrong in the one before is no verdict on it, and no reason to wait.
    void begin_try()
    {
        trouble_.clear();
        retry_at_ = {};
    }

    // Complete and sound: this may become the store.
    [[nodiscard]] std::optional<digest> ready() const;
    [[nodiscard]] bool collecting() const { return stage_ == stage::opening || stage_ == stage::collecting; }
    [[nodiscard]] std::string const& trouble() const { return trouble_; }
    [[nodiscard]] std::optional<snapshot_progress> progress() const;

private:
    enum class stage : std::uint8_t
    {
        idle,  // or failed: then there is trouble
        opening,
        collecting,
        checking,
        ready,
    };
    struct want
    {
        instant asked_at{};
        microseconds patience{};  // until it is asked for again, when nothing comes
        bool keeping = false;     // has come, the driver writes it
    };

    [[nodiscard]] std::uint64_t chunks() const;
    [[nodiscard]] digest held(std::uint64_t index) const;
    void ask(std::uint64_t index, view const& v) const;
    void say_alive(view const& v);
    void ask_again(view const& v);
    void fail(std::string why, view const& v);

    stage stage_ = stage::idle;
    snapshot_info what_;
    std::vector<digest> held_;
    std::uint64_t next_ = 0;  // the first chunk not asked for yet
    std::uint64_t kept_ = 0;
    std::map<std::uint64_t, want> wants_;
    instant heard_at_{};     // the source, about this file
    instant answered_at_{};  // a chunk, be it one that has come before; or the beginning
    instant alive_at_{};     // said so
    epoch in_;               // of the last questions
    std::string trouble_;
    instant retry_at_{};
};

}  // namespace chaind::chain
