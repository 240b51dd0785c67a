#!/usr/bin/env python3
"""Fails when a file includes what its layer may not use: prints file:line, the include and the remedy.

The arrows are those of docs/architecture.md: a folder may include itself and the folders listed for it. Nor may a
daemon judge what the cores judge: who is head or tail, whether an epoch is ACTIVE.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

BELOW = {
    "common/base": [],
    "common/membership": ["base"],
    "common/chain": ["base", "membership"],
    "common/control": ["base", "membership"],
    "common/chat": ["base"],
    "common/wire": ["base", "membership", "chain", "control", "chat"],
    "common/runtime": ["base"],
    "daemon/sqlite": ["base"],
    "daemon/store": ["base", "membership", "chain", "chat", "wire", "runtime", "sqlite"],
    "daemon/metrics": ["base", "runtime"],
    "daemon/net": ["base", "membership", "chain", "wire", "runtime"],
    "daemon/gateway": ["base", "membership", "control", "chat", "wire", "runtime", "store", "metrics", "net"],
    "daemon/node": [
        "base", "membership", "chain", "chat", "wire", "runtime", "sqlite", "store", "metrics", "net", "gateway",
    ],
    "daemon/configd": ["base", "membership", "control", "wire", "runtime", "net", "metrics", "sqlite"],
    "daemon/chaind": ["base", "runtime", "sqlite", "store", "metrics", "net", "gateway", "node", "wire", "membership", "chain"],
    "tools/chainctl": ["base", "runtime", "store"],  # store: backups are made beside the daemon
}  # fmt: skip

# Layers without I/O: the same code runs in the simulator, so nothing in it may reach a clock, thread, file or socket.
SANS_IO = ["common/base", "common/membership", "common/chain", "common/control", "common/chat"]
FORBIDDEN_INCLUDE = re.compile(r"<(boost/asio|boost/beast|sqlite3|thread|mutex|condition_variable|future|fstream|"
                               r"filesystem|sys/|unistd|google/protobuf|random)")
FORBIDDEN_CODE = re.compile(r"\b(system_clock|steady_clock|high_resolution_clock)\b|\bstd::(rand|time)\(|::now\(\)")
# What a daemon asks a core for, and does not judge by itself: whether a configuration is ACTIVE, who has which part in a
# chain, who is its first and its last.
DECISION = re.compile(r"\bconfig_state::|\b(?:chain::)?role::(?:detached|learner|head|middle|tail|solo)\b|"
                      r"\bmembers(?:\(\))?\.(?:front|back)\(\)")
# A page of people.
NO_DECISION = re.compile(r"\bpage\.members\.back\(\)")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"][^>"]+[>"])')


def check(path, layer, problems):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        where = f"{path.relative_to(ROOT)}:{number}"
        found = INCLUDE.match(line)
        if found and found[1].startswith('"'):
            folder = found[1].strip('"').split("/")[0]
            if folder != layer.split("/")[1] and folder not in BELOW[layer]:
                problems.append(f"{where}: {layer} may not include {found[1]}; it may use {', '.join(BELOW[layer]) or 'nothing'}")
        if layer in SANS_IO:
            if found and FORBIDDEN_INCLUDE.match(found[1]):
                problems.append(f"{where}: {layer} is sans I/O: {found[1]} belongs in daemon/ or common/runtime")
            elif FORBIDDEN_CODE.search(line.split("//")[0]):
                problems.append(f"{where}: {layer} is sans I/O: time and randomness come in as events")
        if layer.startswith("daemon/") and DECISION.search(NO_DECISION.sub("", line.split("//")[0])):
            problems.append(f"{where}: a daemon decides about the chain: let common/chain or common/control say it")


def main():
    problems = []
    count = 0
    for path in sorted([*ROOT.glob("common/**/*.[ch]pp"), *ROOT.glob("daemon/**/*.[ch]pp"), *ROOT.glob("tools/**/*.[ch]pp")]):
        layer = "/".join(path.relative_to(ROOT).parts[:2])
        count += 1
        if layer not in BELOW:
            problems.append(f"{path.relative_to(ROOT)}: the folder {layer} is in no layer: add it to .ci/check_layers.py")
            continue
        check(path, layer, problems)
    print("\n".join(problems) if problems else f"{count} files keep the layers")
    return 1 if problems or not count else 0


if __name__ == "__main__":
    sys.exit(main())
