#include "control/kept_sums.hpp"

#include <boost/test/unit_test.hpp>

using namespace chaind;
using namespace chaind::control;

namespace
{

member run_of(std::string const& name)
{
    return {.name = node_id{name}, .store = {}, .boot = {}};
}

digest digest_of(std::uint8_t first)
{
    digest out;
    out.bytes[0] = first;
    return out;
}

struct checked_chain
{
    chain_config chain;
    std::map<node_id, last_said> said;

    checked_chain() { chain.members = {run_of("n1"), run_of("n2")}; }

    void says(std::string const& who, std::string checkpoint, seq at, digest sum)
    {
        node_facts facts;
        facts.sum = kept_sum{.checkpoint = std::move(checkpoint), .at = at, .sum = sum};
        said[node_id{who}].facts = std::move(facts);
    }
    [[nodiscard]] kept_sums sums() const { return sums_at("c", chain, said); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(sums_kept)

BOOST_FIXTURE_TEST_CASE(members_are_equal_when_all_tell_the_same_of_the_same_position, checked_chain)
{
    BOOST_TEST(!sums().equal());
    BOOST_TEST(sums().told() == 0u);
    BOOST_TEST(sums().at() == seq{});
    says("n2", "c", seq{7}, digest_of(1));
    BOOST_TEST(sums().told() == 1u);
    BOOST_TEST(!sums().complete());
    BOOST_TEST(!sums().equal());
    BOOST_TEST(sums().at() == seq{7});
    says("n1", "c", seq{7}, digest_of(1));
    BOOST_TEST(sums().complete());
    BOOST_TEST(sums().equal());
    says("n1", "c", seq{7}, digest_of(2));
    BOOST_TEST(sums().complete());
    BOOST_TEST(!sums().equal());
    says("n1", "c", seq{8}, digest_of(1));
    BOOST_TEST(!sums().equal());
}

BOOST_FIXTURE_TEST_CASE(what_is_told_of_another_checkpoint_or_by_others_does_not_count, checked_chain)
{
    says("n1", "c", seq{7}, digest_of(1));
    says("n2", "before", seq{7}, digest_of(1));
    says("n3", "c", seq{7}, digest_of(2));
    BOOST_TEST(sums().told() == 1u);
    BOOST_TEST(sums().members.size() == 2u);
    said.at(node_id{"n1"}).facts = {};
    BOOST_TEST(sums().told() == 0u);
}

BOOST_FIXTURE_TEST_CASE(a_chain_of_nobody_is_not_equal, checked_chain)
{
    chain.members.clear();
    BOOST_TEST(!sums().complete());
    BOOST_TEST(!sums().equal());
}

BOOST_AUTO_TEST_SUITE_END()
