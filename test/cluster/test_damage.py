"""Chat rows that a disk has changed: their machine gives them to nobody, and comes back with sound ones."""
import sqlite3

from chain import running, wait_for
from fill import fill
from joining import chain_in_use
from test_kills import in_thread

CHANGED = "chat rows are not those that were written"
# Nothing here is about silence: who is taken out because this machine is busy comes back, and is looked at, once more.
PATIENT = ("silence=1500ms", "silence-max=1500ms")


def change_a_row(chain, name):
    """As a bad disk would, behind the daemon's back."""
    database = sqlite3.connect(chain.dir / name / "chain.db", timeout=30)
    with database:
        changed = database.execute("UPDATE chat_message SET body = 'changed' WHERE id = (SELECT min(id) FROM chat_message)")
    assert changed.rowcount == 1
    database.close()


def set_aside(chain, name):
    return list((chain.dir / name).glob("set-aside-*/chain.db"))


async def test_a_source_with_a_changed_row_gives_no_snapshot(volume):
    async with chain_in_use(2000, configd=PATIENT) as (chain, load):
        *_, middle, tail = chain.roles()
        await in_thread(change_a_row, chain, tail)
        await in_thread(chain.join, "n4")
        # Once for each run: a snapshot ends one.
        sources = list(dict.fromkeys(e["why"] for e in chain.events("learner", "n4")))
        assert sources == [f"catches up from {name}" for name in (tail, middle)], sources
        assert "snapshot" in chain.events("joined", "n4")[-1]["why"], chain.events("joined", "n4")
        damaged = (await in_thread(chain.ctl_status))["damaged"]
        assert [row["name"] for row in damaged] == [tail] and CHANGED in damaged[0]["reason"], damaged
        # What was damaged is looked at when it comes back.
        await in_thread(chain.kill, tail)
        await in_thread(chain.start, tail)
        await in_thread(wait_for, lambda: sorted(chain.roles()) == chain.names(), "all of them in the chain", 120)
        assert len(set_aside(chain, tail)) == 1, "its store was taken as it was"
        await load.acked_more(50)


async def test_a_returning_machine_with_a_changed_row_gets_a_snapshot(volume):
    async with chain_in_use(2000, configd=PATIENT) as (chain, load):
        await in_thread(chain.join, "n4")
        await in_thread(chain.kill, "n2")
        await in_thread(wait_for, lambda: "n2" not in chain.roles(), "a chain without n2")
        await in_thread(change_a_row, chain, "n2")
        await in_thread(chain.start, "n2")
        await in_thread(wait_for, lambda: "n2" in chain.roles(), "n2 in the chain", 120)
        assert len(set_aside(chain, "n2")) == 1, "its store was taken as it was"
        assert "snapshot" in chain.events("joined", "n2")[-1]["why"], chain.events("joined", "n2")
        # One with sound rows keeps them.
        await in_thread(chain.kill, "n3")
        await in_thread(chain.start, "n3")
        await in_thread(wait_for, lambda: "n3" in chain.roles(), "n3 in the chain", 120)
        assert not set_aside(chain, "n3")
        await load.acked_more(50)


async def test_a_machine_that_a_cold_start_takes_in_damaged_is_named_until_it_is_repaired(volume):
    with running(configd=PATIENT) as chain:
        await fill(chain, 200)
        await in_thread(chain.ctl, "status", "--check")
        await in_thread(chain.kill, *chain.names())
        await in_thread(change_a_row, chain, "n2")
        await in_thread(chain.start, *chain.names())
        await in_thread(wait_for, lambda: chain.ctl_status()["damaged"], "a machine that is damaged", 60)
        status = await in_thread(chain.ctl_status)
        assert [d["name"] for d in status["damaged"]] == ["n2"] and CHANGED in status["damaged"][0]["reason"], status
        await in_thread(wait_for, lambda: len(chain.roles()) == 3, "the whole chain")
        _, text, _ = await in_thread(lambda: chain.ctl("status", "--check", ok=(1,)))
        assert "damaged  n2" in text and "restart chaind on n2" in text, text
        assert chain.nodes()["n2"]["state"] == "damaged" and CHANGED in chain.nodes()["n2"]["reason"]
        # What the text says.
        await in_thread(chain.kill, "n2")
        await in_thread(chain.start, "n2")
        await in_thread(wait_for, lambda: chain.ctl_status()["state"] == "healthy", "a chain that is repaired", 120)
        assert len(set_aside(chain, "n2")) == 1 and not chain.ctl_status()["damaged"]
        # Of the run that was a member and of the one that the restart began.
        assert len(chain.events("damaged", "n2")) == len(chain.events("damaged")) == 2, chain.events("damaged")
