"""Disks to which nothing gets any more, and which do not say so: no call fails, none comes back, or each comes late."""
import asyncio

from chain import running, wait_for
from chat import Client, post
from disks import failing_disk
from load import Load
from test_kills import in_thread, loaded


def serves(chain, name, role, account, room):
    """What the machine says of itself, and what it then does; nothing where it changed its word meanwhile."""
    ready = lambda: chain.get(name, f"/readyz?role={role}")[0] == 200
    asked = {
        "read": ("GET", f"/api/v1/conversations/{room}/messages?limit=1", None),
        "write": ("POST", "/api/v1/messages", {"conv": room, "body": "hello", "fmt": "plain"}),
    }
    method, path, body = asked[role]
    said = ready()
    code, _ = post(chain.urls[name], path, body, {"Authorization": f"Bearer {account['token']}"}, method)
    return (said, code in (200, 201)) if ready() == said else None


async def test_who_says_that_it_serves_does_though_a_disk_takes_long_for_each_write(volume):
    with failing_disk() as disk, running(environment=disk.environment) as chain:
        accounts, room = await loaded(chain)
        head, _, tail = chain.roles()

        async def writes(client, number):
            while not stop.is_set():
                await client.change("msg.send", {"conv": room, "body": f"{number}", "fmt": "plain"})

        stop = asyncio.Event()
        async with Client(chain.urls[head], accounts[1]["token"]) as client:
            disk.breaks([tail], "chain.db-wal", "slow")
            # Several, so that something waits for its commit all the time.
            writers = [asyncio.create_task(writes(client, number)) for number in range(4)]
            for role in ("read", "write"):
                for name in chain.names():
                    seen = await in_thread(serves, chain, name, role, accounts[0], room)
                    assert seen == (True, True), (name, role, seen)
            await in_thread(lambda: chain.ctl("status", "--check"))
            stop.set()
            await asyncio.gather(*writers)


async def test_what_nobody_reads_is_not_called_readable_while_leases_go_on(volume):
    with failing_disk() as disk, running(environment=disk.environment) as chain:
        accounts, room = await loaded(chain)
        head, middle, _ = chain.roles()
        async with Load(chain, accounts, room, 20) as load:
            await load.acked_more(5)
            # Nobody can take the middle out, and whoever is heard gets a lease.
            disk.breaks(["configd"], "registry.db-wal", "sync")
            await in_thread(wait_for, lambda: chain.ctl_status()["registry"], "configd's disk to be named")
            disk.breaks([middle], "chain.db-wal", "sync")
            await in_thread(wait_for, lambda: chain.get(head, "/readyz?role=write")[0] == 503, "the head to say so")
            for _ in range(3):
                for name in chain.names():
                    seen = await in_thread(serves, chain, name, "read", accounts[0], room)
                    assert seen in (None, (True, True), (False, False)), (name, seen)
            disk.heals()
            await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "the disks")


async def test_a_disk_that_stands_still_is_said_by_those_who_serve_nothing_any_more(volume):
    with failing_disk() as disk, running(environment=disk.environment) as chain:
        accounts, room = await loaded(chain)
        tail = chain.roles()[2]
        # Nobody takes it out.
        await in_thread(chain.kill, "configd")
        ready = lambda name: chain.get(name, "/readyz?role=write")
        each_is = lambda code: all(ready(name)[0] == code for name in chain.names())
        async with Load(chain, accounts, room, 20) as load:
            await load.acked_more(5)
            disk.breaks([tail], "chain.db-wal", "sync")
            await in_thread(wait_for, lambda: each_is(503), "all to say that nothing is written")
            assert "its disk has not finished a write for" in (await in_thread(ready, tail))[1]["err"]["msg"]
            assert "or its disk stands still" in (await in_thread(ready, chain.names()[0]))[1]["err"]["msg"]
            await in_thread(lambda: chain.ctl("status", "--check", ok=(1, 2)))
            disk.heals()
            await in_thread(wait_for, lambda: each_is(200), "the disk")
            await load.acked_more(5)


async def test_a_machine_whose_disk_stands_still_is_out_for_that_and_says_whom_to_ask(volume):
    with failing_disk() as disk, running(environment=disk.environment) as chain:
        accounts, room = await loaded(chain)
        middle = chain.roles()[1]
        async with Load(chain, accounts, room, 20) as load:
            await load.acked_more(5)
            disk.breaks([middle], "chain.db-wal", "sync")
            await in_thread(wait_for, lambda: len(chain.roles()) == 2, "the chain without it")
            await load.acked_more(5)
            (removed,) = [e for e in chain.events() if e["what"] == "removed"]
            assert (removed["node"], removed["why"]) == (middle, "its disk stands still"), removed
            (row,) = chain.ctl_status()["failed"]
            assert row["name"] == middle and row["reason"] == "its disk stands still" and "dmesg" in row["next"], row
            # It hears what goes on without it.
            await in_thread(wait_for, lambda: chain.status(middle)["state"] == "degraded", "its own word")
            assert chain.status(middle)["config_service"]["state"] == "up", chain.status(middle)
            disk.heals()
            await in_thread(chain.wait_length, 3)
            await load.acked_more(5)


async def test_a_disk_of_the_config_service_that_stands_still_is_named_before_it_is_needed(volume):
    with failing_disk() as disk, running(environment=disk.environment) as chain:
        accounts, room = await loaded(chain)
        async with Load(chain, accounts, room, 20) as load:
            disk.breaks(["configd"], "registry.db-wal", "sync")
            await load.acked_more(5)
            await in_thread(wait_for, lambda: chain.ctl_status()["registry"], "the disk to be named")
            status = await in_thread(chain.ctl_status)
            assert status["state"] == "degraded" and "configd's data folder" in status["registry"]["reason"], status
            _, text, _ = await in_thread(lambda: chain.ctl("status", "--check", ok=(1,)))
            assert "the next failure stops service" in text and "mend that disk" in text, text
            pids = chain.pids()
            _, _, text = await in_thread(lambda: chain.ctl("drill", "kill-tail", "--yes", ok=(69,)))
            assert "does not finish a write" in text and chain.pids() == pids, text
            disk.heals()
            await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "the disk")
