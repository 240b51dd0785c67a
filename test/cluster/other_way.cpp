// Preloaded into chaind: a connection to a port goes to another one, for a machine that a test has named.
//
// OTHER_WAY names a folder. The file NAME in it, NAME being the last part of the process's --data-dir, has
// lines "PORT OTHER": what that machine dials at PORT on loopback is dialled at OTHER.

#include "preloaded.hpp"

#include <cstring>
#include <fstream>
#include <string>

#include <arpa/inet.h>
#include <dlfcn.h>
#include <sys/socket.h>

namespace
{

in_port_t other_for(in_port_t port)
{
    static std::string const path = file_of_this_process("OTHER_WAY");
    if (path.empty()) return port;
    std::ifstream in(path);
    for (unsigned from = 0, to = 0; in >> from >> to;)
        if (from == ntohs(port)) return htons(static_cast<in_port_t>(to));
    return port;
}

}  // namespace

extern "C" int connect(int with, sockaddr const* to, socklen_t size)
{
    static auto* const next = reinterpret_cast<decltype(connect)*>(::dlsym(RTLD_NEXT, "connect"));
    sockaddr_in other{};
    if (to->sa_family != AF_INET || size < sizeof other) return next(with, to, size);
    std::memcpy(&other, to, sizeof other);
    if (other.sin_addr.s_addr == htonl(INADDR_LOOPBACK)) other.sin_port = other_for(other.sin_port);
    return next(with, reinterpret_cast<sockaddr const*>(&other), sizeof other);
}
