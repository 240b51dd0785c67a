"""Two commands make a bare machine a replica; who has no right to join is told why."""
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from chain import BIN, CHAINCTL, end_all, running, wait_for
from chat import Client, register
from fill import fill
from joining import SLOW


@contextmanager
def machine():
    """A folder for a new machine; the chaind that was started there ends with the test."""
    with tempfile.TemporaryDirectory(prefix="machine-") as folder:
        pids = []
        try:
            yield Path(folder), pids
        finally:
            end_all(pids, signal.SIGTERM)


def join_command(chain, folder, *words, name="web-4", at=None, show=("--token", "-"), listen=None):
    """`chainctl join` as on the new machine: it knows where configd listens, the token, and nothing else."""
    listens = {"client": "127.0.0.1:0", "replica": "127.0.0.1:0", "admin": "127.0.0.1:0"} | (listen or {})
    return [
        str(CHAINCTL), "join", at or chain.summary["configd"], *show, "--name", name, "-o", "json",
        "--config", str(folder / "chaind.conf"), "--data-dir", f"{folder.name}/data",
        *(word for what, where in listens.items() for word in (f"--{what}-listen", where)), *words,
    ]  # fmt: skip


def join(chain, folder, token, *words, **where):
    done = subprocess.run(
        join_command(chain, folder, *words, **where), input=token, capture_output=True, text=True, timeout=120, cwd=folder.parent
    )
    return done.returncode, done.stdout, done.stderr


def join_later(chain, folder, token):
    """The same in the background, once it has seen web-4 take its snapshot; what it says goes into folder/talk."""
    (folder / "token").write_text(token)
    with (folder / "talk").open("w") as talk:
        process = subprocess.Popen(
            join_command(chain, folder, show=("--token-file", str(folder / "token"))),
            stdin=subprocess.DEVNULL, stdout=talk, stderr=talk, cwd=folder.parent,
        )  # fmt: skip
    wait_for(lambda: '"phase":"snapshot"' in (folder / "talk").read_text(), "join to see the snapshot")
    return process


def token_of(chain, *words):
    return chain.ctl("join-token", "create", *words)[1].strip()


async def test_two_commands_make_a_serving_replica(volume):
    with running(replicas=2) as chain, machine() as (folder, pids):
        ana = register(chain.urls["n1"], "ana")
        token = token_of(chain)
        code, out, err = join(chain, folder, token)
        assert f"\ndata-dir = {folder / 'data'}\n" in (folder / "chaind.conf").read_text()
        answer = json.loads(out) if code == 0 else {}
        if "pid" in answer:
            pids.append(answer["pid"])
        assert code == 0, err
        assert all(json.loads(line)["schema"] == "chainctl.progress.v1" for line in err.splitlines() if line.startswith("{"))
        wait_for(lambda: "web-4" in chain.roles(), "web-4 in the chain")
        assert chain.ctl_status()["replicas"] == {"want": 3, "have": 3, "min": 1}
        (let_in,) = chain.events("admitted")
        assert let_in["node"] == "web-4" and "by a join token" in let_in["why"], let_in
        assert stat.S_IMODE((folder / "chaind.conf").stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "data").stat().st_mode) == 0o700
        written = b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())
        assert token.encode() not in written, "the token was kept"
        async with Client(answer["url"], ana["token"]) as client:
            conv = (await client.change("conv.create", {"kind": "room", "name": "general", "priv": False}))["d"]["conv"]
            sent = (await client.change("msg.send", {"conv": conv, "body": "from the new machine", "fmt": "plain"}))["d"]
        assert sent["replicas"] == 3, sent
        # The token was for one machine.
        with machine() as (other, _):
            code, out, err = join(chain, other, token, name="web-5")
            assert code == 77 and "used" in err and not (other / "chaind.conf").exists(), (code, err)
        assert "web-5" not in chain.nodes()


