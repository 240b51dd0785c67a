#!/usr/bin/env python3
"""Fails when a reference leads nowhere: prints file:line, the reference and the remedy.

References are written as docs/hacking.md says: a document of docs/ and its section numbers, or the title of a section in
quotes; invariants by their numbers; links and paths. The catalogues of docs/protocol.md and docs/client_api.md are held to
the code: each message, event, effect, rule, operation, error, close code and command of the code has its place there.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOCOL, CLIENTS = "docs/protocol.md", "docs/client_api.md"
NUMBERED = [PROTOCOL, CLIENTS]

FOLDERS = [".ci", "common", "daemon", "docs", "etc", "systemd", "test", "tools", "web"]
SUFFIXES = {
    "", ".c", ".cpp", ".hpp", ".py", ".sh", ".md", ".txt", ".sql", ".proto", ".ts", ".tsx", ".mjs", ".mts", ".css", ".html",
    ".conf", ".service", ".json", ".query",
}  # fmt: skip
NOT_OURS = {"node_modules", "dist", "__pycache__", "package-lock.json"}
LARGEST = 1 << 20

# Within a sentence a line may end, in a comment with the next line's sign.
GAP = r"(?:[ \t]+|[ \t]*\n[ \t]*(?://|#|--|\*)?[ \t]*)"
NUMBER = r"\d+(?:\.\d+)*"
SECTIONS = re.compile(rf"(docs/(?:protocol|client_api)\.md)(?:\]\([^)\s]*\))?{GAP}({NUMBER}(?:(?:,{GAP}|{GAP}and{GAP}|{GAP}to{GAP}){NUMBER})*)")
NEAR = re.compile(rf"\[((?:protocol|client_api)\.md)\]\([^)]*\){GAP}({NUMBER}(?:(?:,{GAP}|{GAP}and{GAP}|{GAP}to{GAP}){NUMBER})*)")
TITLE = re.compile(rf'(docs/\w+\.md),{GAP}"((?:[^"\n]|\n[ \t]*(?://|#|--|\*)?[ \t]*)+)"')
OWN = re.compile(r"\((1?\d(?:\.\d+)?)(?:, `[^`]+`)?\)")  # (8.3) in a document with numbers
DOCUMENT = re.compile(r"(?<![\w/.-])docs/[\w./-]*[\w/]")
EARLIER = re.compile(r"\b(?:PROTOCOL|CLIENT[_]API|SIMULATION|QUALITY|ARCHITECTURE)(?:\.md\b| \d)|\bCLIENT[_]API\b")
INVARIANT = re.compile(r"(?<![\w.`])I(\d+)\b")
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:\.ci|common|daemon|docs|etc|systemd|test|tools|web)/[\w./-]+)`(?: \(((?:`\w+`(?:, )?)+)\))?")


def ours():
    """Files with text of the project's own."""
    for path in sorted([*ROOT.iterdir(), *(p for folder in FOLDERS for p in (ROOT / folder).rglob("*"))]):
        inside = path.relative_to(ROOT).parts
        if path.is_file() and path.suffix in SUFFIXES and not NOT_OURS & set(inside) and path.stat().st_size < LARGEST:
            try:
                yield "/".join(inside), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                pass


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def headings(name):
    """Numbers and titles of a document's sections; what its links may name."""
    code = re.sub(r"^```.*?^```", "", text(name), flags=re.M | re.S)
    titles = [found[1].strip() for found in re.finditer(r"^#{1,6} (.*)$", code, re.M)]
    numbers = {found[1] for found in (re.match(rf"({NUMBER})\.? ", title) for title in titles) if found}
    anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    return numbers, set(titles), anchors


def line_at(content, at):
    return content.count("\n", 0, at) + 1


def one_line(comment):
    return re.sub(rf"\n[ \t]*(?://|#|--|\*)?[ \t]*", " ", comment)


