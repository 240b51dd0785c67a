"""Wall clocks of single machines that are set wrong, by a preloaded library."""
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from chain import BIN

LIBRARY = BIN / "wrong_clock.so"
DAY = 24 * 3600


class Clocks:
    """The clocks of the machines that were started with its environment; "configd" is one of them."""

    def __init__(self, folder):
        assert LIBRARY.exists(), f"{LIBRARY} is not built: it is the target wrong_clock"
        self.folder = Path(folder)
        self.environment = {"LD_PRELOAD": str(LIBRARY), "WRONG_CLOCK": folder}

    def set(self, seconds, *names):
        """Ahead by so many seconds."""
        for name in names:
            fresh = self.folder / f".{name}"
            fresh.write_text(str(int(seconds)))
            os.replace(fresh, self.folder / name)


@contextmanager
def clocks():
    with tempfile.TemporaryDirectory(prefix="clock-") as folder:
        yield Clocks(folder)