def test_wrong_expired_and_foreign_tokens_are_refused_with_the_reason(volume):
    with running(replicas=1) as chain, running(replicas=1) as foreign, machine() as (folder, _):
        good = token_of(chain)
        flipped = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
        before = chain.ctl_status()["epoch"], set(chain.nodes())
        for token, part in ((flipped, "token"), ("nonsense", "token"), (token_of(foreign), "cluster")):
            code, out, err = join(chain, folder, token)
            assert code == 77 and part in err.lower(), (token, code, err)
            assert not (folder / "chaind.conf").exists() and not (folder / "data").exists(), list(folder.rglob("*"))
        # The same of the daemon alone, and of a configuration in a folder of its own.
        (folder / "token").write_text("nonsense\n")
        (folder / "token").chmod(0o600)
        command = [str(BIN / "chaind"), "--name", "web-4", "--configd", chain.summary["configd"], "--data-dir", str(folder / "data"),
                   *(word for what in ("client", "replica", "admin") for word in (f"--{what}-listen", "127.0.0.1:0")),
                   "--join", "--join-token-file", str(folder / "token")]  # fmt: skip
        alone = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert alone.returncode == 77 and not (folder / "data").exists(), (alone.returncode, alone.stderr)
        assert join(chain, folder / "new", "nonsense")[0] == 77 and not (folder / "new").exists()
        short = token_of(chain, "--ttl", "1s")
        expires = json.loads(chain.ctl("join-token", "create", "--ttl", "1s", "-o", "json")[1])
        assert expires["schema"] == "chainctl.join-token.v1" and expires["token"].startswith("cj1.")
        # Not synchronisation: the passing of the token's time is what is tested.
        wait_for(lambda: time.time() * 1000 > expires["expires_ms"] + 100, "the end of the token's time")
        code, _, err = join(chain, folder, short)
        assert code == 77 and "expired" in err, (code, err)
        assert (chain.ctl_status()["epoch"], set(chain.nodes())) == before
        chain.ctl("join-token", "create", "--ttl", "1h", ok=(64,))
        chain.ctl("join-token", "create", "--ttl", "0", ok=(64,))
        chain.ctl("join-token", ok=(64,))


def joined(chain, folder, token, pids, **where):
    code, out, err = join(chain, folder, token, **where)
    assert code == 0, err
    pids.append(json.loads(out)["pid"])


def test_a_token_that_nobody_answers_is_shown_again(volume):
    with running(replicas=2) as chain, machine() as (folder, pids):
        token = token_of(chain)
        configd = chain.pid("configd")
        os.kill(configd, signal.SIGSTOP)
        try:
            code, _, err = join(chain, folder, token)
        finally:
            os.kill(configd, signal.SIGCONT)
        assert code == 75 and "give the same command again" in err, (code, err)
        wait_for(lambda: "web-4" in chain.nodes(), "the name to be known")
        joined(chain, folder, token, pids)
        wait_for(lambda: "web-4" in chain.roles(), "web-4 in the chain")


async def test_a_machine_that_was_removed_joins_again_with_the_disk_that_it_had(volume):
    with running(replicas=2) as chain, machine() as (folder, pids):
        joined(chain, folder, token_of(chain), pids)
        # One that serves has no need to.
        token = token_of(chain)
        code, out, err = join(chain, folder, token)
        assert code == 0 and json.loads(out)["node"] == "web-4", (code, err)
        command = [str(BIN / "chaind"), "--config", str(folder / "chaind.conf"), "--join"]
        again = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert again.returncode == 78 and "a replica runs here already" in again.stderr and "Reason" not in again.stderr, again.stderr
        chain.ctl("remove-node", "web-4", "--yes")
        # Its chaind is in the way; the token is as good afterwards.
        for words in ((), ("--no-wait",)):
            code, out, err = join(chain, folder, token, *words)
            assert code == 1 and not out and "web-4 was taken out of the chain for good" in err, (words, code, out, err)
            assert f"`kill {pids[-1]}`, then this command again" in err and "the token was not used" in err, err
        end_all([pids.pop()], signal.SIGTERM)
        joined(chain, folder, token, pids)
        assert chain.nodes()["web-4"]["state"] == "member", chain.nodes()["web-4"]
        assert not list((folder / "data").glob("set-aside*")), "it kept nothing of what it had"
        code, _, err = join(chain, folder, token, name="web-5")
        assert code != 0


async def test_what_join_waits_for_and_others_undo(volume):
    with running(replicas=2, chaind=SLOW) as chain:
        await fill(chain, 2000)
        for undo, where, helps in (
            (("remove-node", "web-4", "--yes"), "web-4 was taken out of the chain for good", "`kill {}`, then `chainctl join` with a new token"),
            (("drain", "web-4"), "web-4 is drained", "`chainctl undrain web-4`"),
            (("replicas", "want", "2"), "web-4 stands by, since the chain has as many machines as it wants", "`chainctl replicas want`"),
        ):
            with machine() as (folder, pids):
                joiner = join_later(chain, folder, token_of(chain))
                pids.append(json.loads((folder / "data" / "ports.json").read_text())["pid"])
                chain.ctl(*undo)
                wait_for(lambda: joiner.poll() is not None, "the end of join")
                talk = (folder / "talk").read_text()
                assert joiner.returncode == 1 and f"web-4 does not come into the chain: {where}" in talk, (joiner.returncode, talk)
                assert helps.format(pids[-1]) in talk, talk
            chain.ctl("remove-node", "web-4", "--yes")


