"""The config service may die: the chain goes on, says so, and finds its old epoch again."""
import json
import os
import shutil
import signal

from chain import running, wait_for
from chat import Client
from load import Load, check_books
from test_kills import in_thread, loaded


async def test_writes_and_reads_go_on_without_the_config_service(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        before = chain.ctl_status()
        async with Load(chain, accounts, conv, 300) as load:
            await in_thread(chain.kill, "configd")
            await load.acked_more(volume.pick(600, 18000))
            for name in chain.names():
                # Leases have run out by now: this read asks the other members.
                async with Client(chain.urls[name], accounts[0]["token"]) as client:
                    page = await client.ask("history", {"conv": conv, "limit": 5})
                    assert page["msgs"], "no messages"
                assert chain.status(name)["config_service"]["state"] == "down", f"{name} does not say that configd is down"
            code, text, _ = await in_thread(lambda: chain.ctl("status", "-o", "json"))
            assert json.loads(text)["config_service"]["state"] == "down"
            await in_thread(lambda: chain.ctl("status", "--check", ok=(1,)))
            await in_thread(chain.start, "configd")
            await in_thread(chain.wait_length, 3)
            after = await in_thread(chain.ctl_status)
            assert after["epoch"] == before["epoch"], "a restart of the config service made a new epoch"
            assert [n["name"] for n in after["chain"]] == [n["name"] for n in before["chain"]]
        await check_books(chain, chain.names(), accounts[0], conv, load.acked())


async def test_a_crash_while_the_config_service_is_down_is_repaired_when_it_is_back(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        async with Load(chain, accounts, conv, 200) as load:
            head = (await in_thread(chain.roles))[0]
            await in_thread(chain.kill, "configd", head)
            await in_thread(chain.start, "configd")
            await load.acked_more(100)
            others = [n for n in chain.names() if n != head]
            await in_thread(wait_for, lambda: len(chain.roles()) == 2, "the head's removal")
            assert sorted(await in_thread(chain.roles)) == sorted(others)
        await check_books(chain, others, accounts[0], conv, load.acked())


def says_that_nothing_is_served(chain, lost):
    left = [n for n in chain.names() if n != lost]
    nothing = lambda: all(chain.get(n, f"/readyz?role={role}")[0] == 503 for n in left for role in ("read", "write"))
    wait_for(nothing, "the leases to end")
    for name in left:
        wait_for(lambda: chain.status(name)["config_service"]["state"] == "down", "the config service to be missed")
        seen = chain.status(name)
        assert seen["state"] == "down", (lost, name, seen["state"])
        assert [n["name"] for n in seen["chain"] if n["state"] == "silent"] == [lost], (lost, name)
        assert [n["name"] for n in seen["failed"]] == [lost], (lost, name)
    return left


def test_each_pair_of_the_config_service_and_a_replica_that_died_is_said_to_serve_nothing(volume):
    with running() as chain:
        for lost in chain.names():
            chain.kill("configd", lost)
            left = says_that_nothing_is_served(chain, lost)
            text = chain.ctl("status")[1]
            assert "down: no machine serves" in text and f"start configd, or chaind on {lost}" in text, text
            chain.ctl("status", "--check", ok=(2,))
            chain.start("configd")
            chain.wait_serving(left)
            chain.start(lost)
            chain.wait_length(3)
            wait_for(lambda: chain.ctl_status()["state"] == "healthy", "all to be well")


def test_each_pair_that_stands_still_without_a_goodbye_is_said_to_serve_nothing(volume):
    """As after a power loss: nobody's kernel says that they have ended."""
    with running() as chain:
        for lost in chain.names():
            still = [chain.pid("configd"), chain.pid(lost)]
            try:
                for pid in still:
                    os.kill(pid, signal.SIGSTOP)
                says_that_nothing_is_served(chain, lost)
            finally:
                for pid in still:
                    os.kill(pid, signal.SIGCONT)
            chain.wait_length(3)
            wait_for(lambda: chain.ctl_status()["state"] == "healthy", "all to be well")


def test_a_registry_that_was_put_back_is_said_to_decide_nothing(volume):
    with running() as chain:
        registry, older = chain.dir / "configd", chain.dir / "older"
        chain.kill("configd")
        shutil.copytree(registry, older, ignore=shutil.ignore_patterns("*.sock"))
        chain.start("configd")
        chain.kill("n1")
        wait_for(lambda: len(chain.roles()) == 2, "n1 to be taken out")
        chain.start("n1")
        chain.wait_length(3)
        chain.kill("configd")
        shutil.rmtree(registry)
        shutil.copytree(older, registry)
        chain.start("configd")
        wait_for(lambda: chain.ctl_status()["registry"], "the registry's age to be noticed")
        text = chain.ctl("status")[1]
        assert "registry is older than the replicas" in text and "force-epoch" in text, text
        assert "comes back by itself" not in text, text
        chain.ctl("status", "--check", ok=(1,))
        chain.kill("n2")
        wait_for(lambda: chain.ctl_status()["state"] == "down", "the next failure to stop service")


def test_a_registry_that_was_lost_is_said_to_be_of_another_cluster(volume):
    with running() as chain:
        chain.kill("configd")
        shutil.move(chain.dir / "configd", chain.dir / "lost")
        chain.start("configd")
        named = lambda: "n1, n2, n3" in ((chain.ctl_status()["registry"] or {}).get("reason") or "")
        wait_for(named, "the machines to be named")
        text = chain.ctl("status")[1]
        assert "unknown: the machines are of another cluster" in text and "start chaind" not in text, text
        chain.ctl("status", "--check", ok=(3,))
        assert chain.events("refused", "n1")
        chain.kill("configd")
        shutil.rmtree(chain.dir / "configd")
        shutil.move(chain.dir / "lost", chain.dir / "configd")
        chain.start("configd")
        chain.wait_length(3)
        wait_for(lambda: chain.ctl_status()["state"] == "healthy", "the old registry to be whole")
