"""Somebody reads a learner's database when the snapshot that it fetched is to take its place."""
import sqlite3
from contextlib import closing

from chain import running, wait_for
from fill import check_rooms, fill
from joining import SMALL
from test_kills import equal_hashes, in_thread


def said(chain, name, what):
    return chain.log(name).count(what)


async def test_a_reader_of_a_learners_database_delays_its_join_and_ends_nothing(volume):
    with running(chaind=SMALL) as chain:
        rooms = await fill(chain, 1000)
        address = await in_thread(chain.add, "n4")
        running_as = chain.pid("n4")
        with closing(sqlite3.connect(f"file:{chain.dir / 'n4' / 'chain.db'}?mode=ro", uri=True)) as reader:
            reader.execute("BEGIN")
            before = reader.execute("SELECT store, applied FROM meta").fetchone()
            joiner = chain.ctl_later("add-node", "n4", address)
            await in_thread(
                wait_for, lambda: said(chain, "n4", "the snapshot cannot become the store yet") >= 2, "two tries", 90
            )
            assert chain.pid("n4") == running_as, "it ended over a reader"
            assert "n4" not in await in_thread(chain.roles)
            assert reader.execute("SELECT store, applied FROM meta").fetchone() == before
        out, talk = await in_thread(joiner.communicate)
        if joiner.returncode != 0:
            print(f"  add-node had ended with {joiner.returncode}: {talk.splitlines()[-1][:200]}")
            await in_thread(chain.ctl, "add-node", "n4", address)
        assert chain.roles()[-1] == "n4" and chain.pid("n4") == running_as
        assert not chain.events("removed"), "the chain lost a machine over it"
        await check_rooms(chain.urls["n4"], rooms)
        await in_thread(equal_hashes, chain)


async def test_backups_of_a_learner_at_every_moment_of_its_join_end_nothing(volume):
    with running(chaind=(*SMALL, "snapshot-rate=512KiB")) as chain:
        rooms = await fill(chain, volume.pick(2000, 20_000))
        address = await in_thread(chain.add, "n4")
        running_as = chain.pid("n4")
        joiner = chain.ctl_later("add-node", "n4", address)
        made = 0
        while joiner.poll() is None:
            made += 1
            file = str(chain.dir / f"{made}.backup")
            await in_thread(chain.ctl, "backup", "create", file, "--data-dir", str(chain.dir / "n4"))
            await in_thread(chain.ctl, "backup", "verify", file)
        assert joiner.returncode == 0, joiner.communicate()
        assert chain.pid("n4") == running_as and made > 1
        print(f"  {made} backups meanwhile")
        await check_rooms(chain.urls["n4"], rooms)
        await in_thread(equal_hashes, chain)
