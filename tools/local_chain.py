#!/usr/bin/env python3
"""Runs configd and N chaind on loopback below one folder: the part of tools/quickstart that comes after the build.

DIR/chain.json   ports, names and options, chosen once and kept over every later run; --add writes one more name into it
DIR/NAME/        that daemon's data (mode 0700)
DIR/log/NAME.log what it said
DIR/run/NAME.pid, DIR/run/NAME.started
                 its process and the kernel's start time of it, which tells ours from a later one with the same number
"""
import argparse
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY_LIMIT_S = 60
STOP_LIMIT_S = 15
SOCKET_PATH_MAX = 107  # of a Unix socket, in bytes

# All that is asked here is on loopback: a proxy that the environment names is for other places.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(text):
    print(text, file=sys.stderr, flush=True)


def die(text, code=1):
    say(f"quickstart: {text}")
    sys.exit(code)


def start_time(pid):
    """The kernel's start time of a process, or None when there is none. A zombie is gone once its last thread is: until
    then its sockets are open and its ports taken."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        threads = len(os.listdir(f"/proc/{pid}/task"))
    except (OSError, IndexError):
        return None
    return None if fields[0] == "Z" and threads <= 1 else fields[19]


def running_pid(directory, name):
    """The running process of that daemon below `directory`, or None."""
    run = directory / "run"
    try:
        pid, *started = (run / f"{name}.pid").read_text().split()
        # Earlier versions wrote both into one file.
        started = started or (run / f"{name}.started").read_text().split()
        return int(pid) if [start_time(int(pid))] == started else None
    except (OSError, ValueError):
        return None


def free_ports(count):
    """Ports that nothing listens on, below the range that the kernel gives to outgoing connections: a daemon that is
    started again later must find its port free."""
    low = 10240
    try:
        high = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]) - 1
    except (OSError, ValueError):
        high = 32000
    found = []
    for port in random.SystemRandom().sample(range(low, high), 2000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    die("no free ports")


def listeners(port):
    """The inodes of the sockets that listen on that port of this machine, by /proc/net/tcp."""
    found = set()
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                found.add(fields[9])
    return found


def sockets_of(pid):
    found = set()
    try:
        for entry in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                target = os.readlink(f"/proc/{pid}/fd/{entry}")
                found |= {target[len("socket:[") : -1]} if target.startswith("socket:[") else set()
    except OSError:
        pass
    return found


def who_listens(port):
    """For people: the process that has the port, as far as this user may see it."""
    wanted = listeners(port)
    for entry in os.listdir("/proc"):
        if entry.isdigit() and wanted & sockets_of(entry):
            with suppress(OSError):
                words = Path(f"/proc/{entry}/cmdline").read_bytes().decode(errors="replace").split("\0")
                return f"process {entry} ({' '.join(words).strip()[:200]})"
    return "another program"


class Chain:
    def __init__(self, directory, binaries):
        self.dir = Path(directory).resolve()
        socket_path = len(os.fsencode(self.dir / "configd" / "configd.sock"))
        if socket_path > SOCKET_PATH_MAX:
            die(
                f"the path {self.dir} is too long: a Unix socket below it would have {socket_path} bytes, and "
                f"{SOCKET_PATH_MAX} are possible; --dir names another folder",
                78,
            )
        self.started = []
        self.bin = Path(binaries)
        self.file = self.dir / "chain.json"
        self.plan = json.loads(self.file.read_text()) if self.file.exists() else None
        if self.plan is not None:
            self.plan.setdefault("bootstrap", list(self.plan["replicas"]))

    # ---- the plan: written once, when its ports are known to be free ----

    def make_plan(self, replicas, port_base, rate_limit, forwarding):
        names = [f"n{i}" for i in range(1, replicas + 1)]
        if port_base == 0:
            ports = iter(free_ports(1 + 3 * replicas))
            configd = next(ports)
            layout = {n: {"client": next(ports), "replica": next(ports), "admin": next(ports)} for n in names}
        else:
            configd = port_base
            layout = {
                n: {"client": port_base + i, "replica": port_base + 100 + i, "admin": port_base + 200 + i}
                for i, n in enumerate(names, 1)
            }
        self.plan = {"configd": configd, "port_base": port_base, "bootstrap": names, "replicas": layout,
                     "rate_limit": rate_limit, "forwarding": forwarding}  # fmt: skip

    def port_base(self):
        first = self.plan["replicas"][self.bootstrap()[0]]["client"]
        return self.plan.get("port_base", self.plan["configd"] if first == self.plan["configd"] + 1 else 0)

    def bootstrap(self):
        """The members of the first chain: those of the first run. Machines added later come in by chainctl."""
        return self.plan["bootstrap"]

    def plan_one_more(self, name):
        number = len(self.names()) + 1
        if self.port_base() == 0:
            client, replica, admin = free_ports(3)
        elif number < 100:
            client, replica, admin = (self.port_base() + offset + number for offset in (0, 100, 200))
        else:
            die("no ports left below --port-base + 100")
        self.plan["replicas"][name] = {"client": client, "replica": replica, "admin": admin}

    def replica_addr(self, name):
        return f"127.0.0.1:{self.plan['replicas'][name]['replica']}"

    def save(self):
        self.dir.mkdir(parents=True, exist_ok=True)
        scratch = self.file.with_suffix(".tmp")
        scratch.write_text(json.dumps(self.plan, indent=2) + "\n")
        scratch.replace(self.file)

    def names(self):
        return list(self.plan["replicas"])

    def url(self, name):
        return f"http://127.0.0.1:{self.plan['replicas'][name]['client']}"

    def chainctl(self):
        return [str(self.bin.resolve() / "chainctl"), "--endpoint", f"unix:{self.dir / 'configd' / 'configd.sock'}"]

    # ---- processes ----

    def pid(self, name):
        return running_pid(self.dir, name)

    def running(self):
        return [n for n in ["configd", *self.names()] if self.pid(n)]

    def ports_of(self, name):
        return [self.plan["configd"]] if name == "configd" else list(self.plan["replicas"][name].values())

    def check_ports(self, names):
        """Before anything is started: what answers on a port that another program has would be taken for ours."""
        for name in names:
            for port in [] if self.pid(name) else self.ports_of(name):
                if listeners(port):
                    die(
                        f"port {port}, which is to be {name}'s, is taken by {who_listens(port)}; nothing was started. "
                        + self.way_out_of_taken_ports(),
                        69,
                    )

    def way_out_of_taken_ports(self):
        if self.file.exists():
            return (
                f"Next: stop that program and repeat the command; the ports below {self.dir} were chosen by the first run "
                "and stay. Another chain beside it: --dir FOLDER --port-base 0"
            )
        return "Next: stop that program, or choose other ports: --port-base P, 0 for those that are free"

    def command(self, name):
        if name == "configd":
            return [
                str(self.bin / "configd"),
                "--data-dir", str(self.dir / "configd"),
                "--listen", f"127.0.0.1:{self.plan['configd']}",
                "--bootstrap", ",".join(self.bootstrap()),
                *self.more_options("configd"),
            ]  # fmt: skip
        ports = self.plan["replicas"][name]
        command = [
            str(self.bin / "chaind"),
            "--name", name,
            "--data-dir", str(self.dir / name),
            "--client-listen", f"127.0.0.1:{ports['client']}",
            "--replica-listen", self.replica_addr(name),
            "--admin-listen", f"127.0.0.1:{ports['admin']}",
            "--configd", f"127.0.0.1:{self.plan['configd']}",
            "--forwarding", self.plan["forwarding"],
        ]  # fmt: skip
        if self.plan["rate_limit"] == "off":
            command += ["--rate-limit", "off"]
        return command + self.more_options("chaind")

    def more_options(self, program):
        return [word for text in self.plan.get("options", {}).get(program, []) for word in ("--" + text).split("=", 1)]

    def start(self, name):
        if self.pid(name):
            return
        (self.dir / "log").mkdir(exist_ok=True)
        (self.dir / "run").mkdir(exist_ok=True)
        (self.dir / name).mkdir(mode=0o700, exist_ok=True)
        with uninterrupted(), open(self.dir / "log" / f"{name}.log", "ab") as log:
            process = subprocess.Popen(
                self.command(name), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, close_fds=True
            )
            self.started.append(name)
            (self.dir / "run" / f"{name}.started").write_text(f"{start_time(process.pid)}\n")
            (self.dir / "run" / f"{name}.pid").write_text(f"{process.pid}\n")
        self.wait_listening(name, process)

    def start_all(self, names):
        missing = [n for n in names if not self.pid(n)]
        if missing:
            say(f"starting {', '.join(missing)} in {self.dir}")
        for name in missing:
            self.start(name)

    def wait_listening(self, name, process):
        port = self.plan["configd"] if name == "configd" else self.plan["replicas"][name]["client"]
        limit = time.monotonic() + READY_LIMIT_S
        while time.monotonic() < limit:
            if process.poll() is not None:
                self.tail_log(name)
                die(f"{name} ended with status {process.returncode}; its log is {self.dir / 'log' / (name + '.log')}")
            # Not a connection: another program may have taken the port, and would answer.
            if listeners(port) & sockets_of(process.pid):
                return
            time.sleep(0.02)
        self.tail_log(name)
        die(f"{name} does not listen on port {port} after {READY_LIMIT_S} s")

    def tail_log(self, name):
        try:
            for line in (self.dir / "log" / f"{name}.log").read_text(errors="replace").splitlines()[-15:]:
                say(f"  {name}: {line}")
        except OSError:
            pass

    def wait_gone(self, pids, limit_s):
        limit = time.monotonic() + limit_s
        while time.monotonic() < limit:
            reap()
            pids = {n: p for n, p in pids.items() if self.pid(n) == p}
            if not pids:
                break
            time.sleep(0.02)
        return pids

    def stop(self, names, how=signal.SIGTERM):
        running = {n: self.pid(n) for n in names if self.pid(n)}
        for name, pid in running.items():
            os.kill(pid, how)
        left = self.wait_gone(running, STOP_LIMIT_S)
        for name, pid in left.items():
            say(f"{name} did not stop within {STOP_LIMIT_S} s: ending it")
            os.kill(pid, signal.SIGKILL)
        self.wait_gone(left, STOP_LIMIT_S)

    def take_back(self):
        """What this run has started; what ran before goes on."""
        names, self.started = [n for n in self.started if self.pid(n)], []
        if names:
            say(f"stopping what was started: {', '.join(names)}")
        self.stop([n for n in names if n == "configd"])
        self.stop(names)

    def down(self):
        """Who ran until then."""
        running = self.running()
        # configd first: it must not take the others' farewell for a series of failures.
        self.stop(["configd"])
        self.stop(self.names())
        return running

    # ---- readiness ----

    def fetch(self, url):
        try:
            with DIRECT.open(url, timeout=2) as answer:
                return json.load(answer)
        except (OSError, urllib.error.URLError, ValueError):
            return None

    def wait_ready(self):
        limit = time.monotonic() + READY_LIMIT_S
        waiting = ""
        while time.monotonic() < limit:
            waiting = self.not_ready()
            if not waiting:
                return
            time.sleep(0.05)
        for name in ["configd", *self.names()]:
            self.tail_log(name)
        die(f"the chain does not serve after {READY_LIMIT_S} s: {waiting}")

    def ask_configd(self, path):
        """Of its administration socket; None when it does not answer."""
        connection = http.client.HTTPConnection("configd", timeout=2)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(2)
        try:
            connection.sock.connect(str(self.dir / "configd" / "configd.sock"))
            connection.request("GET", path)
            return json.load(connection.getresponse())
        except (OSError, http.client.HTTPException, ValueError):
            return None
        finally:
            connection.close()

    def removed(self):
        """The machines that an administrator has taken out for good, as far as configd answers."""
        nodes = self.ask_configd("/v1/nodes") or {"nodes": []}
        out = {n["name"] for n in nodes["nodes"] if n.get("state") == "removed"}
        return [n for n in self.names() if n in out]

    def not_ready(self):
        status, nodes = self.ask_configd("/v1/status"), self.ask_configd("/v1/nodes")
        if not status or not nodes:
            return "configd does not answer"
        # Machines that were taken out, drained or never admitted run, too, but nobody waits for them; nor for those that
        # joined by themselves and are not there.
        may_serve = [
            n["name"]
            for n in nodes["nodes"]
            if n.get("state") not in ("removed", "drained", "not admitted") and (n["name"] in self.names() or n.get("alive"))
        ]
        wanted = min(status["replicas"]["want"], len(may_serve))
        here = [row["name"] for row in status["chain"] if row["state"] in ("normal", "damaged", "full")]
        if not here or len(here) < wanted or len(here) != len(status["chain"]):
            return f"{len(here)} of {wanted} machines serve in the chain"
        for name in [n for n in self.names() if n in here]:
            seen = self.fetch(self.url(name) + "/api/v1/status")
            if not seen:
                return f"{name} does not answer"
            if len(seen.get("chain", [])) != len(here):
                return f"{name} sees {len(seen.get('chain', []))} of {len(here)} machines in the chain"
            if not self.fetch(self.url(name) + "/readyz?role=write") or not self.fetch(self.url(name) + "/readyz?role=read"):
                return f"{name} does not serve yet"
        return ""

    def summary(self):
        return {
            "dir": str(self.dir),
            "configd": f"127.0.0.1:{self.plan['configd']}",
            "replicas": [{"name": n, "url": self.url(n), "pid": self.pid(n)} for n in self.names() if self.pid(n)],
            "chainctl": self.chainctl(),
        }


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def interrupt(*_):
    raise KeyboardInterrupt


@contextmanager
def uninterrupted():
    """Ctrl-C counts after this: a process of which nothing is written down yet would be left behind."""
    came = []
    before = {number: signal.signal(number, lambda which, _: came.append(which)) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def replica_count(text):
    value = int(text)
    if not 1 <= value <= 9:
        raise argparse.ArgumentTypeError("1 to 9 replicas")
    return value


def port_base(text):
    value = int(text)
    if value != 0 and not 1024 <= value <= 65535 - 300:
        raise argparse.ArgumentTypeError("0 (chosen by the system) or 1024 to 65235")
    return value


EXIT_STATUS = """\
exit status: 0 done (and after Ctrl-C, once the chain has served), 1 failed, 64 usage, 66 no such daemon or chain,
69 a port is taken, 74 the answer or a file could not be written, 78 configuration, 130 stopped before the chain served"""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.print_usage(sys.stderr)
        die(message, 64)


def parse(argv):
    p = Parser(
        prog="tools/quickstart", description="Builds chaind and runs a whole chain with configd and the web client on loopback.",
        epilog=EXIT_STATUS,
    )  # fmt: skip
    p.add_argument("--bin", required=True, help=argparse.SUPPRESS)
    p.add_argument("--only-parse", action="store_true", help=argparse.SUPPRESS)  # before anything is built
    p.add_argument("--dir", default=str(ROOT / "build" / "quickstart"), help="data, logs, pids, sockets (default: build/quickstart)")
    p.add_argument("--replicas", type=replica_count, metavar="N", help="machines in the chain (default 3); kept over later runs")
    p.add_argument("--port-base", type=port_base, metavar="P",
                   help="client ports P+1…P+N (default 8080; 0: chosen by the system); kept over later runs")  # fmt: skip
    p.add_argument("--forwarding", choices=["parallel", "persist-first"], default="parallel",
                   help="when a replica hands entries on: on receipt or after its own fsync")  # fmt: skip
    p.add_argument("--rate-limit", choices=["on", "off"], default="on", help="off lifts every limit by rate (load tests)")
    # NAME=VALUE, for tests: more options of each chaind or of configd, kept like the ports.
    p.add_argument("--chaind-option", action="append", metavar="NAME=VALUE", help=argparse.SUPPRESS)
    p.add_argument("--configd-option", action="append", metavar="NAME=VALUE", help=argparse.SUPPRESS)
    p.add_argument("--detach", action="store_true", help="return when the chain serves; else Ctrl-C stops all")
    p.add_argument("--yes", action="store_true", help="--wipe asks nothing")
    p.add_argument("--json", action="store_true", help="when ready, one JSON line on stdout")
    what = p.add_mutually_exclusive_group()
    what.add_argument("--down", "--stop", action="store_true", help="stop what runs below --dir; the data stays")
    what.add_argument("--wipe", action="store_true", help="stop, then delete the data below --dir; it asks first, or takes --yes")
    what.add_argument("--add", metavar="NAME", help="start one more chaind, ready for chainctl add-node; prints its address")
    what.add_argument("--start", metavar="NAME", help="start one daemon again (n1, …, configd)")
    what.add_argument("--kill", metavar="NAME", help="kill -9 one daemon")
    return p.parse_args(argv)


def one_daemon(chain, name):
    if chain.plan is None:
        die(f"nothing was started in {chain.dir}", 66)
    if name != "configd" and name not in chain.plan["replicas"]:
        die(f"no daemon {name}: there are configd, {', '.join(chain.names())}", 66)
    return name


def add(chain, name, as_json):
    """One more chaind that is in no chain yet; the same name again starts the same one again."""
    if chain.plan is None:
        die(f"nothing was started in {chain.dir}", 66)
    if not re.fullmatch("[a-z0-9-]{1,32}", name) or name in ("configd", "log", "run"):
        die(f"{name} cannot be a machine's name: a-z, 0-9 and -, at most 32, and not configd, log or run", 64)
    if name in chain.bootstrap() and name not in chain.removed():
        die(f"{name} is no new machine: the first run has made {', '.join(chain.bootstrap())}; --start {name} starts it")
    if name not in chain.names():
        chain.plan_one_more(name)
    chain.check_ports([name])
    chain.save()
    chain.start(name)
    one = {"name": name, "url": chain.url(name), "pid": chain.pid(name), "replica_addr": chain.replica_addr(name)}
    if as_json:
        print(json.dumps(one), flush=True)
    say(f"{name} runs at {one['url']} (pid {one['pid']}). Unless the chain knows it already, take it in:")
    say(f"  {' '.join(chain.chainctl())} add-node {name} {one['replica_addr']}")


def down(chain):
    if chain.plan is None:
        say(f"nothing was started in {chain.dir}")
    elif stopped := chain.down():
        say(f"stopped {', '.join(stopped)}; the data stays in {chain.dir}")
    else:
        say(f"nothing ran below {chain.dir}; the data stays")


def wipe(chain, yes):
    if chain.plan is None:
        say(f"nothing was started in {chain.dir}")
        return
    if not yes and not sys.stdin.isatty():
        die(f"nothing was deleted: this deletes every message and account below {chain.dir} and asks first; add --yes", 64)
    if not yes:
        say(f"This deletes every message and account below {chain.dir}. Type wipe to go on: ")
        if sys.stdin.readline().strip() != "wipe":
            die("nothing was deleted", 64)
    chain.down()
    for name in ["configd", *chain.names(), "log", "run"]:
        shutil.rmtree(chain.dir / name, ignore_errors=True)
    chain.file.unlink(missing_ok=True)
    say(f"deleted the data of configd and {', '.join(chain.names())} in {chain.dir}")


def check_kept(chain, args):
    """What the first run has chosen for good; said again it may be, changed not."""
    kept = {"--port-base": chain.port_base(), "--replicas": len(chain.bootstrap())}
    ways = {
        "--port-base": "leave the option out, or start another chain with --dir FOLDER",
        "--replicas": f"leave the option out; --add NAME starts one more machine, `{' '.join(chain.chainctl())} remove-node` "
        "takes one out",
    }
    for option, given in (("--port-base", args.port_base), ("--replicas", args.replicas)):
        if given is not None and given != kept[option]:
            die(f"the chain in {chain.dir} was made with {option} {kept[option]}, and keeps it: {option} {given} changes "
                f"nothing. Next: {ways[option]}", 64)  # fmt: skip


def bring_up(chain, args):
    before, is_first = json.dumps(chain.plan), chain.plan is None
    if is_first:
        chain.make_plan(args.replicas or 3, 8080 if args.port_base is None else args.port_base, args.rate_limit, args.forwarding)
    else:
        check_kept(chain, args)
        chain.plan["rate_limit"], chain.plan["forwarding"] = args.rate_limit, args.forwarding
    options = {"chaind": args.chaind_option, "configd": args.configd_option}
    if any(options.values()):
        chain.plan["options"] = {**chain.plan.get("options", {}), **{k: v for k, v in options.items() if v}}
    chain.check_ports(["configd", *chain.names()])
    if json.dumps(chain.plan) != before:
        if running := chain.running():
            say(f"{', '.join(running)} run already: other options hold from their next start")
        chain.save()
    chain.start_all(["configd"])
    removed = [] if is_first else [n for n in chain.removed() if not chain.pid(n)]
    if removed:
        say(f"not started, since taken out of the chain for good: {', '.join(removed)}; --add {removed[0]} starts it again")
    chain.start_all([n for n in chain.names() if n not in removed])
    chain.wait_ready()


def tell(chain, as_json):
    if as_json:
        print(json.dumps(chain.summary()), flush=True)
    say("")
    say(f"The chain serves. Open one address in each of two browsers and chat:")
    for replica in chain.summary()["replicas"]:
        say(f"  {replica['name']}  {replica['url']}  (pid {replica['pid']})")
    say(f"See it:      {' '.join(chain.chainctl())} status")
    say(f"Kill one:    tools/quickstart --dir {chain.dir} --kill n1    and bring it back with --start n1")


@contextmanager
def nothing_left_behind(chain):
    """A start that fails, or of which nobody hears (the answer cannot be written), leaves nothing running."""
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        raise
    except BaseException as failure:
        chain.take_back()
        if isinstance(failure, BrokenPipeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # nothing is written there at the exit either
            sys.exit(141)
        if isinstance(failure, OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            die(str(failure), 74)
        raise


def main():
    args = parse(sys.argv[1:])
    if args.only_parse:
        return
    chain = Chain(args.dir, args.bin)
    if args.down:
        down(chain)
        return
    if args.wipe:
        wipe(chain, args.yes)
        return
    if args.add is not None or args.start:
        with nothing_left_behind(chain):
            if args.add is not None:
                add(chain, args.add, args.json)
            else:
                name = one_daemon(chain, args.start)
                chain.check_ports([name])
                chain.start(name)
                say(f"{name} runs (pid {chain.pid(name)})")
        return
    if args.kill:
        name = one_daemon(chain, args.kill)
        runs = chain.pid(name)
        chain.stop([name], signal.SIGKILL)
        say(f"{name} is killed (pid {runs})" if runs else f"{name} did not run")
        return

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    served = False
    try:
        with nothing_left_behind(chain):
            bring_up(chain, args)
            tell(chain, args.json)
        served = True
        if not args.detach:
            say("Stop all:    Ctrl-C")
            signal.pause()
    except KeyboardInterrupt:
        say("stopping")
        # Others may have added machines meanwhile.
        Chain(args.dir, args.bin).down()
        sys.exit(0 if served else 130)
    say(f"Stop all:    tools/quickstart --dir {chain.dir} --down")


if __name__ == "__main__":
    main()
