#pragma once
// Two people in one conversation, on two replicas.

#include "chain_double.hpp"
#include "raw_client.hpp"

#include <boost/json/array.hpp>
#include <boost/test/unit_test.hpp>

namespace chaind::test
{

struct two_people
{
    explicit two_people(gateway::settings const& with = quick_settings())
        : chain(with, 2), ana(chain.register_user("ana")), bob(chain.register_user("bob", 1))
    {
        chat_client first(chain.port(0));
        first.hello(ana.token);
        auto const dm = first.request("conv.create", {{"kind", "dm"}, {"members", {bob.uid}}}, fresh_cid());
        BOOST_TEST_REQUIRE(dm.at("ok").as_bool());
        conv = text_at(dm, {"d", "conv"});
    }

    boost::json::object message(std::string body)
    {
        return {{"conv", conv}, {"body", std::move(body)}, {"fmt", "md"}};
    }

    chain_double chain;
    chain_double::account ana;
    chain_double::account bob;
    std::string conv;
};

inline std::string error_of(boost::json::value const& answer)
{
    return text_at(answer, {"err", "code"});
}

}  // namespace chaind::test
