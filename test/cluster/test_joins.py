"""A machine joins while people write: nothing is lost, nobody waits long, and whoever crashes meanwhile."""
import json
import statistics
import time

from chain import running, wait_for
from chat import Client, register
from fill import check_rooms, fill
from joining import SLOW, SMALL, chain_in_use, partly_joined
from load import Load, check_books
from test_kills import equal_hashes, in_thread, loaded

SEEN = (*SMALL, "snapshot-rate=512KiB")  # long enough for a look at it


def p99(values):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * 0.99))]


async def latencies(chain, account, conv, goes_on):
    """In ms, of one client that writes one message after the other while `goes_on(the number so far)`."""
    out = []
    async with Client(chain.urls["n1"], account["token"]) as client:
        while goes_on(len(out)):
            started = time.monotonic()
            await client.change("msg.send", {"conv": conv, "body": f"probe {time.monotonic_ns()}", "fmt": "plain"})
            out.append((time.monotonic() - started) * 1000)
    return out


def moved(chain, name):
    """Bytes that this machine's join moved, as it says itself."""
    return chain.nodes()[name]["moved_bytes"]


async def same_again(chain, name, load):
    """Each writer's last change, sent again to that machine under its cid, gives the first answer."""
    for writer in load.writers:
        cid, (body, answer, _, _) = list(writer.acked.items())[-1]
        async with Client(chain.urls[name], writer.account["token"]) as client:
            again = await client.change("msg.send", {"conv": writer.conv, "body": body, "fmt": "plain"}, cid)
        assert again["dup"] is True and again["d"]["mid"] == answer["mid"], (again, answer)


async def test_a_newcomer_joins_under_load_and_is_then_the_only_one_left(volume):
    with running(chaind=SEEN if not volume.long else ()) as chain:
        rooms = await fill(chain, volume.pick(4000, 500_000))
        accounts, conv = await loaded(chain)
        acked = {}
        rate = volume.pick(300, 1000)
        async with Load(chain, accounts, conv, rate) as load:
            before = await latencies(chain, accounts[0], conv, lambda number: number < volume.pick(200, 2000))
            address = await in_thread(chain.add, "n4")
            started = time.monotonic()
            joiner = chain.ctl_later("add-node", "n4", address, "-o", "jsonl")
            during = await latencies(chain, accounts[0], conv, lambda _: joiner.poll() is None)
            took = time.monotonic() - started
            out, talk = joiner.communicate()
            assert joiner.returncode == 0, talk
            steps = [json.loads(line) for line in talk.splitlines()]
            phases = list(dict.fromkeys(s["phase"] for s in steps))
            size = max((s.get("bytes_total", 0) for s in steps), default=0)
            assert "done" in phases and "n4" in chain.roles(), (out, talk)
            assert size > 0, f"it needed no snapshot: {talk}"
            await load.acked_more(100)
            await in_thread(chain.wait_length, 4)
        acked.update(load.acked())
        print(f"  {size} bytes of snapshot, joined in {took:.1f} s, {size / took / 2**20:.1f} MiB/s; phases {phases}")
        print(f"  {chain.events('joined', 'n4')[-1]['why']}; machines lost meanwhile: {[e['why'] for e in chain.events('removed')]}")
        print(f"  others' p99 {p99(before):.0f} ms before, {p99(during):.0f} ms meanwhile, at {rate} messages/s")
        await check_books(chain, chain.names(), accounts[0], conv, acked)
        await check_rooms(chain.urls["n4"], rooms)
        await in_thread(equal_hashes, chain)

        async with Load(chain, accounts, conv, rate) as load:
            for victim in ("n1", "n2", "n3"):
                await in_thread(chain.kill, victim)
                await load.acked_more(100)
        acked.update(load.acked())
        assert chain.roles() == ["n4"]
        total = await check_books(chain, ["n4"], accounts[0], conv, acked)
        await check_rooms(chain.urls["n4"], rooms, volume.pick(10, 200))
        await same_again(chain, "n4", load)
        async with Client(chain.urls["n4"], accounts[0]["token"]) as client:
            newest = (await client.ask("history", {"conv": conv, "limit": 1}))["msgs"][-1]
            answer = (await client.change("msg.send", {"conv": conv, "body": "the next one", "fmt": "plain"}))["d"]
        assert int(answer["mid"][2:]) == int(newest["mid"][2:]) + 1 and answer["seq"] == newest["seq"] + 1, (answer, newest)
        # Its accounts are its own: a login and a new one.
        register(chain.urls["n4"], "latecomer")
        print(f"  the newcomer alone: {total} messages of the load and {sum(r.count for r in rooms)} older ones, next id {answer['mid']}")


