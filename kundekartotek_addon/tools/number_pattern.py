# SPDX-License-Identifier: LGPL-3.0-or-later
"""Patterns of customer numbers: ``{type}{seq:03}`` is the letter of the customer type, then a counter
of at least three digits.

Tokens: ``{seq}`` or ``{seq:05}`` (the counter, exactly once), ``{type}``, ``{category}``, ``{region}``,
``{year}``, and at the end ``{luhn}`` or ``{mod11}``, a check digit over the digits before it. Everything
outside braces stands in the number as it is.

>>> counter = NumberPattern.parse("K{year}-{seq:05}{luhn}").counter(year="2026")
>>> counter.key, counter.number(1), counter.sequence("K2026-000014")
('K2026-#', 'K2026-000014', 1)
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from stdnum import luhn

VALUES = ("type", "category", "region", "year")
CHECK_DIGITS = ("luhn", "mod11")
MAX_WIDTH = 12


class PatternError(ValueError):
    """A pattern that cannot be used. ``reason`` is one of ``unknown`` (no such token), ``brace`` (a brace
    without its pair), ``width`` (not 1 to 12), ``no_sequence``, ``two_sequences``, ``check_not_last``;
    ``token`` is the part of the pattern that is wrong, as written."""

    def __init__(self, reason: str, token: str):
        super().__init__(f"{reason}: {token}")
        self.reason, self.token = reason, token


@dataclass(frozen=True)
class Counter:
    """One series of numbers: a pattern in which everything but the counter is known."""

    prefix: str
    width: int
    suffix: str
    check: str = ""

    @property
    def key(self) -> str:
        """What tells this counter from the others of its scheme: the number without what changes in it."""
        return f"{self.prefix}#{self.suffix}"

    def number(self, sequence: int) -> str | None:
        """The number of a sequence value; None where the value has no check digit (modulus 11 leaves 10).

        >>> Counter("", 8, "", "mod11").number(12345678), Counter("", 1, "", "mod11").number(6)
        ('123456785', None)
        """
        number = f"{self.prefix}{sequence:0{self.width}}{self.suffix}"
        if not self.check:
            return number
        digit = check_digit(number, self.check)
        return None if digit is None else number + digit

    def sequence(self, number: str) -> int | None:
        """The sequence value of a number of this series, in either case; None for any other text.

        >>> Counter("B", 3, "").sequence("b012"), Counter("B", 3, "").sequence("B12")
        (12, None)
        """
        end = len(number) - len(self.suffix) - bool(self.check)
        digits = number[len(self.prefix):end]
        if not re.fullmatch(r"[0-9]+", digits):
            return None
        own = self.number(int(digits))
        return int(digits) if own is not None and own.lower() == number.lower() else None


@dataclass(frozen=True)
class NumberPattern:
    """A pattern taken apart: ``before`` and ``after`` the counter, each a row of (literal, value name)."""

    before: tuple[tuple[str, str], ...]
    width: int
    after: tuple[tuple[str, str], ...]
    check: str = ""

    @classmethod
    def parse(cls, text: str) -> NumberPattern:
        """Take a pattern apart.

        :raise PatternError: naming what is wrong
        """
        sides: list[list[tuple[str, str]]] = [[]]
        width, check = 0, ""
        for literal, token in re.findall(r"([^{}]+)|(\{[^{}]*\}|[{}])", text):
            if check:
                raise PatternError("check_not_last", f"{{{check}}}")
            name = token[1:-1]
            if literal:
                sides[-1].append((literal, ""))
            elif token in ("{", "}"):
                raise PatternError("brace", token)
            elif name in CHECK_DIGITS:
                check = name
            elif name in VALUES:
                sides[-1].append(("", name))
            else:
                width = cls._parse_sequence(token)
                sides.append([])
                if len(sides) > 2:
                    raise PatternError("two_sequences", token)
        if len(sides) < 2:
            raise PatternError("no_sequence", text)
        return cls(tuple(sides[0]), width, tuple(sides[1]), check)

    @staticmethod
    def _parse_sequence(token: str) -> int:
        found = re.fullmatch(r"\{seq(?::(.*))?\}", token)
        if not found:
            raise PatternError("unknown", token)
        if found[1] is None:
            return 1
        if not re.fullmatch(r"[0-9]{1,2}", found[1]) or not 1 <= int(found[1]) <= MAX_WIDTH:
            raise PatternError("width", token)
        return int(found[1])

    @property
    def values(self) -> set[str]:
        """The names of the values that the pattern uses."""
        return {name for _literal, name in self.before + self.after if name}

    def counter(self, **values: str) -> Counter:
        """The series of somebody with these values; a value that is not given stands for nothing."""
        before, after = (
            "".join(literal or values.get(name, "") for literal, name in side)
            for side in (self.before, self.after))
        return Counter(before, self.width, after, self.check)


def check_digit(text: str, kind: str) -> str | None:
    """The check digit of the digits in a text, as in a KID: ``luhn`` (modulus 10) or ``mod11`` (weights
    2 to 7 from the right); None where modulus 11 gives 10.

    >>> check_digit("1234567", "luhn"), check_digit("12345678", "mod11")
    ('4', '5')
    """
    digits = re.sub(r"[^0-9]", "", text)
    if kind == "luhn":
        return luhn.calc_check_digit(digits)
    rest = -sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(digits))) % 11
    return None if rest == 10 else str(rest)
