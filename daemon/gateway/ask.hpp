#pragma once
// Reads with a value: what a query returned, and the position that its snapshot showed.

#include "gateway/backend.hpp"
#include "store/chat_reader.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace chaind::gateway
{

template <class T>
struct seen
{
    seq pos;
    T value{};
};

template <class T>
using query = std::function<T(store::chat_reader&)>;

namespace detail
{
// The result is shared: a query may still run on its thread when the one who asked has given up.
template <class T>
std::function<void(store::chat_reader&)> into(std::shared_ptr<seen<T>> out, query<T> what)
{
    return [out = std::move(out), what = std::move(what)](store::chat_reader& reader)
    {
        out->pos = reader.applied();
        out->value = what(reader);
    };
}
}  // namespace detail

// Linearizable.
template <class T>
boost::asio::awaitable<result<seen<T>>> ask(backend& chain, query<T> what)
{
    auto const out = std::make_shared<seen<T>>();
    auto run = detail::into(out, std::move(what));
    auto const failed = co_await chain.read(std::move(run));
    if (failed) co_return failed;
    co_return std::move(*out);
}

// A session read, from `min_pos` on.
template <class T>
boost::asio::awaitable<result<seen<T>>> ask_from(backend& chain, seq min_pos, query<T> what)
{
    auto const out = std::make_shared<seen<T>>();
    auto run = detail::into(out, std::move(what));
    auto const failed = co_await chain.read_from(min_pos, std::move(run));
    if (failed) co_return failed;
    co_return std::move(*out);
}

}  // namespace chaind::gateway
