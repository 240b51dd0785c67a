#pragma once
// A structural check of server frames by the rules of test/data/chat.v1/schema.json: required and allowed
// fields, enums, ranges. Covers what that schema uses: type, required, additionalProperties, properties,
// enum, const, pattern of ids, minimum, maximum, minItems, maxItems, items, oneOf, not, $ref.

#include <boost/json/value.hpp>

#include <string>

namespace chaind::test
{

class frame_rules
{
public:
    frame_rules();  // reads the schema

    // Empty, or why `frame` is no frame of that side ("client", "server").
    [[nodiscard]] std::string broken(char const* side, std::string const& frame) const;

private:
    [[nodiscard]] std::string check(boost::json::value const& value, boost::json::object const& rule) const;

    boost::json::value schema_;
};

std::string test_data(std::string const& name);  // the text of test/data/<name>

}  // namespace chaind::test
