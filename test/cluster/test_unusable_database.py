"""Databases that cannot be opened: filled again where the chain goes on without them, kept and explained where it does not."""
import os
import shutil
import sqlite3

from chain import running, wait_for
from disks import failing_disk
from load import Load, check_books
from test_kills import equal_hashes, in_thread, loaded


def into_one_file(database):
    """A write-ahead log would make good what is done to the file."""
    opened = sqlite3.connect(database)
    opened.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    opened.close()


def garbage(file):
    with open(file, "r+b") as out:
        out.write(os.urandom(4096))


def truncated(file):
    os.truncate(file, 4096 * 3 + 77)


def gone_but_for_its_log(file):
    os.replace(file, f"{file}-wal")


def newer(file):
    opened = sqlite3.connect(file)
    opened.execute("PRAGMA user_version = 999")
    opened.commit()
    opened.close()


def a_folder(file):
    file.unlink()
    file.mkdir()


def empty(file):
    os.truncate(file, 0)


def deleted(file):
    for tail in ("", "-wal", "-shm"):
        file.with_name(file.name + tail).unlink(missing_ok=True)


async def test_a_disk_that_fails_at_the_start_is_named_in_the_status(volume):
    with failing_disk() as disk, running(environment=disk.environment) as chain:
        await in_thread(chain.kill, "n2")
        disk.breaks(["n2"], "chain.db", "read")
        process = chain.start_later("n2")
        seen = []

        def told():
            rows = [row for row in chain.ctl_status()["failed"] if row["name"] == "n2"]
            seen[:] = rows
            return [row for row in rows if "its disk fails" in row["reason"] and "look at the disk of n2" in row["next"]]

        await in_thread(wait_for, told, "what is wrong with n2")
        await in_thread(process.communicate)
        disk.heals()
        await in_thread(chain.start, "n2")
        await in_thread(chain.wait_length, 3)
        print(f"  {seen[0]['reason'][:200]}")


async def test_a_database_that_is_none_is_filled_again_while_the_chain_goes_on(volume):
    with running() as chain:
        accounts, conv = await loaded(chain)
        async with Load(chain, accounts, conv, 100) as load:
            for damage, kept in ((garbage, 1), (truncated, 1), (gone_but_for_its_log, 1), (newer, 1), (a_folder, 1), (empty, 0), (deleted, 0)):
                name = volume.dice.choice(chain.names())
                before = len(list((chain.dir / name).glob("set-aside-2*")))
                await in_thread(chain.kill, name)
                await in_thread(wait_for, lambda: len(chain.roles()) == 2, "the chain without it")
                into_one_file(chain.dir / name / "chain.db")
                damage(chain.dir / name / "chain.db")
                await load.acked_more(20)
                await in_thread(chain.start, name)
                await in_thread(chain.wait_length, 3, 120)
                aside = len(list((chain.dir / name).glob("set-aside-2*"))) - before
                assert aside == kept, f"{damage.__name__}: {aside} set aside"
                said = [e["why"] for e in await in_thread(chain.events, "set_aside", name)]
                folders = sorted(map(str, (chain.dir / name).glob("set-aside-2*")))
                assert len(said) == len(folders) and all(f in " ".join(said) for f in folders), (said, folders)
                # Only as long as it is not filled again.
                await in_thread(wait_for, lambda: not chain.ctl_status()["set_aside"], "the status to forget it")
                assert not (chain.dir / name / "set-aside.json").exists()
                print(f"  {damage.__name__} at {name}: back")
                await load.acked_more(20)
        await check_books(chain, chain.names(), accounts[0], conv, load.acked())
        await in_thread(equal_hashes, chain)


async def test_a_database_that_is_needed_stays_and_the_next_step_is_said(volume):
    with running(configd=("cold-wait=2s",)) as chain:
        accounts, conv = await loaded(chain)
        async with Load(chain, accounts, conv, 100) as load:
            await load.acked_more(50)
        last = chain.roles()[0]
        others = [n for n in chain.names() if n != last]
        for name in others:
            await in_thread(chain.kill, name)
            await in_thread(wait_for, lambda: name not in chain.roles(), f"the chain without {name}")
        await in_thread(chain.kill, last)
        file = chain.dir / last / "chain.db"
        into_one_file(file)
        shutil.copyfile(file, chain.dir / "copy")
        garbage(file)
        waiting = chain.start_later(last)
        for name in others:
            await in_thread(chain.start, name)
        await in_thread(wait_for, lambda: "cannot be used" in chain.nodes()[last]["reason"], "its word of it")
        pid = chain.pid(last)
        talk = (await in_thread(lambda: chain.ctl("status", ok=None)))[1]
        for text in (str(file), "cannot be used", "chainctl backup restore", "chainctl force-epoch"):
            assert text in talk, talk
        assert "cannot be used" in chain.log(last)
        assert not list((chain.dir / last).glob("set-aside-*")), "the only copy was touched"
        # Put right by people, it goes on by itself.
        shutil.copyfile(chain.dir / "copy", file)
        await in_thread(chain.wait_length, 3, 120)
        assert chain.pid(last) == pid is not None, "it was restarted"
        await in_thread(waiting.wait)
        await check_books(chain, chain.names(), accounts[0], conv, load.acked())
