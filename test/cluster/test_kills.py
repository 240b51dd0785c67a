"""kill -9 at every place of the chain, under load: nothing acknowledged is lost, nothing stands twice."""
import asyncio
import itertools
import statistics
import time

from chain import running
from chat import Client, register
from load import Load, check_books

RATE = 500
WRITERS = 6


async def room_of(chain, accounts):
    """A public room that all the accounts are in."""
    first = chain.names()[0]
    async with Client(chain.urls[first], accounts[0]["token"]) as owner:
        conv = (await owner.change("conv.create", {"kind": "room", "name": "load", "priv": False}))["d"]["conv"]
    for account in accounts[1:]:
        async with Client(chain.urls[first], account["token"]) as member:
            await member.change("conv.join", {"conv": conv})
    return conv


async def in_thread(function, *words):
    return await asyncio.get_running_loop().run_in_executor(None, function, *words)


async def loaded(chain, rate=RATE):
    accounts = [register(chain.urls[chain.names()[0]], f"writer{i}") for i in range(WRITERS)]
    return accounts, await room_of(chain, accounts)


def equal_hashes(chain):
    chain.ctl("verify", ok=(0,))


async def kill_and_return(chain, load, victims, spacing_s=0.0):
    """Kills the victims (spacing apart), waits for 100 more messages; returns the gap that writers saw, in ms."""
    since = time.monotonic()
    for i, victim in enumerate(victims):
        if i and spacing_s:
            # Not synchronisation: the distance between two crashes is what is being tested.
            await asyncio.sleep(spacing_s)
        await in_thread(chain.kill, victim)
    await load.acked_more(100)
    return load.gap_ms(since)


async def each_place(volume, policy):
    gaps, total = [], 0
    # A new chain for each three kills: a machine that comes back again and again is made to wait before it is taken.
    for _ in range(volume.pick(1, 10)):
        with running(forwarding=policy) as chain:
            accounts, conv = await loaded(chain)
            async with Load(chain, accounts, conv, RATE) as load:
                for place in (0, 1, 2):
                    victim = (await in_thread(chain.roles))[place]
                    others = {n: p for n, p in chain.pids().items() if n != victim}
                    gaps.append(await kill_and_return(chain, load, [victim]))
                    assert {n: p for n, p in chain.pids().items() if n != victim} == others, "a survivor's pid changed"
                    await in_thread(chain.start, victim)
                    await in_thread(chain.wait_length, 3)
            total += await check_books(chain, chain.names(), accounts[0], conv, load.acked())
            equal_hashes(chain)
    gaps.sort()
    p99 = gaps[min(len(gaps) - 1, int(len(gaps) * 0.99))]
    print(f"  {policy}: {len(gaps)} kills, {total} messages, gap median {statistics.median(gaps):.0f} ms, p99 {p99:.0f} ms, max {gaps[-1]:.0f} ms")


async def test_each_place_killed_under_load_parallel(volume):
    await each_place(volume, "parallel")


async def test_each_place_killed_under_load_persist_first(volume):
    await each_place(volume, "persist-first")


async def two_kills(volume, policy):
    orders = list(itertools.permutations(range(3), 2))
    if not volume.long:
        orders = volume.dice.sample(orders, 2)
    for order, spacing in itertools.product(orders, [0.0, 0.15] if volume.long else [volume.dice.choice([0.0, 0.15])]):
        with running(forwarding=policy) as chain:
            accounts, conv = await loaded(chain)
            async with Load(chain, accounts, conv, RATE) as load:
                roles = await in_thread(chain.roles)
                victims = [roles[i] for i in order]
                survivor = next(n for n in roles if n not in victims)
                pid = chain.pid(survivor)
                gap = await kill_and_return(chain, load, victims, spacing)
                assert chain.pid(survivor) == pid, "the survivor was restarted"
            total = await check_books(chain, [survivor], accounts[0], conv, load.acked())
            chain.start(*victims)
            chain.wait_length(3)
            assert await check_books(chain, chain.names(), accounts[0], conv, load.acked()) == total
            equal_hashes(chain)
            print(f"  {policy}: places {order}, {spacing} s apart: {total} messages on the last machine, gap {gap:.0f} ms")


async def test_two_of_three_killed_parallel(volume):
    await two_kills(volume, "parallel")


async def test_two_of_three_killed_persist_first(volume):
    await two_kills(volume, "persist-first")


async def test_all_killed_and_restarted_in_any_order(volume):
    orders = list(itertools.permutations(range(3)))
    for policy in ("parallel", "persist-first"):
        with running(forwarding=policy) as chain:
            accounts, conv = await loaded(chain)
            acked, highest = {}, 0
            for order in orders if volume.long else volume.dice.sample(orders, 1):
                async with Load(chain, accounts, conv, RATE) as load:
                    await load.acked_more(200)
                    names = chain.names()
                    await in_thread(chain.kill, *names)
                    await in_thread(chain.start, *[names[i] for i in order])
                    await in_thread(chain.wait_length, 3)
                    await load.acked_more(50)
                acked.update(load.acked())
                total = await check_books(chain, chain.names(), accounts[0], conv, acked)
                new = max(int(a[1]["mid"][2:]) for a in load.acked().values())
                assert new > highest, "message ids did not go on"
                highest = new
                equal_hashes(chain)
                print(f"  {policy}: restart order {order}: {total} messages, ids up to m_{highest}")


async def test_a_killed_replica_returns_with_its_old_disk_and_catches_up(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        async with Load(chain, accounts, conv, RATE) as load:
            victim = (await in_thread(chain.roles))[1]
            await in_thread(chain.kill, victim)
            await load.acked_more(volume.pick(500, 5000))
            await in_thread(chain.start, victim)
            await in_thread(chain.wait_length, 3)
            assert (await in_thread(chain.roles))[2] == victim, "it comes back as the tail"
            await load.acked_more(100)
        await check_books(chain, chain.names(), accounts[0], conv, load.acked())
        equal_hashes(chain)
