#!/usr/bin/env python3
"""The steps of tools/check, in order; each counts its tests. Output of a step goes to build/check/STEP.log and is shown
when it fails. The last line is "N passed, N failed"; exit status 1 when anything failed."""
import argparse
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "check"
SETUP = f'. "{ROOT}/tools/setup.sh"; '
PACKAGE = "/usr/bin/python3 test/package/run.py"

# Test programs that run again under sanitizers: under ASan all of them, under TSan those whose layers own threads, or
# are called by several; there without the parts that are tests of their own (CMake's `APART`).
ASAN = ["base", "chain", "control", "chat", "wire", "runtime", "store", "net", "gateway", "configd", "node", "chainctl"]
TSAN = ["wire", "runtime", "store", "net", "gateway", "configd", "node", "chainctl"]
PROGRAMS = ["chaind", "configd", "chainctl"]  # what the live fuzz runs
TESTS_AT_ONCE = 4  # on two cores: they wait more than they compute


FUZZ_LONG_S = 3600  # how long strangers try a chain with `--long`
MUTATIONS = 60  # of each layer, with `--long`


class Step:
    """One line of the report. `count` reads (passed, failed) from the finished step; without it the step is one test."""

    def __init__(self, name, command, count=None, limit_s=1800):
        self.name, self.command, self.count, self.limit_s = name, command, count, limit_s
        self.log = LOGS / f"{name.replace(' ', '-')}.log"

    def run(self):
        started = time.monotonic()
        with open(self.log, "wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", self.command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
            try:
                status = process.wait(timeout=self.limit_s)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                status = process.wait()
                log.write(f"\nended after {self.limit_s} s\n".encode())
        passed, failed = self.count(self) if self.count else (int(status == 0), 0)
        if status != 0 and failed == 0:
            failed = 1
        if passed + failed == 0:
            failed = 1  # a step that tested nothing is broken
        print(f"{self.name}: {passed} passed, {failed} failed, {time.monotonic() - started:.0f} s", flush=True)
        if failed:
            print("\n".join(self.log.read_text(errors="replace").splitlines()[-120:]), flush=True)
        return passed, failed


def last_line(step):
    """Of a runner that ends with "N passed, N failed"."""
    for line in reversed(step.log.read_text(errors="replace").splitlines()):
        if found := re.search(r"(\d+) passed, (\d+) failed", line):
            return int(found[1]), int(found[2])
    return 0, 0


def junit(path):
    """Of a JUnit file that the step wrote."""

    def count(_):
        try:
            suites = xml.etree.ElementTree.parse(path).getroot()
        except (OSError, xml.etree.ElementTree.ParseError):
            return 0, 0
        cases = list(suites.iter("testcase"))
        failed = [c for c in cases if c.find("failure") is not None or c.find("error") is not None or c.get("status") == "fail"]
        return len(cases) - len(failed), len(failed)

    return count


def ctest(name, preset, select, environment=""):
    report = LOGS / f"{name.replace(' ', '-')}.xml"
    command = f"rm -f {report}; {environment} ctest --test-dir build/{preset} {select} --output-on-failure --no-tests=error --output-junit {report}"
    return Step(name, command, junit(report))


def sanitized(preset, layers, parts=""):
    return ctest(preset, preset, f"-R '^unit[.]({'|'.join(layers)}){parts}$' -j{TESTS_AT_ONCE}")


def unit_programs(layers):
    return [f"{layer}_unit_test" for layer in layers]


def build(preset, *targets):
    return Step(f"build {preset}", f"{SETUP} build_targets {preset} {' '.join(targets)}")


def steps(args):
    if args.quick:
        return [
            build("release", "all"),
            Step("format", ".ci/format.sh"),
            ctest("unit", "release", "-L 'lint|unit|scenario'"),
            Step("a few seeds", "build/release/bin/chaind_sim --seeds 1..3 --jobs 2"),
        ]
    long = " --long" if args.long else ""
    vitest = LOGS / "web-unit.xml"
    return [
        Step("format", ".ci/format.sh"),
        Step("web build", f"{SETUP} build_web"),
        Step("web unit", f"rm -f {vitest}; cd web && npm test -- --reporter=default --reporter=junit --outputFile.junit={vitest}", junit(vitest)),
        build("release", "all"),
        Step("lint coroutines", "cmake --preset dev && .ci/lint_coroutines.sh build/dev"),
        ctest("unit", "release", f"-L 'lint|unit|scenario' -j{TESTS_AT_ONCE}"),
        ctest("simulator", "release", "-L sim"),
        *([Step("simulator long", "build/release/bin/chaind_sim --seeds 10000..15000 --app plain --jobs 2", limit_s=12 * 3600)] if args.long else []),
        Step("cluster", f"/usr/bin/python3 test/cluster/run.py --jobs 2{long}", last_line, limit_s=8 * 3600 if args.long else 3600),
        Step("web in Chromium", "test/web/run", last_line),
        *([Step("web on the double", "test/web/run --mock", last_line)] if args.long else []),
        Step("package", f"{SETUP} make_package && {PACKAGE} build/package/chaind_*.deb", last_line),
        *([Step("package on machines", f'{SETUP} install "${{boot_packages[@]}}" && as_root {PACKAGE} --boot build/package/chaind_*.deb', last_line)] if args.long else []),
        # The simulator runs under none of them: it has one thread, and the cores' own tests run there.
        build("asan", *(["all"] if args.long else unit_programs(ASAN) + PROGRAMS)),
        sanitized("asan", ASAN, parts="([.].*)?"),
        Step("live fuzz", f"/usr/bin/python3 test/fuzz/run.py --bin build/asan/bin --seconds {FUZZ_LONG_S if args.long else 60}", last_line,
             limit_s=FUZZ_LONG_S + 600),
        build("tsan", *(["all"] if args.long else unit_programs(TSAN))),
        sanitized("tsan", TSAN),
        *([Step("mutations", f"tools/mutate --sample {MUTATIONS} --demand 90 --demand-simulator 50", limit_s=12 * 3600)] if args.long else []),
    ]  # fmt: skip


def main():
    p = argparse.ArgumentParser(prog="tools/check", description="Builds everything and runs every test.")
    size = p.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="about a minute once built: unit, scenario, a few seeds")
    size.add_argument("--long", action="store_true", help="the full volumes of docs/testing.md; takes hours")
    p.add_argument("--only", metavar="TEXT", help="only the steps with this in their name")
    args = p.parse_args()
    LOGS.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    for step in steps(args):
        if args.only and args.only not in step.name:
            continue
        good, bad = step.run()
        passed += good
        failed += bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
