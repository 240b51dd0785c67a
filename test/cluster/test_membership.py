"""Machines come and go by chainctl: what it does, and what it refuses with the chain unchanged."""
import asyncio
import json
import os
import signal
import socket

import websockets.exceptions

from chain import running, wait_for
from chat import Client
from fill import fill
from load import Load, check_books
from test_kills import equal_hashes, in_thread, loaded

SMALL = ("snapshot-after=200",)
SLOW = (*SMALL, "snapshot-rate=64KiB")


def shape(chain):
    """What a refusal must leave alone."""
    status = chain.ctl_status()
    return status["epoch"], status["replicas"]["want"], [n["name"] for n in status["chain"]], status["lineage"]


def refused(chain, code, part, *words):
    """chainctl ends with that status, says why, and nothing has changed."""
    before = shape(chain)
    _, out, err = chain.ctl(*words, ok=(code,))
    assert part in err, f"{words}: {err!r} does not say {part!r}"
    assert not out, out
    assert shape(chain) == before, f"{words} changed something"


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_what_add_node_refuses(volume):
    with running() as chain, running(replicas=1) as foreign:
        n4, n5 = chain.add("n4"), chain.add("n5")
        replica_addr = {n["name"]: n["replica_addr"] for n in chain.ctl_status()["chain"]}
        refused(chain, 1, "n1", "add-node", "n1", n4)  # a duplicate name
        refused(chain, 1, "n2", "add-node", "n4", replica_addr["n2"])  # another node listens there
        refused(chain, 1, "n5", "add-node", "n4", n5)
        refused(chain, 1, "nothing listens", "add-node", "n4", free_address())
        refused(chain, 1, "cluster", "add-node", "n1x", foreign.ctl_status()["chain"][0]["replica_addr"])
        refused(chain, 64, "address", "add-node", "n4", "nowhere")
        refused(chain, 64, "name", "add-node", "N4!", n4)
        refused(chain, 64, "NAME ADDRESS", "add-node", "n4")
        chain.ctl("add-node", "n4", n4, "--dry-run")
        assert chain.roles() == ["n1", "n2", "n3"]
        assert foreign.roles() == ["n1"]


def test_the_same_command_twice_and_the_end_of_waiting(volume):
    with running(chaind=SLOW) as chain:
        asyncio.run(fill(chain, 3000))
        address = chain.add("n4")
        # Ctrl-C: the join goes on.
        joiner = chain.ctl_later("add-node", "n4", address)
        wait_for(lambda: (chain.joining("n4") or {}).get("bytes_done", 0) > 0, "the beginning of the snapshot")
        os.kill(joiner.pid, signal.SIGINT)
        out, err = joiner.communicate(timeout=10)
        assert joiner.returncode == 130 and "goes on" in err, (joiner.returncode, err)
        assert chain.joining("n4") and "n4" not in chain.roles()
        assert "n4" in chain.ctl("status")[1]
        # Again while it joins: waits for the same join. A limit for waiting: status 75.
        assert "goes on" in chain.ctl("add-node", "n4", address, "--wait-at-most", "1s", ok=(75,))[2]
        chain.ctl("add-node", "n4", address)
        after = shape(chain)
        assert after[2] == ["n1", "n2", "n3", "n4"] and after[1] == 4, after
        # And when it is a member: nothing to do.
        again = json.loads(chain.ctl("add-node", "n4", address, "-o", "json")[1])
        assert again["changed"] is False and again["role"] == "tail" and shape(chain) == after, again
        chain.ctl("add-node", "n4", address, "--no-wait")
        assert shape(chain) == after


def test_progress_is_told_in_lines_of_json(volume):
    with running(chaind=SMALL) as chain:
        asyncio.run(fill(chain, 2000))
        steps = chain.join("n4")
        assert all(s["schema"] == "chainctl.progress.v1" and s["node"] == "n4" for s in steps), steps
        assert steps[-1]["phase"] == "done" and steps[-1]["epoch"] == chain.ctl_status()["epoch"]
        assert any(e["what"] == "asked" for e in chain.events()), "the change is not audited"


