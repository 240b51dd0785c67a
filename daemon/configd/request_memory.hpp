#pragma once
// The answers to administrators' newest changes by the number that they gave them: who repeats a request
// because its answer was lost gets that answer, and nothing happens twice. Kept in memory; after a restart a
// repeated change finds itself done already.

#include "configd/admin_server.hpp"

#include <deque>
#include <optional>
#include <string>

namespace chaind::configd
{

class request_memory
{
public:
    struct entry
    {
        std::string id;
        std::string what;                    // was asked; another question may not use the same id
        std::optional<admin_answer> answer;  // nothing: under way
    };

    [[nodiscard]] entry const* find(std::string const& id) const;
    void begin(std::string const& id, std::string what);
    void end(std::string const& id, admin_answer const& answer);
    void forget(std::string const& id);  // its outcome is unknown: it may be asked again

private:
    std::deque<entry> entries_;  // oldest first
};

}  // namespace chaind::configd
