# SPDX-License-Identifier: LGPL-3.0-or-later
import doctest
from unittest import skipUnless

from stdnum import luhn

from odoo.tests import BaseCase, tagged

from ..tools import number_pattern
from ..tools.number_pattern import CHECK_DIGITS, MAX_WIDTH, VALUES, Counter, NumberPattern, PatternError

try:
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ImportError:  # a user's Odoo need not have it
    given = None


@tagged("post_install", "-at_install")
class TestNumberPattern(BaseCase):

    def test_doctests(self):
        self.assertEqual(doctest.testmod(number_pattern).failed, 0)

    def test_ready_examples(self):
        for text, values, first, hundredth in [
            ("{seq:05}", {}, "00001", "00100"),
            ("{type}{seq:03}", {"type": "P"}, "P001", "P100"),
            ("{region}{seq:04}", {"region": "46"}, "460001", "460100"),
            ("K{year}-{seq:05}{luhn}", {"year": "2026"}, "K2026-000014", "K2026-001004"),
        ]:
            counter = NumberPattern.parse(text).counter(**values)
            self.assertEqual((counter.number(1), counter.number(100)), (first, hundredth), text)

    def test_a_full_counter_grows(self):
        self.assertEqual(NumberPattern.parse("B{seq:03}").counter().number(1000), "B1000")

    def test_errors_name_the_token(self):
        for text, reason, token in [
            ("{typo}{seq}", "unknown", "{typo}"), ("B", "no_sequence", "B"), ("", "no_sequence", ""),
            ("{seq}{seq:05}", "two_sequences", "{seq:05}"), ("{seq:0}", "width", "{seq:0}"),
            ("{seq:99}", "width", "{seq:99}"), ("{seq:x}", "width", "{seq:x}"), ("{seq", "brace", "{"),
            ("seq:05}", "brace", "}"), ("{seq}}", "brace", "}"), ("{luhn}{seq}", "check_not_last", "{luhn}"),
            ("{seq}{luhn}{mod11}", "check_not_last", "{luhn}"), ("{luhn}", "no_sequence", "{luhn}"),
            ("{}{seq}", "unknown", "{}"), ("{Seq}", "unknown", "{Seq}"),
        ]:
            with self.subTest(text), self.assertRaises(PatternError) as caught:
                NumberPattern.parse(text)
            self.assertEqual((caught.exception.reason, caught.exception.token), (reason, token), text)

    def test_mod11_leaves_out_values_without_check_digit(self):
        counter = Counter("", 4, "", "mod11")
        numbers = [counter.number(value) for value in range(1, 200)]
        self.assertGreater(numbers.count(None), 10)
        for number in filter(None, numbers):
            weighted = sum(
                int(digit) * weight for digit, weight in zip(number[:-1], (5, 4, 3, 2), strict=True))
            self.assertEqual((weighted + int(number[-1])) % 11, 0, number)

    @skipUnless(given, "hypothesis is not installed")
    def test_round_trip(self):
        signs = st.characters(blacklist_characters="{}", blacklist_categories=("Cs", "Cc"))
        names = st.sampled_from([f"{{{name}}}" for name in VALUES])
        tokens = st.lists(st.one_of(st.text(signs, max_size=5), names), max_size=4)
        values = st.fixed_dictionaries({name: st.text("ABC09-", max_size=4) for name in VALUES})

        @settings(max_examples=300, deadline=None)
        @given(tokens, st.integers(1, MAX_WIDTH), tokens, st.sampled_from(["", *CHECK_DIGITS]), values,
               st.integers(0, 10 ** 9), st.integers(0, 10 ** 9))
        def check(before, width, after, kind, known, sequence, other):
            text = "".join(before) + f"{{seq:{width:02}}}" + "".join(after) + (f"{{{kind}}}" if kind else "")
            counter = NumberPattern.parse(text).counter(**known)
            number = counter.number(sequence)
            if number is None:
                self.assertEqual(kind, "mod11")
                return
            self.assertEqual(counter.sequence(number), sequence, text)
            self.assertGreaterEqual(len(number), len(counter.key) - 1 + width + bool(kind))
            if sequence != other:
                self.assertNotEqual(number, counter.number(other), text)
            if kind == "luhn":
                self.assertTrue(luhn.is_valid("".join(c for c in number if c in "0123456789")), number)
        check()

    @skipUnless(given, "hypothesis is not installed")
    def test_any_text_is_a_pattern_or_a_named_error(self):
        @settings(max_examples=500, deadline=None)
        @given(st.text("{}seqtypluhn:01 5K", max_size=20))
        def check(text):
            try:
                pattern = NumberPattern.parse(text)
            except PatternError as error:
                self.assertIn(error.token, text)
            else:
                number = pattern.counter().number(7)
                if number is not None:
                    self.assertEqual(pattern.counter().sequence(number), 7)
        check()