def test_two_administrators_and_repeated_requests(volume):
    with running() as chain:
        epoch = str(chain.ctl_status()["epoch"])
        chain.ctl("remove-node", "n3", "--yes", "--if-epoch", epoch, "--request-id", "first")
        after = shape(chain)
        assert after[2] == ["n1", "n2"]
        # The second one knows an older epoch and is told the current one.
        _, _, err = chain.ctl("remove-node", "n2", "--yes", "--if-epoch", epoch, ok=(1,))
        assert str(after[0]) in err and shape(chain) == after, err
        # The first one repeats under the same id, with the epoch that was right then: done, not done again.
        chain.ctl("remove-node", "n3", "--yes", "--if-epoch", epoch, "--request-id", "first")
        assert shape(chain) == after


def test_the_last_replica_stays(volume):
    with running(replicas=1) as chain:
        refused(chain, 1, "last", "remove-node", "n1", "--yes")
        refused(chain, 1, "last", "drain", "n1")
        refused(chain, 66, "n9", "drain", "n9")
        refused(chain, 66, "n9", "undrain", "n9")
        refused(chain, 66, "n9", "move", "n9", "--to", "head")
        refused(chain, 66, "n9", "replace", "n9", "--yes")
        # Who runs and is in no chain is known as that.
        address = chain.add("n2")
        wait_for(lambda: "n2" in chain.nodes(), "n2 to be heard")
        for words in (["drain", "n2"], ["undrain", "n2"], ["move", "n2", "--to", "head"], ["replace", "n2", "--yes"], ["remove-node", "n2", "--yes"]):
            refused(chain, 66, f"n2 runs and is not admitted: `chainctl add-node n2 {address}`", *words)
        refused(chain, 64, "--to", "move", "n1", "--to", "middle")
        refused(chain, 64, "1 to 99", "replicas", "want", "0")
        refused(chain, 64, "want", "replicas")
        refused(chain, 1, "", "force-epoch", "n1", "--i-understand-data-may-be-lost", "--yes")  # it can go on by itself
        assert "lost" in chain.ctl("force-epoch", "n1", ok=(64,))[2]


