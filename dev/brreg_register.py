# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the stand-in register knows at the moment: firms, what was published since, and the update feed."""

from __future__ import annotations

import copy
import datetime
import json
import random
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from dev import brreg_demo
from dev.brreg_firms import BASE_URL, Firms, deleted, number, place_address
from dev.brreg_places import PLACES

FIRST_EVENT = 25_000_000
EVENT_DAYS = 30
SEARCHED = ("organisasjonsform", "overordnetEnhet", "konkurs", "registrertIMvaregisteret", "kommunenummer")


class Register:
    """Firms by number. What is published goes before what was recorded, that before the demo company's
    customers, and those before the invented firms."""

    def __init__(self, firms: Firms | None = None, events: int = 0, demo: bool = True) -> None:
        self.firms = firms or Firms()
        self.lock = threading.Lock()
        self.known: dict[str, dict] = brreg_demo.firms(self.firms.today) if demo else {}
        self.published: dict[str, list[dict]] = {"enheter": [], "underenheter": []}
        self.base_events = {"enheter": events, "underenheter": 0}  # an invented past, of main units only
        self.kept_from, self._last_id = 0, _base_id(events)
        self._past: dict[int, dict] = {}
        self._names: list[tuple[str, str]] | None = None

    # -- firms ---------------------------------------------------------------------------------------------

    def get(self, orgnr: str) -> dict | None:
        return self.known.get(orgnr) or self.firms.get(orgnr)

    def load(self, folder: Path) -> int:
        """Take over what was recorded: units, sub-units, pages of either. The number of units."""
        count = 0
        for path in sorted(folder.glob("*.json")):
            recorded = json.loads(path.read_bytes())
            for row in recorded if isinstance(recorded, list) else _rows(recorded):
                self.known[row["organisasjonsnummer"]] = row
                count += 1
        self._names = None
        return count

    def search(self, kind: str, query: dict[str, str]) -> Iterable[dict]:
        """All hits of a search, without those deleted or withdrawn."""
        if numbers := query.get("organisasjonsnummer"):
            found = (self.get(orgnr) for orgnr in dict.fromkeys(numbers.split(",")))
        elif words := query.get("navn", "").upper().split():
            found = map(self.get, self._by_name(words))
        else:
            found = map(self.get, self._numbers())
        sub = kind == "underenheter"
        return [firm for firm in found if firm and is_sub(firm) == sub and _is_listed(firm) and _matches(firm, query)]

    def _numbers(self) -> Iterator[str]:
        yield from self.known
        yield from (orgnr for orgnr in self.firms.numbers() if orgnr not in self.known)

    def _by_name(self, words: list[str]) -> list[str]:
        """Numbers of the firms in whose name each word begins a word, the best hits first."""
        with self.lock:
            if self._names is None:
                self._names = [((self.get(orgnr) or {}).get("navn", ""), orgnr) for orgnr in self._numbers()]
        hits = [(name, orgnr) for name, orgnr in self._names if words[0] in name]
        hits = [(name, orgnr) for name, orgnr in hits
                if all(any(part.startswith(word) for part in name.split()) for word in words)]  # fmt: skip
        start = " ".join(words)
        return [orgnr for _name, orgnr in sorted(hits, key=lambda hit: (not hit[0].startswith(start), hit))]

    # -- changes -------------------------------------------------------------------------------------------

    def publish(self, orgnr: str, change: str = "", values: dict | None = None, day: str = "") -> dict:
        """Change a firm from now on, and tell it in the feed.

        :param change: one of ``CHANGES``, or empty where ``values`` are given
        :param values: keys of the answer with their new values
        :return: the event
        :raise KeyError: for an unknown number or change
        """
        with self.lock:
            before = self.get(orgnr)
            if before is None or "navn" not in before:
                raise KeyError(f"no unit {orgnr}")
            day = day or datetime.datetime.now().astimezone().date().isoformat()
            kind, after = "Endring", None
            if change in ("deleted", "withdrawn"):
                kind = "Sletting" if change == "deleted" else "Fjernet"
                after = deleted(before, day) if change == "deleted" else {
                    "organisasjonsnummer": orgnr, "slettedato": day}  # fmt: skip
            else:
                values = values or CHANGES[change](before, day)
                after = {key: value for key, value in (before | values).items() if value is not None}
            self.known[orgnr] = after
            self._names = None
            self._last_id += 1 + self._last_id % 3
            event = _event(self._last_id, _now(), orgnr, kind, before, after)
            self.published["underenheter" if is_sub(before) else "enheter"].append(event)
            return event

    # -- feed ----------------------------------------------------------------------------------------------

    def events(self, kind: str, query: dict[str, str]) -> tuple[int, list[dict]]:
        """The number of events that a feed's query finds, and those of the page asked for, in order."""
        size, page = int(query.get("size", 20)), int(query.get("page", 0))
        places = range(self._first_place(kind, query), self._count(kind))
        if numbers := query.get("organisasjonsnummer"):
            wanted = set(numbers.split(","))
            places = [place for place in places if self._at(kind, place)["organisasjonsnummer"] in wanted]
        if "DESC" in query.get("sort", "").upper():
            places = places[::-1]
        return len(places), [self._at(kind, place) for place in places[page * size : (page + 1) * size]]

    def _count(self, kind: str) -> int:
        return self.base_events[kind] + len(self.published[kind])

    def _at(self, kind: str, place: int) -> dict:
        """An event of the invented past, or one that was published."""
        if place >= self.base_events[kind]:
            return self.published[kind][place - self.base_events[kind]]
        if place not in self._past:
            self._past[place] = self._past_event(place)
        return self._past[place]

    def _past_event(self, place: int) -> dict:
        chance, firm = random.Random(place * 7919 + self.firms.seed), None
        while firm is None or is_sub(firm):
            orgnr = number(chance.randrange(self.firms.first, self.firms.end))
            firm = self.firms.get(orgnr) if orgnr else None
        kind = {"deleted": "Sletting", "withdrawn": "Fjernet"}.get(self.firms.state(orgnr))
        kind = kind or chance.choices(("Endring", "Ny"), (5, 1))[0]
        if firm.get("konkurs"):
            before = firm | {"konkurs": False}
        else:
            before = firm | {"sisteInnsendteAarsregnskap": "2024", "antallAnsatte": 5}
            firm = firm | {"sisteInnsendteAarsregnskap": "2025", "antallAnsatte": 6 + place % 5}
        return _event(_base_id(place), self._base_time(place), orgnr, kind, before, firm)

    def _first_place(self, kind: str, query: dict[str, str]) -> int:
        """Where in the row of events a query begins."""
        low, high = 0, self._count(kind)
        wanted, moment = int(query.get("oppdateringsid") or 0), query.get("dato", "")
        while low < high:
            middle = (low + high) // 2
            event = self._id_and_time(kind, middle)
            if event[0] < max(wanted, self.kept_from) or event[1] < moment:
                low = middle + 1
            else:
                high = middle
        return low

    def _id_and_time(self, kind: str, place: int) -> tuple[int, str]:
        if place < self.base_events[kind]:
            return _base_id(place), self._base_time(place)
        event = self._at(kind, place)
        return event["oppdateringsid"], event["dato"]

    def _base_time(self, place: int) -> str:
        start = datetime.datetime.combine(self.firms.today, datetime.time(3), datetime.UTC)
        step = datetime.timedelta(days=EVENT_DAYS) / self.base_events["enheter"]
        return _iso(start - datetime.timedelta(days=EVENT_DAYS) + step * place)


