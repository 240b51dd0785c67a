#pragma once
// The people's side: writers that keep one intention each until somebody answers it, at whatever replica, and
// readers that demand to see all that was acknowledged before they asked.

#include "sim/app.hpp"
#include "sim/scheduler.hpp"

#include <optional>
#include <vector>

namespace chaind::sim
{

class world;

class client_crowd
{
public:
    explicit client_crowd(world& in);

    void start();
    void stop() { stopped_ = true; }
    // When all have stopped: the first writer, or the first reader, asks there, and not again.
    void write_once(int where);
    void read_once(int where);
    // People find out which replica still answers (-1: all do), and those who wait ask it now.
    void prefer(int which);
    // The answer of an intention has reached its gateway.
    void on_answer(op_key key);
    void on_refused(op_key key);
    void on_node_gone(int which);
    void on_read(std::uint64_t reader, std::uint64_t asked, std::optional<seq> saw);
    // Is the clock of this writer's device right?
    [[nodiscard]] bool knows_the_time(std::uint64_t who) const { return writers_[who].ahead_ms == 0; }

private:
    struct writer
    {
        std::uint64_t number = 0;  // of the intention
        bool wants = false;        // it is not answered yet
        std::uint64_t attempt = 0;
        int at = 0;                 // the replica asked last
        std::int64_t ahead_ms = 0;  // its device's clock
        std::int64_t made_ms = 0;   // when the intention was, by that
    };
    struct reader
    {
        bool waits = false;
        seq floor;
        std::uint64_t attempt = 0;
        int at = 0;
    };

    void think(std::size_t w);
    void write_on(std::size_t w);
    void ask(std::size_t w);
    void ask_again(std::size_t w, us delay);
    void begin_read(std::size_t r, us delay);
    [[nodiscard]] int pick(int usual);
    [[nodiscard]] std::int64_t told_by(writer const& who) const;  // by its device, in ms

    world& in_;
    std::vector<writer> writers_;
    std::vector<reader> readers_;
    bool stopped_ = false;
    int burst_left_ = 0;
    int preferred_ = -1;
};

}  // namespace chaind::sim
