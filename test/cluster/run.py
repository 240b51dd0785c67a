#!/usr/bin/python3
"""Tests on real processes: runs every test_* function of the test_*.py files beside it.

  run.py [--long] [--jobs N] [TEXT...]    only tests with one of TEXT in "file.function"; --long: the full volumes;
                                          --jobs: so many at a time, each in a process of its own
The last line is "N passed, N failed".
"""
import argparse
import asyncio
import concurrent.futures
import importlib
import inspect
import random
import subprocess
import sys
from pathlib import Path

from verdicts import Verdicts

HERE = Path(__file__).resolve().parent


class Volume:
    """How much of a test is run, and the dice that it throws."""

    def __init__(self, long, seed):
        self.long, self.dice, self.seed = long, random.Random(seed), seed

    def pick(self, short, long):
        return long if self.long else short


# Those whose subject is how much of the machine is left: nothing else runs beside them.
ALONE = ("test_busy_host", "test_kills")


def run(function, volume):
    outcome = function(volume)
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)


def found():
    """Each test by its title, in the order in which they run."""
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and function.__module__ == path.stem:
                yield f"{path.stem}.{name}", function


def run_in_a_process(title, seed, long):
    """What it printed, and whether it passed."""
    command = [sys.executable, __file__, "--seed", str(seed), "--exact", title, *(["--long"] if long else [])]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return ended.stdout.decode(errors="replace"), ended.returncode == 0


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--long", action="store_true")
    p.add_argument("--seed", type=int, default=None, help="repeats the choices of an earlier run")
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("--exact", help=argparse.SUPPRESS)
    p.add_argument("texts", nargs="*")
    args = p.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    tests = {
        title: function
        for title, function in found()
        if (title == args.exact if args.exact else not args.texts or any(t in title for t in args.texts))
    }

    verdicts = Verdicts()
    if args.exact:
        for title, function in tests.items():
            verdicts.run(title, lambda: run(function, Volume(args.long, f"{seed}{title}")))
        return verdicts.status()

    print(f"seed {seed}", flush=True)
    beside_others = [title for title in tests if args.jobs > 1 and not title.startswith(ALONE)]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        running = [pool.submit(run_in_a_process, title, seed, args.long) for title in beside_others]
        for one in concurrent.futures.as_completed(running):
            printed, passed = one.result()
            print(printed, end="", flush=True)
            verdicts.count(passed)
    for title, function in tests.items():
        if title not in beside_others:
            verdicts.run(title, lambda: run(function, Volume(args.long, f"{seed}{title}")))
    return verdicts.close()


if __name__ == "__main__":
    sys.exit(main())
