"""docs/operations.md does what it says: its shell blocks, run in order as one script on a temporary folder."""
import re
import subprocess
import tempfile
from pathlib import Path

from chain import CHAINCTL, QUICKSTART, ROOT, end_all

def blocks():
    return re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "operations.md").read_text(), re.S | re.M)


def adapted(text, folder):
    """The same commands with this test's folders and with ports that are free."""
    for place in ("/srv", "/etc/chaind", "/var/lib/chaind"):
        text = text.replace(place, f"{folder}{place}")
    text = text.replace("tools/quickstart ", f"{' '.join(QUICKSTART)} --port-base 0 ")
    text = re.sub(r"-listen 127\.0\.0\.1:\d+", "-listen 127.0.0.1:0", text)
    text = text.replace("--port-base 9080 ", "")
    return text.replace("127.0.0.1:8080", '"$(sed -n \'s/.*"configd": \\([0-9]*\\),/127.0.0.1:\\1/p\' ' + f'{folder}/srv/chain/chain.json)"')


def processes_of(folder):
    """Those whose command line names the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            if state != "Z" and words[0].endswith((b"/chaind", b"/configd")) and any(str(folder).encode() in w for w in words):
                found.append(int(entry.name))
    return found


def test_each_command_of_the_operations_guide_works(volume):
    with tempfile.TemporaryDirectory(prefix="guide-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for place in ("srv", "etc/chaind", "var/lib"):
            (folder / place).mkdir(parents=True)
        script = [f'chainctl() {{ "{CHAINCTL}" "$@"; }}', f'cd "{folder}"', "set -euo pipefail"]
        for number, block in enumerate(blocks(), 1):
            script += [f"# block {number}", adapted(block, folder)]
        try:
            done = subprocess.run(
                ["bash", "-x", "-c", "\n".join(script)],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600, cwd=folder,
            )  # fmt: skip
            assert done.returncode == 0, f"ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
            print(f"  {len(blocks())} blocks, {sum(len(b.splitlines()) for b in blocks())} lines of shell")
        finally:
            end_all(processes_of(folder))
    assert len(blocks()) > 10