def _base_id(place: int) -> int:
    return FIRST_EVENT + place * 3 + place * 7 % 3  # rising, with gaps


def _event(id_: int, time: str, orgnr: str, kind: str, before: dict, after: dict) -> dict:
    path = "underenheter" if is_sub(before) else "enheter"
    event = {"oppdateringsid": id_, "dato": time, "organisasjonsnummer": orgnr, "endringstype": kind}
    if kind == "Endring":
        event["endringer"] = list(_patch(before, after))
    return event | {"_links": {"enhet": {"href": f"{BASE_URL}/{path}/{orgnr}"}}}


def is_sub(firm: dict) -> bool:
    return firm.get("organisasjonsform", {}).get("kode") in ("BEDR", "AAFY")


CHANGES = {
    "bankrupt": lambda firm, day: {"konkurs": True, "konkursdato": day, "registrertIMvaregisteret": False,
                                   "registreringsdatoMerverdiavgiftsregisteret": None},
    "winding_up": lambda firm, day: {"underAvvikling": True, "underAvviklingDato": day},
    "compulsory_winding_up": lambda firm, day: {"underTvangsavviklingEllerTvangsopplosning": True,
                                                "tvangsopplostPgaManglendeRegnskapDato": day},
    "reconstruction": lambda firm, day: {"underRekonstruksjonsforhandlingDato": day},
    "foreign_insolvency": lambda firm, day: {"underUtenlandskInsolvensbehandlingDato": day},
    "active": lambda firm, day: {
        "konkurs": False, "konkursdato": None, "underAvvikling": False, "underAvviklingDato": None,
        "underTvangsavviklingEllerTvangsopplosning": False, "tvangsopplostPgaManglendeRegnskapDato": None,
        "underRekonstruksjonsforhandlingDato": None, "underUtenlandskInsolvensbehandlingDato": None},
    "renamed": lambda firm, day: {"navn": f"NYE {firm['navn']}", "historiskeNavn": [
        *firm.get("historiskeNavn", []), {"navn": firm["navn"], "fraDato": "2011-03-15 09:00:00",
                                          "tilDato": f"{day} 08:00:00"}]},
    "moved": lambda firm, day: {
        "beliggenhetsadresse" if is_sub(firm) else "forretningsadresse": place_address(PLACES[1], "Flyttegata 1")},
    "vat_on": lambda firm, day: {"registrertIMvaregisteret": True, "registreringsdatoMerverdiavgiftsregisteret": day},
    "vat_off": lambda firm, day: {"registrertIMvaregisteret": False,
                                  "registreringsdatoMerverdiavgiftsregisteret": None},
}  # fmt: skip


