#include "base/errc.hpp"

#include <string>

namespace chaind
{
namespace
{

class category final : public boost::system::error_category
{
public:
    char const* name() const noexcept override { return "chaind"; }
    std::string message(int value) const override
    {
        switch (static_cast<errc>(value))
        {
            case errc::ok: return "no error";
            case errc::bad_frame: return "malformed frame";
            case errc::frame_too_large: return "frame larger than the limit";
            case errc::wrong_cluster: return "peer belongs to another cluster";
            case errc::wrong_version: return "peer speaks an unsupported protocol version";
            case errc::epoch_conflict: return "the chain was changed by somebody else";
            case errc::disk_failed: return "the disk failed; the store has stopped";
            case errc::store_damaged: return "the store is damaged";
            case errc::rows_changed: return "the disk has changed the store";
            case errc::no_access: return "the database cannot be opened with this process's rights";
            case errc::newer_schema: return "the database was written by a newer version";
            case errc::locked: return "another process holds the database";
            case errc::timed_out: return "timed out";
            case errc::stopped: return "stopped";
        }
        return "unknown error";
    }
};

}  // namespace

boost::system::error_category const& chaind_category()
{
    static category const instance;
    return instance;
}

}  // namespace chaind
