#include "scenario/story.hpp"

#include <charconv>
#include <sstream>

namespace chaind::scenario
{

words::words(std::string const& line)
{
    std::istringstream in(line);
    for (std::string word; in >> word;)
        left_.push_back(word);
}

std::string words::next()
{
    if (left_.empty()) throw std::runtime_error("a word is missing");
    auto out = std::move(left_.front());
    left_.pop_front();
    return out;
}

bool words::take(std::string const& word)
{
    if (!at(word)) return false;
    left_.pop_front();
    return true;
}

microseconds words::time()
{
    auto const text = next();
    std::uint64_t count = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
    std::string const unit(end, text.data() + text.size());
    if (failed == std::errc{} && unit == "ms") return std::chrono::milliseconds(count);
    if (failed == std::errc{} && unit == "s") return std::chrono::seconds(count);
    throw std::runtime_error(text + " is no time");
}

std::uint64_t words::number()
{
    auto const text = next();
    std::uint64_t out = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (failed != std::errc{} || end != text.data() + text.size())
        throw std::runtime_error(text + " is no number");
    return out;
}

std::string replay(std::string const& story)
{
    std::string out;
    transcript told;
    std::unique_ptr<world> stage;
    std::istringstream in(story);
    int number = 0;
    for (std::string line; std::getline(in, line);)
    {
        ++number;
        if (line.starts_with("  ")) continue;
        out += line + '\n';
        if (!line.starts_with("> ")) continue;
        bool quiet = false;
        try
        {
            words rest(line.substr(2));
            quiet = rest.take("quietly");
            auto const command = rest.next();
            if (command == "replicas")
                stage = make_replicas(rest, told);
            else if (command == "service")
                stage = make_service(rest, told);
            else if (stage == nullptr)
                throw std::runtime_error("nobody is there yet");
            else
                stage->perform(command, rest);
            if (!rest.none()) throw std::runtime_error("what is " + rest.next());
        }
        catch (std::exception const& problem)
        {
            throw std::runtime_error("line " + std::to_string(number) + ": " + problem.what() + ": " + line);
        }
        out += quiet ? told.take_quietly() : told.take();
    }
    return out;
}

}  // namespace chaind::scenario
