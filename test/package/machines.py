"""Machines that boot systemd, on one bridge, each with an address of its own and nothing of chaind on it.

A machine is a container with its own processes, network and files: a layer over one Debian image that build/package/
keeps. There is no other network; what `apt install` may have to fetch lies in the image as a small archive.
"""
import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import control_groups

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "test" / "cluster"))
from chain import wait_for

KEPT = ROOT / "build" / "package"
NAMES = ("n1", "n2", "n3")
BASE = "systemd,systemd-sysv,dbus,iproute2,procps,openssh-client,openssh-server"
OWN_ADDRESS = "10.0.0.254"
BOOT_LIMIT_S = 60

# Run by mmdebstrap with the image's folder as $1. mmdebstrap's own configuration of apt is that of the image.
PREPARE = r"""
set -eu
mkdir -p "$1/opt/archive/partial" "$1/root/.ssh"
APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -qq --yes install --download-only -o Dir::Cache::Archives="$1/opt/archive" DEPENDS
(cd "$1/opt/archive" && rm -rf partial lock && touch Packages && dpkg-scanpackages -m . > Packages)
rm -rf "$1/etc/apt/sources.list.d" "$1/var/lib/apt/lists"
echo 'deb [trusted=yes] file:/opt/archive ./' > "$1/etc/apt/sources.list"
chroot "$1" apt-get update
# Every machine may speak to every other one, as the administrator's do.
ssh-keygen -q -t ed25519 -N '' -C root -f "$1/root/.ssh/id_ed25519"
cp "$1/root/.ssh/id_ed25519.pub" "$1/root/.ssh/authorized_keys"
sed 's/^/n1,n2,n3 /' "$1/etc/ssh/ssh_host_ed25519_key.pub" > "$1/root/.ssh/known_hosts"
chroot "$1" systemctl enable systemd-networkd ssh
"""


def run(*words, limit_s=120, **more):
    """The finished process; fails on an exit status other than 0."""
    done = subprocess.run(
        [str(w) for w in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s, **more
    )
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, words))} ended with {done.returncode}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
    return done


def recipe(deb):
    """The hook, and the file of the image that it leads to: another list of dependencies makes another image."""
    depends = [re.split(r"[ :(|]", d.strip())[0] for d in run("dpkg-deb", "-f", deb, "Depends").stdout.split(",")]
    hook = PREPARE.replace("DEPENDS", " ".join(sorted(depends)))
    return hook, KEPT / f"debian-{hashlib.sha256((BASE + hook).encode()).hexdigest()[:12]}.tar"


def make_image(deb):
    """The one thing that needs a network: Debian's archive."""
    hook, image = recipe(deb)
    if image.exists():
        return
    for older in KEPT.glob("debian-*.tar"):
        older.unlink()
    KEPT.mkdir(parents=True, exist_ok=True)
    script = KEPT / "prepare.sh"
    script.write_text(hook)
    started = time.monotonic()
    fresh = image.with_suffix(".fresh.tar")
    run(
        "mmdebstrap", "--mode=root", "--variant=apt", f"--include={BASE}", f"--customize-hook=sh {script} \"$1\"",
        "--skip=cleanup/apt/lists", "bookworm", fresh, limit_s=900,
    )  # fmt: skip
    fresh.rename(image)
    print(f"image made in {time.monotonic() - started:.0f} s", flush=True)


