#!/usr/bin/python3
"""The Debian package: what is in it, and what it does on machines that really boot.

  run.py DEB [--boot]    without --boot, looks into the package (no root needed); with it, boots machines (root needed)
The last line is "N passed, N failed".
"""
import argparse
import os
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import boot
import contents
import control_groups
import machines
from verdicts import Verdicts


def in_own_namespaces():
    """This program again, with mounts, network and processes of its own: whatever way it ends, the kernel takes them all
    away. Its exit status."""
    group = control_groups.name_of_this_run()
    own = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    with control_groups.removed_at_the_end(group):
        return subprocess.run([*own, sys.executable, *sys.argv, "--group", group], stdin=subprocess.DEVNULL).returncode


def main():
    p = argparse.ArgumentParser()
    p.add_argument("deb", type=Path)
    p.add_argument("--boot", action="store_true")
    p.add_argument("--group", help=argparse.SUPPRESS)
    args = p.parse_args()
    if args.boot and os.geteuid() != 0:
        p.error("--boot needs root: it makes mounts, a network and control groups")
    if args.boot and not args.group:
        machines.make_image(args.deb)
        return in_own_namespaces()

    suite = boot if args.boot else contents
    verdicts = Verdicts()
    with machines.site(args.deb, args.group) if args.boot else nullcontext(args.deb) as subject:
        for name, function in list(vars(suite).items()):
            if not name.startswith("test_"):
                continue
            passed = verdicts.run(name, lambda: function(subject))
            if not passed and args.boot:  # each one goes on from where the one before it ended
                print(subject.journals(), file=sys.stderr)
                break
    return verdicts.close()


if __name__ == "__main__":
    sys.exit(main())
