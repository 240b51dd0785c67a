"""One file with everything, made while the chain goes on, and a new chain made from it."""
import json
import os
import re
import resource
import sqlite3
import stat
import subprocess
from contextlib import closing

from chain import CHAINCTL, running
from chat import Client
from fill import check_rooms, fill
from load import Load, check_books
from test_kills import in_thread, loaded


async def test_a_backup_of_a_chain_under_load_becomes_a_new_chain(volume):
    with running() as chain:
        rooms = await fill(chain, volume.pick(3000, 500_000))
        accounts, conv = await loaded(chain)
        file = chain.dir / "all.backup"
        async with Load(chain, accounts, conv, volume.pick(200, 1000)) as load:
            await load.acked_more(50)
            certain = load.acked()  # acknowledged before the backup: must be in it
            made = json.loads((await in_thread(chain.ctl, "backup", "create", str(file), "-o", "json"))[1])
            await load.acked_more(50)
            assert chain.ctl_status()["state"] == "healthy" and not chain.events("removed"), "the chain noticed"
        lineage = chain.ctl_status()["lineage"]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600 and made["bytes"] == file.stat().st_size
        assert made["schema"] == "chainctl.backup.v1" and made["lineage"] == lineage, made
        assert os.listdir(chain.dir).count("all.backup") == 1 and not list(chain.dir.glob("*.part*"))
        checked = json.loads(chain.ctl("backup", "verify", str(file), "-o", "json")[1])
        assert checked["digest"] == made["digest"] and checked["pos"] == made["pos"]
        listed = json.loads(chain.ctl("backup", "list", str(chain.dir), "-o", "json")[1])["backups"]
        assert [b["id"] for b in listed] == [made["id"]]
        assert "all.backup" in chain.ctl("backup", "list", str(chain.dir))[1]

        # Refusals.
        assert "there already" in chain.ctl("backup", "create", str(file), ok=(1,))[2]
        chain.ctl("backup", "verify", str(chain.dir / "none"), ok=(66,))
        chain.ctl("backup", "create", str(chain.dir / "x"), "--node", "n9", ok=(66,))
        chain.ctl("backup", "create", str(chain.dir / "x"), "--data-dir", str(chain.dir / "nowhere"), ok=(66,))
        chain.ctl("backup", "restore", str(file), ok=(64,))
        chain.ctl("backup", "restore", str(file), "--data-dir", str(chain.dir / "n1"), ok=(1,))
        chain.ctl("backup", "restore", str(file), "--data-dir", str(chain.dir / "new"), "--dry-run")
        assert not (chain.dir / "new").exists()
        assert "one of --node and --data-dir" in chain.ctl("backup", "create", str(chain.dir / "x"), "--node", "n1", "--data-dir", str(chain.dir / "n2"), ok=(64,))[2]
        before = sorted(os.listdir(chain.dir / "configd"))
        assert "is a config service's data folder" in chain.ctl("backup", "restore", str(file), "--data-dir", str(chain.dir / "configd"), ok=(1,))[2]
        assert sorted(os.listdir(chain.dir / "configd")) == before
        # A limit on the size of files is a disk that is full, and nothing half is left.
        limited = subprocess.run(
            [str(CHAINCTL), "backup", "create", str(chain.dir / "x"), "--data-dir", str(chain.dir / "n2")],
            capture_output=True, text=True, timeout=60, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)),
        )  # fmt: skip
        assert limited.returncode > 0 and "x" in limited.stderr, (limited.returncode, limited.stderr)
        assert not list(chain.dir.glob("x*")), list(chain.dir.glob("x*"))

        # Of a database at rest, the same state as that of the running one.
        chain.ctl("backup", "create", str(chain.dir / "rest.backup"), "--data-dir", str(chain.dir / "n2"))

        with running(replicas=1, restore=file) as restored:
            status = restored.ctl_status()
            assert status["lineage"] != lineage and status["state"] == "healthy", status
            # Before anybody connects, a backup of the restored chain has the state of the first one.
            second = restored.dir / "second.backup"
            second_made = json.loads(restored.ctl("backup", "create", str(second), "-o", "json")[1])
            assert second_made["digest"] == made["digest"] and second_made["messages"] == made["messages"], (made, second_made)
            await check_books(restored, ["n1"], accounts[0], conv, certain)
            await check_rooms(restored.urls["n1"], rooms)
            resume = {"lineage": lineage, "pos": made["pos"]}
            async with Client(restored.urls["n1"], accounts[0]["token"], resume=resume) as client:
                assert client.hello["resume"] == "gone", client.hello
                cid, (body, answer, _, _) = next(iter(load.writers[0].acked.items()))
                assert cid in certain
                again = await client.change("msg.send", {"conv": conv, "body": body, "fmt": "plain"}, cid)
                assert again["dup"] is True and again["d"]["mid"] == answer["mid"]
            # It grows like any other chain.
            restored.join("n2")
            restored.ctl("verify")
        print(f"  {made['messages']} messages in {made['bytes']} bytes, position {made['pos']}")


