"""Small mistakes that one could make in a C++ file: each is one change of a few characters, by an operator that is named.
Works on the text, as clang-format lays it out: a comparison has a space on both sides, a template's bracket has none."""
import hashlib
import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Mutation:
    path: str
    operator: str
    start: int  # in the file's text
    end: int
    new: str
    line: int
    before: str  # that line, and what becomes of it
    after: str
    id: str = ""

    def apply(self, text):
        return text[: self.start] + self.new + text[self.end :]


def blank(text):
    """The same text, equally long, with spaces in place of comments, literals of text and preprocessor lines."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#(?:\\\n|[^\n])*', re.S | re.M)
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def code_only(text):
    """As blank(), and without what is no behaviour: invariants that stop the process, and what is done only where a rule of
    common/base/rules.hpp is broken on purpose."""
    out = blank(text)

    def clear(start, end):
        return out[:start] + re.sub(r"[^\n]", " ", out[start:end]) + out[end:]

    for found in list(re.finditer(r"\b(?:BOOST_ASSERT|static_assert)\(", out)):
        out = clear(found.start(), closing(out, found.end() - 1))
    for found in list(re.finditer(r"!rule\(", out)):
        start, end = group(out, found.start())
        if re.search(r"\|\||\?", out[start:end]):
            continue
        condition = re.search(r"\bif \($", out[:start])
        if condition:
            start = condition.start()
            body = re.compile(r"\s*").match(out, end + 1).end()
            end = closing(out, body) if out[body] == "{" else out.index(";", body) + 1
        out = clear(start, end)
    for found in list(re.finditer(r"(?<!!)\brule\([\w:]+\)\s+\? ", out)):
        end = group(out, found.start())[1]
        other = re.compile(r"\s:\s").search(out, found.end(), end)
        if other:
            out = clear(other.end(), end)
    return out


def group(text, at):
    """What belongs together around `at`: between brackets, commas, or an assignment and its end."""
    start, depth = at, 0
    while start > 0 and not (depth == 0 and (text[start - 1] in "([{,;" or text[start - 3 : start] == " = ")):
        depth += text[start - 1] in ")]}"
        depth -= text[start - 1] in "([{"
        start -= 1
    end, depth = at, 0
    while end < len(text) and not (depth == 0 and text[end] in ")]},;"):
        depth += text[end] in "([{"
        depth -= text[end] in ")]}"
        end += 1
    return start, end


def closing(text, opened):
    """Behind the bracket that closes the one at `opened`."""
    depth = 0
    for i in range(opened, len(text)):
        depth += text[i] in "([{"
        depth -= text[i] in ")]}"
        if depth == 0:
            return i + 1
    return len(text)


SWAPS = {
    "boundary": {" < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > "},
    "comparison": {" == ": " != ", " != ": " == ", " < ": " >= ", " > ": " <= "},
    "logic": {" &&": " ||", " ||": " &&"},
    "arithmetic": {" + ": " - ", " - ": " + ", " += ": " -= ", " -= ": " += "},
    "extreme": {"std::min(": "std::max(", "std::max(": "std::min(", "std::any_of(": "std::all_of(",
                "std::all_of(": "std::any_of(", "std::none_of(": "std::any_of("},
    "truth": {"true": "false", "false": "true"},
    "step": {".next()": "", ".prev()": ""},
}  # fmt: skip


def swaps(code):
    for operator, table in SWAPS.items():
        for old, new in table.items():
            for found in re.finditer(re.escape(old), code):
                start, end = found.span()
                word = old[0].isalpha() and (code[start - 1].isalnum() or code[start - 1] in "_:")
                if word or (old[-1].isalpha() and code[end : end + 1].isalnum()):
                    continue
                if operator == "logic" and code[end : end + 1] not in (" ", "\n"):
                    continue  # a reference to what may be moved from
                yield operator, start, end, new


def conditions(code):
    for found in re.finditer(r"\b(?:if|while) \(", code):
        start, end = found.end() - 1, closing(code, found.end() - 1)
        inside = code[start + 1 : end - 1]
        if not inside.strip():
            continue
        # A declaration in it, or an initialisation before it: what is asked is the last part.
        declared = re.match(r"(?:auto|bool|\w+::\w+)(?: const)?[*&]* ?[*&]*\w+ = ", inside)
        last = inside.rfind(";") + 1
        if declared and last == 0:
            continue
        if last:
            while inside[last] == " ":
                last += 1
        yield "negation", start + 1 + last, end - 1, "!(" + "\0" + ")"
    # A "not" that is there already.
    for found in re.finditer(r"(?<=[ (])!(?=[\w(*])", code):
        yield "negation", found.start(), found.end(), ""


def numbers(code):
    for found in re.finditer(r"(?<![\w.'])(\d+)(u|ms|s|us|min|h)?(?![\w.'])", code):
        if code[: found.start()].rstrip().endswith("<") and code[found.start() - 1] == "<":
            continue  # of a template
        if re.search(r"case $", code[: found.start()]):
            continue
        value, unit = int(found[1]), found[2] or ""
        yield "constant", found.start(), found.end(), f"{value + 1}{unit}" if value < 2 else f"{value * 2}{unit}"


STATEMENT = re.compile(
    r"(?:\+\+|--)?\*?\(?[A-Za-z_][\w:]*(?:(?:\.|->)[A-Za-z_]\w*|\([^;{}]*?\)|\[[^;{}\]]*\])*\)?\s*"
    r"(?:(?:=|\+=|-=|\*=|\|=|&=)\s[^;{}]*|(?:\+\+|--))?;"
)


def statements(code):
    """What stands alone and leaves nothing undeclared when it is not done."""
    for found in re.finditer(r"(?<=[;{})])\s+(?=[^\s])|(?<=\belse)\s+", code):
        at = found.end()
        statement = STATEMENT.match(code, at)
        if not statement:
            continue
        text = statement[0]
        if re.match(r"(?:return\b.+|using|throw|case|default|goto|delete|BOOST_)", text) and text not in ("return;",):
            continue
        if text == "return;" and code[statement.end() :].lstrip().startswith("}") and code[:at].rstrip().endswith(("}", ";")):
            continue  # the function ends there anyway
        if not re.search(r"[=(]|\+\+|--|^return;|^continue;|^break;", text):
            continue
        yield "statement", at, statement.end(), ";"


def of_words(operator, line, changed):
    """What is said to people is no behaviour that a test must pin down."""
    if operator == "arithmetic":
        return '"' in line or "to_string(" in line
    return operator == "statement" and re.match(r"(?:why|text|tell|complain|out_\.trouble)\b", changed) is not None


def find(path, text):
    """All mutations of that file, in order; the id of each stays the same while its line does."""
    code = code_only(text)
    body = code.find("{")  # of the first namespace
    found = set()
    for kind in (swaps, conditions, numbers, statements):
        for operator, start, end, new in kind(code):
            if start > body >= 0:
                found.add((start, end, operator, new.replace("\0", text[start:end])))
    out, times = [], {}
    for start, end, operator, new in sorted(found):
        line = text.count("\n", 0, start) + 1
        first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        before, after = (" ".join(part.split()) for part in (text[first:last], text[first:start] + new + text[end:last]))
        if of_words(operator, text[first:last], text[start:end]):
            continue
        name = f"{path}\n{operator}\n{before}\n{after}"
        times[name] = times.get(name, 0) + 1
        digest = hashlib.sha256(f"{name}\n{times[name]}".encode()).hexdigest()[:8]
        out.append(replace(Mutation(path, operator, start, end, new, line, before, after), id=digest))
    return out
