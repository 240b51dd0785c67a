#pragma once
// What is preloaded into daemons finds by itself which machine's it is.

#include <cstdlib>
#include <fstream>
#include <string>

// The file of this machine in the folder that the variable names: it is called like the last part of the
// process's
// --data-dir. Empty: there is none.
inline std::string file_of_this_process(char const* variable)
{
    char const* const folder = std::getenv(variable);
    if (folder == nullptr) return {};
    std::ifstream words("/proc/self/cmdline", std::ios::binary);
    bool next = false;
    for (std::string word; std::getline(words, word, '\0'); next = word == "--data-dir")
        if (next) return folder + word.substr(word.rfind('/'));
    return {};
}
