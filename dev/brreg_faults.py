# SPDX-License-Identifier: LGPL-3.0-or-later
"""What can go wrong with the stand-in register: answers of every wrong kind, on demand."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from dataclasses import dataclass

from dev import brreg_answers

LARGE = 21 * 1024 * 1024


@dataclass
class Fault:
    """One way to fail. ``seconds``: of a time-out, between dribbled bytes, or of ``Retry-After``."""

    kind: str
    times: int | None = None
    seconds: float = 2.0

    def answer(self, handler) -> bool:
        """Answer wrongly; False where the right answer is to follow."""
        return FAULTS[self.kind](self, handler)


class Faults:
    """The faults in force: one per number, and one for everything."""

    def __init__(self) -> None:
        self.lock, self.set_for = threading.Lock(), {}

    def set(self, fault: str, number: str | None = None, times: int | None = None, seconds: float = 2.0) -> None:
        """:raise KeyError: for an unknown fault"""
        if fault not in FAULTS:
            raise KeyError(fault)
        with self.lock:
            self.set_for[number] = Fault(fault, times, seconds)

    def reset(self) -> None:
        with self.lock:
            self.set_for.clear()

    def take(self, numbers: list[str]) -> Fault | None:
        """The fault of a request that asks for these numbers."""
        if not self.set_for:
            return None
        with self.lock:
            key = next((number for number in [*numbers, None] if number in self.set_for), "")
            fault = self.set_for.get(key)
            if fault and fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    del self.set_for[key]
            return fault


def _hang(fault, handler):
    time.sleep(fault.seconds)
    handler.close_connection = True
    return True


def _reset(fault, handler):
    """Hang up without a word."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
    return True


def _too_many(fault, handler):
    handler.send(429, {"status": 429, "error": "Too Many Requests"}, Retry_After=f"{fault.seconds:.0f}")
    return True


def _status(status):
    def fail(fault, handler):
        handler.send(*brreg_answers.server_error(status, handler.path))
        return True

    return fail


def _proxy_page(fault, handler):
    handler.send(502, b"<html><body>Bad Gateway</body></html>", "text/html")
    return True


def _garbage(fault, handler):
    handler.send(200, b'{"organisasjonsnummer": "9236', "application/json")
    return True


def _wrong_shape(fault, handler):
    handler.send(200, json.dumps(["noe", "annet"]).encode(), "application/json")
    return True


def _truncated(fault, handler):
    _head(handler, 5_000)
    handler.wfile.write(b'{"organisasjonsnummer": "')
    handler.wfile.flush()
    handler.close_connection = True
    return True


def _portal(fault, handler):
    handler.send(200, b"<html><body>Logg inn for nett</body></html>", "text/html")
    return True


def _too_large(fault, handler):
    """More than anybody should read, without saying so beforehand."""
    handler.send_response_only(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Connection", "close")
    handler.end_headers()
    part = b" " * 65_536
    for _number in range(LARGE // len(part) + 1):
        handler.wfile.write(part)
    handler.close_connection = True
    return True


def _announced_large(fault, handler):
    _head(handler, LARGE)
    handler.wfile.flush()
    handler.close_connection = True
    return True


def _dribble(fault, handler):
    """A byte now and then, so that no single wait is long."""
    _head(handler, 1_000)
    for _number in range(1_000):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(fault.seconds / 100)
    handler.close_connection = True
    return True


def _refused(fault, handler):
    handler.send(*brreg_answers.refused(handler.path, "Ugyldig forespørsel", "organisasjonsnummer", "x"))
    return True


def _no_such_path(fault, handler):
    handler.send(*brreg_answers.no_such_path(handler.path))
    return True


def _client_fault(status):
    def fail(fault, handler):
        handler.send(status, {"status": status, "error": "Client Error", "path": handler.path})
        return True

    return fail


def _redirect(fault, handler):
    handler.send(301, b"", Location="https://example.org/moved")
    return True


def _gone(fault, handler):
    number = (brreg_answers.numbers_in(handler.path) or ["000000000"])[0]
    handler.send(410, {"organisasjonsnummer": number, "slettedato": "2026-09-05"})
    return True


def _slow(fault, handler):
    time.sleep(fault.seconds)
    return False


def _head(handler, length):
    handler.send_response_only(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(length))
    handler.end_headers()


FAULTS = {
    "timeout": _hang, "slow": _slow, "dribble": _dribble, "reset": _reset, "429": _too_many,
    "500": _status(500), "502": _proxy_page, "503": _status(503), "504": _status(504),
    "garbage": _garbage, "wrong_shape": _wrong_shape, "truncated": _truncated, "content_type": _portal,
    "too_large": _too_large, "announced_large": _announced_large,
    "400": _refused, "404": _no_such_path, "406": _client_fault(406), "415": _client_fault(415),
    "403": _client_fault(403), "301": _redirect, "410": _gone,
}  # fmt: skip
