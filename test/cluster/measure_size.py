#!/usr/bin/python3
"""What reads everything must not grow with the store: the figures for a chain whose replicas hold N messages.

  measure_size.py N [--dir DIR] [--no-join] [--deep] [--within SECONDS]
The messages are appended to one replica's stopped database, which is then given to the others; real ones would take hours.
Needs build/release (or TEST_BIN) with fill_store, and some 2 KB of disk a message. --within: fail when the whole chain takes
longer to serve.
"""
import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from chain import BIN, Chain, QUICKSTART, wait_for

OWN = "store, boot, promise, promise_state, joiner, promise_id, restored"


def human(count):
    return f"{count / 1e9:.2f} GB" if count > 1e9 else f"{count / 1e6:.1f} MB"


class Figures:
    def __init__(self):
        self.rows = []

    def add(self, what, seconds, note=""):
        self.rows.append((what, seconds, note))
        print(f"  {what:<58} {seconds:8.2f} s  {note}", flush=True)


def give_to(chain, source, name):
    """The state and the log of `source`, under the identity of `name`."""
    database = chain.dir / name / "chain.db"
    with closing(sqlite3.connect(database)) as own:
        identity = own.execute(f"SELECT {OWN} FROM meta").fetchone()
        members = own.execute("SELECT position, name, store, boot FROM promised_member").fetchall()
    for tail in ("", "-wal", "-shm"):
        Path(f"{database}{tail}").unlink(missing_ok=True)
    shutil.copyfile(chain.dir / source / "chain.db", database)
    with closing(sqlite3.connect(database)) as own, own:
        own.execute(f"UPDATE meta SET ({OWN}) = (?, ?, ?, ?, ?, ?, ?)", identity)
        own.execute("DELETE FROM promised_member")
        own.executemany("INSERT INTO promised_member VALUES (?, ?, ?, ?)", members)
    database.chmod(0o600)


def left_under(chain, boot):
    """As if processes under that boot of the kernel had used these very files last."""
    for name in chain.names():
        path = chain.dir / name / "chain.db"
        about = path.stat()
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE meta SET run_on = ?", (f"{boot} {about.st_dev} {about.st_ino}",))


def left_cold(chain):
    """As after a power cut: nothing of the files is in memory."""
    for path in [p for name in chain.names() for p in (chain.dir / name).glob("chain.db*")]:
        file = os.open(path, os.O_RDONLY)
        os.fsync(file)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(file)


def start_all(chain):
    """Seconds until all of them serve in one chain."""
    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        list(pool.map(chain.start, chain.names()))
    chain.wait_length(3, 1800)
    return time.monotonic() - began


def timed(action):
    began = time.monotonic()
    out = action()
    return time.monotonic() - began, out


def measure(chain, args):
    figures = Figures()
    chain.wait_length(3)
    chain.ctl("status", "--check")
    chain.kill(*chain.names())
    database = chain.dir / "n1" / "chain.db"
    command = [str(BIN / "fill_store"), str(database), str(args.messages)]
    took, _ = timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))
    figures.add(f"{args.messages:,} messages appended to one database", took, human(database.stat().st_size))
    with closing(sqlite3.connect(database)) as filled:
        filled.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for name in ("n2", "n3"):
        give_to(chain, "n1", name)

    left_under(chain, Path("/proc/sys/kernel/random/boot_id").read_text().strip())
    whole = start_all(chain)
    figures.add("start of the whole chain, killed under the same boot", whole)
    chain.kill(*chain.names())
    left_under(chain, "another-boot")
    left_cold(chain)
    after_power = start_all(chain)
    figures.add("start of the whole chain after another boot (power loss)", after_power)

    took, (_, out, _) = timed(lambda: chain.ctl("verify", "-o", "json"))
    figures.add("chainctl verify", took, "equal" if json.loads(out)["equal"] else "DIFFERENT")
    if args.deep:
        took, _ = timed(lambda: chain.ctl("verify", "--deep"))
        figures.add("chainctl verify --deep, three replicas", took)

    chain.kill("n2")
    wait_for(lambda: "n2" not in chain.roles(), "a chain without n2")
    began = time.monotonic()
    chain.start("n2")
    chain.wait_length(3, 1800)
    figures.add("a killed replica is back in the chain", time.monotonic() - began)

    if not args.no_join:
        took, lines = timed(lambda: chain.join("n4"))
        moved = max((line.get("bytes_done", 0) for line in lines), default=0)
        figures.add("a new machine joins", took, f"a snapshot of {human(moved)}, {human(chain.nodes()['n4']['moved_bytes'])} moved")
    return max(whole, after_power)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("messages", type=int)
    p.add_argument("--dir", type=Path, default=None, help="made, used and removed there (default: a temporary folder)")
    p.add_argument("--no-join", action="store_true")
    p.add_argument("--deep", action="store_true")
    p.add_argument("--within", type=float, default=None)
    args = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="size-", dir=args.dir, ignore_cleanup_errors=True) as folder:
        try:
            slowest = measure(Chain(folder, chaind=("scrub-every=0",)), args)
        finally:
            subprocess.run([*QUICKSTART, "--dir", folder, "--down"], stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    if args.within is not None and slowest > args.within:
        print(f"the whole chain served after {slowest:.2f} s, more than {args.within} s")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
