#!/usr/bin/env python3
"""Writes what the package says of its programs, by the programs that were built: man pages and bash's completion.

  man_pages.py BIN OUT    BIN: the folder of chaind, configd and chainctl; OUT: gets chaind.8.gz, configd.8.gz,
                          chainctl.1.gz and chainctl (for bash)

A daemon's options are those of its --help, each with its words; what --help does not say stands here.
"""
import gzip
import re
import subprocess
import sys
from pathlib import Path

MORE = {
    "chaind": {
        "FILES": [
            ("/etc/chaind/chaind.conf", "The configuration that the unit reads: name = value in a line; a line that begins with # is a comment."),
            ("/var/lib/chaind/chain.db", "The database. Copy it by chainctl backup create alone."),
            ("/var/lib/chaind/set-aside-DATE/", "A database that could not be used in the chain any more; yours to keep or delete."),
            ("/usr/share/doc/chaind/operations.md", "How machines come and go, how one is repaired, how everything is saved."),
        ],
        "SIGNALS": [
            ("SIGTERM, SIGINT", "Leave the chain and stop."),
            ("SIGHUP", "Read the configuration again: limits and the log level change at once, all else at the next start."),
        ],
        "EXIT STATUS": [
            ("0", "Stopped as asked."),
            ("69", "Nobody answers (chaind --join)."),
            ("70", "A bug."),
            ("74", "The disk has failed, or the database cannot be read or written."),
            ("76", "A command in the log needs a newer chaind; systemd does not start it again."),
            ("77", "The config service refuses this machine."),
            ("78", "The configuration is wrong; each mistake is named."),
        ],
        "SEE ALSO": "configd(8), chainctl(1)",
    },
    "configd": {
        "FILES": [
            ("/etc/chaind/configd.conf", "The configuration that the unit reads: name = value in a line; a line that begins with # is a comment."),
            ("/var/lib/configd/registry.db", "Which chain there is. Keep a copy of the folder: operations.md says what to do when it is lost."),
            ("/var/lib/configd/configd.sock", "Where chainctl asks."),
            ("/usr/share/doc/chaind/operations.md", "How machines come and go, how one is repaired, how everything is saved."),
        ],
        "SIGNALS": [
            ("SIGTERM, SIGINT", "Stop; the chain goes on, and a failure is repaired when configd is back."),
            ("SIGHUP", "Read the configuration again: the log level changes at once, all else at the next start."),
        ],
        "EXIT STATUS": [
            ("0", "Stopped as asked."),
            ("70", "A bug; also when somebody else has changed the registry."),
            ("74", "The disk has failed, or the registry cannot be read or written."),
            ("78", "The configuration is wrong; each mistake is named."),
        ],
        "SEE ALSO": "chaind(8), chainctl(1)",
    },
}  # fmt: skip


def output(*words):
    return subprocess.run([str(w) for w in words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout


def roff(text):
    """So that no character of the text is an instruction."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def items(pairs):
    return "".join(f".TP\n.B {roff(name)}\n{roff(text)}\n" for name, text in pairs)


def options_of(help_text):
    """(option as it is typed, what it means), in the order of --help."""
    found = re.findall(r"^  (-\S.*)\n((?:        .*\n)*)", help_text, re.M)
    return [(name.strip(), " ".join(line.strip() for line in text.splitlines()) or "Say so and end.") for name, text in found]


def daemon_page(program, help_text, version):
    title, _, rest = help_text.partition("\n")
    summary = title.partition(": ")[2]
    usage = re.search(r"^Usage: (.*)$", rest, re.M)[1]
    before = rest[: re.search(r"^  -", rest, re.M).start()].partition(usage)[2].strip()
    options = options_of(help_text)
    assert options, help_text
    page = f'.TH {program.upper()} 8 "" "chaind {version}" "System administration"\n'
    page += f".SH NAME\n{program} \\- {roff(summary)}\n.SH SYNOPSIS\n.B {roff(usage)}\n.SH DESCRIPTION\n{roff(before)}\n"
    page += f".SH OPTIONS\n{items(options)}"
    for section, content in MORE[program].items():
        page += f".SH {section}\n" + (items(content) if isinstance(content, list) else roff(content) + "\n")
    return page


def main():
    programs, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    pages = {"chainctl.1": output(programs / "chainctl", "man")}
    for program in MORE:
        version = output(programs / program, "--version").split()[-1]
        pages[f"{program}.8"] = daemon_page(program, output(programs / program, "--help"), version)
    for name, text in pages.items():
        # Without a time in it: the same build makes the same package.
        (out / f"{name}.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    (out / "chainctl").write_text(output(programs / "chainctl", "completion", "bash"))


if __name__ == "__main__":
    main()
