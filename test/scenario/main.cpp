// Replays each story of this folder, one test case each, and fails with what differs. --update writes the
// stories anew instead; what was changed is then read in the diff of the commit.

#include "scenario/difference.hpp"
#include "scenario/story.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <vector>

namespace
{

namespace fs = std::filesystem;
using namespace chaind::scenario;

bool update = false;

std::string content(fs::path const& of)
{
    std::ifstream in(of, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void tell(fs::path const& file)
{
    auto const before = content(file);
    auto const now = replay(before);
    if (update)
        std::ofstream(file, std::ios::binary) << now;
    else if (auto const differs = difference(before, now); !differs.empty())
        BOOST_ERROR(
            file.filename().string() << " goes another way now (--update writes it anew):\n"
                                     << differs
        );
}

bool find_stories()
{
    std::vector<fs::path> all;
    for (auto const& each : fs::directory_iterator(CHAIND_STORIES))
        if (each.path().extension() == ".txt" && each.path().stem() != "CMakeLists")
            all.push_back(each.path());
    std::sort(all.begin(), all.end());
    for (auto const& each : all)
        boost::unit_test::framework::master_test_suite().add(
            BOOST_TEST_CASE_NAME([each] { tell(each); }, each.stem().string())
        );
    return !all.empty();
}

}  // namespace

int main(int argc, char** argv)
{
    auto* const end = std::remove(argv, argv + argc, std::string_view("--update"));
    update = end != argv + argc;
    return boost::unit_test::unit_test_main(find_stories, static_cast<int>(end - argv), argv);
}
