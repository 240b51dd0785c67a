#include "wire/strict_json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parser.hpp>

#include <charconv>
#include <set>
#include <utility>

namespace chaind::wire
{

namespace json = boost::json;

namespace
{

constexpr std::size_t deepest = 32;

json::parse_options options()
{
    json::parse_options out;
    out.max_depth = deepest;
    return out;
}

// Boost.JSON keeps the last of two equal keys without a word; this pass finds them.
struct key_watcher
{
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();
    using error = json::error_code;
    using view = json::string_view;

    std::vector<std::set<std::string>> open;
    std::string key;

    bool on_document_begin(error&) { return true; }
    bool on_document_end(error&) { return true; }
    bool on_object_begin(error&)
    {
        open.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, error&)
    {
        open.pop_back();
        return true;
    }
    bool on_array_begin(error&) { return true; }
    bool on_array_end(std::size_t, error&) { return true; }
    bool on_key_part(view part, std::size_t, error&)
    {
        key.append(part.data(), part.size());
        return true;
    }
    bool on_key(view part, std::size_t, error& e)
    {
        key.append(part.data(), part.size());
        if (open.back().insert(std::exchange(key, {})).second) return true;
        e = json::error::size_mismatch;
        return false;
    }
    bool on_string_part(view, std::size_t, error&) { return true; }
    bool on_string(view, std::size_t, error&) { return true; }
    bool on_number_part(view, error&) { return true; }
    bool on_int64(std::int64_t, view, error&) { return true; }
    bool on_uint64(std::uint64_t, view, error&) { return true; }
    bool on_double(double, view, error&) { return true; }
    bool on_bool(bool, error&) { return true; }
    bool on_null(error&) { return true; }
    bool on_comment_part(view, error&) { return true; }
    bool on_comment(view, error&) { return true; }
};

bool has_duplicate_keys(std::string_view text)
{
    json::basic_parser<key_watcher> parser(options());
    json::error_code e;
    parser.write_some(false, text.data(), text.size(), e);
    return e == json::error::size_mismatch;
}

}  // namespace

std::optional<json::object> parse_object(std::string_view text, std::string& why)
{
    json::parser parser({}, options());
    json::error_code e;
    parser.write(json::string_view(text.data(), text.size()), e);
    if (e)
    {
        why = "not JSON: " + e.message();
        return std::nullopt;
    }
    auto value = parser.release();
    if (!value.is_object())
    {
        why = "not a JSON object";
        return std::nullopt;
    }
    if (has_duplicate_keys(text))
    {
        why = "an object with the same key twice";
        return std::nullopt;
    }
    return std::move(value.get_object());
}

std::int64_t id_of_broken(std::string_view text, std::int64_t max)
{
    auto const is_space = [](char one) { return one == ' ' || one == '\t' || one == '\r' || one == '\n'; };
    auto const after_space = [&](std::size_t at)
    {
        while (at < text.size() && is_space(text[at]))
            ++at;
        return at;
    };
    auto const first = after_space(0);
    if (first == text.size() || text[first] != '{') return 0;
    std::int64_t id = 0;
    std::size_t depth = 0;
    char before = 0;  // the last sign that stands outside of every string
    for (std::size_t at = first; at < text.size(); ++at)
    {
        char const sign = text[at];
        bool const may_be_key = before == '{' || before == ',';
        if (!is_space(sign)) before = sign;
        if (sign == '{' || sign == '[') ++depth;
        if ((sign == '}' || sign == ']') && depth > 0) --depth;
        if (sign != '"') continue;
        auto const begin = at + 1;
        for (++at; at < text.size() && text[at] != '"'; ++at)
            if (text[at] == '\\') ++at;
        if (depth != 1 || !may_be_key || at >= text.size() || text.substr(begin, at - begin) != "id")
            continue;
        auto const colon = after_space(at + 1);
        if (colon == text.size() || text[colon] != ':') continue;
        auto const* const end = text.data() + text.size();
        std::int64_t found = 0;
        auto const [behind, wrong] = std::from_chars(text.data() + after_space(colon + 1), end, found);
        bool const whole = behind == end || is_space(*behind) || *behind == ',' || *behind == '}';
        if (wrong != std::errc() || !whole || found < 1 || found > max || id != 0) return 0;
        id = found;
    }
    return id;
}

bool fields::has(std::string_view name) const
{
    auto const* found = of_.if_contains(json::string_view(name.data(), name.size()));
    return found != nullptr && !found->is_null();
}

json::value const* fields::find(std::string_view name)
{
    auto const* found = of_.if_contains(json::string_view(name.data(), name.size()));
    if (found == nullptr) wrong(name, "is missing");
    return found;
}

void fields::wrong(std::string_view name, std::string_view text)
{
    if (why_) return;
    std::string const field = prefix_ + std::string(name);
    why_ = chat::failure{
        .code = chat::api_errc::bad_request, .message = field + " " + std::string(text), .field = field
    };
}

void fields::refuse(chat::failure why)
{
    if (!why_) why_ = std::move(why);
}

void fields::absorb(fields const& inner)
{
    if (inner.why_) refuse(*inner.why_);
}

std::string fields::text(std::string_view name, std::size_t bytes_max)
{
    auto const* found = find(name);
    if (found == nullptr) return {};
    auto const* value = found->if_string();
    if (value == nullptr)
    {
        wrong(name, "is not a string");
        return {};
    }
    if (value->size() > bytes_max)
    {
        wrong(name, "is too long");
        return {};
    }
    return std::string(value->data(), value->size());
}

std::string fields::text_or(std::string_view name, std::string_view otherwise, std::size_t bytes_max)
{
    return has(name) ? text(name, bytes_max) : std::string(otherwise);
}

std::uint64_t fields::number(std::string_view name, std::uint64_t max)
{
    auto const* found = find(name);
    if (found == nullptr) return 0;
    std::uint64_t value = 0;
    if (auto const* plain = found->if_int64(); plain != nullptr && *plain >= 0)
        value = static_cast<std::uint64_t>(*plain);
    else
    {
        // Boost.JSON keeps only those above 2^63 as uint64; negative ones and fractions do not belong here.
        wrong(name, "is not a whole number in range");
        return 0;
    }
    if (value > max)
    {
        wrong(name, "is not a whole number in range");
        return 0;
    }
    return value;
}

std::uint64_t fields::number_or(std::string_view name, std::uint64_t otherwise, std::uint64_t max)
{
    return has(name) ? number(name, max) : otherwise;
}

bool fields::yes(std::string_view name)
{
    auto const* found = find(name);
    if (found == nullptr) return false;
    auto const* value = found->if_bool();
    if (value == nullptr) wrong(name, "is not true or false");
    return value != nullptr && *value;
}

bool fields::yes_or(std::string_view name, bool otherwise)
{
    return has(name) ? yes(name) : otherwise;
}

std::vector<std::string> fields::texts_or_none(std::string_view name, std::size_t count_max)
{
    std::vector<std::string> out;
    if (!has(name)) return out;
    auto const* list = find(name)->if_array();
    if (list == nullptr || list->size() > count_max)
    {
        wrong(name, "is not a list, or too long");
        return out;
    }
    for (auto const& one : *list)
    {
        auto const* value = one.if_string();
        if (value == nullptr)
        {
            wrong(name, "is not a list of strings");
            return {};
        }
        out.emplace_back(value->data(), value->size());
    }
    return out;
}

std::vector<std::int64_t> fields::numbers(std::string_view name, std::size_t count_max)
{
    std::vector<std::int64_t> out;
    auto const* found = find(name);
    if (found == nullptr) return out;
    auto const* list = found->if_array();
    if (list == nullptr || list->size() > count_max)
    {
        wrong(name, "is not a list, or too long");
        return out;
    }
    for (auto const& one : *list)
    {
        auto const* value = one.if_int64();
        if (value == nullptr)
        {
            wrong(name, "is not a list of whole numbers");
            return {};
        }
        out.push_back(*value);
    }
    return out;
}

json::object const& fields::object(std::string_view name)
{
    static json::object const none;
    auto const* found = find(name);
    if (found == nullptr) return none;
    auto const* value = found->if_object();
    if (value != nullptr) return *value;
    wrong(name, "is not an object");
    return none;
}

}  // namespace chaind::wire