class References:
    def __init__(self):
        self.problems = []
        self.count = 0
        self.sections = {name: headings(name)[0] for name in NUMBERED}
        self.invariants = {int(n) for n in re.findall(r"^\| I(\d+) \|", text(PROTOCOL), re.M)}

    def demand(self, holds, name, content, at, why):
        self.count += 1
        if not holds:
            self.problems.append(f"{name}:{line_at(content, at)}: {why}")

    def check(self, name, content):
        for found in EARLIER.finditer(content):
            self.demand(False, name, content, found.start(), f"{found[0]} is no document of this repository; docs/hacking.md says how to refer to one")
        for pattern, prefix in ((SECTIONS, ""), (NEAR, "docs/")):
            for found in pattern.finditer(content):
                document = prefix + found[1]
                for number in re.findall(NUMBER, found[2]):
                    self.demand(number in self.sections[document], name, content, found.start(), f"{document} has no section {number}")
        for found in TITLE.finditer(content):
            known = (ROOT / found[1]).is_file() and one_line(found[2]) in headings(found[1])[1]
            self.demand(known, name, content, found.start(), f'{found[1]} has no section "{one_line(found[2])}"')
        for found in DOCUMENT.finditer(content):
            self.demand((ROOT / found[0]).exists(), name, content, found.start(), f"there is no {found[0]}")
        if name.startswith(("common/", "daemon/", "docs/", "test/sim/")):
            for found in INVARIANT.finditer(content):
                self.demand(int(found[1]) in self.invariants, name, content, found.start(), f"{PROTOCOL} has no invariant I{found[1]}")
        if name in NUMBERED:
            for found in OWN.finditer(content):
                self.demand(found[1] in self.sections[name], name, content, found.start(), f"{name} has no section {found[1]}")
        if name.endswith(".md"):
            self.check_links(name, content)
            self.check_paths(name, content)

    def check_links(self, name, content):
        for found in LINK.finditer(content):
            target, _, anchor = (found[1] or found[2]).partition("#")
            if re.match(r"[a-z]+:", target):
                continue
            to = ((ROOT / name).parent / target).resolve() if target else ROOT / name
            self.demand(to.exists(), name, content, found.start(), f"the link leads to {target}, which is not there")
            if anchor and to.is_file() and to.suffix == ".md":
                known = anchor in headings(to.relative_to(ROOT))[2]
                self.demand(known, name, content, found.start(), f"{target or name} has no section #{anchor}")

    def check_paths(self, name, content):
        for found in PATH.finditer(content):
            to = ROOT / found[1]
            if re.search(r"[A-Z]{3}", found[1]) and "README" not in found[1] and "DESIGN" not in found[1] and "CMake" not in found[1]:
                continue  # test/unit/FOLDER
            known = to.exists() or any(to.with_suffix(s).exists() for s in (".hpp", ".cpp", ".py"))
            self.demand(known, name, content, found.start(), f"there is no {found[1]}")
            for inside in re.findall(r"`(\w+)`", found[2] or ""):
                known = to.is_file() and re.search(rf"\b{inside}\b", to.read_text(encoding="utf-8"))
                self.demand(known, name, content, found.start(), f"{found[1]} has no {inside}")


# ---- what the catalogues must hold


def alternatives(name, pattern):
    found = re.search(pattern + r"\s*std::\s*variant<([^>]*)>", text(name))
    return [part.split("::")[-1].strip() for part in found[1].split(",")] if found else []


def members_of(name, struct):
    body = re.search(rf"^struct {struct}\n\{{\n(.*?)^\}};", text(name), re.M | re.S)
    code = re.sub(r"//.*", "", body[1]) if body else ""
    return [re.findall(r"(\w+)\s*(?:=[^;]*)?$", one.strip())[0] for one in code.split(";") if one.strip()]


