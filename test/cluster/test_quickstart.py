"""tools/quickstart's promises (docs/client_api.md 3.1)."""
import json
import os
import shlex
import signal
import socket
import stat
import subprocess
import tempfile
import time
from pathlib import Path
import urllib.request

from chain import QUICKSTART, ROOT, end_all, running
from chat import Client, register
from local_chain import running_pid
from test_admission import join, machine, token_of


async def test_everything_down_and_up_again_brings_the_same_data(volume):
    with running() as chain:
        ana = register(chain.urls["n1"], "ana")
        async with Client(chain.urls["n2"], ana["token"]) as client:
            conv = (await client.change("conv.create", {"kind": "room", "name": "general", "priv": False}))["d"]["conv"]
            first = (await client.change("msg.send", {"conv": conv, "body": "before", "fmt": "plain"}))["d"]
        urls, lineage = dict(chain.urls), chain.ctl_status()["lineage"]
        chain.down()
        assert chain.pids() == {"n1": None, "n2": None, "n3": None} and chain.pid("configd") is None
        chain.up()
        assert chain.urls == urls and chain.ctl_status()["lineage"] == lineage
        async with Client(chain.urls["n3"], ana["token"]) as client:
            second = (await client.change("msg.send", {"conv": conv, "body": "after", "fmt": "plain"}))["d"]
            history = await client.whole_history(conv)
        assert [m["body"] for m in history] == ["before", "after"]
        assert second["seq"] == first["seq"] + 1 and int(second["mid"][2:]) == int(first["mid"][2:]) + 1


def test_the_summary_the_folders_and_the_web_client(volume):
    with running() as chain:
        summary = chain.summary
        assert summary["dir"] == str(chain.dir) and [r["name"] for r in summary["replicas"]] == ["n1", "n2", "n3"]
        for replica in summary["replicas"]:
            assert replica["pid"] == chain.pid(replica["name"])
            folder = chain.dir / replica["name"]
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert any(f.suffix == ".db" for f in folder.iterdir())
            with urllib.request.urlopen(replica["url"] + "/", timeout=5) as page:
                assert b"<html" in page.read().lower() and "default-src 'self'" in page.headers["Content-Security-Policy"]
            inherited = {os.readlink(f"/proc/{replica['pid']}/fd/{n}") for n in ("0",)}
            assert inherited == {"/dev/null"}
        chain.up()  # a second run on a running chain changes nothing
        assert chain.pids() == {r["name"]: r["pid"] for r in summary["replicas"]}


