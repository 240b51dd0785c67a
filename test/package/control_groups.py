"""A control group for each machine: its systemd takes the group that it is started in for its own."""
import os
from contextlib import contextmanager
from pathlib import Path

TOP = Path("/sys/fs/cgroup")
PREFIX = "chaind-package-"  # and the process of a run


def hierarchies():
    """Those in which systemd makes groups: of version 2 the only one; beside version 1 its own, and an empty one."""
    if (TOP / "cgroup.procs").exists():
        return [TOP]
    return [h for h in (TOP / "systemd", TOP / "unified") if h.is_dir()]


def enter(group):
    """Takes the calling process there."""
    for hierarchy in hierarchies():
        (hierarchy / group).mkdir(parents=True, exist_ok=True)
        (hierarchy / group / "cgroup.procs").write_text("0")


def name_of_this_run():
    return f"{PREFIX}{os.getpid()}"


def remove(group):
    """With all below it. Its processes must have ended by then."""
    for hierarchy in hierarchies():
        for folder, _, _ in os.walk(hierarchy / group, topdown=False):
            os.rmdir(folder)


@contextmanager
def removed_at_the_end(group):
    """This run's group, and those of runs that were killed before they could do it."""
    for older in {found.name for hierarchy in hierarchies() for found in hierarchy.glob(PREFIX + "*")}:
        if not Path("/proc", older.removeprefix(PREFIX)).exists():
            remove(older)
    try:
        yield
    finally:
        remove(group)
