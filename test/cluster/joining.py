"""A machine that joins while people write, slowly enough for what a test does to it meanwhile."""
from contextlib import asynccontextmanager

from chain import running, wait_for
from fill import check_rooms, fill
from load import Load, check_books
from test_kills import equal_hashes, in_thread, loaded

SMALL = ("snapshot-after=200",)  # so that a small database needs a snapshot, too
SLOW = (*SMALL, "snapshot-rate=128KiB")  # and takes long enough for a fault in the middle


@asynccontextmanager
async def chain_in_use(messages, chaind=SMALL, **options):
    """A chain of three with a history, and its load. After the test n4 and whoever serves with it have all of both."""
    with running(chaind=chaind, **options) as chain:
        rooms = await fill(chain, messages)
        accounts, conv = await loaded(chain)
        async with Load(chain, accounts, conv, 200) as load:
            yield chain, load
        await in_thread(wait_for, lambda: chain.ctl_status()["state"] in ("healthy", "degraded"), "a chain that serves")
        serving = await in_thread(chain.roles)
        assert "n4" in serving, serving
        await check_books(chain, serving, accounts[0], conv, load.acked())
        await check_rooms(chain.urls["n4"], rooms)
        await in_thread(equal_hashes, chain)


async def partly_joined(chain, share):
    """n4 with that share of its snapshot: its address, and the add-node that goes on."""
    address = await in_thread(chain.add, "n4")
    joiner = chain.ctl_later("add-node", "n4", address)

    def has_it():
        row = chain.joining("n4")
        return row and row["phase"] == "snapshot" and row["bytes_done"] >= row["bytes_total"] * share > 0

    await in_thread(wait_for, has_it, f"{share:.2f} of the snapshot", 120)
    return address, joiner
