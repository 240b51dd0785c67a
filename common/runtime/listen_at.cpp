#include "runtime/listen_at.hpp"

#include "runtime/address.hpp"

#include <boost/system/system_error.hpp>

namespace chaind::runtime
{

namespace asio = boost::asio;

asio::ip::tcp::acceptor listen_at(asio::any_io_executor on, asio::ip::tcp::endpoint const& at)
{
    try
    {
        return {std::move(on), at, true};
    }
    catch (boost::system::system_error const& e)
    {
        throw boost::system::system_error(e.code(), "cannot listen on " + to_string(at));
    }
}

}  // namespace chaind::runtime
