#!/usr/bin/python3
"""A live fuzzer: strangers at every port of a running chain, while honest clients are served.

  run.py [--seconds N] [--seed N] [--bin DIR]     a run of that length; its dice are printed
  run.py --replay KIND:SEED:WORKER:NUMBER         one connection of an earlier run, again and again until it fails

Each connection is made of its own dice, KIND:SEED:WORKER:NUMBER, so that one can be repeated alone. What fails a run: a daemon that
has ended or was replaced, a sanitizer's report, a broken invariant or a library's own check in a log, an answer that HTTP, RFC 6455
or the contract forbids, an honest client that is not served, connections that are still there when all strangers are gone, a
daemon that does not stop. Give it a build with AddressSanitizer (--bin build/asan/bin). The last line is "N passed, N failed".
"""
import argparse
import asyncio
import collections
import json
import random
import re
import sys
import tempfile
import threading
import time
import traceback
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cluster"))

import http_clients  # noqa: E402
import peer_clients  # noqa: E402
import websocket_clients  # noqa: E402
from chain import wait_for  # noqa: E402

KINDS = {
    "ws": websocket_clients.scenario,
    "http": http_clients.scenario,
    "smuggling": http_clients.smuggling,
    "peer": peer_clients.scenario,
}
WORKERS = ["ws", "ws", "ws", "ws", "http", "http", "smuggling", "peer"]
REPORT = re.compile(
    r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:|broken invariant|own check failed|terminate called|"
    r"ended by an (error|exception)|cannot go on"
)
SERVED_WITHIN_S = 20


class World:
    """The chain that is being tried, and what strangers know of it."""

    def __init__(self, chain):
        self.chain = chain
        self.ports = [int(url.rsplit(":", 1)[1]) for url in chain.urls.values()]
        plan = json.loads((chain.dir / "chain.json").read_text())
        self.admin = [one["admin"] for one in plan["replicas"].values()]
        self.peers = [plan["configd"], *(one["replica"] for one in plan["replicas"].values())]
        self.pids = {**chain.pids(), "configd": chain.pid("configd")}
        self.seen = collections.Counter()  # bytes of each log that were looked at
        self.guests = []
        self.lock = threading.Lock()

    def port(self, dice):
        return dice.choice(self.ports)

    def admin_port(self, dice):
        return dice.choice(self.admin)

    def peer_port(self, dice):
        return dice.choice(self.peers)

    def guest(self, dice):
        with self.lock:
            return dice.choice(self.guests)

    def sign_in(self, name):
        from chat import post

        status, body = post(f"http://127.0.0.1:{self.ports[0]}", "/api/v1/session", {"name": name, "password": "correct horse battery"})
        return body["token"] if status in (200, 201) else None

    def sign_out_elsewhere(self, dice, who):
        """Ends the token of a guest at some replica; a new one is there for those who come later."""
        question = urllib.request.Request(
            f"http://127.0.0.1:{self.port(dice)}/api/v1/session", method="DELETE", headers={"Authorization": "Bearer " + who["token"]}
        )
        try:
            urllib.request.urlopen(question, timeout=10).read()
        except OSError:
            pass
        if token := self.sign_in(who["name"]):
            who["token"] = token

    def trouble(self):
        """What is wrong with the daemons by now; None: nothing."""
        for name, pid in self.pids.items():
            if self.chain.pid(name) != pid:
                return f"{name} has ended:\n" + self.chain.logs(15)
            log = self.chain.dir / "log" / f"{name}.log"
            with open(log, "rb") as f:
                f.seek(self.seen[name])
                fresh = f.read()
            # A line that is still being written is read again.
            fresh = fresh[: fresh.rfind(b"\n") + 1]
            self.seen[name] += len(fresh)
            for line in fresh.decode("utf-8", "replace").splitlines():
                if REPORT.search(line):
                    return f"{name}: {line}\n" + self.chain.logs(40)
        return None

    def connections(self, admin):
        with urllib.request.urlopen(f"http://127.0.0.1:{admin}/metrics", timeout=10) as answer:
            found = re.search(rb"^chaind_client_connections(?:\{[^}]*\})? (\d+)", answer.read(), re.MULTILINE)
        return int(found[1])


class Honest:
    """A client at each replica who writes to the others, and hears of it."""

    def __init__(self, world):
        self.world, self.stop, self.failed, self.sent = world, threading.Event(), None, 0
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        try:
            asyncio.run(self.talk())
        except BaseException:
            self.failed = traceback.format_exc()

    async def talk(self):
        from chat import Client, register, ulid

        urls = list(self.world.chain.urls.values())
        people = [register(url, f"honest{i}") for i, url in enumerate(urls)]
        clients = [Client(url, p["token"]) for url, p in zip(urls, people)]
        for client in clients:
            await client.open()
        conv = (await clients[0].change("conv.create", {"kind": "room", "name": "honest", "priv": False}))["d"]["conv"]
        for client in clients[1:]:
            await client.change("conv.join", {"conv": conv})
        while not self.stop.is_set():
            for i, client in enumerate(clients):
                cid, until = ulid(), time.monotonic() + SERVED_WITHIN_S
                while True:
                    try:
                        await asyncio.wait_for(
                            client.change("msg.send", {"conv": conv, "body": f"{self.sent}", "fmt": "md"}, cid), until - time.monotonic()
                        )
                        break
                    except ConnectionError:
                        # A busy machine may have lost a member of the chain; a stranger must not be able to end this connection.
                        code = client.closed_with()
                        if code not in (4001, 4002, 4004, 4009):
                            raise AssertionError(f"an honest client was closed with {code}") from None
                        await asyncio.sleep(0.1)
                        clients[i] = client = Client(urls[i], people[i]["token"])
                        try:
                            await client.open()
                        except (OSError, ConnectionError, asyncio.TimeoutError):
                            pass
                self.sent += 1
                if client.broken:
                    raise AssertionError(client.broken)
            await asyncio.sleep(0.2)
        for client in clients:
            await client.close()


