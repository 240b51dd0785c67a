"""Disks that lie or are full while a machine joins: the chain goes on, and nothing half-installed is ever used."""
import json
import os
import re
import subprocess
import sys

from chain import QUICKSTART, running, wait_for
from fill import check_rooms, fill
from joining import SLOW, SMALL, chain_in_use, partly_joined
from load import Load, check_books
from test_kills import equal_hashes, in_thread, loaded

def flip(path, at):
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ 0x10]))


async def test_a_flipped_bit_at_the_receiver_is_found_and_fetched_again(volume):
    async with chain_in_use(volume.pick(4000, 50_000), SLOW) as (chain, load):
        address, joiner = await partly_joined(chain, 0.5)
        part = chain.dir / "n4" / "incoming.db.part"
        # In what has come already. The first chunk comes first.
        offset = volume.dice.randrange(5000, 100_000)
        flip(part, offset)
        out, talk = await in_thread(joiner.communicate)
        print(f"  byte {offset} flipped; add-node ended with {joiner.returncode}: {talk.splitlines()[-1][:200]}")
        # Whether this try ended or went on, the next one has it right.
        assert joiner.returncode in (0, 1), talk
        assert joiner.returncode == 0 or "ended" in talk, talk
        await in_thread(chain.ctl, "add-node", "n4", address)
        assert not part.exists()
        await load.acked_more(50)
        assert not chain.events("removed"), "the chain lost a machine over it"
        assert sorted(chain.roles()) == chain.names(), "not all of them serve"


def add_on_a_small_disk(chain, name, size):
    """--add with that machine's data folder on a file system of that size, which only it sees."""
    folder = chain.dir / name
    folder.mkdir(mode=0o700)
    script = 'mount -t tmpfs -o size="$1",mode=700 tmpfs "$2" && shift 2 && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, "sh", size, str(folder), *QUICKSTART, "--dir", str(chain.dir), "--add", name, "--json"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    one = json.loads(done.stdout)
    chain.urls[name] = one["url"]
    return one["replica_addr"]


async def test_a_full_disk_at_the_receiver_ends_the_join_with_the_reason(volume):
    if os.geteuid() != 0:
        print("  needs root for a small file system of its own: the store's unit tests cover the same", file=sys.stderr)
        return
    async with chain_in_use(3000) as (chain, load):
        address = await in_thread(add_on_a_small_disk, chain, "n4", "2m")
        code, _, err = await in_thread(lambda: chain.ctl("add-node", "n4", address, ok=(1,)))
        assert "ended" in err and "space" in err.lower(), err
        print(f"  {err.splitlines()[-2][:200]}")
        assert chain.pid("n4"), "it did not outlive its full disk"
        assert await in_thread(chain.roles) == ["n1", "n2", "n3"]
        assert any("space" in e.get("why", "").lower() for e in chain.events("stalled", "n4")), chain.events("stalled")
        await load.acked_more(50)
        # With room the next try ends well.
        subprocess.run(
            ["nsenter", "-t", str(chain.pid("n4")), "-m", "mount", "-o", "remount,size=1g", str(chain.dir / "n4")], check=True
        )
        await in_thread(wait_for, lambda: "n4" in chain.roles(), "n4 in the chain", 120)
        await load.acked_more(50)
        assert sorted(chain.roles()) == chain.names(), "not all of them serve"


async def test_a_machine_whose_log_is_damaged_never_becomes_a_source(volume):
    with running(chaind=SMALL) as chain:
        rooms = await fill(chain, 4000)
        accounts, conv = await loaded(chain)
        source = chain.roles()[-1]
        # A restart moves the write-ahead log into the file; the chain does without it meanwhile.
        chain.kill(source)
        await in_thread(wait_for, lambda: len(chain.roles()) == 2, "its removal")
        database = chain.dir / source / "chain.db"
        subprocess.run(["/usr/bin/python3", "-c", CHECKPOINT, str(database)], check=True)
        content = database.read_bytes()
        places = [m.start() for m in re.finditer(rb"message 17\d of many", content)]
        assert places, "no message's text in the file"
        for at in places:
            flip(database, at)
        try:
            await in_thread(chain.start, source)
        except AssertionError as refused:
            assert "does not match its hash" in str(refused), refused
        assert chain.pid(source) is None, "it runs with a damaged log"
        async with Load(chain, accounts, conv, 100) as load:
            steps = await in_thread(chain.join, "n4")
            await load.acked_more(50)
            serving = await in_thread(chain.roles)
        assert source not in serving and serving[-1] == "n4" and len(serving) == 3, (serving, steps)
        print(f"  {len(places)} bytes flipped at {source}: it does not start; n4 joined from another one")
        await check_books(chain, serving, accounts[0], conv, load.acked())
        for name in serving:
            await check_rooms(chain.urls[name], rooms, pages=20)
        equal_hashes(chain)


CHECKPOINT = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('pragma wal_checkpoint(truncate)').fetchall()"
