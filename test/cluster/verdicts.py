"""One test after the other: how each ended, and the closing line."""
import time
import traceback


class Verdicts:
    def __init__(self):
        self.passed = self.failed = 0

    def run(self, title, test):
        """Calls test(); whether it passed. Why it did not goes to stderr."""
        started = time.monotonic()
        try:
            test()
        except Exception:
            traceback.print_exc()
            passed = False
        else:
            passed = True
        self.count(passed)
        print(f"{'ok' if passed else 'FAILED':6} {title} {time.monotonic() - started:.1f} s", flush=True)
        return passed

    def count(self, passed):
        if passed:
            self.passed += 1
        else:
            self.failed += 1

    def status(self):
        """The exit status. No test at all is a failure, too."""
        return 1 if self.failed or not self.passed else 0

    def close(self):
        """Prints the last line; the exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return self.status()
