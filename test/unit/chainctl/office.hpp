#pragma once
// A config service and replicas that answer as they are told, and a place to run commands against them: what
// they print and how they end.

#include "chainctl/command.hpp"
#include "support/temp_folder.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <semaphore>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <unistd.h>

namespace chaind::chainctl::testing
{

namespace asio = boost::asio;

inline constexpr char const* hangs_up = "ends with the request in its hands";

// Answers requests, one after the other, on its own thread; an empty answer leaves the client waiting until
// it goes.
template <class Protocol>
class told
{
public:
    told(typename Protocol::endpoint const& at, unsigned status, std::string body)
        : told(at, status, std::vector<std::string>{std::move(body)})
    {
    }
    // `when_asked`: what happens before each answer.
    told(
        typename Protocol::endpoint const& at,
        unsigned status,
        std::vector<std::string> bodies,
        std::function<void()> when_asked = [] {}
    )
        : acceptor_(context_, at),
          when_asked_(std::move(when_asked)),
          thread_(
              [this, status, bodies = std::move(bodies)]
              {
                  for (auto const& body : bodies)
                      if (!ending_) serve(status, body);
              }
          )
    {
    }
    ~told()
    {
        // Nobody may have asked: then this ends the wait for somebody.
        ending_ = true;
        typename Protocol::socket last(context_);
        boost::system::error_code gone;
        last.connect(at(), gone);
        last.close(gone);
        thread_.join();
    }
    told(told const&) = delete;
    told& operator=(told const&) = delete;

    [[nodiscard]] typename Protocol::endpoint at() const { return acceptor_.local_endpoint(); }
    [[nodiscard]] std::string asked()
    {
        thread_.join();
        thread_ = std::thread([] {});
        return asked_;
    }

private:
    void serve(unsigned status, std::string const& body)
    {
        typename Protocol::socket socket(context_);
        acceptor_.accept(socket);
        std::string request;
        boost::system::error_code gone;
        asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", gone);
        asked_ += (asked_.empty() ? "" : ", ") + request.substr(0, request.find(" HTTP/"));
        when_asked_();
        if (body == hangs_up) return;
        if (body.empty())
        {
            char none = 0;
            socket.read_some(asio::buffer(&none, 1), gone);
            return;
        }
        auto const answer = "HTTP/1.1 " + std::to_string(status) +
                            " x\r\nContent-Length: " + std::to_string(body.size()) +
                            "\r\nConnection: close\r\n\r\n" + body;
        asio::write(socket, asio::buffer(answer), gone);
    }

    asio::io_context context_;
    typename Protocol::acceptor acceptor_;
    std::function<void()> when_asked_;
    std::string asked_;
    std::atomic<bool> ending_ = false;
    std::thread thread_;
};

using told_service = told<asio::local::stream_protocol>;
using told_replica = told<asio::ip::tcp>;

struct office
{
    chaind::test::temp_folder folder;
    std::string socket = folder.path() + "/configd.sock";
    std::string printed;
    std::string said;
    std::vector<std::string> words;
    bool yes = false;
    bool dry_run = false;
    bool limit_given = false;
    std::string request_id;

    std::map<std::string, std::string, std::less<>> values;

    int run(int (*command)(invocation const&), format as = format::table, std::vector<std::string> flags = {})
    {
        invocation call;
        call.at.text = "unix:" + socket;
        call.as = as;
        call.limit = limit;
        call.limit_given = limit_given;
        call.dry_run = dry_run;
        call.words = words;
        call.yes = yes;
        call.request_id = request_id;
        call.flags = values;
        for (auto& flag : flags)
            call.flags.emplace(std::move(flag), "");
        return captured(command, call);
    }
    int captured(int (*command)(invocation const&), invocation const& call)
    {
        std::ostringstream out;
        std::ostringstream talk;
        auto* const before = std::cout.rdbuf(out.rdbuf());
        auto* const talk_before = std::cerr.rdbuf(talk.rdbuf());
        int const status = command(call);
        std::cout.rdbuf(before);
        std::cerr.rdbuf(talk_before);
        printed = out.str();
        said = talk.str();
        return status;
    }
    // Against a service that gives these answers, one a question.
    int run_with(
        std::vector<std::string> of, std::vector<std::string> answers, int (*command)(invocation const&)
    )
    {
        words = std::move(of);
        ::unlink(socket.c_str());
        told_service const service(socket, 200, std::move(answers));
        return run(command);
    }
    std::chrono::milliseconds limit{20'000};
};

// Two replicas of which the first one answers when the second one has been asked, too.
struct two_at_once
{
    std::binary_semaphore second_was_asked{0};
    told_replica first;
    told_replica second;

    two_at_once(std::string const& folder, std::string first_says, std::string second_says)
        : first(
              {asio::ip::address_v4::loopback(), 0},
              200,
              {std::move(first_says)},
              [this] { static_cast<void>(second_was_asked.try_acquire_for(std::chrono::seconds(30))); }
          ),
          second(
              {asio::ip::address_v4::loopback(), 0},
              200,
              {std::move(second_says)},
              [this] { second_was_asked.release(); }
          )
    {
        auto const row = [](char const* name, told_replica const& at)
        {
            return std::string(R"({"name":")") + name + R"(","client_url":"http://127.0.0.1:)" +
                   std::to_string(at.at().port()) + "\"}";
        };
        std::ofstream(folder + "/nodes.json")
            << R"({"nodes":[)" << row("n1", first) << "," << row("n2", second) << "]}";
    }
};

inline std::string status_of(char const* state)
{
    return std::string(R"({"schema":"chainctl.status.v1","state":")") + state +
           R"(","config_service":{"state":"up"},"chain":[{"name":"n1"}]})";
}

inline char const* const three = R"({"nodes":[{"name":"n1","state":"member"},{"name":"n2","state":"failed"},)"
                                 R"({"name":"n3","state":"spare"},{"name":"n4","state":"removed"}]})";

}  // namespace chaind::chainctl::testing
