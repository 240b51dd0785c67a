#pragma once
// stdout as the answer of a command: lost answers are not taken for given ones.

#include "base/errc.hpp"

#include <functional>

namespace chaind::runtime
{

inline constexpr int exit_broken_pipe = 141;  // 128 + SIGPIPE, as a shell shows it: the reader wants no more

// Writes what is still buffered, in place of std::flush and std::endl, which lose the reason of a failure.
// Why something did not arrive, now or earlier; broken_pipe when the reader is gone. with_output() says it at
// the end of the program.
error_code flush_output();

// Runs a program that answers on stdout: its exit status, unless output was lost: then exit_broken_pipe
// without a word, or `if_lost` with a sentence on stderr. Before anything is written.
[[nodiscard]] int with_output(char const* program, int if_lost, std::function<int()> const& run);

}  // namespace chaind::runtime
