"""A machine whose link to the head is gone, while all machines live and the chain's other links carry on."""
import asyncio
import json
import urllib.request

from chain import running, wait_for
from chat import Client
from test_kills import in_thread, loaded
from ways import ways


def link_of_the_tail(chain, way, place):
    """What the tail dials to the machine at that place of a chain of three: 0, the head, no neighbour; 1, its neighbour."""
    roles = chain.roles()
    way.lead(roles[2], json.loads((chain.dir / "chain.json").read_text())["replicas"][roles[place]]["replica"])
    chain.kill(roles[2])
    chain.start(roles[2])
    chain.wait_length(3)
    assert chain.roles() == roles, chain.roles()
    return roles[place], roles[2]


def way_of_the_tail_to_configd(chain, way):
    name = chain.roles()[-1]
    way.lead(name, json.loads((chain.dir / "chain.json").read_text())["configd"])
    chain.kill(name)
    chain.start(name)
    chain.wait_length(3)
    return name


async def test_a_tail_that_does_not_reach_the_head_says_so_and_sends_its_people_to_the_others(volume):
    with ways() as way, running(environment=way.environment) as chain:
        accounts, _ = await loaded(chain)
        head, tail = await in_thread(link_of_the_tail, chain, way, 0)
        for state in ("cut", "hung"):
            epoch = chain.ctl_status()["epoch"]
            async with Client(chain.urls[tail], accounts[0]["token"]) as client:
                way.set(state)
                await asyncio.wait_for(client.socket.wait_closed(), 20)
                assert client.socket.close_code == 4001, client.socket.close_code
            code, body = await in_thread(chain.get, tail, "/readyz?role=write")
            assert code == 503 and f"cannot be reached from here: {head}" in body["err"]["msg"], body
            assert (await in_thread(chain.get, tail, "/readyz?role=read"))[0] == 200
            # Not a word of that where writes are served.
            for name in chain.roles()[:2]:
                assert (await in_thread(chain.get, name, "/readyz?role=write"))[0] == 200, name
            await in_thread(wait_for, lambda: chain.ctl_status()["cut_off"], "the tail's word")
            status = chain.ctl_status()
            assert status["state"] == "degraded" and [row["name"] for row in status["cut_off"]] == [tail], status
            _, text, _ = await in_thread(lambda: chain.ctl("status", "--check", ok=(1,)))
            assert f"not every one can take writes ({tail})" in text and f"cut off  {tail}:" in text, text
            way.set("open")
            await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "the link")
            assert (await in_thread(chain.get, tail, "/readyz?role=write"))[0] == 200
            assert chain.ctl_status()["epoch"] == epoch, "a link that carries nothing of the chain cost it an epoch"


async def test_where_the_chain_ends_at_a_link_and_nobody_mends_it_no_machine_says_that_it_takes_writes(volume):
    with ways() as way, running(environment=way.environment) as chain:
        neighbour, tail = await in_thread(link_of_the_tail, chain, way, 1)
        head = chain.roles()[0]
        chain.kill("configd")
        way.set("cut")
        nobody = lambda: all(chain.get(name, "/readyz?role=write")[0] == 503 for name in chain.names())
        await in_thread(wait_for, nobody, "the end of the chain to be known to all")
        _, body = await in_thread(chain.get, head, "/readyz?role=write")
        assert "does not reach its neighbour in the chain" in body["err"]["msg"], body
        chain.ctl("status", "--check", ok=(1, 2))
        way.set("open")
        await in_thread(wait_for, lambda: all(chain.get(name, "/readyz?role=write")[0] == 200 for name in chain.names()), "the link")
        await in_thread(chain.start, "configd")
        await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "all to be well")


async def test_a_config_service_that_hears_nobody_does_not_call_a_chain_down_that_serves(volume):
    with ways() as way, running(environment=way.environment) as chain:
        port = json.loads((chain.dir / "chain.json").read_text())["configd"]
        for name in chain.names():
            way.lead(name, port)
            await in_thread(chain.kill, name)
            await in_thread(chain.start, name)
            await in_thread(chain.wait_length, 3)
        way.set("cut")
        await in_thread(wait_for, lambda: "hears_nobody" in chain.ctl_status()["config_service"], "the config service to be deaf")
        status = await in_thread(chain.ctl_status)
        assert status["state"] == "degraded" and not status["failed"], status
        _, text, _ = await in_thread(lambda: chain.ctl("status", "--check", ok=(1,)))
        assert "hears none of the machines" in text and "mend the network" in text and "start" not in text, text
        # Nobody serves: that is said, too.
        for name in chain.names():
            await in_thread(chain.kill, name)
        _, text, _ = await in_thread(lambda: chain.ctl("status", "--check", ok=(2,)))
        assert "down" in text and "no machine serves" in text, text


