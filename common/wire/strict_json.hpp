#pragma once
// Reading JSON that somebody unknown wrote: bounded depth, no duplicate keys, no broken Unicode; and its
// fields, each of the type that was asked for. Other layers read whole objects alone.

#include "chat/outcome.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chaind::wire
{

inline constexpr std::uint64_t largest_number = (std::uint64_t(1) << 53) - 1;

// The object that `text` is; nothing when it is none, and then `why` is a sentence.
std::optional<boost::json::object> parse_object(std::string_view text, std::string& why);

// What stands at "id" of an object that parse_object() could not read: 0 when that is not there once, or no
// whole number from 1 to `max`. An object with half a character in it still has its id, wherever that stands.
std::int64_t id_of_broken(std::string_view text, std::int64_t max);

// The fields of one object. The first field that is wrong is remembered, and then every value is a default:
// read all, then ask failed() once. `prefix` goes before the names in refusals ("resume.").
class fields
{
public:
    explicit fields(boost::json::object const& of, std::string prefix = {})
        : of_(of), prefix_(std::move(prefix))
    {
    }

    [[nodiscard]] bool has(std::string_view name) const;  // there, and not null
    std::string text(std::string_view name, std::size_t bytes_max = 1024);
    std::string text_or(std::string_view name, std::string_view otherwise, std::size_t bytes_max = 1024);
    std::uint64_t number(std::string_view name, std::uint64_t max = largest_number);
    std::uint64_t number_or(
        std::string_view name, std::uint64_t otherwise, std::uint64_t max = largest_number
    );
    bool yes(std::string_view name);
    bool yes_or(std::string_view name, bool otherwise);
    std::vector<std::string> texts_or_none(std::string_view name, std::size_t count_max);
    std::vector<std::int64_t> numbers(std::string_view name, std::size_t count_max);
    // An empty object when there is none.
    boost::json::object const& object(std::string_view name);
    // parse(text) of a field that must be there.
    template <class Parse>
    auto id(std::string_view name, Parse parse) -> typename decltype(parse(std::string_view()))::value_type
    {
        auto found = parse(text(name));
        if (!found) wrong(name, "is no such id");
        return found.value_or(typename decltype(found)::value_type());
    }

    void wrong(std::string_view name, std::string_view text);
    void refuse(chat::failure why);
    void absorb(fields const& inner);
    [[nodiscard]] std::optional<chat::failure> const& failed() const { return why_; }

private:
    boost::json::value const* find(std::string_view name);  // and complains when it is missing

    boost::json::object const& of_;
    std::string prefix_;
    std::optional<chat::failure> why_;
};

}  // namespace chaind::wire
