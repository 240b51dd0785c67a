#pragma once
// Who may hold a connection when there are not enough for all. A connection is a stranger's until somebody
// signs in on it. Strangers share what is not kept for those who have signed in; when that is full, a
// newcomer takes the place of the stranger that has waited longest of those from the address with the most of
// them. So half a request holds its place only as long as nobody wants it.

#include <boost/asio/ip/address.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace chaind::gateway
{

class connection_slots
{
public:
    struct limits
    {
        std::size_t all = 0;
        std::size_t of_a_group = 0;  // this machine's own are not counted
        std::size_t kept = 0;        // of `all`: only for who has signed in
    };
    using id = std::uint64_t;

    // Whose request is being answered keeps its place until then.
    using is_busy = std::function<bool(id)>;

    struct verdict
    {
        bool admitted = false;
        std::optional<id> instead_of;  // has lost its place, and is to be closed
    };
    verdict admit(id who, boost::asio::ip::address const& from, limits const& now, is_busy const& busy);

    void signed_in(id who);
    void ended(id who);  // also of one whose place was taken

    [[nodiscard]] std::size_t strangers() const { return strangers_; }
    [[nodiscard]] std::size_t size() const { return places_.size(); }

private:
    struct group
    {
        std::list<id> strangers;  // oldest first
        std::size_t known = 0;
        bool own = false;  // this machine's
    };
    using group_entry = std::pair<std::string const, group>;
    struct place
    {
        group_entry* in = nullptr;
        std::list<id>::iterator at;  // if a stranger's
        bool known = false;
    };
    // Of a group, or of the largest one.
    static std::optional<id> longest_waiting(group_entry const& of, is_busy const& busy);
    std::optional<id> longest_waiting(is_busy const& busy) const;
    // Of the order by size: out before a group's strangers change, in after.
    void take_out(group_entry const& of);
    void put_in(group_entry const& of);
    void forget_if_empty(group_entry const& of);

    std::unordered_map<id, place> places_;
    std::unordered_map<std::string, group> groups_;
    std::set<std::pair<std::size_t, std::string>>
        by_size_;  // groups by strangers; this machine's own come first
    std::size_t strangers_ = 0;
};

}  // namespace chaind::gateway