async def test_join_given_again_waits_as_the_first_time(volume):
    with running(replicas=2, chaind=SLOW) as chain, machine() as (folder, pids):
        await fill(chain, 2000)
        code, out, err = join(chain, folder, token_of(chain), "--no-wait")
        assert code == 0, err
        pids.append(json.loads(out)["pid"])
        wait_for(lambda: (chain.joining("web-4") or {}).get("phase") == "snapshot", "web-4 to take its snapshot")
        token = token_of(chain)
        code, out, err = join(chain, folder, token, "--no-wait")
        assert code == 0 and json.loads(out)["node"] == "web-4" and chain.joining("web-4"), (code, out, err)
        code, out, err = join(chain, folder, token)
        assert code == 0 and "snapshot" in err and "web-4" in chain.roles(), (code, out, err, chain.roles())
        assert json.loads(out)["pid"] == pids[-1], out


@contextmanager
def without_a_token(chain, folder, name="web-4"):
    """A chaind, set up as by join, that nobody has let in: it waits, and its disk belongs to the cluster. Its process id."""
    listens = "".join(f"{what}-listen = 127.0.0.1:0\n" for what in ("client", "replica", "admin"))
    config = folder / "chaind.conf"
    config.write_text(f"name = {name}\ndata-dir = {folder / 'data'}\n{listens}configd = {chain.summary['configd']}\n")
    command = [str(BIN / "chaind"), "--config", str(config)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: chain.nodes().get(name, {}).get("state") == "not admitted", f"{name} in the list")
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def test_a_folder_of_this_cluster_is_no_token(volume):
    with running(replicas=2) as chain, machine() as (folder, pids), machine() as (copy, more):
        with without_a_token(chain, folder) as pid:
            code, out, err = join(chain, folder, token_of(chain))
            assert code == 1 and not out and "web-4 is not known there: `chainctl add-node web-4 " in err, (code, out, err)
            assert f"`kill {pid}`, then this command again" in err and "the token was not used" in err, err
        (folder / "chaind.conf").unlink()
        good = token_of(chain)
        flipped = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
        for words in (("--no-start",), ()):
            code, out, err = join(chain, folder, flipped, *words)
            assert code == 77 and not out and "not valid here" in err, (words, code, out, err)
            assert not (folder / "chaind.conf").exists() and "web-4" not in chain.nodes()
        joined(chain, folder, good, pids)
        # The same of a copy of another machine's folder, under a name of its own.
        chain.kill("n2")
        shutil.copytree(chain.dir / "n2", copy / "data")
        chain.start("n2")
        wait_for(lambda: "n2" in chain.roles(), "n2 back in the chain")
        assert join(chain, copy, flipped, name="web-5")[0] == 77
        joined(chain, copy, token_of(chain), more, name="web-5")
        assert {"n1", "n2", "web-4", "web-5"} == set(chain.roles()), chain.roles()


def test_two_machines_of_one_name(volume):
    with running(replicas=1) as chain, machine() as (folder, pids), machine() as (other, more):
        assert join(chain, folder, token_of(chain), "--no-start")[0] == 0
        token = token_of(chain)
        code, out, err = join(chain, other, token)
        assert code == 77 and not out and "another machine has just been let in as web-4" in err, (code, out, err)
        joined(chain, other, token, more, name="web-5")
        joined(chain, folder, "", pids, show=("--token", "none"))


def test_a_copy_of_a_machine_that_serves_is_not_taken_for_it(volume):
    with running(replicas=1) as chain, machine() as (folder, pids), machine() as (copy, _):
        joined(chain, folder, token_of(chain), pids)
        shutil.copytree(folder, copy, dirs_exist_ok=True)
        config = copy / "chaind.conf"
        config.write_text(config.read_text().replace(str(folder), str(copy)))
        code, out, err = join(chain, copy, token_of(chain))
        assert code == 77 and not out and "another process has the same database" in err, (code, out, err)


