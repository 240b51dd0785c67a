#include "chaind/join_token.hpp"

#include "runtime/log.hpp"
#include "runtime/options.hpp"

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace chaind::program
{

namespace
{
constexpr std::size_t token_max = 512;

std::string last_error()
{
    return boost::system::error_code(errno, boost::system::system_category()).message();
}

class open_file
{
public:
    explicit open_file(std::string const& path) : handle_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~open_file()
    {
        if (handle_ >= 0) ::close(handle_);
    }
    open_file(open_file const&) = delete;
    open_file& operator=(open_file const&) = delete;

    [[nodiscard]] int handle() const { return handle_; }

private:
    int handle_;
};

bool is_of_a_token(char c)
{
    return c > ' ' && c < '\x7f';
}
}  // namespace

std::string read_join_token(std::string const& path)
{
    auto const wrong = [&](std::string const& what)
    { return runtime::config_error("join-token-file: " + path + ": " + what); };
    open_file const file(path);
    if (file.handle() < 0) throw wrong("cannot be read: " + last_error());
    struct ::stat about = {};
    if (::fstat(file.handle(), &about) != 0) throw wrong("cannot be read: " + last_error());
    if (!S_ISREG(about.st_mode)) throw wrong("not a file");
    if ((about.st_mode & 077) != 0) throw wrong("others may read or change it; its mode must be 0600");

    std::array<char, token_max + 1> bytes{};
    auto const count = ::read(file.handle(), bytes.data(), bytes.size());
    if (count < 0) throw wrong("cannot be read: " + last_error());
    std::string token(bytes.data(), static_cast<std::size_t>(count));
    auto const end = token.find_last_not_of(" \t\r\n");
    token.resize(end == std::string::npos ? 0 : end + 1);
    if (token.empty() || token.size() > token_max || !std::all_of(token.begin(), token.end(), is_of_a_token))
        throw wrong("holds no join token");
    return token;
}

void remove_join_token(std::string const& path)
{
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return;
    log::write(
        log::level::warning,
        "chaind",
        "the join token has been used and its file can be removed",
        {{"File", path}, {"Reason", last_error()}}
    );
}

}  // namespace chaind::program
