"""A version that meets a command, or a part of one, that only a newer version knows."""
import hashlib
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

from chain import running, wait_for
from chat import register

OUTDATED = 76
PROBE = b"\x52\x00"  # Command{probe{}} of common/wire/command.proto
NEWER = {
    "a command": b"\x9a\x3f\x00",  # Command{1011: {}}
    "a field": b"\x08\x01" + PROBE + b"\x98\x3f\x01",  # Command{uid: 1, probe{}, 1011: 1}
    "a field within": b"\x52\x03\x98\x3f\x01",  # Command{probe{1011: 1}}
    "a value": b"\x08\x01\x82\x01\x07\x08\x01\x12\x01x\x18\x63",  # Command{uid: 1, msg_send{conv: 1, body: "x", fmt: 99}}
}


def append(database, command):
    """One more row behind the log's last, of the same epoch, as a newer version would have left it."""
    with closing(sqlite3.connect(database)) as db, db:
        at, epoch, ts_us, before = db.execute("SELECT seq, epoch, ts_us, hash FROM log ORDER BY seq DESC LIMIT 1").fetchone()
        number = lambda value: value.to_bytes(8, "little")
        sized = lambda part: number(len(part)) + part
        at, ts_us, request = at + 1, ts_us + 1, b"\x07" * 16
        text = sized(before) + number(at) + number(epoch) + number(ts_us) + sized(request) + sized(command)
        hashed = hashlib.blake2b(text, digest_size=16).digest()
        db.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)", (at, epoch, ts_us, request, command, hashed))
        return at


def cut(database, at):
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("DELETE FROM log WHERE seq >= ?", (at,))


def held(database):
    """(applied, the state's own mark, accounts, the log's end)"""
    with closing(sqlite3.connect(database)) as db:
        one = lambda question: db.execute(question).fetchone()[0]
        return (
            one("SELECT applied FROM meta"),
            one("SELECT pos FROM chat_counters"),
            one("SELECT count(*) FROM chat_user"),
            one("SELECT max(seq) FROM log"),
        )


def test_a_version_that_is_too_old_stops_before_it_differs_and_says_what_to_do(volume):
    with running(replicas=1) as chain:
        register(chain.urls["n1"], "ana")
        database = chain.dir / "n1" / "chain.db"
        command = Path(f"/proc/{chain.pid('n1')}/cmdline").read_bytes().decode().split("\0")[:-1]
        chain.kill("n1")
        for what, bytes_of_it in NEWER.items():
            before = held(database)
            at = append(database, bytes_of_it)
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
            said = done.stdout + done.stderr
            assert done.returncode == OUTDATED, (what, done.returncode, said[-2000:])
            assert f"position {at} of the log" in said and "upgrade chaind" in said, (what, said[-2000:])
            assert held(database) == (before[0], before[1], before[2], at), what
            told = lambda: "upgrade chaind on n1" in chain.nodes()["n1"]["reason"]
            wait_for(told, "the reason")
            assert chain.events("outdated", "n1")[-1]["why"].startswith("upgrade chaind on n1: "), what
            wait_for(lambda: chain.ctl_status()["state"] == "down", "its end to be noticed")
            assert "upgrade chaind on n1" in chain.ctl("status")[1], what
            # As the version would that knows it: the row is there, and the log goes on behind it.
            cut(database, at)
        append(database, PROBE)
        chain.start("n1")
        chain.wait_length(1)
        register(chain.urls["n1"], "bob")
