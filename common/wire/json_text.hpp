#pragma once
// Writes JSON text. Keys are ours and need no escape; texts are valid UTF-8, as everything that came in
// through parse_frame. Not for other layers.

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace chaind::wire
{

class json_text
{
public:
    json_text& open(char bracket = '{')
    {
        comma();
        out_ += bracket;
        first_ = true;
        return *this;
    }
    json_text& close(char bracket = '}')
    {
        out_ += bracket;
        first_ = false;
        return *this;
    }
    json_text& key(std::string_view name)
    {
        comma();
        out_ += '"';
        out_ += name;
        out_ += "\":";
        first_ = true;  // no comma before the value
        return *this;
    }
    json_text& raw(std::string_view json)
    {
        comma();
        out_ += json;
        return *this;
    }
    json_text& null() { return raw("null"); }
    json_text& value(std::same_as<bool> auto yes) { return raw(yes ? "true" : "false"); }
    json_text& value(std::integral auto number)
        requires(!std::same_as<decltype(number), bool>)
    {
        return number_text(number);
    }
    json_text& value(std::same_as<double> auto number) { return number_text(number); }
    json_text& value(std::string_view text)
    {
        comma();
        out_ += '"';
        for (char const c : text)
            escape(c);
        out_ += '"';
        return *this;
    }
    json_text& value(char const* text) { return value(std::string_view(text)); }

    template <class T>
    json_text& field(std::string_view name, T const& what)
    {
        return key(name).value(what);
    }

    std::string take() { return std::move(out_); }

private:
    json_text& number_text(auto number)
    {
        char digits[32];
        auto const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        return raw({digits, static_cast<std::size_t>(end - digits)});
    }
    void comma()
    {
        if (!first_) out_ += ',';
        first_ = false;
    }
    void escape(char c)
    {
        static constexpr char hex[] = "0123456789abcdef";
        auto const byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
        {
            out_ += '\\';
            out_ += c;
        }
        else if (c == '\n')
            out_ += "\\n";
        else if (byte < 0x20)
        {
            out_ += "\\u00";
            out_ += hex[byte >> 4U];
            out_ += hex[byte & 15U];
        }
        else
            out_ += c;
    }

    std::string out_;
    bool first_ = true;
};

}  // namespace chaind::wire
