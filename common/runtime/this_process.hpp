#pragma once
// Proof that another process has ended, given by the kernel that runs both.
//
// A connection that ends or an address that refuses says nothing about a process: between daemons there may
// be a forwarder, and the address may be that of another machine or network namespace. A pidfd does, and it
// cannot be mistaken for another process that has the same number later. It is taken only when both processes
//   - were started by one boot of one kernel (its random boot id),
//   - are in one namespace of process numbers, which no living process can leave or be moved out of,
//   - and this one sees a process of that number which was started at the very moment that the other one
//   says.
// What is assumed: a virtual machine is not run twice from one image of its memory. Such twins agree in all
// three.

#include "base/process_place.hpp"

#include <optional>

namespace chaind::runtime
{

[[nodiscard]] process_place const& this_process();

class process_watch
{
public:
    // Nothing: `whom` is not a process that this one can watch.
    [[nodiscard]] static std::optional<process_watch> on(process_place const& whom);

    ~process_watch();
    process_watch(process_watch&& other) noexcept;
    process_watch& operator=(process_watch&& other) noexcept;

    // All of its threads have. It stays true.
    [[nodiscard]] bool ended() const;

private:
    explicit process_watch(int fd) : fd_(fd) {}

    int fd_ = -1;
};

}  // namespace chaind::runtime
