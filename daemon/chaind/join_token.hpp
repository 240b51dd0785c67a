#pragma once
// The file that holds a join token until it has been used.

#include <string>

namespace chaind::program
{

// The token in it. Throws runtime::config_error, without the token: the file cannot be read, others may read
// it, or it holds no token.
std::string read_join_token(std::string const& path);

// It has been used: the file has no purpose any more. What goes wrong is logged.
void remove_join_token(std::string const& path);

}  // namespace chaind::program
