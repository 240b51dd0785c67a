#include "frame_rules.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace chaind::test
{

namespace json = boost::json;

std::string test_data(std::string const& name)
{
    std::ifstream in(std::string(CHAIND_TEST_DATA) + "/" + name, std::ios::binary);
    if (!in) throw std::runtime_error("no test data: " + name);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
}

frame_rules::frame_rules() : schema_(json::parse(test_data("chat.v1/schema.json"))) {}

std::string frame_rules::broken(char const* side, std::string const& frame) const
{
    auto const& rule = schema_.at("definitions").at(side).as_object();
    auto const why = check(json::parse(frame), rule);
    return why.empty() ? why : why + ": " + frame;
}

std::string frame_rules::check(json::value const& value, json::object const& rule) const
{
    auto const is = [&](char const* type)
    {
        std::string_view const name = type;
        if (name == "object") return value.is_object();
        if (name == "array") return value.is_array();
        if (name == "string") return value.is_string();
        if (name == "boolean") return value.is_bool();
        if (name == "integer") return value.is_int64() || value.is_uint64();
        return false;
    };
    for (auto const& [raw_key, arg] : rule)
    {
        std::string_view const key(raw_key.data(), raw_key.size());
        if (key == "$ref")
        {
            std::string const path(arg.as_string().c_str());
            auto const& target = schema_.at("definitions").at(path.substr(path.rfind('/') + 1));
            if (auto why = check(value, target.as_object()); !why.empty()) return why;
        }
        else if (key == "type")
        {
            if (!is(arg.as_string().c_str())) return "not of type " + json::serialize(arg);
        }
        else if (key == "required" && value.is_object())
        {
            for (auto const& name : arg.as_array())
                if (!value.as_object().contains(name.as_string())) return "without " + json::serialize(name);
        }
        else if (key == "properties" && value.is_object())
        {
            for (auto const& [name, inner] : arg.as_object())
                if (auto const* part = value.as_object().if_contains(name))
                    if (auto why = check(*part, inner.as_object()); !why.empty())
                        return std::string(name) + " " + why;
        }
        else if (key == "additionalProperties" && value.is_object())
        {
            for (auto const& [name, inner] : value.as_object())
                if (!rule.at("properties").as_object().contains(name)) return "unknown " + std::string(name);
        }
        else if (key == "enum")
        {
            bool found = false;
            for (auto const& one : arg.as_array())
                found = found || one == value;
            if (!found) return json::serialize(value) + " is none of the known";
        }
        else if (key == "const")
        {
            if (value != arg) return "is not " + json::serialize(arg);
        }
        else if (key == "minimum" && value.is_int64())
        {
            if (value.as_int64() < arg.as_int64()) return "too small";
        }
        else if (key == "maximum" && value.is_int64())
        {
            if (value.as_int64() > arg.as_int64()) return "too large";
        }
        else if (key == "pattern" && value.is_string())
        {
            std::string const text(value.as_string().c_str());
            if (!std::regex_search(text, std::regex(arg.as_string().c_str()))) return "not of the pattern";
        }
        else if (key == "minItems" && value.is_array())
        {
            if (value.as_array().size() < static_cast<std::size_t>(arg.as_int64())) return "too few";
        }
        else if (key == "maxItems" && value.is_array())
        {
            if (value.as_array().size() > static_cast<std::size_t>(arg.as_int64())) return "too many";
        }
        else if (key == "items" && value.is_array())
        {
            for (auto const& one : value.as_array())
                if (auto why = check(one, arg.as_object()); !why.empty()) return why;
        }
        else if (key == "not")
        {
            if (check(value, arg.as_object()).empty()) return "is what it must not be";
        }
        else if (key == "oneOf")
        {
            int fits = 0;
            std::string why;
            for (auto const& one : arg.as_array())
            {
                auto const no = check(value, one.as_object());
                if (no.empty())
                    ++fits;
                else
                    why += (why.empty() ? "" : " | ") + no;
            }
            if (fits != 1) return "fits " + std::to_string(fits) + " of the forms (" + why + ")";
        }
    }
    return {};
}

}  // namespace chaind::test
