#include "runtime/loop_thread.hpp"

#include "runtime/daemon.hpp"
#include "runtime/error_words.hpp"
#include "runtime/options.hpp"
#include "runtime/priority.hpp"
#include "runtime/run_loop.hpp"

#include <exception>

#include <pthread.h>

namespace chaind::runtime
{

loop_thread::loop_thread(std::string name) : name_(std::move(name)), busy_(context_.get_executor()) {}

loop_thread::~loop_thread()
{
    stop();
}

void loop_thread::start()
{
    thread_ = std::thread([this] { run(); });
}

void loop_thread::stop()
{
    if (!thread_.joinable()) return;
    context_.stop();
    thread_.join();
}

void loop_thread::run()
{
    ::pthread_setname_np(::pthread_self(), name_.c_str());
    come_first();
    try
    {
        run_loop(context_);
    }
    catch (std::exception const& wrong)
    {
        fail(exit_bug, "the thread " + name_ + " ended by an exception: " + words_of(wrong));
    }
}

}  // namespace chaind::runtime
