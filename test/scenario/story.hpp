#pragma once
// A story: a text file that tells what happens to a few replicas, or to the config service, and what their
// cores make of it.
//
//   # for people                  a sentence
//   > crash b                     a command, to one of the two worlds below
//     1000ms a: peer_down b/0400  what came of it, indented; written by the runner
//   > quietly form a c            a command of which nobody needs to read more than how many steps it took
//
// Replaying a story does what its commands say, and puts what comes of it in the place of what stands there.

#include "scenario/transcript.hpp"

#include <deque>
#include <memory>
#include <stdexcept>
#include <string>

namespace chaind::scenario
{

// The words of a command that are left.
class words
{
public:
    explicit words(std::string const& line);

    [[nodiscard]] bool none() const { return left_.empty(); }
    [[nodiscard]] bool at(std::string const& word) const { return !none() && left_.front() == word; }
    std::string next();                  // throws when there is none
    bool take(std::string const& word);  // the next one, if it is this
    microseconds time();                 // "250ms" or "2s"
    std::uint64_t number();

private:
    std::deque<std::string> left_;
};

// Who carries out commands.
class world
{
public:
    virtual ~world() = default;
    virtual void perform(std::string const& command, words& rest) = 0;
};

// "replicas 3 [cache_bytes N] [snapshot_bytes N]": as many, a, b, c, on links and disks in memory.
std::unique_ptr<world> make_replicas(words& how, transcript& into);
// "service n1 n2 n3": a config service with an empty registry, those as its first chain, none of them up.
std::unique_ptr<world> make_service(words& how, transcript& into);

// The same story with what comes of it now. Throws std::runtime_error with the number of a line that it
// cannot carry out.
std::string replay(std::string const& story);

}  // namespace chaind::scenario