class Machine:
    def __init__(self, site, number):
        self.name, self.address = f"n{number}", f"10.0.0.{number}"
        self.url = f"http://{self.address}:8080"
        self.site, self.process, self.leader = site, None, None
        self.root = site.folder / self.name
        layer, work = site.folder / f"{self.name}.layer", site.folder / f"{self.name}.work"
        for folder in (self.root, layer, work):
            folder.mkdir()
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir={site.image},upperdir={layer},workdir={work}", self.root)
        (self.root / "etc/hostname").write_text(self.name + "\n")
        hosts = "".join(f"10.0.0.{i} n{i}\n" for i in range(1, len(NAMES) + 1))
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n" + hosts)
        (self.root / "etc/systemd/network/10-host0.network").write_text(
            f"[Match]\nName=host0\n[Network]\nAddress={self.address}/24\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        )
        run("cp", site.deb, self.root / "root")

    def boot(self):
        log = open(self.site.folder / f"{self.name}.console", "ab")
        self.process = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--keep-unit", "--register=no", f"--directory={self.root}", f"--machine={self.name}",
             "--network-bridge=br0", "--link-journal=no", "--resolv-conf=off", "--timezone=off", "--boot"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=lambda: control_groups.enter(f"{self.site.group}/{self.name}"),
        )  # fmt: skip
        log.close()
        self.leader = None
        wait_for(self.find_leader, f"the first process of {self.name}", BOOT_LIMIT_S)
        wait_for(lambda: self.state() in ("running", "degraded"), f"{self.name} to boot", BOOT_LIMIT_S)
        assert self.state() == "running", self.shell("systemctl --failed --no-legend").stdout

    def find_leader(self):
        assert self.process.poll() is None, (self.site.folder / f"{self.name}.console").read_text(errors="replace")
        for child in Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split():
            try:
                name = Path(f"/proc/{child}/comm").read_text().strip()
            except OSError:
                continue  # it has ended: nspawn forks twice
            if name == "systemd":
                self.leader = child
        return self.leader is not None

    def inside(self, *words):
        return ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-C", "--", *words]

    def state(self):
        done = subprocess.run(
            self.inside("systemctl", "is-system-running"), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30
        )
        return done.stdout.strip()

    def shell(self, script, limit_s=120):
        """Typed by root in /root there."""
        surroundings = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return run(*self.inside("bash", "-euo", "pipefail", "-c", f"cd /root\n{script}"), limit_s=limit_s, env=surroundings)

    def says(self, script):
        return self.shell(script).stdout.strip()

    def cut_power(self):
        """Nothing there runs any more, and nothing is said to anybody: its network goes with it."""
        os.kill(int(self.leader), signal.SIGKILL)
        self.process.wait(60)
        self.process = None

    def power_off(self):
        self.shell("systemctl --no-block poweroff")
        self.process.wait(60)
        self.process = None


class Site:
    def __init__(self, deb, folder, group):
        self.deb, self.folder, self.image, self.group = deb, folder, folder / "image", group
        self.image.mkdir()
        run("tar", "-xpf", recipe(deb)[1], "-C", self.image)
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "br0", "type", "bridge")
        run("ip", "address", "add", f"{OWN_ADDRESS}/24", "dev", "br0")
        run("ip", "link", "set", "br0", "up")
        self.machines = [Machine(self, number) for number in range(1, len(NAMES) + 1)]

    def journals(self):
        out = []
        for machine in self.machines:
            out.append(f"--- {machine.name}")
            if machine.process and machine.leader:
                show = machine.inside("journalctl", "--no-pager", "--lines=40", "-u", "chaind*", "-u", "configd")
                out.append(subprocess.run(show, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60).stdout)
            else:
                out.append((self.folder / f"{machine.name}.console").read_text(errors="replace")[-2000:])
        return "\n".join(out)


@contextmanager
def site(deb, group):
    """Only within namespaces of its own (see run.py): the mounts, the bridge and every process end with them. Machines
    that are up at the end are switched off before, so that none of them leaves a control group behind."""
    run("mount", "--make-rprivate", "/")
    folder = Path("/mnt")
    run("mount", "-t", "tmpfs", "-o", "mode=0755", "tmpfs", folder)
    here = Site(deb.resolve(), folder, group)
    try:
        for machine in here.machines:
            machine.boot()
        yield here
    finally:
        for machine in here.machines:
            try:
                if machine.process:
                    machine.power_off()
            except (AssertionError, OSError, subprocess.SubprocessError) as failed:
                print(f"{machine.name} did not go off: {failed}", file=sys.stderr)
                machine.process.kill()
                machine.process.wait()
