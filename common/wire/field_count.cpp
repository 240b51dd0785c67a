#include "wire/field_count.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstdint>

namespace chaind::wire
{

namespace
{

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// Up to the limit that is set, or the end.
bool count_fields(CodedInputStream& in, std::size_t& left)
{
    while (auto const tag = in.ReadTag())
    {
        if (left == 0) return true;
        --left;
        if (!WireFormatLite::SkipField(&in, tag)) return false;
    }
    return false;
}

}  // namespace

bool has_more_fields_than(std::size_t most, std::string_view message)
{
    CodedInputStream in(
        reinterpret_cast<std::uint8_t const*>(message.data()), static_cast<int>(message.size())
    );
    std::size_t left = most;
    while (auto const tag = in.ReadTag())
    {
        if (left == 0) return true;
        --left;
        if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED)
        {
            if (!WireFormatLite::SkipField(&in, tag)) return false;
            continue;
        }
        std::uint32_t length = 0;
        if (!in.ReadVarint32(&length)) return false;
        auto const outer = in.PushLimit(static_cast<int>(length));
        if (count_fields(in, left)) return true;
        auto const unread = in.BytesUntilLimit();
        if (unread > 0) in.Skip(unread);
        in.PopLimit(outer);
    }
    return false;
}

}  // namespace chaind::wire
