# SPDX-License-Identifier: LGPL-3.0-or-later
"""What an inquiry to Enhetsregisteret can end in, as types, and how its answers are read into them.

    Found       the unit is there (``unit.status`` may still be bankrupt …)
    Deleted     the register answers for it, with the day it was deleted
    Unknown     no main or sub-unit has the number
    Withdrawn   removed on legal grounds: copies of it must be deleted
    Refused     the register did not accept what was asked, in its own words
    ClientFault we asked wrongly (a path, a version or a media type that is not there)
    Unavailable no answer worth the name; ask again later
    Hits        a search by name;  FeedPage  a page of the update feed
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from .brreg_unit import Status, Unit, parse_unit

MESSAGE_LENGTH = 500


class Reason(StrEnum):
    """Why the register is unavailable."""

    TIMEOUT = "timeout"
    REFUSED = "refused"  # no connection: refused, no such host, no network, certificate
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    GARBAGE = "garbage"  # no JSON, or not what was asked for
    TRUNCATED = "truncated"
    CONTENT_TYPE = "content_type"
    TOO_LARGE = "too_large"
    PAUSED = "paused"  # not asked at all: the last attempts failed and it is left alone for a while


@dataclass(frozen=True)
class Outcome:
    """The base of all outcomes."""


@dataclass(frozen=True)
class Found(Outcome):
    unit: Unit


@dataclass(frozen=True)
class Deleted(Outcome):
    """``unit.deleted_on`` has the day; the register keeps name, form and former names, no addresses."""

    unit: Unit


@dataclass(frozen=True)
class Unknown(Outcome):
    number: str


@dataclass(frozen=True)
class Withdrawn(Outcome):
    number: str
    date: date | None


@dataclass(frozen=True)
class Refused(Outcome):
    """``sent`` is False where the input was not even sent: no organisation number, or nothing."""

    message: str
    sent: bool = True


@dataclass(frozen=True)
class ClientFault(Outcome):
    status: int
    message: str


@dataclass(frozen=True)
class Unavailable(Outcome):
    """``retry_after`` in seconds, where the register or our own circuit breaker says so."""

    reason: Reason
    retry_after: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class Reached(Outcome):
    """The register answers at this address (test of the connection)."""


@dataclass(frozen=True)
class Hit:
    """One hit of a search by name. ``place`` is the town of the business address."""

    number: str
    name: str
    legal_form: str
    place: str
    status: Status
    unit: Unit


@dataclass(frozen=True)
class Hits(Outcome):
    hits: tuple[Hit, ...]
    total: int


EVENT_KINDS = {"Ny": "new", "Endring": "change", "Sletting": "deletion", "Fjernet": "removal"}


@dataclass(frozen=True)
class Event:
    """Something that happened to a unit. ``kind`` is new, change, deletion, removal (delete copies) or
    unknown; ``changed`` the paths that a change touched, such as ``/konkurs``, empty where not told."""

    id: int
    time: datetime | None
    number: str
    kind: str
    changed: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeedPage(Outcome):
    """Events in the order of their ids. ``last_id`` is the largest, None in an empty page; the next page
    starts at ``last_id + 1``. ``is_last`` says that nothing more is published yet."""

    events: tuple[Event, ...]
    last_id: int | None
    is_last: bool


class NotUnderstood(ValueError):
    """An answer is not what was asked for."""


def load_json(body: bytes) -> Any:
    """:raise NotUnderstood: for what is no JSON"""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise NotUnderstood(str(error)) from error


def read_unit(body: bytes, number: str, today: date | None = None) -> Outcome:
    """Found or Deleted from the body of a 200.

    :raise NotUnderstood: for anything but that unit
    """
    unit = _unit(load_json(body), today)
    if unit.number != number:
        raise NotUnderstood(f"asked for {number}, got {unit.number}")
    return unit_outcome(unit)


def unit_outcome(unit: Unit) -> Outcome:
    return Deleted(unit) if unit.status == Status.DELETED else Found(unit)


def read_units(body: bytes, key: str, today: date | None = None) -> tuple[list[Unit], int]:
    """The units of a page of a search, and how many there are on all pages. Without hits the register
    leaves ``_embedded`` out."""
    payload = load_json(body)
    rows, page = embedded(payload, key), payload.get("page")
    total = page.get("totalElements") if isinstance(page, Mapping) else None
    return [_unit(row, today) for row in rows], total if isinstance(total, int) else len(rows)


def read_hits(body: bytes, key: str, today: date | None = None) -> Hits:
    units, total = read_units(body, key, today)
    return Hits(tuple(_hit(unit) for unit in units), total)


def read_feed(body: bytes, key: str, size: int) -> FeedPage:
    """A page of the feed. An event without id or number cannot be followed and is passed over.

    :raise NotUnderstood: for a page of nothing else: where it ends is not known, and it would be read for ever
    """
    payload = load_json(body)
    rows, page = embedded(payload, key), payload.get("page")
    events = sorted(_events(rows), key=lambda event: event.id)
    if rows and not events:
        raise NotUnderstood("no event with an id and a number")
    pages = page.get("totalPages") if isinstance(page, Mapping) else None
    more = pages > 1 if isinstance(pages, int) else len(rows) >= size
    return FeedPage(tuple(events), events[-1].id if events else None, not (rows and more))


def embedded(payload: Any, key: str) -> list[Any]:
    """The rows of a page.

    :raise NotUnderstood: for what is no page
    """
    if not isinstance(payload, Mapping) or not ("_embedded" in payload or "page" in payload):
        raise NotUnderstood("no page of a list")
    inside = payload.get("_embedded")
    rows = inside.get(key) if isinstance(inside, Mapping) else None
    return rows if isinstance(rows, list) else []


def message_of(body: bytes) -> str:
    """The register's own words in the body of an error, in any of its shapes; empty where there are none.

    >>> message_of(b'{"feilmelding": "Feil", "valideringsfeil": [{"feilmelding": "Ni siffer", "feilaktigVerdi": "9"}]}')
    'Feil: Ni siffer (9)'
    >>> message_of(b'{"detail": "No static resource"}'), message_of(b"<html>")
    ('No static resource', '')
    """
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(payload, Mapping):
        return ""
    text = next((str(payload[key]) for key in ("feilmelding", "detail", "message", "title") if payload.get(key)), "")
    details = [
        f"{fault.get('feilmelding', '')}" + (f" ({wrong})" if (wrong := fault.get("feilaktigVerdi")) else "")
        for fault in payload.get("valideringsfeil") or ()
        if isinstance(fault, Mapping)
    ]
    return (f"{text}: {'; '.join(details)}" if details else text)[:MESSAGE_LENGTH]


def withdrawn(number: str, body: bytes) -> Withdrawn:
    try:
        payload = json.loads(body)
        return Withdrawn(number, date.fromisoformat(payload["slettedato"][:10]))
    except (ValueError, KeyError, TypeError):
        return Withdrawn(number, None)


def _unit(payload: Any, today: date | None) -> Unit:
    try:
        return parse_unit(payload, received=today)
    except (ValueError, AttributeError) as error:
        raise NotUnderstood(str(error)) from error


def _hit(unit: Unit) -> Hit:
    address = unit.business_address or unit.postal_address
    return Hit(unit.number, unit.name, unit.legal_form, address.city if address else "", unit.status, unit)


def _events(rows: list[Any]) -> Iterator[Event]:
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        id_, number = row.get("oppdateringsid"), row.get("organisasjonsnummer")
        if isinstance(id_, int) and number:
            changes = row.get("endringer")
            yield Event(
                id=id_,
                time=_time(row.get("dato")),
                number=str(number),
                kind=EVENT_KINDS.get(str(row.get("endringstype")), "unknown"),
                changed=tuple(
                    str(change["path"])
                    for change in (changes if isinstance(changes, list) else ())
                    if isinstance(change, Mapping) and change.get("path")
                ),
            )


def _time(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
