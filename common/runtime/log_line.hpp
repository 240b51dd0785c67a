#pragma once
// One log line and its two forms. Values are escaped: what a peer sent cannot forge a line or a terminal
// sequence.

#include "runtime/log.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace chaind::log
{

struct line
{
    std::int64_t wall_us = 0;
    level at = level::info;
    std::string channel;
    std::string message;
    std::vector<field> fields;
};

// 2026-01-31T12:00:00.123Z notice control: the chain is active Epoch=3 Members="n1 n2"
std::string as_text(line const& what);

// NAME=value, one a field, as sd_journal_sendv wants them; names in upper case with CHAIND_ before ours.
std::vector<std::string> as_journal_fields(line const& what);

}  // namespace chaind::log
