# SPDX-License-Identifier: LGPL-3.0-or-later
"""The stand-in register's neighbours: the file of postal codes, and Kartverket's address search."""

from __future__ import annotations

import difflib
import functools
import re
from urllib.parse import unquote_plus

from dev import brreg_demo
from dev.brreg_places import PLACES


def postal_file() -> bytes:
    """The register of postal codes as Bring publishes it: Latin-1, tabs, CRLF, no heading."""
    rows = (
        f"{code}\t{town.upper()}\t{number}\t{name.upper()}\t{kind}\r\n" for code, town, number, name, kind in PLACES
    )
    return "".join(rows).encode("latin-1")


def addresses(query: dict[str, str], recorded: list[dict]) -> tuple[int, dict]:
    """An answer of the address search: a recorded one where the same was asked, or what the demo company's
    streets give."""
    if not query.keys() & {"sok", "adressenavn", "adressetekst", "postnummer"}:
        return 400, {"message": "Minst ett søkeparameter må være satt"}
    for answer in recorded:
        asked = unquote_plus(answer["metadata"]["sokeStreng"]).removeprefix("sok=")
        if asked.lower() == query.get("sok", "").lower():
            return 200, answer
    hits = [row for row in _streets() if _is_hit(row, query)]
    size = int(query.get("treffPerSide", 10))
    return 200, {
        "metadata": {"totaltAntallTreff": len(hits), "asciiKompatibel": True, "side": 0, "viserFra": 0,
                     "viserTil": size, "treffPerSide": size,
                     "sokeStreng": "&".join(f"{key}={value}" for key, value in query.items())},
        "adresser": hits[:size],
    }  # fmt: skip


@functools.cache
def _streets() -> list[dict]:
    return [_address(*row) for row in brreg_demo.streets()]


def _address(text: str, code: str, town: str, municipality_number: str, municipality: str) -> dict:
    name, number, letter = re.fullmatch(r"(.+?) (\d+)([A-Z]?)", text).groups()
    return {
        "adressenavn": name, "adressetekst": text, "adressetekstutenadressetilleggsnavn": text, "nummer": int(number),
        "bokstav": letter, "postnummer": code, "poststed": town.upper(), "kommunenummer": municipality_number,
        "kommunenavn": municipality.upper(), "objtype": "Vegadresse", "adressetilleggsnavn": None,
        "representasjonspunkt": {"epsg": "EPSG:4258", "lat": 60.0, "lon": 10.0},
    }  # fmt: skip


def _is_hit(row: dict, query: dict[str, str]) -> bool:
    """Every named parameter must be so; each word of ``sok`` must be in the address, or, with ``fuzzy``, be
    like one."""
    for key in ("adressenavn", "adressetekst", "nummer", "bokstav", "postnummer", "poststed", "kommunenummer"):
        if key in query and str(row[key]).lower() != query[key].lower():
            return False
    text = f"{row['adressenavn']} {row['nummer']}{row['bokstav']} {row['nummer']} {row['postnummer']} {row['poststed']}"
    words = text.lower().split()
    cutoff = 0.75 if query.get("fuzzy") == "true" else 1.0
    asked = re.sub(r"[^\w ]", " ", query.get("sok", "").lower()).split()
    return all(difflib.get_close_matches(word, words, 1, cutoff) for word in asked)
