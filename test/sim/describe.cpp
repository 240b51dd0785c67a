// Messages as one line of a printed trace.

#include "sim/describe.hpp"

#include "sim/trace.hpp"

namespace chaind::sim
{
namespace
{

struct printer
{
    std::string operator()(chain::append const& m) const
    {
        return text(
            "append e",
            m.in,
            " #",
            m.number,
            " prev ",
            m.prev.at,
            " +",
            m.entries.size(),
            " stable ",
            m.stable,
            " commit ",
            m.commit,
            " open ",
            m.open
        );
    }
    std::string operator()(chain::ok const& m) const
    {
        return text("ok e", m.in, " #", m.number, " verified ", m.verified, " durable ", m.durable);
    }
    std::string operator()(chain::nack const& m) const
    {
        return text("nack e", m.in, " #", m.number, " hint ", m.hint);
    }
    std::string operator()(chain::mark const& m) const
    {
        return text("mark e", m.in, " stable ", m.stable, " commit ", m.commit);
    }
    std::string operator()(chain::ack const& m) const
    {
        return text("ack e", m.in, " commit ", m.commit, " durable ", m.durable, " verified ", m.verified);
    }
    std::string operator()(chain::submit const& m) const
    {
        return text("submit e", m.in, " x", m.what.size());
    }
    std::string operator()(chain::refused const& m) const { return text("refused e", m.in); }
    std::string operator()(chain::still_at const& m) const { return text("still_at e", m.in, " #", m.round); }
    std::string operator()(chain::still_at_yes const& m) const
    {
        return text("still_at_yes e", m.in, " #", m.round);
    }
    std::string operator()(chain::snap_offer const& m) const
    {
        return text("snap_offer e", m.in, " at ", m.what.at.at, " bytes ", m.what.bytes);
    }
    std::string operator()(chain::snap_want const& m) const
    {
        return text("snap_want e", m.in, " #", m.index, m.mine == digest{} ? "" : " held");
    }
    std::string operator()(chain::snap_chunk const& m) const
    {
        return text("snap_chunk e", m.in, " #", m.index, m.packed ? "" : " held");
    }
};

}  // namespace

std::string describe(chain::message const& what)
{
    return std::visit(printer{}, what);
}

}  // namespace chaind::sim
