#!/usr/bin/python3
"""Tests on real processes: runs every test_* function of the test_*.py files beside it, one after the other.

  run.py [--long] [TEXT...]    only tests with one of TEXT in "file.function"; --long: the full volumes
The last line is "N passed, N failed".
"""
import argparse
import asyncio
import importlib
import inspect
import random
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


def run(function, volume):
    outcome = function(volume)
    if inspect.iscoroutine(outcome):
        asyncio.run(outcome)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--long", action="store_true")
    p.add_argument("--seed", type=int, default=None, help="repeats the choices of an earlier run")
    p.add_argument("texts", nargs="*")
    args = p.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)

    verdicts = Verdicts()
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            title = f"{path.stem}.{name}"
            if not name.startswith("test_") or function.__module__ != path.stem:
                continue
            if args.texts and not any(t in title for t in args.texts):
                continue
            verdicts.run(title, lambda: run(function, Volume(args.long, f"{seed}{title}")))
    return verdicts.close()


if __name__ == "__main__":
    sys.exit(main())
