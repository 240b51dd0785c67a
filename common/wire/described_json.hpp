#pragma once
// The JSON form of values that are described (Boost.Describe): an object has a field for each member, by its
// name; an enumerator is its name. Read leniently, since another version may have written it: what is not
// there, or of another type, stays as it was, and what is not known is passed over.

#include "base/id.hpp"
#include "base/strong_number.hpp"
#include "membership/cluster_status.hpp"

#include <boost/describe/enum_from_string.hpp>
#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/members.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace chaind::wire
{

template <class T>
inline constexpr bool is_if_known = false;
template <class T>
inline constexpr bool is_if_known<if_known<T>> = true;

template <class T>
using described_members = boost::describe::describe_members<T, boost::describe::mod_any_access>;

// ---- writing

[[nodiscard]] inline boost::json::value to_json(node_id const& name)
{
    return boost::json::value(name.name.str());
}
[[nodiscard]] inline boost::json::value to_json(std::string const& text)
{
    return boost::json::value(text);
}
template <class Tag>
[[nodiscard]] boost::json::value to_json(strong_number<Tag> number)
{
    return number.value();
}
template <class T>
    requires(std::is_arithmetic_v<T>)
[[nodiscard]] boost::json::value to_json(T of)
{
    return of;
}
template <class T>
    requires(std::is_enum_v<T>)
[[nodiscard]] boost::json::value to_json(T of)
{
    return boost::describe::enum_to_string(of, "");
}
template <class T>
[[nodiscard]] boost::json::value to_json(std::optional<T> const& of);
template <class T>
[[nodiscard]] boost::json::value to_json(std::vector<T> const& of);

template <class T>
    requires(boost::describe::has_describe_members<T>::value)
[[nodiscard]] boost::json::object to_json(T const& of)
{
    boost::json::object out;
    boost::mp11::mp_for_each<described_members<T>>(
        [&](auto each)
        {
            auto const& field = of.*each.pointer;
            using type = std::remove_cvref_t<decltype(field)>;
            if constexpr (is_if_known<type>)
            {
                if (field) out[each.name] = to_json(*field);
            }
            else
                out[each.name] = to_json(field);
        }
    );
    return out;
}

template <class T>
boost::json::value to_json(std::optional<T> const& of)
{
    return of ? boost::json::value(to_json(*of)) : boost::json::value();
}

template <class T>
boost::json::value to_json(std::vector<T> const& of)
{
    boost::json::array out;
    out.reserve(of.size());
    for (auto const& one : of)
        out.push_back(to_json(one));
    return out;
}

// ---- reading; true: it was there, and of the right type

[[nodiscard]] inline bool from_json(boost::json::value const& from, node_id& to)
{
    auto const* const text = from.if_string();
    if (text == nullptr || !is_valid_node_name({text->data(), text->size()})) return false;
    to = node_id{std::string(*text)};
    return true;
}
[[nodiscard]] inline bool from_json(boost::json::value const& from, std::string& to)
{
    if (!from.is_string()) return false;
    to = from.get_string();
    return true;
}
[[nodiscard]] inline bool from_json(boost::json::value const& from, bool& to)
{
    if (from.is_bool()) to = from.get_bool();
    return from.is_bool();
}
template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
[[nodiscard]] bool from_json(boost::json::value const& from, T& to)
{
    boost::system::error_code bad;
    auto const number = from.to_number<T>(bad);
    if (!bad) to = number;
    return !bad;
}
template <class Tag>
[[nodiscard]] bool from_json(boost::json::value const& from, strong_number<Tag>& to)
{
    std::uint64_t number = 0;
    if (!from_json(from, number)) return false;
    to = strong_number<Tag>(number);
    return true;
}
template <class T>
    requires(std::is_enum_v<T>)
[[nodiscard]] bool from_json(boost::json::value const& from, T& to)
{
    return from.is_string() && boost::describe::enum_from_string(from.get_string().c_str(), to);
}
template <class T>
[[nodiscard]] bool from_json(boost::json::value const& from, std::optional<T>& to);
template <class T>
[[nodiscard]] bool from_json(boost::json::value const& from, std::vector<T>& to);

template <class T>
    requires(boost::describe::has_describe_members<T>::value)
[[nodiscard]] bool from_json(boost::json::value const& from, T& to)
{
    auto const* const object = from.if_object();
    if (object == nullptr) return false;
    boost::mp11::mp_for_each<described_members<T>>(
        [&](auto each)
        {
            auto const* const field = object->if_contains(each.name);
            if (field != nullptr) static_cast<void>(from_json(*field, to.*each.pointer));
        }
    );
    return true;
}

template <class T>
bool from_json(boost::json::value const& from, std::optional<T>& to)
{
    T read{};
    if (!from_json(from, read)) return false;
    to = std::move(read);
    return true;
}

// Elements that cannot be read are left out.
template <class T>
bool from_json(boost::json::value const& from, std::vector<T>& to)
{
    auto const* const list = from.if_array();
    if (list == nullptr) return false;
    to.clear();
    for (auto const& one : *list)
        if (T read{}; from_json(one, read)) to.push_back(std::move(read));
    return true;
}

}  // namespace chaind::wire