def test_the_ports_that_another_machine_has_meanwhile_lead_to_nobody(volume):
    with running(replicas=1) as chain, machine() as (folder, pids):
        joined(chain, folder, token_of(chain), pids)
        end_all([pids.pop()], signal.SIGTERM)
        ports = folder / "data" / "ports.json"
        own, others = json.loads(ports.read_text()), json.loads((chain.dir / "n1" / "ports.json").read_text())
        ports.write_text(json.dumps(own | {"client": others["client"], "admin": others["admin"]}))
        code, out, err = join(chain, folder, token_of(chain))
        assert code == 0, err
        answer = json.loads(out)
        pids.append(answer["pid"])
        assert answer["url"] != chain.urls["n1"], answer


def test_a_port_in_use_is_said_before_the_token_is_used(volume):
    with running(replicas=1) as chain, machine() as (folder, pids), socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = f"127.0.0.1:{taken.getsockname()[1]}"
        token = token_of(chain)
        for what in ("client", "replica", "admin"):
            code, _, err = join(chain, folder, token, listen={what: busy})
            assert code == 78 and f"{what}-listen" in err and busy in err, (what, code, err)
            assert not (folder / "chaind.conf").exists()
        joined(chain, folder, token, pids)


def test_what_join_refuses_before_it_starts_anything(volume):
    with running(replicas=1) as chain, machine() as (folder, _):
        token = token_of(chain)
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            code, _, err = join(chain, folder, token, at=f"127.0.0.1:{nobody.getsockname()[1]}")
            assert code == 69 and err, (code, err)
        assert join(chain, folder, token, name="Not A Name")[0] == 64
        assert join(chain, folder, token, at="nowhere")[0] == 64
        code, _, err = join(chain, folder, token, at="10.0.0.1:7400")
        assert code == 64 and "ssh carries them" in err, err
        assert join(chain, folder, "")[0] == 64
        assert join(chain, folder, token, "--dry-run")[0] == 0
        assert not any(folder.iterdir()) or not (folder / "chaind.conf").exists()
        # A configuration of somebody else stays as it is.
        (folder / "chaind.conf").write_text("name = other\n")
        code, _, err = join(chain, folder, token)
        assert code == 78 and (folder / "chaind.conf").read_text() == "name = other\n", (code, err)
        # One that only explains, as the package's, is no configuration yet. A refusal leaves it as it was.
        explained = "# name of this replica\n  # name =\n\n"
        (folder / "chaind.conf").write_text(explained)
        (folder / "chaind.conf").chmod(0o640)
        code, _, err = join(chain, folder, "nonsense")
        assert code == 77 and (folder / "chaind.conf").read_text() == explained, (code, err)
        assert stat.S_IMODE((folder / "chaind.conf").stat().st_mode) == 0o640
        # Admitted, not started.
        code, _, err = join(chain, folder, token, "--no-start")
        assert code == 0, err
        written = (folder / "chaind.conf").read_text()
        assert "\nname = web-4\n" in written and written.endswith(explained), written
        assert [f.name for f in folder.iterdir() if f.is_file()] == ["chaind.conf"]
        assert "web-4" in chain.nodes() and chain.roles() == ["n1"]


def test_an_unknown_machine_waits_and_is_listed(volume):
    with running(replicas=1) as chain:
        chain.add("n2")
        wait_for(lambda: chain.nodes().get("n2", {}).get("state") == "not admitted", "n2 in the list")
        assert chain.ctl_status()["not_admitted"] == ["n2"] and chain.roles() == ["n1"]
        assert "add-node" in chain.ctl("status")[1]


def test_a_token_is_found_in_what_surrounds_it_and_shown_in_no_list_of_processes(volume):
    with running(replicas=1) as chain, machine() as (folder, _):
        (folder / "token").write_text(f"\t{token_of(chain)}\r\n")
        for number, show in enumerate((("--token", " {} "), ("--token", "{}\r\n"), ("--token", "-"), ("--token-file", str(folder / "token")))):
            token = token_of(chain)
            words = [word.format(token) for word in show]
            code, _, err = join(chain, folder / str(number), f" {token}\r\n", "--no-start", name=f"t{number}", show=words)
            assert code == 0, (show, err)
        assert {f"t{i}" for i in range(4)} <= set(chain.nodes())
        assert join(chain, folder / "x", "", show=("--token-file", str(folder / "none")))[0] == 66
        assert join(chain, folder / "x", "a", show=("--token", "-", "--token-file", str(folder / "token")))[0] == 64
        for text in ("help join", "help join-token create", "man"):
            assert "--token TOKEN," not in chain.ctl(*text.split())[1].replace("\\", "").replace("--token TOKEN works, too", "")
        assert "--token -" in chain.ctl("join-token", "create")[2]


