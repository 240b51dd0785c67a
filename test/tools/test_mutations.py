#!/usr/bin/env python3
"""The operators of tools/mutate: what they change, what they leave alone, and that names of mutations stay."""
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import mutations  # noqa: E402

HEAD = "namespace chaind\n{\n\n"


def changed(code, operator=None):
    """The lines that mutations make of `code`."""
    found = mutations.find("a.cpp", HEAD + code)
    return [m.after for m in found if operator in (None, m.operator)]


class Operators(unittest.TestCase):
    def test_a_boundary_is_moved_and_a_comparison_turned(self):
        self.assertEqual(changed("return a < b;\n", "boundary"), ["return a <= b;"])
        self.assertEqual(changed("return a < b;\n", "comparison"), ["return a >= b;"])
        self.assertEqual(changed("return a == b;\n", "comparison"), ["return a != b;"])

    def test_brackets_of_templates_are_no_comparisons(self):
        self.assertEqual(changed("std::vector<int> a;\n", "boundary") + changed("std::map<x, y> a;\n", "comparison"), [])

    def test_and_becomes_or_where_it_is_no_reference(self):
        self.assertEqual(changed("return a && b;\n", "logic"), ["return a || b;"])
        self.assertEqual(changed("return a &&\n       b;\n", "logic"), ["return a ||"])
        self.assertEqual(changed("void f(x&& a);\nauto&& b = c;\n", "logic"), [])

    def test_a_condition_is_negated_behind_its_declaration(self):
        self.assertEqual(changed("if (f(a)) g();\n", "negation"), ["if (!(f(a))) g();"])
        self.assertEqual(changed("if (auto x = f(); x > y) g();\n", "negation"), ["if (auto x = f(); !(x > y)) g();"])
        self.assertEqual(changed("if (auto const* e = f()) g();\n", "negation"), [])
        self.assertEqual(changed("bool a = !b;\n", "negation"), ["bool a = b;"])

    def test_numbers_change_where_they_are_behaviour(self):
        self.assertEqual(changed("x = y + 3;\n", "constant"), ["x = y + 6;"])
        self.assertEqual(changed("x = 0;\n", "constant"), ["x = 1;"])
        self.assertEqual(changed("wait(20ms);\n", "constant"), ["wait(40ms);"])
        self.assertEqual(changed("std::array<char, 3> a;\n", "constant"), ["std::array<char, 6> a;"])
        self.assertEqual(changed("x1 = y.a2;\nx = 253'402'300;\ncase 4: return z;\n", "constant"), [])

    def test_one_off_and_the_other_extreme(self):
        self.assertEqual(changed("return at.next();\n", "step"), ["return at;"])
        self.assertEqual(changed("return std::min(a, b);\n", "extreme"), ["return std::max(a, b);"])
        self.assertEqual(changed("x = a - b;\n", "arithmetic"), ["x = a + b;"])
        self.assertEqual(changed("f(true);\n", "truth"), ["f(false);"])

    def test_a_statement_is_left_out_unless_it_declares(self):
        self.assertEqual(changed("{\n    reads_.new_epoch();\n    ++x;\n    at = end;\n}\n", "statement"), [";", ";", ";"])
        self.assertEqual(changed("{\n    auto x = f();\n    int y = 2;\n    std::size_t const n = g();\n    return x;\n}\n", "statement"), [])
        self.assertEqual(changed("{\n    if (a) b.reset();\n}\n", "statement"), ["if (a) ;"])

    def test_what_is_said_to_people_and_what_stops_the_process_stays(self):
        self.assertEqual(changed('why = "a < b && c == 1";\n'), [])
        self.assertEqual(changed('x = "a" + b;\n', "arithmetic"), [])
        self.assertEqual(changed("BOOST_ASSERT(a < b && c);\n"), [])
        self.assertEqual(changed("// a < b && 3 == c\n/* x = 1; */\n"), [])

    def test_what_is_done_only_where_a_rule_is_broken_on_purpose_stays(self):
        self.assertEqual(changed("if (!rule(r::a) && x < y) z = 1;\nif (!rule(r::b))\n{\n    u.v();\n}\n"), [])
        self.assertIn("if (!(!rule(r::a) || x < y)) z = 1;", changed("if (!rule(r::a) || x < y) z = 1;\n"))
        self.assertEqual(changed("if (w && !rule(r::a)) z = x < y;\n"), [])
        self.assertEqual(changed("bool const a = !rule(r::a) && b &&\n    c == d;\n"), [])
        self.assertEqual(changed("a = b || (!rule(r::a) && c == d);\n", "comparison"), [])
        self.assertEqual(changed("a = f(rule(r::a) ? b : c + d, e);\n", "arithmetic"), [])
        self.assertEqual(changed("a = f(rule(r::a) ? b + c : d, e + f);\n", "arithmetic"), ["a = f(rule(r::a) ? b - c : d, e + f);", "a = f(rule(r::a) ? b + c : d, e - f);"])

    def test_only_those_characters_change(self):
        text = HEAD + "if (a < b && !c) x = y.next();\n"
        for m in mutations.find("a.cpp", text):
            self.assertEqual(m.apply(text)[: m.start], text[: m.start])
            self.assertTrue(m.apply(text).endswith(text[m.end :]))
            self.assertNotEqual(m.apply(text), text)


class Names(unittest.TestCase):
    def test_a_name_stays_when_other_lines_come_and_go(self):
        before = {m.id for m in mutations.find("a.cpp", HEAD + "x = a < b;\n")}
        after = {m.id for m in mutations.find("a.cpp", HEAD + "y = c;\n\nx = a < b;\n")}
        self.assertTrue(before <= after)

    def test_equal_lines_have_names_of_their_own(self):
        found = mutations.find("a.cpp", HEAD + "f(true);\nf(true);\n")
        self.assertEqual(len({m.id for m in found}), len(found))

    def test_every_file_of_the_cores_has_mutations_with_different_names(self):
        for folder in ("common/chain", "common/control", "daemon/store"):
            found = [m for p in sorted((ROOT / folder).glob("*.cpp")) for m in mutations.find(str(p.relative_to(ROOT)), p.read_text())]
            self.assertGreater(len(found), 500)
            self.assertEqual(len({m.id for m in found}), len(found))

    def test_the_equivalent_ones_exist_and_have_a_reason(self):
        listed = ROOT / "tools" / "mutations_equivalent.txt"
        lines = [x for x in listed.read_text().splitlines() if x and not x.startswith("#")]
        for line in lines:
            name, path, rest = line.split(None, 2)
            self.assertGreater(len(rest.rpartition("|")[2].split()), 3, line)
            self.assertIn(name, {m.id for m in mutations.find(path, (ROOT / path).read_text())}, f"{line}: has its line changed?")


if __name__ == "__main__":
    unittest.main()
