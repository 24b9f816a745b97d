# SPDX-License-Identifier: LGPL-3.0-or-later
"""A client of the open API of Enhetsregisteret. Every method returns an outcome; none raises for what the
register, the network or the input does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from stdnum.no import orgnr

from .brreg_http import Answer, Http
from .brreg_outcome import (
    ClientFault,
    Hits,
    Outcome,
    Reached,
    Refused,
    Unavailable,
    Unknown,
    message_of,
    read_feed,
    read_hits,
    read_unit,
    read_units,
    unit_outcome,
    withdrawn,
)

PRODUCTION_URL = "https://data.brreg.no/enhetsregisteret/api"
ACCEPT = "application/vnd.brreg.enhetsregisteret.{}+json;charset=UTF-8"
UNIT, SUB_UNIT = "enhet.v2", "underenhet.v2"
FEED, SUB_FEED = "oppdatering.enhet.v1", "oppdatering.underenhet.v1"
URL_LENGTH = 8_000
NUMBERS_PER_SEARCH = 200  # what clients are known to send; the register names no limit
NAME_LENGTH = 180
FEED_SIZE = 10_000
LARGEST_ID = 2**31 - 1


class Client(Http):
    """``Client(base_url, session=, connect_timeout=3, read_timeout=10, retries=3, breaker=, sleep=, version=)``

    ``version`` (of the addon) goes into the User-Agent. Pass ``Breaker.shared(base_url)`` where several
    clients of a process should know of each other's failures. Used by up to 8 threads at once.
    """

    def unit(self, number: str) -> Outcome:
        """Look one number up, among main units and then among sub-units.

        :return: Found, Deleted, Unknown, Withdrawn, Refused, ClientFault or Unavailable
        """
        if not _is_number(number):
            return _malformed(number)
        for path, kind in ((f"/enheter/{number}", UNIT), (f"/underenheter/{number}", SUB_UNIT)):
            outcome = self._get(path, kind, lambda answer: read_unit(answer.body, number))
            if not (isinstance(outcome, Answer) and outcome.status == 404):
                break
        if isinstance(outcome, Answer):
            return withdrawn(number, outcome.body) if outcome.status == 410 else Unknown(number)
        return outcome

    def units(self, numbers: Iterable[str]) -> Iterator[tuple[str, Outcome]]:
        """Look many numbers up with few requests: lists of numbers first, and singly what no list finds
        (deleted, withdrawn and unknown ones). Yields (number, outcome), each number once."""
        wanted: list[str] = []
        for number in dict.fromkeys(numbers):
            if _is_number(number):
                wanted.append(number)
            else:
                yield number, _malformed(number)
        for chunk in self.chunks(wanted):
            yield from self._chunk(chunk)

    def chunks(self, numbers: Sequence[str]) -> Iterator[list[str]]:
        """Lists of numbers of which each fits into one search: what one call of ``units`` asks at once."""
        overhead = len(self.base_url) + len("/underenheter?organisasjonsnummer=&size=") + 5
        size = max(1, min(NUMBERS_PER_SEARCH, (URL_LENGTH - overhead) // 10))
        for start in range(0, len(numbers), size):
            yield list(numbers[start : start + size])

    def search_name(self, text: str, size: int = 10) -> Outcome:
        """Main units by name, the best hits first.

        :return: Hits, Refused, ClientFault or Unavailable
        """
        text = " ".join(text.split())[:NAME_LENGTH]
        if not text:
            return Hits((), 0)
        path = f"/enheter?navn={quote(text, safe='')}&size={size}"
        return self._list(path, UNIT, lambda body: read_hits(body, "enheter"))

    def feed_since(self, time: datetime, size: int = FEED_SIZE, *, subunits: bool = False) -> Outcome:
        """The first events from and including a time (of publication).

        :return: FeedPage, Refused, ClientFault or Unavailable
        """
        moment = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
        return self._feed(f"dato={moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z", size, subunits)

    def feed_from(self, event_id: int, size: int = FEED_SIZE, *, subunits: bool = False) -> Outcome:
        """The first events from and including an id."""
        if not 0 < event_id <= LARGEST_ID:
            return Refused(str(event_id), sent=False)
        return self._feed(f"oppdateringsid={event_id}", size, subunits)

    def ping(self) -> Outcome:
        """Whether the register answers at this address: Reached, ClientFault or Unavailable."""
        answer = self._list("/enheter?navn=kundekartotek&size=1", UNIT, lambda body: read_hits(body, "enheter"))
        return Reached() if isinstance(answer, Hits) else answer

    def _feed(self, start: str, size: int, subunits: bool) -> Outcome:
        kind, key = ("underenheter", "oppdaterteUnderenheter") if subunits else ("enheter", "oppdaterteEnheter")
        path = f"/oppdateringer/{kind}?{start}&includeChanges=true&size={size}&sort=id,ASC"
        return self._list(path, SUB_FEED if subunits else FEED, lambda body: read_feed(body, key, size))

    def _chunk(self, numbers: list[str]) -> Iterator[tuple[str, Outcome]]:
        """The outcomes of numbers that fit into one search."""
        if len(numbers) == 1:
            yield numbers[0], self.unit(numbers[0])
            return
        left = dict.fromkeys(numbers)
        for path, kind in (("enheter", UNIT), ("underenheter", SUB_UNIT)):
            found = self._search_numbers(path, kind, list(left))
            if isinstance(found, Refused):
                # one number spoils the list: halve it until the one is alone
                for half in (numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]):
                    yield from ((number, outcome) for number, outcome in self._chunk(half) if number in left)
                return
            if isinstance(found, Outcome):
                yield from ((number, found) for number in left)
                return
            for unit in found:
                if unit.number in left:
                    del left[unit.number]
                    yield unit.number, unit_outcome(unit)
            if not left:
                return
        for number in left:
            yield number, self.unit(number)

    def _search_numbers(self, path: str, kind: str, numbers: list[str]):
        """The units of a list of numbers, or the outcome that kept them away."""
        query = f"/{path}?organisasjonsnummer={','.join(numbers)}&size={len(numbers)}"
        units: list = []

        def read(body: bytes):
            units[:] = read_units(body, path)[0]
            return Reached()

        outcome = self._list(query, kind, read)
        return units if isinstance(outcome, Reached) else outcome

    def _list(self, path: str, kind: str, read: Callable[[bytes], Outcome]) -> Outcome:
        outcome = self._get(path, kind, lambda answer: read(answer.body))
        if isinstance(outcome, Answer):  # an empty 404 or a 410 where there is always a list
            return ClientFault(outcome.status, path.partition("?")[0])
        return outcome

    def _get(self, path: str, kind: str, read: Callable[[Answer], Outcome]) -> Outcome | Answer:
        """What ``read`` makes of a 200, the outcome of an error, or the answer of an empty 404 or a 410."""
        kept: list[Outcome] = []

        def check(answer: Answer) -> None:
            kept[:] = [read(answer)]

        answer = self.get(path, ACCEPT.format(kind), check)
        if isinstance(answer, Unavailable):
            return answer
        if answer.status == 200:
            return kept[0]
        if answer.status == 410 or (answer.status == 404 and answer.is_empty):
            return answer
        message = message_of(answer.body)
        if answer.status == 400 and message:
            return Refused(message)
        return ClientFault(answer.status, message or answer.location)


def _is_number(number: str) -> bool:
    return len(number) == 9 and number.isascii() and number.isdigit() and orgnr.is_valid(number)


def _malformed(number: str) -> Refused:
    return Refused(number, sent=False)


