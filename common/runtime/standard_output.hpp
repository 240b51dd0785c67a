#pragma once
// stdout as the answer of a command: lost answers are not taken for given ones.

#include "base/errc.hpp"

namespace chaind::runtime
{

inline constexpr int exit_broken_pipe = 141;  // 128 + SIGPIPE, as a shell shows it: the reader wants no more

// Writes what is still buffered. Why something did not arrive, now or earlier; broken_pipe when the reader is
// gone.
[[nodiscard]] error_code flush_output();

// `status`, unless output was lost: then exit_broken_pipe without a word, or `if_lost` with a sentence on
// stderr.
[[nodiscard]] int with_output(char const* program, int status, int if_lost);

}  // namespace chaind::runtime