def _patch(before: dict, after: dict, path: str = "") -> Iterator[dict]:
    """The JSON patch from one answer to another, as the feed tells it with ``includeChanges``."""
    for key in sorted(before.keys() | after.keys()):
        if key == "_links" or before.get(key) == after.get(key):
            continue
        if key not in after:
            yield {"op": "remove", "path": f"{path}/{key}"}
        elif isinstance(before.get(key), dict) and isinstance(after[key], dict):
            yield from _patch(before[key], after[key], f"{path}/{key}")
        else:
            yield {"op": "replace" if key in before else "add", "path": f"{path}/{key}", "value": copy.copy(after[key])}


def _rows(page: dict) -> list[dict]:
    inside = page.get("_embedded") or {}
    rows = inside.get("enheter") or inside.get("underenheter") or [page]
    return [row for row in rows if "organisasjonsnummer" in row]


def _is_listed(firm: dict) -> bool:
    return "slettedato" not in firm


def _matches(firm: dict, query: dict[str, str]) -> bool:
    for key in SEARCHED:
        if wanted := query.get(key):
            value = firm.get(key)
            if key == "organisasjonsform":
                value = value["kode"]
            elif key == "kommunenummer":
                value = (firm.get("forretningsadresse") or firm.get("beliggenhetsadresse") or {}).get(key)
            if str(value).lower() not in wanted.lower().split(","):
                return False
    return True


def _now() -> str:
    return _iso(datetime.datetime.now(datetime.UTC))


def _iso(moment: datetime.datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
