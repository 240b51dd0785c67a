#pragma once
// A folder of a test's own, removed when it ends.

#include <filesystem>
#include <stdexcept>
#include <string>

#include <stdlib.h>

namespace chaind::test
{

class temp_folder
{
public:
    temp_folder()
    {
        auto pattern = (std::filesystem::temp_directory_path() / "chaind-test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = pattern;
    }
    ~temp_folder()
    {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temp_folder(temp_folder const&) = delete;
    temp_folder& operator=(temp_folder const&) = delete;

    [[nodiscard]] std::string const& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace chaind::test
