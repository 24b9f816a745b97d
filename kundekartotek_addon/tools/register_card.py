# SPDX-License-Identifier: LGPL-3.0-or-later
"""A customer's card beside what the register says: in the card's own words, and where the two differ.

A difference is one that a person would see: the register writes in capitals and phone numbers with blanks,
so case, blanks, punctuation and the country code of Norway never make one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .region import DOMESTIC_COUNTRIES

# Section of NACE by the first division after it: Odoo's industries are the sections of revision 2, and the
# divisions kept their numbers in revision 2.1 (SN2025).
_SECTIONS = (
    (3, "A"), (9, "B"), (33, "C"), (35, "D"), (39, "E"), (43, "F"), (47, "G"), (53, "H"), (56, "I"), (63, "J"),
    (66, "K"), (68, "L"), (75, "M"), (82, "N"), (84, "O"), (85, "P"), (88, "Q"), (93, "R"), (96, "S"), (98, "T"),
    (99, "U"),
)  # fmt: skip
IMPORTANT = ("name", "address", "vat", "customer_type")  # what makes an invoice wrong
CONTACT = ("email", "phone", "website")  # offered only where the card has none: people choose their own
ADDRESS = ("street", "street2", "zip", "city", "country_code")


@dataclass(frozen=True)
class Difference:
    """One thing that card and register say differently; both as texts to show."""

    field: str
    card: str
    register: str

    @property
    def is_important(self) -> bool:
        return self.field in IMPORTANT


def industry_section(code: str) -> str:
    """The letter of the section that an industry code belongs to, empty where there is none.

    >>> industry_section("10.710"), industry_section("62.100"), industry_section("99.000"), industry_section("x")
    ('C', 'J', 'U', '')
    """
    division = re.match(r"\d\d", code or "")
    if not division or division[0] == "00":
        return ""
    return next((letter for last, letter in _SECTIONS if int(division[0]) <= last), "")


def address_text(address: Mapping[str, str]) -> str:
    """An address on one line.

    >>> address_text({"street": "Storgata 1", "street2": "", "zip": "2609", "city": "LILLEHAMMER"})
    'Storgata 1, 2609 LILLEHAMMER'
    """
    town = " ".join(filter(None, (address.get("zip"), address.get("city"))))
    country = address.get("country_code") or ""
    parts = address.get("street"), address.get("street2"), town, "" if country in DOMESTIC_COUNTRIES else country
    return ", ".join(filter(None, parts))


def lines_to_streets(lines: tuple[str, ...]) -> tuple[str, str]:
    """The address lines of the register, any number, in the two of a card.

    >>> lines_to_streets(("c/o Hansen", "3. etasje", "Storgata 1")), lines_to_streets(())
    (('c/o Hansen', '3. etasje, Storgata 1'), ('', ''))
    """
    return (lines[0] if lines else ""), ", ".join(lines[1:])


def find_differences(
    card: Mapping[str, str], register: Mapping[str, str], kept: Mapping[str, str]
) -> list[Difference]:
    """What the register says otherwise than the card; nothing where the register is silent.

    >>> card = {"name": "Fjellbekk Bakeri AS", "phone": "22 33 44 55", "email": "", "website": "fjellbekk.no"}
    >>> register = {"name": "FJELLBEKK BAKERI AS", "phone": "91500117", "email": "post@fjellbekk.no"}
    >>> [(each.field, each.register) for each in find_differences(card, register, {})]
    [('email', 'post@fjellbekk.no')]
    >>> find_differences({"name": "Fjellbekk AS"}, register, {"name": "FJELLBEKK BAKERI AS", "email": register["email"],
    ... "phone": "91500117"})
    []

    :param card: texts by field; ``address`` and ``invoice_address`` as one line
    :param register: the same of the register
    :param kept: what the register said when somebody chose to keep what the card says
    """
    found = []
    for field, theirs in register.items():
        mine = card.get(field) or ""
        same = _SAME.get(field, _same_text)
        if not theirs or kept.get(field) == theirs or (field in CONTACT and mine) or same(mine, theirs):
            continue
        found.append(Difference(field, mine, theirs))
    return found


def _same_text(mine: str, theirs: str) -> bool:
    return _plain(mine) == _plain(theirs)


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.sub(r"[^\w&+]", " ", text).split())


_SAME: dict[str, Callable[[str, str], bool]] = {"vat": lambda mine, theirs: mine == theirs}
