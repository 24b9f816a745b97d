# SPDX-License-Identifier: LGPL-3.0-or-later
"""HTTP to public registers: time-outs, limits, retries with backoff, and a circuit breaker.

An answer is an ``Answer`` whatever its status, or ``Unavailable``: nothing here raises for what the
outside world does.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter

from .brreg_outcome import Reason, Unavailable

IN_FLIGHT = 8
SIZE_LIMIT = 20 * 1024 * 1024
CHUNK = 64 * 1024
PATIENCE = 3  # a whole body may take this many times the time-out of a single read
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
LONGEST_HOLD = 24 * 3600.0  # who asks to be left alone for longer has a wrong clock
PRODUCT = "kundekartotek_addon"
# What asking again may mend. A wrong content type or size comes back the same.
RETRIED = {Reason.TIMEOUT, Reason.REFUSED, Reason.SERVER_ERROR, Reason.GARBAGE, Reason.TRUNCATED, Reason.RATE_LIMITED}


@dataclass(frozen=True)
class Answer:
    """An answer that was received in full. ``is_json`` by its content type."""

    status: int
    is_json: bool
    body: bytes
    location: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.body.strip()


class Breaker:
    """Leaves a server alone after ``threshold`` failures in a row: for ``pause`` seconds, then for twice as
    long after each failed try, up to ``longest``. One instance may serve many threads."""

    _shared: dict[str, Breaker] = {}
    _lock_shared = threading.Lock()

    def __init__(
        self,
        threshold: int = 5,
        pause: float = 60,
        longest: float = 900,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.threshold, self.pause, self.longest, self.clock = threshold, pause, longest, clock
        self._lock = threading.Lock()
        self._failures, self._next_pause, self._until, self._probing = 0, pause, 0.0, False
        self._held_until = 0.0  # as the server asked: an answer that was under way then does not end it

    @classmethod
    def shared(cls, base_url: str) -> Breaker:
        """The breaker of this process for a server, so that one job's failures spare the next its waiting."""
        with cls._lock_shared:
            return cls._shared.setdefault(base_url, cls())

    def wait(self) -> float:
        """Seconds until the server may be asked; 0 lets this caller ask. While the breaker is open, one
        caller at a time is let through once the pause is over."""
        with self._lock:
            now = self.clock()
            if now < (until := max(self._until, self._held_until)):
                return until - now
            if self._failures >= self.threshold:
                if self._probing:
                    return 1.0
                self._probing = True
            return 0.0

    @property
    def is_open(self) -> bool:
        with self._lock:
            return self.clock() < max(self._until, self._held_until)

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._next_pause, self._until, self._probing = 0, self.pause, 0.0, False

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self.threshold and (self._probing or self._failures == self.threshold):
                self._until = self.clock() + self._next_pause
                self._next_pause = min(self._next_pause * 2, self.longest)
            self._probing = False

    def hold(self, seconds: float) -> None:
        """Leave the server alone for as long as it has asked for."""
        with self._lock:
            self._held_until = max(self._held_until, self.clock() + seconds)