def said(folder, *words):
    done = subprocess.run(
        [*QUICKSTART, "--dir", str(folder), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, (words, done.returncode, done.stderr)
    return done.stderr


def test_a_run_says_what_it_did_and_not_what_was_so(volume):
    with running(replicas=1) as chain:
        text = said(chain.dir, "--detach")
        assert "building" not in text and "starting" not in text and "The chain serves" in text, text
        chain.kill("n1")
        assert "starting n1 in" in said(chain.dir, "--detach")
        assert "stopped configd, n1; the data stays" in said(chain.dir, "--stop")
        assert "nothing ran below" in said(chain.dir, "--down")
        assert "nothing was started in" in said(chain.dir / "elsewhere", "--down")


def test_a_pid_file_holds_a_pid(volume):
    with running(replicas=1) as chain:
        file = chain.dir / "run" / "n1.pid"
        pid = chain.pid("n1")
        assert file.read_text() == f"{pid}\n", file.read_text()
        # As earlier versions wrote it.
        started = (chain.dir / "run" / "n1.started").read_text()
        file.write_text(f"{pid} {started}")
        (chain.dir / "run" / "n1.started").unlink()
        assert chain.pid("n1") == pid
        # A later process with the same number.
        file.write_text(f"{pid} {int(started) + 1}\n")
        assert chain.pid("n1") is None
        file.write_text(f"{pid}\n")
        (chain.dir / "run" / "n1.started").write_text(f"{int(started) + 1}\n")
        assert chain.pid("n1") is None
        (chain.dir / "run" / "n1.started").write_text(started)
        assert chain.pid("n1") == pid


def test_wipe_and_bad_options(volume):
    with running(replicas=1) as chain:
        unasked = subprocess.run([*QUICKSTART, "--dir", str(chain.dir), "--wipe"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert unasked.returncode == 64 and "add --yes" in unasked.stderr and chain.pid("n1"), unasked
        chain.quickstart("--wipe", "--yes")
        assert chain.pid("n1") is None and not (chain.dir / "n1").exists() and not (chain.dir / "chain.json").exists()
        for words in (["--replicas", "0"], ["--port-base", "80"], ["--rate-limit", "maybe"], ["--frobnicate"]):
            done = subprocess.run([*QUICKSTART, "--down", *words], stdin=subprocess.DEVNULL, capture_output=True, text=True)
            assert done.returncode == 64 and "usage:" in done.stderr, (words, done.returncode)
        # Before anything is built for it.
        done = subprocess.run([str(ROOT / "tools" / "quickstart"), "--frobnicate"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        assert done.returncode == 64 and "unrecognized arguments: --frobnicate" in done.stderr, done
        done = subprocess.run([*QUICKSTART, "--dir", str(chain.dir), "--kill", "n1"], stdin=subprocess.DEVNULL, capture_output=True)
        assert done.returncode == 66
        done = subprocess.run([*QUICKSTART, "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0 and "exit status: 0 done" in done.stdout and "64 usage" in done.stdout, done


def test_a_start_that_is_interrupted_has_not_been_done(volume):
    with tempfile.TemporaryDirectory(prefix="quickstart-") as folder:
        words = [*QUICKSTART, "--dir", folder, "--replicas", "1", "--port-base", "0"]
        for signal_at, code in (("starting configd", 130), ("Stop all:", 0)):
            run = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True)
            with run:
                for line in run.stderr:
                    if line.startswith(signal_at):
                        run.send_signal(signal.SIGINT)
                assert run.wait() == code, (signal_at, run.returncode)
            assert not any(running_pid(Path(folder), name) for name in ("configd", "n1"))


def started(folder, *words, environment=None, stdout=subprocess.PIPE):
    """quickstart on that folder; what it answered, and the processes that are left below the folder."""
    done = subprocess.run(
        [*QUICKSTART, "--dir", str(folder), "--replicas", "1", "--port-base", "0", "--detach", *words],
        stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=300, env={**os.environ, **(environment or {})},
    )  # fmt: skip
    left = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if words[0].endswith(("/chaind", "/configd")) and any(str(folder) in w for w in words):
                left.append(int(entry.name))
    return done, left


def test_a_machine_that_joined_by_itself_and_is_away_is_not_waited_for(volume):
    with running() as chain, machine() as (folder, pids):
        code, out, err = join(chain, folder, token_of(chain))
        assert code == 0, err
        end_all([json.loads(out)["pid"]])
        chain.wait_length(3)
        chain.down()
        chain.up()


def test_a_start_that_fails_says_why_and_leaves_nothing_running(volume):
    with tempfile.TemporaryDirectory(prefix="quick-", ignore_cleanup_errors=True) as name:
        folder = Path(name) / "chain"
        done, left = started(folder, "--chaind-option", "hash-threads=0")
        assert done.returncode == 1 and "hash-threads" in done.stderr and left == [], (done.returncode, done.stderr, left)
        # The answer is lost: a full disk, and a reader that has gone away.
        for broken in (open("/dev/full", "w"), closed_pipe()):
            with broken:
                done, left = started(Path(name) / "lost", "--json", stdout=broken)
            assert done.returncode not in (0, 1) and left == [], (done.returncode, done.stderr, left)
            assert "Traceback" not in done.stderr, done.stderr
        # Longer than the path of a socket may be.
        begun = time.monotonic()
        done, left = started(Path(name) / ("x" * 60) / ("y" * 60))
        assert done.returncode == 78 and "too long" in done.stderr and left == [], (done.returncode, done.stderr)
        assert time.monotonic() - begun < 30


def refused(folder, *words):
    done = subprocess.run(
        [*QUICKSTART, "--dir", str(folder), *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
    )
    assert done.returncode != 0 and "Next:" in done.stderr and "Traceback" not in done.stderr, (words, done.returncode, done.stderr)
    return done.returncode, done.stderr


def test_a_port_that_another_program_has_is_not_taken_for_ours(volume):
    """Each port of each daemon, the first start and a later one: an error that names who has it, and nothing is changed."""
    with running(replicas=2) as chain, tempfile.TemporaryDirectory(prefix="quick-") as other:
        plan = json.loads((chain.dir / "chain.json").read_text())
        # Another chain where this one's configd listens.
        code, text = refused(Path(other) / "new", "--detach", "--port-base", str(plan["configd"]), "--replicas", "1")
        assert code == 69 and str(chain.pid("configd")) in text and "configd" in text and "--port-base" in text, text
        assert list(Path(other).iterdir()) == [] and chain.roles() == ["n1", "n2"]
        chain.down()
        before = {path: path.stat().st_mtime_ns for path in chain.dir.rglob("*")}
        for name, port in [("configd", plan["configd"])] + [("n2", port) for port in plan["replicas"]["n2"].values()]:
            with socket.create_server(("127.0.0.1", port)):
                for words in (["--detach", "--port-base", "0"], ["--start", name]):
                    code, text = refused(chain.dir, *words)
                    assert code == 69 and f"port {port}" in text and str(os.getpid()) in text and name in text, text
        assert {path: path.stat().st_mtime_ns for path in chain.dir.rglob("*")} == before
        # The one that is added: its place in the plan is not kept either. Its ports are chosen where those of the first run were.
        plan["port_base"] = 20000 if plan["configd"] != 20000 else 21000
        (chain.dir / "chain.json").write_text(json.dumps(plan))
        with socket.create_server(("127.0.0.1", plan["port_base"] + 3)):
            refused(chain.dir, "--add", "n3")
        assert json.loads((chain.dir / "chain.json").read_text()) == plan and not (chain.dir / "n3").exists()


def test_what_the_first_run_has_chosen_is_kept_and_another_choice_is_an_error(volume):
    with running(replicas=2) as chain:
        pids, plan = chain.pids(), (chain.dir / "chain.json").read_text()
        for words in (["--port-base", "9080"], ["--replicas", "3"], ["--replicas", "1", "--port-base", "0"]):
            code, text = refused(chain.dir, "--detach", "--rate-limit", "off", *words)
            assert code == 64 and words[0] in text and words[1] in text, text
        chain.quickstart("--detach", "--rate-limit", "off")  # neither is said: both are kept
        assert chain.pids() == pids and (chain.dir / "chain.json").read_text() == plan
        # What holds from the next start of a daemon is said to.
        done = subprocess.run(
            [*QUICKSTART, "--dir", str(chain.dir), "--detach", "--rate-limit", "on"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0 and "next start" in done.stderr and chain.pids() == pids, done.stderr


def closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


def test_a_proxy_of_the_environment_is_not_asked_about_loopback(volume):
    proxy = {k: "http://127.0.0.1:9" for k in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY")}
    with tempfile.TemporaryDirectory(prefix="quick-", ignore_cleanup_errors=True) as name:
        try:
            done, left = started(Path(name), environment={**proxy, "no_proxy": "", "NO_PROXY": ""})
            assert done.returncode == 0 and len(left) == 2, (done.returncode, done.stderr)
        finally:
            end_all(started(Path(name))[1])


def test_on_a_terminal_a_step_that_counts_nothing_ends_as_well_as_one_that_does(volume):
    steps = f"""set -euo pipefail; . {ROOT}/tools/setup.sh
quietly 'one that counts nothing' sleep 2
quietly 'one that counts' bash -c 'echo "[1/2] x"; sleep 2; echo "[2/2] y"'
echo went on"""
    said = subprocess.run(["script", "-qec", f"bash -c {shlex.quote(steps)}", "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert "went on" in said.stdout and "[1/2]" in said.stdout, said