async def test_a_backup_of_a_machine_that_is_not_in_the_chain_is_refused(volume):
    with running() as chain:
        wanted = chain.dir / "x.backup"

        def refused(why):
            for words in ([], ["-o", "json"], ["--dry-run"]):
                out, err = chain.ctl("backup", "create", str(wanted), "--node", "n2", *words, ok=(1,))[1:]
                assert why in err and f"--data-dir {chain.dir}/n2" in err and not out and not wanted.exists(), (out, err)
            return err

        await in_thread(chain.ctl, "drain", "n2")
        await loaded(chain)  # what n2 lacks
        err = await in_thread(refused, "n2 is drained")
        assert re.search(r"lacks at least the last \d+ entries; nothing was written", err) and "chain (n1, n3)" in err, err
        await in_thread(chain.ctl, "replicas", "want", "2")
        await in_thread(chain.ctl, "undrain", "n2")
        await in_thread(refused, "n2 stands by")
        await in_thread(chain.ctl, "remove-node", "n2", "--yes")
        await in_thread(refused, "n2 was taken out of the chain for good")
        chain.kill("configd")
        await in_thread(refused, "may lack what was acknowledged since")
        chain.ctl("backup", "create", str(wanted), "--data-dir", str(chain.dir / "n2"))
        chain.ctl("backup", "create", str(chain.dir / "n1.backup"), "--node", "n1")


async def test_a_damaged_backup_is_refused_and_named(volume):
    with running(replicas=1) as chain:
        await fill(chain, 500, 2)
        good = chain.dir / "good.backup"
        chain.ctl("backup", "create", str(good))
        content = good.read_bytes()
        found = 0
        # A flip in free space of a page harms nobody: what counts is that none is restored as something else.
        state = json.loads(chain.ctl("backup", "verify", str(good), "-o", "json")[1])["digest"]
        for i in range(volume.pick(12, 200)):
            bad = chain.dir / f"bad{i}.backup"
            at = volume.dice.randrange(len(content))
            bad.write_bytes(content[:at] + bytes([content[at] ^ (1 << volume.dice.randrange(8))]) + content[at + 1 :])
            code, out, err = chain.ctl("backup", "verify", str(bad), "-o", "json", ok=(0, 65))
            if code == 65:
                found += 1
                assert str(bad) in err, err
                chain.ctl("backup", "restore", str(bad), "--data-dir", str(chain.dir / "never"), ok=(65,))
                assert not (chain.dir / "never" / "chain.db").exists()
            else:
                assert json.loads(out)["digest"] == state
            bad.unlink()
        # A byte of a message's text, and the end of the file cut off: always noticed.
        text = content.index(b"message 7 of many")
        for name, damaged in (("text", content[:text] + b"M" + content[text + 1 :]), ("short", content[: len(content) // 2])):
            bad = chain.dir / f"{name}.backup"
            bad.write_bytes(damaged)
            said = chain.ctl("backup", "verify", str(bad), ok=(65,))[2]
            assert f"{bad}: " in said and "next: take another backup" in said and "malformed" not in said, said
        listed = chain.ctl("backup", "list", str(chain.dir))[2]
        assert "short.backup: it is no whole backup: a part of it is missing or damaged; make another" in listed, listed
        foreign = chain.dir / "foreign.backup"
        with closing(sqlite3.connect(foreign)) as other:
            other.execute("CREATE TABLE snapshot_manifest(x)")
        said = chain.ctl("backup", "verify", str(foreign), ok=(65,))[2]
        assert f"{foreign}: it is no backup: its tables are not those of one" in said and "SELECT" not in said, said
        print(f"  {found} of {volume.pick(12, 200)} random flips lay where something is kept, each was named")