class Run:
    def __init__(self, world, seed, until, kinds):
        self.world, self.seed, self.until, self.kinds = world, seed, until, kinds
        self.stop = threading.Event()
        self.failures = []
        self.counts = collections.Counter()
        self.recent = [collections.deque(maxlen=3) for _ in WORKERS]

    def one(self, name):
        """Tries the connection of that name; its failure, or None."""
        kind = name.split(":")[0]
        try:
            KINDS[kind](random.Random(name), self.world)
        except OSError:
            return None  # its daemon has ended, or hangs: the watch and the honest clients say so
        except Exception:
            return traceback.format_exc()
        return None

    def work(self, worker):
        number = 0
        while not self.stop.is_set() and time.monotonic() < self.until:
            name = f"{WORKERS[worker]}:{self.seed}:{worker}:{number}"
            self.recent[worker].append(name)
            wrong = self.one(name)
            self.counts[WORKERS[worker]] += 1
            number += 1
            if wrong:
                self.failures.append((wrong, [name]))
                self.stop.set()

    def watch(self, honest):
        """Until the time is over or something is wrong."""
        chosen = [w for w, kind in enumerate(WORKERS) if kind in self.kinds]
        threads = [threading.Thread(target=self.work, args=(w,), daemon=True) for w in chosen]
        for t in threads:
            t.start()
        while time.monotonic() < self.until and not self.stop.wait(0.1):
            wrong = self.world.trouble() or honest.failed
            if wrong:
                self.failures.append((wrong, [name for names in self.recent for name in names]))
                self.stop.set()
        self.stop.set()
        for t in threads:
            t.join(30)
        if self.failures and (wrong := self.world.trouble()):
            self.failures.insert(0, (wrong, [name for names in self.recent for name in names]))

    def replay(self, name, honest):
        while time.monotonic() < self.until and not self.failures:
            wrong = self.one(name) or self.world.trouble() or honest.failed
            self.counts[name.split(":")[0]] += 1
            if wrong:
                self.failures.append((wrong, [name]))


def ended_cleanly(world, honest):
    """After the strangers have gone; what is wrong, or None."""
    honest.stop.set()
    honest.thread.join(SERVED_WITHIN_S + 10)
    if honest.failed or honest.thread.is_alive():
        return honest.failed or "an honest client waits for its answer"
    left = lambda: {a: n for a in world.admin if (n := world.connections(a)) > 0}
    try:
        wait_for(lambda: not left(), "the end of all connections")
    except AssertionError:
        return f"connections that nobody has any more, by admin port: {left()}"
    if wrong := world.trouble():
        return wrong
    pids = dict(world.pids)
    world.chain.down()
    for name in pids:
        said = (world.chain.dir / "log" / f"{name}.log").read_text(errors="replace")
        if found := [line for line in said.splitlines() if REPORT.search(line)]:
            return f"{name} said while it stopped: {found[0]}\n{said[-6000:]}"
        if not re.search(r"\bstopped\b", said[-2000:]):
            return f"{name} did not stop:\n{said[-2000:]}"
    return None


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seconds", type=float, default=60)
    p.add_argument("--seed", type=int, default=None)
    p.add_argument("--bin", default=None, help="a build's programs, taken as they are")
    p.add_argument("--kinds", default=",".join(KINDS), help="of strangers, separated by commas: " + ", ".join(KINDS))
    p.add_argument("--replay", metavar="KIND:SEED:WORKER:NUMBER")
    args = p.parse_args()
    if args.bin:
        import os

        os.environ["TEST_BIN"] = str(Path(args.bin).resolve())
    import chain as cluster
    from chat import register

    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    # The strangers and sanitizers take the machine's time: who is silent for a moment is not dead.
    patient = {"configd": ["silence=3s", "silence-max=3s"]}
    environment = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    failures = []
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as folder:
        chain = cluster.Chain(folder, environment=environment, **patient)
        try:
            world = World(chain)
            guests = [register(url, f"guest{i}") for i, url in enumerate(list(chain.urls.values()) * 3)]
            world.guests = [{**g, "name": f"guest{i}", "conv": "c_1"} for i, g in enumerate(guests)]
            honest = Honest(world)
            honest.thread.start()
            run = Run(world, seed, time.monotonic() + args.seconds, args.kinds.split(","))
            if args.replay:
                run.replay(args.replay, honest)
            else:
                run.watch(honest)
            failures += run.failures
            if not failures and (wrong := ended_cleanly(world, honest)):
                failures.append((wrong, [f"the run of --seed {seed}"]))
            counts = ", ".join(f"{n} {kind}" for kind, n in sorted(run.counts.items()))
            print(f"connections: {counts}; {honest.sent} honest messages", flush=True)
        finally:
            chain.down()
    for wrong, names in failures:
        print(wrong)
        print("the last connections; repeat one by test/fuzz/run.py --replay NAME:" if len(names) > 1 else "repeat by test/fuzz/run.py --replay:")
        for name in names:
            print("  " + name)
        print(f"  or all of them: test/fuzz/run.py --seed {seed} --seconds {args.seconds:g}")
    print(f"{int(not failures)} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
