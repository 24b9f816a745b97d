# SPDX-License-Identifier: LGPL-3.0-or-later
"""Kartverket's address search (https://ws.geonorge.no/adresser/v1, © Kartverket, CC BY 4.0): is there such an
address? ``Client(PRODUCTION_URL).check("Myrvollveien 5 c", "1415", "Oppegård")`` ends in

    Matched     exactly this one (spaces and capitals aside)
    Near        not this one, but a likely one, to be offered
    NotFound    none like it
    NoStreet    a post box or a text without a house number: nothing to look up
    ClientFault, Refused, Unavailable    as in brreg_outcome.py
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .brreg_http import Answer, Http
from .brreg_outcome import ClientFault, NotUnderstood, Outcome, Refused, Unavailable, load_json, message_of
from .postal import in_small_letters

PRODUCTION_URL = "https://ws.geonorge.no/adresser/v1"
PAGE = 20
LIKE_ENOUGH = 0.72
BOXES = re.compile(r"(post|service)?boks\b|p\.? ?(o\.? ?)?b(ox|\.)? ?\d|postb\.|poste restante", re.IGNORECASE)
HOUSE = re.compile(r"(?P<street>.*?[^\W\d_].*?)[ ,]*(?P<number>\d+) ?(?P<letter>[A-Za-zÆØÅæøå](?!\w))?")
# What people write short, and Kartverket in full; only at the end of a street's name.
SHORT = {r"gt\.?": "gate", r"g\.": "gate", r"vn\.?": "veien", r"v\.": "vei", r"vg\.?": "veg", r"pl\.?": "plass"}


@dataclass(frozen=True)
class StreetAddress:
    street: str
    postal_code: str
    town: str
    municipality_code: str = ""
    municipality: str = ""


@dataclass(frozen=True)
class Matched(Outcome):
    address: StreetAddress


@dataclass(frozen=True)
class Near(Outcome):
    """The likeliest, and others after it."""

    address: StreetAddress
    others: tuple[StreetAddress, ...] = ()


@dataclass(frozen=True)
class NotFound(Outcome):
    pass


@dataclass(frozen=True)
class NoStreet(Outcome):
    pass


class Client(Http):
    """Up to 8 threads may use one client."""

    def check(self, street: str, postal_code: str = "", town: str = "") -> Outcome:
        """Look an address up: first as it is, then anything like it there, then anywhere of that town."""
        wanted = normalise(street)
        if not wanted:
            return NoStreet()
        here = {"postnummer": postal_code} if postal_code else {"poststed": town.upper()} if town else {}
        questions = [
            {"sok": wanted, **here},
            {"sok": wanted, "fuzzy": "true", **here},
            {"sok": f"{wanted} {town}".strip(), "fuzzy": "true"},
        ]
        for question in questions:
            found = self._search(question)
            if isinstance(found, Outcome):
                return found
            if outcome := judge(StreetAddress(wanted, postal_code, town), found):
                return outcome
        return NotFound()

    def ping(self) -> Outcome:
        """Whether the search answers at this address: Matched, Near or NotFound if so."""
        return self.check("Karl Johans gate 1", "0154", "Oslo")

    def _search(self, question: Mapping[str, str]) -> list[StreetAddress] | Outcome:
        kept: list[StreetAddress] = []

        def read(answer: Answer) -> None:
            kept[:] = read_addresses(answer.body)

        answer = self.get("/sok?" + urlencode({**question, "treffPerSide": PAGE}), "application/json", read)
        if isinstance(answer, Unavailable):
            return answer
        if answer.status == 200:
            return kept
        message = message_of(answer.body)
        return Refused(message) if answer.status == 400 and message else ClientFault(answer.status, message)


def normalise(street: str) -> str:
    """A street and house number as Kartverket writes it; empty for what is none.

    >>> normalise(" Myrvollveien  5 c"), normalise("Storgt. 12"), normalise("Kirkevn 3, 2. etg.")
    ('Myrvollveien 5C', 'Storgate 12', 'Kirkeveien 3')
    >>> normalise("c/o Dahl, Bakken 1"), normalise("Bakken 1 H0102"), normalise("17. mai-gata 4B")
    ('Bakken 1', 'Bakken 1', '17. mai-gata 4B')
    >>> normalise("Postboks 12"), normalise("Nordgarden"), normalise("PB 44"), normalise("")
    ('', '', '', '')
    """
    house = _house(street)
    if not house:
        return ""
    name = house["street"].strip()
    for short, full in SHORT.items():
        name = re.sub(rf"(?<=\w){short}$", full, name, flags=re.IGNORECASE)
    return f"{name} {house['number']}{(house['letter'] or '').upper()}"


def beside_street(street: str | None) -> str:
    """What a street line says besides street and number.

    >>> beside_street("c/o Dahl, Kirkevn 3, 2. etg."), beside_street("Bakken 1 H0102"), beside_street("Bakken 1")
    ('c/o Dahl, 2. etg.', 'H0102', '')
    """
    text = " ".join((street or "").split())
    house = _house(text)
    if not house:
        return text
    parts = [part.strip() for part in text.split(",")]
    place = parts.index(house.string)
    parts[place] = house.string[house.end() :].strip()
    return ", ".join(filter(None, parts))


def _house(street: str) -> re.Match[str] | None:
    """The part of a street line that is a street and number."""
    text = " ".join(street.split())
    if BOXES.match(text):
        return None
    parts = (part.strip() for part in text.split(","))
    found = (HOUSE.match(part) for part in parts if not re.match(r"c/o\b", part, re.IGNORECASE))
    return next(filter(None, found), None)


def read_addresses(body: bytes) -> list[StreetAddress]:
    """:raise NotUnderstood: for what is no answer of the search"""
    payload = load_json(body)
    rows = payload.get("adresser") if isinstance(payload, Mapping) else None
    if not isinstance(rows, list):
        raise NotUnderstood("no adresser")
    return [_address(row) for row in rows if isinstance(row, Mapping) and row.get("adressetekst")]


def judge(wanted: StreetAddress, found: list[StreetAddress]) -> Outcome | None:
    """Matched, Near, or None where nothing is like what was wanted."""
    ranked = sorted(found, key=lambda address: _likeness(wanted, address), reverse=True)
    ranked = [address for address in dict.fromkeys(ranked) if _likeness(wanted, address) >= LIKE_ENOUGH]
    if not ranked:
        return None
    best = ranked[0]
    same = (
        _plain(best.street) == _plain(wanted.street)
        and best.postal_code == wanted.postal_code
        and _plain(best.town) in ("", _plain(wanted.town))
    )
    return Matched(best) if same else Near(best, tuple(ranked[1:5]))


def _likeness(wanted: StreetAddress, address: StreetAddress) -> float:
    """1 for the same street and number; a house number of another digit is far away, a letter is near."""
    street = difflib.SequenceMatcher(None, _plain(wanted.street), _plain(address.street)).ratio()
    if re.findall(r"\d+", wanted.street)[-1:] != re.findall(r"\d+", address.street)[-1:]:
        street -= 0.3
    elsewhere = 0.1 if wanted.postal_code and wanted.postal_code != address.postal_code else 0.0
    return street - elsewhere


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", text).casefold()


def _address(row: Mapping[str, Any]) -> StreetAddress:
    def text(key: str) -> str:
        value = row.get(key)
        return str(value) if isinstance(value, str | int) else ""

    return StreetAddress(
        street=text("adressetekst"),
        postal_code=text("postnummer"),
        town=in_small_letters(text("poststed")),
        municipality_code=text("kommunenummer"),
        municipality=in_small_letters(text("kommunenavn")),
    )