async def crash_while_joining(volume, crash):
    """Starts a slow join, lets `crash` happen at about a third of the snapshot, waits for the member."""
    async with chain_in_use(volume.pick(4000, 50_000), SLOW) as (chain, load):
        _, joiner = await partly_joined(chain, 1 / 3)
        done_before = chain.joining("n4")["bytes_done"]
        await crash(chain, done_before)
        await in_thread(wait_for, lambda: "n4" in chain.roles(), "n4 in the chain", 120)
        await in_thread(wait_for, lambda: joiner.poll() is not None, "the end of add-node")
        assert joiner.returncode == 0, joiner.communicate()
        await load.acked_more(50)


async def test_the_head_crashes_while_a_machine_joins(volume):
    async def crash(chain, _):
        await in_thread(chain.kill, (await in_thread(chain.roles))[0])

    await crash_while_joining(volume, crash)


async def test_the_source_crashes_while_a_machine_joins(volume):
    async def crash(chain, _):
        await in_thread(chain.kill, (await in_thread(chain.roles))[-1])

    await crash_while_joining(volume, crash)


async def test_the_newcomer_crashes_and_goes_on_where_it_was(volume):
    async def crash(chain, done_before):
        await in_thread(chain.kill, "n4")
        await in_thread(wait_for, lambda: chain.joining("n4") is None, "the loss of n4 to be noticed")
        await in_thread(chain.start, "n4")
        await in_thread(wait_for, lambda: "n4" in chain.roles(), "n4 in the chain", 120)
        rest = await in_thread(moved, chain, "n4")
        await in_thread(chain.join, "n5")
        whole = await in_thread(moved, chain, "n5")
        print(f"  killed with {done_before} bytes of the file there; {rest} bytes moved after that, {whole} for a machine from nothing")
        assert 0 < rest < 0.9 * whole, (rest, whole)

    await crash_while_joining(volume, crash)


async def test_configd_restarts_while_a_machine_joins(volume):
    async def crash(chain, _):
        await in_thread(chain.kill, "configd")
        await in_thread(chain.start, "configd")

    await crash_while_joining(volume, crash)


async def test_the_pause_that_writers_see_when_a_machine_is_spliced_in(volume):
    gaps = []
    with running(chaind=SMALL) as chain:
        accounts, conv = await loaded(chain)
        address = chain.add("n4")
        async with Load(chain, accounts, conv, volume.pick(300, 1000)) as load:
            for _ in range(volume.pick(3, 20)):
                since = time.monotonic()
                await in_thread(chain.ctl, "add-node", "n4", address)
                await load.acked_more(50)
                gaps.append(load.gap_ms(since))
                await in_thread(chain.ctl, "remove-node", "n4", "--yes")
                await load.acked_more(50)
        await check_books(chain, ["n1", "n2", "n3"], accounts[0], conv, load.acked())
    print(f"  {len(gaps)} joins: pause median {statistics.median(gaps):.0f} ms, p99 {p99(gaps):.0f} ms, max {max(gaps):.0f} ms (bound 300 ms)")


async def test_a_returning_replica_moves_what_it_missed(volume):
    missed = volume.pick(100, 1000)
    with running(chaind=SEEN if not volume.long else ()) as chain:
        rooms = await fill(chain, volume.pick(10_000, 500_000))
        accounts, conv = await loaded(chain)
        victim = chain.roles()[-1]
        chain.kill(victim)
        wait_for(lambda: len(chain.roles()) == 2, "its removal")
        async with Client(chain.urls[chain.roles()[0]], accounts[0]["token"]) as client:
            for i in range(missed):
                await client.change("msg.send", {"conv": conv, "body": f"missed {i}", "fmt": "plain"})
        chain.start(victim)
        chain.wait_length(3)
        suffix = moved(chain, victim)
        steps = chain.join("n4")
        size = max((s.get("bytes_total", 0) for s in steps), default=0)
        share = suffix / size if size else 1
        print(f"  {missed} messages missed: {suffix} bytes moved, {100 * share:.2f} % of a snapshot of {size}")
        assert 0 < share < volume.pick(0.2, 0.02), (suffix, size, steps)
        await check_rooms(chain.urls[victim], rooms)
        equal_hashes(chain)
