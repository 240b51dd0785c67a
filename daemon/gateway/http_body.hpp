#pragma once
// What has come of a request's body goes to Beast's parser here, and not by http::async_read_some: of a last
// chunk that parser asserts that five bytes are there when it is asked again (Beast 1.81,
// parse_chunk_header). With fewer it is not asked again; no message ends with fewer, "0\r\n\r\n".

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>

namespace chaind::gateway
{

class http_body
{
public:
    using parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

    // Its header is there.
    explicit http_body(parser& into) : into_(into) { into_.eager(true); }

    // Takes what the parser can use. False: it is done, more has to come first, or `failed` says why not.
    [[nodiscard]] bool take(boost::beast::flat_buffer& from, boost::system::error_code& failed);
    // In bytes, with what frames the body.
    [[nodiscard]] std::size_t taken() const { return taken_; }

private:
    parser& into_;
    std::size_t seen_ = 0;  // still in the buffer: the parser could not use it yet
    std::size_t taken_ = 0;
};

}  // namespace chaind::gateway
