"""A real chain of processes in a temporary folder, started through tools/quickstart and ended with the test."""
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path

# All is on loopback: a proxy that the environment names is for other places.
urllib.request.install_opener(urllib.request.build_opener(urllib.request.ProxyHandler({})))

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
from local_chain import running_pid

# TEST_BIN: another build's programs (say, with sanitizers), taken as they are.
BIN = Path(os.environ.get("TEST_BIN", ROOT / "build" / "release" / "bin"))
CHAINCTL = BIN / "chainctl"
QUICKSTART = [str(ROOT / "tools" / "quickstart"), *(["--bin", str(BIN)] if "TEST_BIN" in os.environ else [])]


class Chain:
    def __init__(
        self, directory, replicas=3, forwarding="parallel", rate_limit="off", chaind=(), configd=(), restore=None, environment=None
    ):
        """`chaind`, `configd`: more of their options, as "NAME=VALUE". `restore`: a backup that n1 begins with.
        `environment`: what every daemon finds in its own beside this process's."""
        self.dir = Path(directory)
        self.environment = {**os.environ, **(environment or {})}
        self.options = ["--replicas", str(replicas), "--forwarding", forwarding, "--rate-limit", rate_limit, "--port-base", "0"]
        self.options += [word for o in chaind for word in ("--chaind-option", o)]
        self.options += [word for o in configd for word in ("--configd-option", o)]
        if restore:
            done = subprocess.run(
                [str(CHAINCTL), "backup", "restore", str(restore), "--data-dir", str(self.dir / "n1")],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        self.up()

    # ---- life ----

    def quickstart(self, *words):
        done = subprocess.run(
            [*QUICKSTART, "--dir", str(self.dir), *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1200, env=self.environment,
        )  # fmt: skip
        if done.returncode != 0:
            raise AssertionError(f"quickstart {' '.join(words)} ended with {done.returncode}:\n{done.stderr[-4000:]}")
        return done.stdout

    def up(self):
        self.summary = json.loads(self.quickstart("--detach", "--json", *self.options))
        self.urls = {r["name"]: r["url"] for r in self.summary["replicas"]}

    def down(self):
        self.quickstart("--down")

    def add(self, name):
        """One more chaind, in no chain yet; returns the address for add-node."""
        one = json.loads(self.quickstart("--add", name, "--json"))
        self.urls[name] = one["url"]
        return one["replica_addr"]

    def join(self, name, *words, ok=(0,)):
        """--add, then add-node and its whole wait; the lines of progress."""
        return [json.loads(line) for line in self.ctl("add-node", name, self.add(name), "-o", "json", *words, ok=ok)[2].splitlines()]

    def names(self):
        return list(self.urls)

    def pid(self, name):
        return running_pid(self.dir, name)

    def pids(self):
        return {n: self.pid(n) for n in self.names()}

    def kill(self, *names):
        """kill -9, all of them as near to one moment as a loop can be; returns when they are gone."""
        end_all([self.pid(n) for n in names])

    def start(self, *names):
        for name in names:
            self.quickstart("--start", name)

    def start_later(self, name):
        """--start in the background: it waits until that machine listens."""
        return subprocess.Popen(
            [*QUICKSTART, "--dir", str(self.dir), "--start", name],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment,
        )  # fmt: skip

    # ---- asking ----

    def get(self, name, path):
        """(status, parsed body) of a GET at that replica; (0, None) when it does not answer."""
        try:
            with urllib.request.urlopen(self.urls[name] + path, timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"null")
        except OSError:
            return 0, None

    def status(self, name):
        return self.get(name, "/api/v1/status")[1] or {}

    def ctl(self, *words, ok=(0,)):
        """chainctl's (exit status, stdout, stderr); fails the test on an exit status that is not in `ok`."""
        done = subprocess.run(
            [*self.summary["chainctl"], *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=900
        )
        if ok is not None and done.returncode not in ok:
            raise AssertionError(f"chainctl {' '.join(words)} ended with {done.returncode}: {done.stdout}{done.stderr}")
        return done.returncode, done.stdout, done.stderr

    def ctl_later(self, *words):
        """chainctl in the background, as a process of its own session that no test's Ctrl-C reaches."""
        return subprocess.Popen(
            [*self.summary["chainctl"], *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def events(self, what=None, node=None):
        """What configd decided, oldest first."""
        lines = [json.loads(line) for line in self.ctl("events", "-o", "jsonl")[1].splitlines()]
        return [e for e in lines if what in (None, e["what"]) and node in (None, e.get("node"))]

    def nodes(self):
        """Every machine that configd knows, by name."""
        return {n["name"]: n for n in json.loads(self.ctl("nodes", "-o", "json")[1])["nodes"]}

    def joining(self, name):
        """That machine's row among those on their way into the chain, or None."""
        return next((row for row in self.ctl_status()["joining"] if row["name"] == name), None)

    def ctl_status(self):
        return json.loads(self.ctl("status", "-o", "json")[1])

    def roles(self):
        """Names head to tail, as chainctl sees them."""
        return [node["name"] for node in self.ctl_status()["chain"]]

    def wait_length(self, length, limit_s=60):
        """Until the chain has so many members and each of them says so and serves."""

        def reached():
            chain = self.ctl_status()["chain"]
            if len(chain) != length:
                return False
            return all(self.get(n["name"], f"/readyz?role={role}")[0] == 200 for n in chain for role in ("read", "write"))

        wait_for(reached, f"a chain of {length}", limit_s)

    def wait_serving(self, names, limit_s=60):
        wait_for(
            lambda: all(self.get(n, f"/readyz?role={role}")[0] == 200 for n in names for role in ("read", "write")),
            f"{names} to serve",
            limit_s,
        )

    def log(self, name):
        return (self.dir / "log" / f"{name}.log").read_text(errors="replace")

    def logs(self, lines=30):
        out = []
        for name in ["configd", *self.names()]:
            try:
                text = self.log(name).splitlines()[-lines:]
            except OSError:
                text = []
            out += [f"--- {name}", *text]
        return "\n".join(out)


def end_all(pids, how=signal.SIGKILL, limit_s=30):
    """Ends these processes, whosever children they are; returns when the last thread of each, and so its ports, is gone."""
    with ExitStack() as opened:
        ends = []
        for pid in pids:
            ends.append(os.pidfd_open(pid))
            opened.callback(os.close, ends[-1])
        for end in ends:
            signal.pidfd_send_signal(end, how)
        for pid, end in zip(pids, ends):
            ended = select.poll()
            ended.register(end, select.POLLIN)
            assert ended.poll(limit_s * 1000), f"waited {limit_s} s for the end of process {pid}"


def outlives(pid, seconds):
    """Whether that process is there for so long: its end would be heard of at once."""
    end = os.pidfd_open(pid)
    try:
        ended = select.poll()
        ended.register(end, select.POLLIN)
        return not ended.poll(seconds * 1000)
    finally:
        os.close(end)


def wait_for(condition, what, limit_s=30):
    """Polls what only another process knows, its answers over HTTP or chainctl's: nobody tells us when they change.
    The limit only ends a test that has failed."""
    limit = time.monotonic() + limit_s
    while time.monotonic() < limit:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError(f"waited {limit_s} s for {what}")


@contextmanager
def running(prepare=lambda folder: None, **options):
    """A chain for one test: its folder goes when the test passes, its processes go in any case. `prepare` puts into that
    folder what is to be there before the first start."""
    with tempfile.TemporaryDirectory(prefix="chain-", ignore_cleanup_errors=True) as folder:
        chain = None
        try:
            prepare(Path(folder))
            chain = Chain(folder, **options)
            yield chain
        except BaseException:
            if chain:
                print(chain.logs(), file=sys.stderr)
            raise
        finally:
            subprocess.run([*QUICKSTART, "--dir", folder, "--down"], stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