async def test_drained_clients_are_sent_on_first_and_undrain_brings_the_machine_back(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        async with Load(chain, accounts, conv, 200) as load:
            head = (await in_thread(chain.roles))[0]
            async with Client(chain.urls[head], accounts[0]["token"]) as client:
                await in_thread(chain.ctl, "drain", head)
                await client.until(lambda: any(e["ev"] == "bye" for e in client.other) or client.reader.done(), "bye")
                bye = [e for e in client.other if e["ev"] == "bye"]
                assert bye, f"closed with {client.closed_with()} without a bye"
                try:
                    await asyncio.wait_for(client.socket.wait_closed(), 10)
                except websockets.exceptions.WebSocketException:
                    pass
                assert client.closed_with() in (4001, 4002), client.closed_with()
            await load.acked_more(50)
            assert len(await in_thread(chain.roles)) == 2 and chain.pid(head)
            status = await in_thread(chain.ctl_status)
            assert status["replicas"]["want"] == 3 and status["state"] == "degraded", status["replicas"]
            await in_thread(chain.ctl, "drain", head)  # again: nothing to do
            await in_thread(chain.ctl, "undrain", head)
            roles = await in_thread(chain.roles)
            assert len(roles) == 3 and roles[-1] == head, roles
            await load.acked_more(50)
        await in_thread(chain.wait_length, 3)
        await check_books(chain, chain.names(), accounts[0], conv, load.acked())
        equal_hashes(chain)


async def test_move_to_the_head_and_to_the_tail(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        async with Load(chain, accounts, conv, 200) as load:
            a, b, c = await in_thread(chain.roles)
            await in_thread(chain.ctl, "move", a, "--to", "tail")
            assert await in_thread(chain.roles) == [b, c, a]
            await in_thread(chain.ctl, "move", a, "--to", "head")
            roles = await in_thread(chain.roles)
            assert roles[0] == a and sorted(roles) == sorted([a, b, c]), roles
            epoch = (await in_thread(chain.ctl_status))["epoch"]
            await in_thread(chain.ctl, "move", a, "--to", "head")  # again: nothing to do
            assert (await in_thread(chain.ctl_status))["epoch"] == epoch
            await load.acked_more(50)
        await check_books(chain, chain.names(), accounts[0], conv, load.acked())
        equal_hashes(chain)


async def test_replace_brings_the_new_machine_in_before_the_old_one_goes(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        async with Load(chain, accounts, conv, 200) as load:
            old = (await in_thread(chain.roles))[1]
            await in_thread(lambda: chain.ctl("replace", old, "--yes", ok=(1, 66)))  # nobody stands by
            assert old in await in_thread(chain.roles)
            address = await in_thread(chain.add, "n4")
            await in_thread(stand_by, chain, "n4", address)
            await in_thread(chain.ctl, "replace", old, "--with", "n4", "--yes")
            roles = await in_thread(chain.roles)
            assert old not in roles and roles[-1] == "n4" and len(roles) == 3, roles
            assert (await in_thread(chain.ctl_status))["replicas"]["want"] == 3
            await load.acked_more(50)
        await check_books(chain, chain.roles(), accounts[0], conv, load.acked())
        equal_hashes(chain)


def stand_by(chain, name, address):
    """Makes it a machine that is known and in no chain: added, drained, one less wanted, undrained."""
    want = chain.ctl_status()["replicas"]["want"]
    chain.ctl("add-node", name, address)
    chain.ctl("drain", name)
    chain.ctl("replicas", "want", str(want))
    chain.ctl("undrain", name)
    assert name not in chain.roles()


async def test_a_spare_comes_in_when_a_machine_dies(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        stand_by(chain, "n4", chain.add("n4"))
        assert chain.ctl_status()["state"] == "healthy"
        async with Load(chain, accounts, conv, 200) as load:
            victim = (await in_thread(chain.roles))[0]
            await in_thread(chain.kill, victim)
            await in_thread(wait_for, lambda: "n4" in chain.roles(), "the spare")
            await load.acked_more(50)
        await in_thread(chain.wait_length, 3)
        serving = chain.roles()
        assert victim not in serving
        await check_books(chain, serving, accounts[0], conv, load.acked())
        # The crashed one returns and now stands by itself; want 4 takes it in.
        chain.start(victim)
        chain.ctl("replicas", "want", "4")
        chain.wait_length(4)
        assert sorted(chain.roles()) == ["n1", "n2", "n3", "n4"]
        equal_hashes(chain)


async def test_force_epoch_goes_on_with_a_survivor_that_may_not_know_all(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        lineage = chain.ctl_status()["lineage"]
        async with Client(chain.urls["n1"], accounts[0]["token"]) as client:
            await client.change("msg.send", {"conv": conv, "body": "on all three", "fmt": "plain"})
            resume = {"lineage": client.lineage, "pos": client.pos}
        chain.kill("n3")
        wait_for(lambda: len(chain.roles()) == 2, "n3's removal")
        async with Client(chain.urls["n1"], accounts[0]["token"]) as client:
            await client.change("msg.send", {"conv": conv, "body": "not on n3", "fmt": "plain"})
        chain.kill("n1", "n2")  # for ever
        chain.start("n3")
        wait_for(lambda: chain.nodes()["n3"]["alive"], "n3")
        assert chain.ctl_status()["state"] == "down"  # it may have missed something: it does not serve by itself
        chain.ctl("force-epoch", ok=(64,))
        chain.ctl("force-epoch", "--i-understand-data-may-be-lost")  # n3 is all there is; from a script the flag is the answer
        chain.wait_serving(["n3"])
        status = chain.ctl_status()
        assert [n["name"] for n in status["chain"]] == ["n3"] and status["lineage"] != lineage
        async with Client(chain.urls["n3"], accounts[0]["token"], resume=resume) as client:
            assert client.hello["resume"] == "gone", client.hello
            bodies = [m["body"] for m in await client.whole_history(conv)]
        assert "on all three" in bodies and "not on n3" not in bodies
        # Who returns with what was lost has it set aside, and joins.
        chain.start("n1")
        wait_for(lambda: "n1" in chain.roles(), "n1 as a member", 60)
        assert list((chain.dir / "n1").glob("set-aside-*/*.db")), "the other history was not kept"
        equal_hashes(chain)
