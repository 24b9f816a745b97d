# SPDX-License-Identifier: LGPL-3.0-or-later
"""Values in an answer of Enhetsregisteret: texts, dates and addresses, each of which may be absent or odd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from .brreg_town import split_town


@dataclass(frozen=True)
class Address:
    """An address. Abroad the register writes the postal code into the town: it is split out where that is
    certain, and otherwise stays there with ``postal_code`` empty."""

    lines: tuple[str, ...] = ()
    postal_code: str = ""
    city: str = ""
    municipality_code: str = ""
    municipality: str = ""
    country_code: str = ""
    country: str = ""

    @property
    def is_foreign(self) -> bool:
        return self.country_code not in ("", "NO", "SJ")


def address_at(payload: Mapping[str, Any], key: str) -> Address | None:
    value = payload.get(key)
    if not isinstance(value, Mapping):
        return None
    country, code, town = text_at(value, "landkode").upper(), text_at(value, "postnummer"), text_at(value, "poststed")
    if not code and country not in ("", "NO", "SJ"):
        code, town = split_town(country, town)
    return Address(
        lines=tuple(texts_at(value, "adresse")),
        postal_code=code,
        city=town,
        municipality_code=text_at(value, "kommunenummer"),
        municipality=text_at(value, "kommune"),
        country_code=country,
        country=text_at(value, "land"),
    )


def text_at(payload: Any, *keys: str) -> str:
    """The text under a path of keys, its blanks made single; empty where there is none."""
    for key in keys:
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    is_text = isinstance(payload, str | int) and not isinstance(payload, bool)
    return " ".join(str(payload).split()) if is_text else ""


def texts_at(payload: Mapping[str, Any], key: str) -> Iterator[str]:
    """The texts of a list, without the empty ones that the register leaves in it."""
    lines = payload.get(key)
    for line in lines if isinstance(lines, list) else ():
        if isinstance(line, str) and line.strip():
            yield " ".join(line.split())


def date_at(payload: Mapping[str, Any], key: str) -> date | None:
    """The day of a date or time; None where there is none."""
    try:
        return date.fromisoformat(text_at(payload, key)[:10])
    except ValueError:
        return None
