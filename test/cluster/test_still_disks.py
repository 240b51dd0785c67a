"""Disks to which nothing gets any more, and which do not say so: no call fails, none comes back."""
from chain import running, wait_for
from disks import failing_disk
from load import Load
from test_kills import in_thread, loaded


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
