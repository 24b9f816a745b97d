# SPDX-License-Identifier: LGPL-3.0-or-later
"""The register of Norwegian postal codes, as Bring publishes it (licence NLOD): one code a line, five columns
apart by tabs, CRLF, no heading; Latin-1, or UTF-8 where somebody has stored it anew.

    0150<tab>OSLO<tab>0301<tab>OSLO<tab>G
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .brreg_http import Answer, Http
from .brreg_outcome import ClientFault, Unavailable

PRODUCTION_URL = "https://www.bring.no/postnummerregister-ansi.txt"
# G street addresses, P post boxes, B both, S a firm or service of its own, F several uses
CATEGORIES = ("G", "P", "B", "S", "F")
SMALL_WORDS = ("i", "og", "på", "ved", "for", "pr", "av", "til")


class PostalFileError(ValueError):
    """A file that is no register of postal codes. ``line`` is the number of the first wrong line, 0 where the
    file as a whole is wrong; ``reason`` is ``empty``, ``columns``, ``code``, ``town``, ``municipality``,
    ``category`` or ``twice``."""

    def __init__(self, reason: str, line: int = 0, text: str = "") -> None:
        super().__init__(f"line {line}: {reason}: {text[:80]}")
        self.reason, self.line, self.text = reason, line, text[:80]


@dataclass(frozen=True)
class PostalCode:
    code: str
    town: str
    municipality_code: str
    municipality: str
    category: str


def parse(content: bytes) -> list[PostalCode]:
    """Read a file, wholly or not at all.

    >>> parse("0150\\tOSLO\\t0301\\tOSLO\\tG\\r\\n6005\\tÅLESUND\\t1508\\tÅLESUND\\tG\\r\\n".encode("latin-1"))[1]
    PostalCode(code='6005', town='Ålesund', municipality_code='1508', municipality='Ålesund', category='G')

    :raise PostalFileError: naming what is wrong
    """
    found: dict[str, PostalCode] = {}
    for line, text in enumerate(decode(content).splitlines(), 1):
        if not text.strip():
            continue
        row = _row(text, line)
        if row.code in found:
            raise PostalFileError("twice", line, text)
        found[row.code] = row
    if not found:
        raise PostalFileError("empty")
    return list(found.values())


def decode(content: bytes) -> str:
    """Norwegian letters in Latin-1 are never valid UTF-8, so trying that first is safe.

    >>> decode("Ålesund".encode("latin-1")) == decode("Ålesund".encode()) == decode("\\ufeffÅlesund".encode())
    True
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def in_small_letters(name: str) -> str:
    """A place's name as one writes it; the register has capitals only.

    >>> [in_small_letters(name) for name in ("MO I RANA", "KRISTIANSAND S", "SØR-FRON", "Ålesund")]
    ['Mo i Rana', 'Kristiansand S', 'Sør-Fron', 'Ålesund']
    >>> in_small_letters("HERØY (MØRE OG ROMSDAL)")
    'Herøy (Møre og Romsdal)'
    """
    if name != name.upper():
        return name
    first, *rest = re.split(r"([ \-/()]+)", name.lower())
    return "".join([first.capitalize(), *(part if part in SMALL_WORDS else part.capitalize() for part in rest)])


class Source(Http):
    """Where the register is fetched from: ``Source(url).fetch()``."""

    def fetch(self) -> list[PostalCode] | PostalFileError | ClientFault | Unavailable:
        """The rows, or what came instead of them."""
        answer = self.get("", "text/plain", any_type=True)
        if isinstance(answer, Unavailable):
            return answer
        if not isinstance(answer, Answer) or answer.status != 200:
            return ClientFault(answer.status, answer.location)
        try:
            return parse(answer.body)
        except PostalFileError as error:
            return error


def _row(text: str, line: int) -> PostalCode:
    columns = [column.strip() for column in text.split("\t")]
    if len(columns) != 5:
        raise PostalFileError("columns", line, text)
    reason = next(_faults(columns), None)
    if reason:
        raise PostalFileError(reason, line, text)
    code, town, number, municipality, category = columns
    return PostalCode(code, in_small_letters(town), number, in_small_letters(municipality), category)


def _faults(columns: list[str]) -> Iterator[str]:
    code, town, number, municipality, category = columns
    if not re.fullmatch(r"[0-9]{4}", code):
        yield "code"
    if not re.search(r"[^\W\d_]", town):
        yield "town"
    if not re.fullmatch(r"[0-9]{4}", number) or not municipality:
        yield "municipality"
    if category not in CATEGORIES:
        yield "category"