def test_wrong_tokens_are_counted_and_a_used_one_is_used_for_ever(volume):
    with running(replicas=1) as chain, machine() as (folder, _):
        good = token_of(chain)
        events = chain.ctl("events")[1]
        wrong = good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB")
        said = [join(chain, folder / "x", wrong, name=f"guess{i}") for i in range(12)]
        assert [code for code, _, _ in said] == [77] * 12
        assert "not valid here" in said[0][2] and "too many wrong join tokens" in said[-1][2], said[-1]
        assert chain.ctl("events")[1] == events
        counted = chain.ctl_status()["join_refusals"]
        assert counted["wrong_tokens"] == 12 and counted["too_many"] == 2 and counted["last_from"] == "127.0.0.1", counted
        # A right token is let in all the same; then for that disk alone, and never after a removal.
        token = good
        assert join(chain, folder / "a", token, "--no-start")[0] == 0
        code, _, err = join(chain, folder / "b", token, "--no-start")
        assert code == 77 and "used already" in err, err
        # What cannot be a token makes nothing.
        code, _, err = join(chain, folder / "d", "no token", "--no-start")
        assert code == 78 and not list((folder / "d").glob("data/chain.db*")), (code, err)
        chain.ctl("remove-node", "web-4", "--yes")
        code, _, err = join(chain, folder / "c", token, "--no-start")
        assert code == 77 and "used already" in err, err
        assert chain.nodes()["web-4"]["state"] == "removed"


def test_root_lends_its_rights_to_nobody_who_owns_the_data_folder(volume):
    if os.geteuid() != 0:
        print("  not run: it takes root")
        return
    nobody = 65534
    with running(replicas=1) as chain, machine() as (folder, pids):
        os.chmod(folder, 0o755)
        victim = folder / "victim"
        victim.write_text("only root may write this")
        victim.chmod(0o600)
        data = folder / "data"
        data.mkdir(mode=0o700)
        for name in ("join-token", "join-token.new", "chaind.log", "chain.db", "chain.db.lock", "ports.json.new", "chain.db-wal", "x"):
            (data / name).symlink_to(victim)
        os.chown(data, nobody, nobody)
        code, _, err = join(chain, folder, token_of(chain), "--no-wait")
        assert code != 0 and err, (code, err)
        assert victim.read_text() == "only root may write this" and victim.stat().st_uid == 0
        # Without such links, everything there becomes the owner's, and chaind runs by his rights.
        for link in data.iterdir():
            link.unlink()
        code, out, err = join(chain, folder, token_of(chain))
        assert code == 0, err
        pids.append(json.loads(out)["pid"])
        assert {os.stat(f).st_uid for f in data.iterdir()} == {nobody}
        assert os.stat(f"/proc/{pids[0]}").st_uid == nobody
        # A daemon that root starts there by hand is refused.
        done = subprocess.run([str(CHAINCTL.parent / "chaind"), "--config", str(folder / "chaind.conf")], capture_output=True, text=True, timeout=20)
        assert done.returncode == 78 and "belongs to user" in done.stderr, done.stderr
        # Nor does a restore give away what is linked there.
        other = folder / "other"
        other.mkdir()
        (other / "x").symlink_to(victim)
        os.link(victim, other / "y")
        os.chown(other, nobody, nobody)
        chain.ctl("backup", "create", str(folder / "b.backup"), "--node", "n1")
        chain.ctl("backup", "restore", str(folder / "b.backup"), "--data-dir", str(other))
        assert victim.stat().st_uid == 0 and (other / "chain.db").stat().st_uid == nobody


def test_a_host_name_that_is_no_node_name_leads_to_the_option(volume):
    if os.geteuid() != 0:
        print("  not run: it takes root")
        return
    for host, good in (("Web-3.Example.ORG", True), ("10", True), ("db_server_2", False), ("x" * 40, False)):
        done = subprocess.run(
            ["unshare", "--uts", "sh", "-c", 'printf %s "$0" > /proc/sys/kernel/hostname && exec "$@"', host, str(CHAINCTL), "join", "127.0.0.1:9", "--token", "-", "--dry-run"],
            input="t", capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        assert done.returncode == (0 if good else 64) and (good or "--name" in done.stderr), (host, done.returncode, done.stderr)