async def test_what_machines_acknowledge_out_of_sight_is_not_given_up_by_a_forced_epoch(volume):
    with ways() as way, running(environment=way.environment) as chain:
        port = json.loads((chain.dir / "chain.json").read_text())["configd"]
        await in_thread(chain.kill, "n1")
        await in_thread(wait_for, lambda: len(chain.roles()) == 2, "n1 to be out")
        for name in ("n2", "n3"):
            way.lead(name, port)
            await in_thread(chain.kill, name)
            await in_thread(wait_for, lambda: name not in chain.roles(), f"{name} to be out")
            await in_thread(chain.start, name)
            # In the chain by its own word: before that the other one is all that there is.
            await in_thread(wait_for, lambda: chain.get(name, "/readyz?role=write")[0] == 200, f"{name} to be back")
        serve = lambda: all(chain.get(name, "/readyz?role=write")[0] == 200 for name in ("n2", "n3"))
        await in_thread(wait_for, serve, "both to take writes")
        way.set("cut")
        chain.start_later("n1")
        await in_thread(wait_for, lambda: chain.nodes()["n1"]["alive"], "n1 to be heard")
        await in_thread(wait_for, lambda: not chain.nodes()["n2"]["alive"] and not chain.nodes()["n3"]["alive"], "the others not to be")
        words = ("force-epoch", "n1", "--i-understand-data-may-be-lost")
        _, _, said = await in_thread(lambda: chain.ctl(*words, ok=(1,)))
        assert "take writes, which would be lost" in said and "n2 at http" in said and "n3 at http" in said, said
        for name in ("n2", "n3"):
            await in_thread(chain.kill, name)
        await in_thread(lambda: chain.ctl(*words))
        await in_thread(wait_for, lambda: chain.roles() == ["n1"], "n1 to go on")


async def test_a_machine_that_the_config_service_alone_does_not_answer_says_that_others_serve_and_sends_people_there(volume):
    with ways() as way, running(environment=way.environment) as chain:
        accounts, _ = await loaded(chain)
        name = await in_thread(way_of_the_tail_to_configd, chain, way)
        page = f"http://127.0.0.1:{json.loads((chain.dir / 'chain.json').read_text())['replicas'][name]['admin']}/status"
        status_there = lambda: json.loads(urllib.request.urlopen(page, timeout=5).read())
        async with Client(chain.urls[name], accounts[0]["token"]) as client:
            way.set("cut")
            await asyncio.wait_for(client.socket.wait_closed(), 20)
            assert client.socket.close_code == 4001, client.socket.close_code
        others = [other for other in chain.names() if other != name]
        answered = lambda: status_there()["config_service"].get("answers")
        await in_thread(wait_for, lambda: answered() == " and ".join(others), "it to hear of the others")
        status = await in_thread(status_there)
        assert status["state"] == "degraded", status
        own = next(row for row in status["failed"] if row["name"] == name)
        assert "and not " + name in own["reason"] and "go on without it" in own["reason"] and "mend the way" in own["next"], own
        # What this very machine serves is nothing.
        assert (await in_thread(chain.get, name, "/readyz?role=write"))[0] == 503
        # Now the config service is gone, too.
        await in_thread(chain.kill, "configd")
        await in_thread(wait_for, lambda: answered() is None, "the others to be silent about it")
        await in_thread(wait_for, lambda: status_there()["state"] == "degraded", "what the others serve")
        for other in others:
            await in_thread(chain.kill, other)
        await in_thread(wait_for, lambda: status_there()["state"] == "down", "nobody to serve")


async def test_a_member_that_does_not_hear_the_config_service_is_named_and_a_crash_beside_it_is_repaired(volume):
    with ways() as way, running(environment=way.environment) as chain:
        name = await in_thread(way_of_the_tail_to_configd, chain, way)
        way.set("deaf")
        await in_thread(wait_for, lambda: chain.ctl_status()["unanswered"], "it to say so")
        status = await in_thread(chain.ctl_status)
        assert [row["name"] for row in status["unanswered"]] == [name] and status["state"] == "degraded", status
        _, text, _ = await in_thread(lambda: chain.ctl("status", "--check", ok=(1,)))
        assert f"deaf     {name}" in text and "mend the way from the config service" in text, text
        other = chain.roles()[0]
        await in_thread(chain.kill, other)
        await in_thread(wait_for, lambda: len(chain.roles()) == 1, "a chain without both")
        way.set("open")
        await in_thread(chain.start, other)
        await in_thread(chain.wait_length, 3)
        await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "all to be well")


async def test_all_are_compared_though_the_head_does_not_hear_the_config_service(volume):
    with ways() as way, running(environment=way.environment) as chain:
        name = await in_thread(way_of_the_tail_to_configd, chain, way)
        await in_thread(lambda: chain.ctl("move", name, "--to", "head", "--yes"))
        await in_thread(wait_for, lambda: chain.roles()[:1] == [name] and chain.ctl_status()["state"] == "healthy", "it to be the head")
        way.set("deaf")
        await in_thread(wait_for, lambda: chain.ctl_status()["unanswered"], "it to be deaf")
        _, text, _ = await in_thread(lambda: chain.ctl("verify"))
        assert text.startswith("equal"), text
        # With the others deaf it would be the only one: it is not what the last one that hears is to leave for.
        others = [other for other in chain.names() if other != name]
        await in_thread(lambda: chain.ctl("drain", others[0], "--yes"))
        _, _, said = await in_thread(lambda: chain.ctl("drain", others[1], "--yes", ok=(1,)))
        assert "last replica" in said and name in said, said
        way.set("open")
        await in_thread(lambda: chain.ctl("undrain", others[0]))
        await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "all to be well")
