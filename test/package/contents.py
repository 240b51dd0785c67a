"""What is in the package. None of this needs root."""
import re
import shlex
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOC = "/usr/share/doc/chaind/"

# Files alone; every folder is root's with 0755.
FILES = {
    "/etc/chaind/chaind.conf": "-rw-r--r--",
    "/etc/chaind/configd.conf": "-rw-r--r--",
    "/usr/bin/chainctl": "-rwxr-xr-x",
    "/usr/sbin/chaind": "-rwxr-xr-x",
    "/usr/sbin/configd": "-rwxr-xr-x",
    "/usr/lib/systemd/system/chaind.service": "-rw-r--r--",
    "/usr/lib/systemd/system/configd.service": "-rw-r--r--",
    "/usr/lib/sysusers.d/chaind.conf": "-rw-r--r--",
    "/usr/lib/tmpfiles.d/chaind.conf": "-rw-r--r--",
    "/usr/share/man/man1/chainctl.1.gz": "-rw-r--r--",
    "/usr/share/man/man8/chaind.8.gz": "-rw-r--r--",
    "/usr/share/man/man8/configd.8.gz": "-rw-r--r--",
    "/usr/share/bash-completion/completions/chainctl": "-rw-r--r--",
    DOC + "README.md": "-rw-r--r--",
    DOC + "operations.md": "-rw-r--r--",
    DOC + "changelog.gz": "-rw-r--r--",
    DOC + "copyright": "-rw-r--r--",
}
PROGRAMS = ("/usr/bin/chainctl", "/usr/sbin/chaind", "/usr/sbin/configd")
UNITS = ("chaind.service", "configd.service")


def output(*words, ok=(0,)):
    done = subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    assert done.returncode in ok, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def field(deb, name):
    return output("dpkg-deb", "-f", deb, name).strip()


@contextmanager
def unpacked(deb):
    """A folder with the files of the package, and those of its control part in DEBIAN/."""
    with tempfile.TemporaryDirectory(prefix="package-") as folder:
        output("dpkg-deb", "-R", deb, folder)
        yield Path(folder)


def test_every_file_has_its_place_and_mode_and_belongs_to_root(deb):
    files = {}
    for line in output("dpkg-deb", "-c", deb).splitlines():
        mode, owner, _, _, _, path = line.split(None, 5)
        assert owner == "root/root", line
        if mode.startswith("d"):
            assert mode == "drwxr-xr-x", line
        else:
            files[path.removeprefix(".")] = mode
    assert files == FILES, sorted(files.items() ^ FILES.items())