class Http:
    """GET with everything that can go wrong. Serves up to ``IN_FLIGHT`` threads at once."""

    def __init__(
        self,
        base_url: str,
        *,
        session: requests.Session | None = None,
        connect_timeout: float = 3,
        read_timeout: float = 10,
        retries: int = 3,
        breaker: Breaker | None = None,
        sleep: Callable[[float], object] = time.sleep,
        version: str = "",
        size_limit: int = SIZE_LIMIT,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.read_timeout = read_timeout
        self.retries, self.sleep, self.size_limit = retries, sleep, size_limit
        self.breaker = breaker or Breaker()
        self.session = session or new_session(self.base_url, connect_timeout)
        self.agent = f"{PRODUCT}/{version}" if version else PRODUCT

    def get(
        self,
        path: str,
        accept: str,
        check: Callable[[Answer], object] | None = None,
        any_type: bool = False,
    ) -> Answer | Unavailable:
        """Ask until there is an answer, at most ``1 + retries`` times.

        :param path: below the base URL, with its query
        :param check: reads the answer, and raises ValueError where it is garbage
        :param any_type: whether an answer that is not JSON is one
        """
        for attempt in range(self.retries + 1):
            if wait := self.breaker.wait():
                return Unavailable(Reason.PAUSED, wait)
            try:
                result = self._ask(path, accept, check, any_type)
            except BaseException:
                self.breaker.failed()
                raise
            if isinstance(result, Answer):
                self.breaker.succeeded()
                return result
            self.breaker.failed()
            seconds = self._pause(attempt, result)
            if seconds is None:
                break
            self.sleep(seconds)
        return result

    def _pause(self, attempt: int, result: Unavailable) -> float | None:
        """Seconds to wait before the next attempt; None where there is none."""
        wanted = result.retry_after or 0.0
        if wanted > LONGEST_WAIT:
            self.breaker.hold(wanted)
            return None
        if attempt >= self.retries or result.reason not in RETRIED or self.breaker.is_open:
            return None
        # jitter, so that eight threads do not come back together
        return max(wanted, random.uniform(0.5, 1) * FIRST_WAIT * 2**attempt)

    def _ask(self, path, accept, check, any_type) -> Answer | Unavailable:
        try:
            answer = self._receive(path, accept)
            if isinstance(answer, Answer) and answer.status == 200:
                if not (answer.is_json or any_type):
                    return Unavailable(Reason.CONTENT_TYPE)
                if check:
                    check(answer)
            return answer
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            return Unavailable(_reason(error), detail=str(error)[:200])
        except ValueError as error:
            return Unavailable(Reason.GARBAGE, detail=str(error)[:200])

    def _receive(self, path: str, accept: str) -> Answer | Unavailable:
        headers = {"Accept": accept, "User-Agent": self.agent}
        response = self.session.request(
            "GET", self.base_url + path, headers=headers, timeout=self.read_timeout, stream=True, allow_redirects=False
        )
        with response:
            if response.status_code in (408, 425, 429) or response.status_code >= 500:
                reason = Reason.RATE_LIMITED if response.status_code == 429 else Reason.SERVER_ERROR
                return Unavailable(reason, retry_after(response.headers), f"HTTP {response.status_code}")
            body = self._read(response)
        if isinstance(body, Unavailable):
            return body
        is_json = "json" in response.headers.get("Content-Type", "").lower()
        return Answer(response.status_code, is_json, body, response.headers.get("Location", ""))

    def _read(self, response: requests.Response) -> bytes | Unavailable:
        """The body, unless it is too large, too slow as a whole, or shorter than announced."""
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > self.size_limit:
            return Unavailable(Reason.TOO_LARGE)
        parts, size, deadline = [], 0, time.monotonic() + PATIENCE * self.read_timeout
        for part in _parts(response):
            parts.append(part)
            size += len(part)
            if size > self.size_limit:
                return Unavailable(Reason.TOO_LARGE)
            if time.monotonic() > deadline:
                return Unavailable(Reason.TIMEOUT, detail="the body came too slowly")
        if announced.isdigit() and "Content-Encoding" not in response.headers and size < int(announced):
            return Unavailable(Reason.TRUNCATED)
        return b"".join(parts)


def ask_many(call: Callable[[Any], Iterable], questions: Iterable, seconds: float) -> Iterator[Any]:
    """What ``call`` yields for each of the questions, with at most ``IN_FLIGHT`` of them asked at a time. What has
    not come after so many seconds is left out: nobody waits for a slow server without end.

    >>> sorted(ask_many(lambda letter: [letter, letter * 2], "ab", seconds=60))
    ['a', 'aa', 'b', 'bb']
    >>> list(ask_many(lambda letter: [letter], "ab", seconds=0))
    []
    """
    deadline = time.monotonic() + seconds

    def ask(question: Any) -> list:
        answers: list = []
        if time.monotonic() < deadline:
            for answer in call(question):
                answers.append(answer)
                if time.monotonic() >= deadline:
                    break
        return answers

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        for answers in pool.map(ask, questions):
            yield from answers


def _parts(response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives; with urllib3 before 2, which cannot, in full parts."""
    raw = response.raw
    if isinstance(raw, urllib3.HTTPResponse) and hasattr(raw, "read1"):
        return iter(lambda: raw.read1(CHUNK, decode_content=True), b"")
    return response.iter_content(CHUNK)


def _reason(error: Exception) -> Reason:
    # a read that times out in the middle of a body comes as a ConnectionError
    if isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError) or "timed out" in str(error).lower():
        return Reason.TIMEOUT
    if isinstance(error, requests.exceptions.ChunkedEncodingError | urllib3.exceptions.ProtocolError):
        return Reason.TRUNCATED
    if isinstance(error, requests.exceptions.ContentDecodingError | urllib3.exceptions.DecodeError):
        return Reason.GARBAGE
    return Reason.REFUSED


class _Adapter(HTTPAdapter):
    """A pool that holds as many connections as there may be requests in flight. A server that is not there is
    given up sooner than one that thinks: ``timeout`` of a request is for its answer."""

    def __init__(self, connect_timeout: float) -> None:
        self.connect_timeout = connect_timeout
        super().__init__(pool_connections=2, pool_maxsize=IN_FLIGHT, pool_block=True)

    def send(self, request, stream=False, timeout=None, verify=True, cert=None, proxies=None):
        timeout = (self.connect_timeout, timeout)
        return super().send(request, stream, timeout, verify, cert, proxies)


def new_session(base_url: str, connect_timeout: float = 3) -> requests.Session:
    """A session that keeps no cookies, and goes to this machine itself without a proxy."""
    session = requests.Session()
    adapter = _Adapter(connect_timeout)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = not re.match(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:|/|$)", base_url)
    return session


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that ``Retry-After`` asks for, as a number or a date; a day at most.

    >>> retry_after({"Retry-After": "7"}), retry_after({}), retry_after({"Retry-After": "soon"})
    (7.0, None, None)
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_HOLD)
    try:
        seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        return min(max(0.0, seconds), LONGEST_HOLD)
    except (TypeError, ValueError):
        return None
