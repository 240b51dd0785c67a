"""Disks that are full or fail, for one file or one machine, while a test wants it."""
import functools
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from chain import BIN, QUICKSTART

LIBRARY = BIN / "failing_disk.so"


class SmallDisk:
    """A file system for one machine's data, that only this machine sees and that goes with its process."""

    def __init__(self, chain, name, size):
        """Starts that machine on it with --add."""
        self.chain, self.name = chain, name
        folder = chain.dir / name
        folder.mkdir(mode=0o700)
        script = 'mount -t tmpfs -o size="$1",mode=700 tmpfs "$2" && shift 2 && exec "$@"'
        done = subprocess.run(
            [*own_mounts(), "sh", "-c", script, "sh", size, str(folder),
             *QUICKSTART, "--dir", str(chain.dir), "--add", name, "--json"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        one = json.loads(done.stdout)
        chain.urls[name] = one["url"]
        self.address = one["replica_addr"]

    def resize(self, size):
        # With the file system named, mount does not hand on the old options: their uid means nothing in a user namespace.
        spaces = ["-U", "--preserve-credentials"] if "-r" in own_mounts() else []
        subprocess.run(
            ["nsenter", "-t", str(self.chain.pid(self.name)), *spaces, "-m",
             "mount", "-o", f"remount,size={size}", "tmpfs", str(self.chain.dir / self.name)],
            check=True,
        )  # fmt: skip


@functools.cache
def own_mounts():
    """What starts a program with mounts of its own: without root where user namespaces are allowed. None: nothing does."""
    for words in (("unshare", "-r", "-m"), ("unshare", "-m")):
        tried = subprocess.run([*words, "mount", "-t", "tmpfs", "tmpfs", tempfile.gettempdir()], capture_output=True)
        if tried.returncode == 0:
            return words
    return None


def no_small_disk():
    """Says why a test is skipped, if it is."""
    if own_mounts():
        return False
    print("  skipped: neither root nor a user namespace may mount a small file system here", file=sys.stderr)
    return True


class SharedDisk:
    """A small file system that stays while its machine's process comes and goes. Only root may mount one."""

    def __init__(self, folder, size):
        self.folder = Path(folder)
        self.folder.mkdir(mode=0o700, parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(self.folder)], check=True)

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", "tmpfs", str(self.folder)], check=True)

    def fill(self, leave=0):
        """Somebody else's file, so large that only `leave` bytes stay free."""
        with open(self.folder / "somebody-elses", "ab") as file:
            while (free := os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize - leave) > 0:
                try:
                    file.write(b"x" * min(free, 1 << 16))
                    file.flush()
                except OSError:
                    break

    def make_room(self):
        (self.folder / "somebody-elses").unlink()

    def close(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=False)


def not_root():
    """Says why a test is skipped, if it is."""
    if os.geteuid() == 0 and own_mounts() is not None:
        return False
    print("  skipped: only root may mount a small file system that outlives a process", file=sys.stderr)
    return True


class FailingDisk:
    """Fails calls on files of one name, at the machines that were started with its environment."""

    def __init__(self, folder):
        assert LIBRARY.exists(), f"{LIBRARY} is not built: it is the target failing_disk"
        self.folder = Path(folder)
        self.environment = {"LD_PRELOAD": str(LIBRARY), "FAILING_DISK": folder}

    def breaks(self, names, file, call):
        """`call`: read or write fail, sync does not come back, slow is a sync of 0.7 s."""
        for name in names:
            (self.folder / name).mkdir(exist_ok=True)
            (self.folder / name / f"{file}.{call}").touch()

    def heals(self):
        for order in self.folder.glob("*/*"):
            order.unlink()


@contextmanager
def failing_disk():
    with tempfile.TemporaryDirectory(prefix="disk-") as folder:
        yield FailingDisk(folder)
