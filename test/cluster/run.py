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
import time
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


class Volume:
    """How much of a test is run, and the dice that it throws."""

    def __init__(self, long, seed):
        self.long, self.dice, self.seed = long, random.Random(seed), seed

    def pick(self, short, long):
        return long if self.long else short


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--long", action="store_true")
    p.add_argument("--seed", type=int, default=None, help="repeats the choices of an earlier run")
    p.add_argument("texts", nargs="*")
    args = p.parse_args()
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}", flush=True)

    passed = failed = 0
    for path in sorted(HERE.glob("test_*.py")):
        module = importlib.import_module(path.stem)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            title = f"{path.stem}.{name}"
            if not name.startswith("test_") or function.__module__ != path.stem:
                continue
            if args.texts and not any(t in title for t in args.texts):
                continue
            started = time.monotonic()
            try:
                outcome = function(Volume(args.long, f"{seed}{title}"))
                if inspect.iscoroutine(outcome):
                    asyncio.run(outcome)
                passed += 1
                verdict = "ok"
            except Exception:
                failed += 1
                verdict = "FAILED"
                traceback.print_exc()
            print(f"{verdict:6} {title} {time.monotonic() - started:.1f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