def test_the_version_is_the_projects(deb):
    project = re.search(r"^project\(chaind VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
    assert field(deb, "Version") == project
    with unpacked(deb) as folder:
        newest = output("zcat", f"{folder}{DOC}changelog.gz").splitlines()[0]
        assert newest.startswith(f"chaind ({project}) "), newest
        for program in PROGRAMS:
            assert project in output(f"{folder}{program}", "--version"), program


def test_what_the_programs_load_is_what_the_package_depends_on(deb):
    depends = {re.split(r"[ :(]", d.strip())[0] for d in field(deb, "Depends").split(",")}
    assert "systemd" in depends and not any(d.endswith("-dev") for d in depends), depends
    needed = set()
    with unpacked(deb) as folder:
        for program in PROGRAMS:
            loaded = re.findall(r"NEEDED +(\S+)", output("objdump", "-p", f"{folder}{program}"))
            assert loaded, program
            needed.update(loaded)
    owners = {}
    for line in output("dpkg-query", "-S", *(f"*/{library}" for library in needed)).splitlines():
        owner, path = line.split(": ", 1)
        owners.setdefault(Path(path).name, set()).add(owner.split(":")[0])
    for library in needed:
        assert owners[library] & depends, f"{library} of {owners[library]}; the package depends on {depends}"


def test_each_option_of_each_program_is_in_its_man_page(deb):
    """As man shows it; and what --help says of the option stands behind it."""
    with unpacked(deb) as folder:
        for program, page in ((p, f"man{section}/{p.rsplit('/', 1)[1]}.{section}.gz") for p, section in
                              (("/usr/bin/chainctl", 1), ("/usr/sbin/chaind", 8), ("/usr/sbin/configd", 8))):  # fmt: skip
            path = folder / "usr/share/man" / page
            checked = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", path], capture_output=True, text=True, timeout=60)
            assert checked.returncode == 0 and not checked.stderr, checked.stderr
            shown = re.sub(r"\s+", " ", output("env", "MANWIDTH=100", "MAN_KEEP_FORMATTING=", "man", "-E", "ascii", "-l", path))
            shown = shown.replace("\u2010", "-")
            for section in ("NAME", "SYNOPSIS", "SEE ALSO") if "chainctl" not in program else ("NAME", "SYNOPSIS"):
                assert section in shown, (page, section)
            told = output(f"{folder}{program}", "--help")
            options = re.findall(r"^  (--[a-z-]+)", told, re.M)
            commands = re.findall(r"^  ([a-z][a-z-]+(?: [a-z]+(?=\s))?)", told, re.M) if "chainctl" in program else []
            for command in commands:
                options += re.findall(r"(?<!\S)(--[a-z-]+)", output(f"{folder}{program}", "help", *command.split()))
            assert len(options) > 5, told
            for word in options + commands:
                assert re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", shown), (page, word)
            for meaning in re.findall(r"^        (\S.*)$", told, re.M) if "chainctl" not in program else []:
                words = re.sub(r"\W+", "", meaning)
                assert words in re.sub(r"\W+", "", shown), (page, meaning)


def test_bash_completes_the_commands_of_chainctl(deb):
    with unpacked(deb) as folder:
        script = folder / "usr/share/bash-completion/completions/chainctl"
        # Names of machines are asked for; here nobody but this one answers.
        (folder / "chainctl").write_text("#!/bin/sh\n[ \"$*\" = '--timeout 1 nodes -o name' ] && printf 'n1\\nn2\\nweb-4\\n'\n")
        (folder / "chainctl").chmod(0o755)

        def offered(*words):
            ask = f'PATH="{folder}:$PATH"; . "{script}"; COMP_WORDS=({" ".join(map(shlex.quote, words))}); COMP_CWORD={len(words) - 1}; ' + (
                "$(complete -p chainctl | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo \"${COMPREPLY[@]}\""
            )
            return output("bash", "-c", ask).split()

        assert offered("chainctl", "remove-n") == ["remove-node"]
        assert offered("chainctl", "--yes", "-o", "json", "remove-n") == ["remove-node"]
        # As bash cuts unix:/run/x.sock into words.
        assert offered("chainctl", "--endpoint", "unix", ":", "/run/x.sock", "drain", "n") == ["n1", "n2"]
        assert offered("chainctl", "move", "web-4", "--t") == ["--to", "--timeout"]
        assert set(offered("chainctl", "status", "--")) >= {"--check", "--endpoint", "--output", "--help"}
        assert offered("chainctl", "backup", "ver") == ["verify"]


def test_the_web_client_is_in_it(deb):
    with unpacked(deb) as folder:
        assert (ROOT / "web/dist/index.html").read_bytes() in (folder / "usr/sbin/chaind").read_bytes()


def test_the_programs_carry_no_debug_information(deb):
    with unpacked(deb) as folder:
        for program in PROGRAMS:
            sections = output("objdump", "-h", f"{folder}{program}")
            assert ".text" in sections and ".debug" not in sections, program


def test_the_configuration_is_the_administrators_and_sets_nothing(deb):
    with unpacked(deb) as folder:
        conffiles = (folder / "DEBIAN/conffiles").read_text().split()
        assert conffiles == ["/etc/chaind/chaind.conf", "/etc/chaind/configd.conf"]
        for name in conffiles:
            text = Path(f"{folder}{name}").read_text()
            assert text == (ROOT / "etc" / Path(name).name).read_text()
            # `chainctl join` takes such a file for one that nobody has written yet.
            assert all(line.startswith("#") or not line for line in text.splitlines()), name


def test_the_maintainer_scripts_are_shell_and_executable(deb):
    with unpacked(deb) as folder:
        for name in ("postinst", "prerm", "postrm"):
            script = folder / "DEBIAN" / name
            assert script.stat().st_mode & 0o777 == 0o755, name
            output("sh", "-n", script)


def test_systemd_accepts_the_units_and_finds_them_confined(deb):
    with unpacked(deb) as folder:
        for name in UNITS:
            unit = folder / "usr/lib/systemd/system" / name
            # The programs are looked up on this machine.
            text = unit.read_text()
            assert "ExecStart=/usr/sbin/" in text
            unit.write_text(text.replace("=/usr/sbin/", f"={folder}/usr/sbin/"))
            complaints = subprocess.run(
                ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60
            )
            assert complaints.returncode == 0 and name not in complaints.stderr, complaints.stderr
            output("systemd-analyze", "security", "--offline=true", "--threshold=20", unit)


def test_lintian_finds_no_error(deb):
    output("lintian", "--fail-on=error", "--no-tag-display-limit", deb)
