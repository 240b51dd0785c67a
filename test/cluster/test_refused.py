"""Processes that the config service refuses, and a config service that stands still: people are told, and the right one gets in."""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager
from pathlib import Path

from chain import running, wait_for
from chat import register


@contextmanager
def second_process(chain, name, folder):
    """Another chaind of that name, in a copy of its folder, as whoever copies a machine starts it."""
    words = [os.fsdecode(w) for w in Path(f"/proc/{chain.pid(name)}/cmdline").read_bytes().split(b"\0")[:-1]]
    for option, value in (("--data-dir", str(folder)), *((f"--{who}-listen", "127.0.0.1:0") for who in ("client", "replica", "admin"))):
        words[words.index(option) + 1] = value
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def says(folder, why):
    """Waits until a chaind that nobody lets in says why, at /readyz and in its status; never that a service is to be started."""
    ports = lambda: json.loads((folder / "ports.json").read_text())

    def look(path, port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.read().decode()
        except OSError:
            return ""

    wait_for(lambda: why in look("/readyz", ports()["client"]), f"{folder} to say {why}")
    status = look("/status", ports()["admin"])
    assert "start configd" not in status and why in status, status
    return True


def test_a_machine_that_waits_says_what_for(volume):
    with running() as chain:
        address = chain.add("n4")
        ready = lambda name: chain.get(name, "/readyz")[1]["err"]["msg"] if chain.get(name, "/readyz")[0] == 503 else ""
        wait_for(lambda: f"n4 is not known there: `chainctl add-node n4 {address}` takes it in" in ready("n4"), "n4 to say that it is unknown")
        chain.ctl("drain", "n2")
        wait_for(lambda: "n2 is drained: `chainctl undrain n2` brings it back" in ready("n2"), "n2 to say that it is drained")
        chain.ctl("remove-node", "n3", "--yes")
        wait_for(lambda: "n3 was removed: `chainctl add-node n3 " in ready("n3"), "n3 to say that it was removed")


def test_a_copied_folder_beside_its_original_keeps_nobody_out(volume):
    with running() as chain:
        chain.kill("n2")
        shutil.copytree(chain.dir / "n2", chain.dir / "copy")
        chain.start("n2")
        chain.wait_length(3)
        stays_out(chain, chain.dir / "copy", "another process has the same database", volume.pick(5, 30))


def test_the_old_disk_of_a_machine_beside_its_new_one_keeps_nobody_out(volume):
    with running() as chain:
        register(chain.urls["n1"], "ana")
        chain.kill("n2")
        shutil.move(chain.dir / "n2", chain.dir / "old")
        chain.wait_length(2)
        (chain.dir / "n2").mkdir(mode=0o700)
        chain.start("n2")
        chain.wait_length(3)
        stays_out(chain, chain.dir / "old", "another replica of this name is connected", volume.pick(5, 30))


def stays_out(chain, folder, why, restarts):
    """A second n2 from that folder is refused, and n2 goes on, however often the config service begins anew."""
    with second_process(chain, "n2", folder):
        refused = lambda: len(chain.events("refused", "n2"))
        wait_for(refused, "the second process to be refused")
        assert says(folder, f"the config service does not let it in: {why}")
        before = chain.ctl_status()["epoch"]
        for _ in range(restarts):
            seen = refused()
            chain.kill("configd")
            chain.start("configd")
            wait_for(lambda: refused() > seen, "the second process to be refused again")
            wait_for(lambda: chain.ctl_status()["state"] == "healthy", "all to be well")
            chain.wait_length(3)
            status = chain.ctl_status()
            assert status["epoch"] == before, status
            assert {n["name"]: n["pid"] for n in status["chain"]}["n2"] == chain.pid("n2"), status


def watermark(chain):
    with closing(sqlite3.connect(f"file:{chain.dir}/configd/registry.db?mode=ro", uri=True)) as registry:
        return int(json.loads(registry.execute("SELECT record FROM chain").fetchone()[0])["watermark"])


def test_a_database_put_back_to_an_older_copy_is_named_with_what_it_lacks(volume):
    with running() as chain:
        chain.down()
        shutil.copytree(chain.dir / "n1", chain.dir / "older")
        chain.up()
        chain.wait_length(3)
        for number in range(20):
            register(chain.urls["n2"], f"ana{number}")
        committed = chain.ctl_status()["committed"]
        # A loss can be told from there on.
        wait_for(lambda: watermark(chain) >= committed, "the registry to hold what is committed")
        chain.down()
        shutil.rmtree(chain.dir / "n1")
        shutil.copytree(chain.dir / "older", chain.dir / "n1")
        chain.start("configd", "n1")

        def row():
            return next((r for r in chain.ctl_status()["failed"] if r["name"] == "n1" and r["alive"]), None)

        lost = lambda seen: seen is not None and "lost acknowledged writes" in seen["reason"]
        wait_for(lambda: lost(row()), "its loss to be named")
        seen = row()
        assert lost(seen) and "bring n" in seen["next"] and "force-epoch" in seen["next"], seen
        assert "lost acknowledged writes" in chain.ctl("nodes")[1]
        chain.start("n2", "n3")
        chain.wait_length(3)
        assert chain.ctl_status()["committed"] >= committed


def test_every_command_keeps_its_time_limit_with_a_config_service_that_stands_still(volume):
    with running() as chain:
        wait_for(lambda: all("database" in n for n in json.loads((chain.dir / "configd" / "nodes.json").read_text())["nodes"]), "addresses")
        configd = chain.pid("configd")
        os.kill(configd, signal.SIGSTOP)
        try:
            for words, ends in (
                (["status"], 0),
                (["nodes"], 69),
                (["verify"], 75),
                (["drain", "n3"], 69),
                (["undrain", "n3"], 75),
                (["move", "n3", "--to", "head"], 69),
                (["join-token", "create"], 75),
                (["force-epoch", "n1", "--yes", "--i-understand-data-may-be-lost"], 69),
                (["backup", "create", str(chain.dir / "some.backup")], 0),
            ):
                begun = time.monotonic()
                code, out, err = chain.ctl("--timeout", "2", *words, ok=None)
                took = time.monotonic() - begun
                assert code == ends, (words, code, out, err)
                assert took < 15, (words, took)
            chain.ctl("backup", "verify", str(chain.dir / "some.backup"))
        finally:
            os.kill(configd, signal.SIGCONT)
        wait_for(lambda: not chain.ctl_status()["changing"], "what was asked to be over")
        chain.ctl("undrain", "n3", ok=None)
        chain.wait_length(3)