def planted_rules():
    """Those of the cores, and those of the simulated store."""
    store = re.search(r"^    store_rule,\s*std::uint8_t,$(.*?)^\)", text("test/sim/mistakes.hpp"), re.M | re.S)
    of_store = re.findall(r"^\s*(\w+)\b", re.sub(r"//.*", "", store[1]), re.M) if store else []
    of_cores = re.findall(r"^RULE\((\w+)\)", text("common/base/rules.inc"), re.M)
    return [name for name in of_cores + of_store if name != "none"] if of_cores and of_store else []


def catalogues():
    """What is to be named where, what it is, and the names: (document, kind, names, pattern of a name in the document)."""
    chain, control, frames = "common/chain/types.hpp", "common/control/types.hpp", "common/wire/peer.hpp"
    rules = planted_rules()
    gateway = "".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "daemon/gateway").glob("*.cpp")))
    operations = re.findall(r'\{"([\w.]+)", shape::', text("common/wire/client_json_parse.cpp"))
    errors = re.findall(r'\{"(\w+)", retry::', text("common/chat/outcome.cpp"))
    events = re.findall(r'return "([\w.]+)"', re.search(r"name_of\(event_kind.*?^\}", text("common/wire/client_json_events.cpp"), re.M | re.S)[0])
    codes = sorted(set(re.findall(r"\b(?:end|end_all|stop)\((4\d\d\d)\b|(?:\?|:) (4\d\d\d)\b", gateway)))
    paths = re.findall(r'request\.path == "(/\w+)"|(?<!\.)path == "([\w/]+)"', text("daemon/gateway/http_api.cpp"))
    commands = re.findall(r'command\{\s*"[^"]+",\s*"([^"]+)"', text("tools/chainctl/command_table.cpp"))
    statuses = re.findall(r"exit_\w+ = (\d+)", text("tools/chainctl/exit_status.hpp"))
    ticked = "`{}`"
    yield PROTOCOL, "message", alternatives(chain, "using message ="), ticked
    yield PROTOCOL, "event", alternatives(chain, "using event ="), ticked
    yield PROTOCOL, "order", alternatives(chain, "using snapshot_order ="), ticked
    yield PROTOCOL, "effect", members_of(chain, "effects"), ticked
    yield PROTOCOL, "event", alternatives(control, "using event ="), ticked
    yield PROTOCOL, "effect", members_of(control, "effects"), ticked
    yield PROTOCOL, "frame", [name for name in alternatives(frames, "using frame =") if name != "message"], ticked
    yield PROTOCOL, "rule", rules, ticked
    yield CLIENTS, "operation", operations, ticked
    yield CLIENTS, "error", errors, ticked
    yield CLIENTS, "event", events, ticked
    yield CLIENTS, "close code", ["".join(code) for code in codes], "| {} |"
    yield CLIENTS, "path", ["".join(path) for path in paths], "{}"
    yield CLIENTS, "command", commands, "`{}"
    yield CLIENTS, "exit status", statuses, "| {} |"


def check_catalogues(into):
    for document, kind, names, form in catalogues():
        content = text(document)
        into.demand(names, document, content, 0, f"no {kind} was found in the code: .ci/check_references.py looks at the wrong place")
        for name in names:
            into.demand(form.format(name) in content, document, content, 0, f"the {kind} {name} of the code has no place here")
    rules = set(planted_rules())
    content = text(PROTOCOL)
    for row in re.finditer(r"^\| I\d+ \|[^|]*\|[^|]*\|([^|]*)\|", content, re.M):
        for name in re.findall(r"`(\w+)`", row[1]):
            into.demand(name in rules, PROTOCOL, content, row.start(), f"no rule is called {name} (common/base/rules.inc, test/sim/mistakes.hpp)")
    numbers = sorted(into.invariants)
    into.demand(numbers == list(range(1, len(numbers) + 1)), PROTOCOL, content, content.find("## 13"), "the invariants are not numbered from 1 on")


def main():
    references = References()
    for name, content in ours():
        references.check(name, content)
    check_catalogues(references)
    print("\n".join(references.problems) if references.problems else f"{references.count} references resolve")
    return 1 if references.problems or not references.count else 0


if __name__ == "__main__":
    sys.exit(main())
