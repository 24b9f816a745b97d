# SPDX-License-Identifier: LGPL-3.0-or-later
"""A stand-in for the open registers, so that everything can be shown and tested without the outside world.

    python -m dev.brreg_server [--port 8099] [--firms 50000] [--events 20000] [--latency 0.02] [--recorded FOLDER]

serves, on 127.0.0.1,

    /enhetsregisteret/api/…        Enhetsregisteret: enheter, underenheter (one, or a search), oppdateringer
    /postnummerregister-ansi.txt   the register of postal codes, as Bring publishes it
    /adresser/v1/sok?…             Kartverket's address search

In a test:  ``with BrregServer(latency=0.02) as server: Client(server.register_url)``.

It knows the demo company's customers (``brreg_demo``) and any number of invented firms (``brreg_firms``).
``--recorded FOLDER`` takes over recorded answers: FOLDER/brreg/*.json, FOLDER/postal/*.tsv,
FOLDER/kartverket/*.json, each if it is there.

Control, all POST with a JSON body, below ``/_control/``:

    publish   {"number": "310410001", "change": "bankrupt"}        a change, told in the feed at once
              {"number": "310410001", "values": {"navn": "NYTT NAVN AS"}}
              change: bankrupt, winding_up, compulsory_winding_up, reconstruction, foreign_insolvency, active,
              renamed, moved, vat_on, vat_off, deleted, withdrawn. Answers with the event; 404 for a number
              or change that is not known.
    fault     {"fault": "503", "number": "310410001", "times": 2}  what goes wrong, for one number or, without
              one, for every request, a number of times or, without one, until reset. Faults: see FAULTS
    latency   {"seconds": 0.02}                                    before each answer
    forget    {"before": 25000100}                                 the feed no longer has older events
    reset     {}                                                   no faults and no latency; the log is emptied
    log       {}                                                   {"requests", "numbers", "most_at_once", "paths"}

A request's own fault comes with its header ``X-Fault: 503``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from dev import brreg_answers, brreg_neighbours
from dev.brreg_faults import FAULTS, Fault, Faults
from dev.brreg_firms import Firms
from dev.brreg_register import Register

API = "/enhetsregisteret/api"
POSTAL, ADDRESSES = "/postnummerregister-ansi.txt", "/adresser/v1/sok"


class Log:
    """What was asked, and how many at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.requests, self.at_once, self.most_at_once, self.paths = 0, 0, 0, []

    @contextlib.contextmanager
    def counted(self, path: str) -> Iterator[None]:
        with self.lock:
            self.requests += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self.paths.append(path)
            del self.paths[:-50_000]
        try:
            yield
        finally:
            with self.lock:
                self.at_once -= 1

    def summary(self) -> dict:
        numbers: dict[str, int] = {}
        for path in self.paths:
            for number in brreg_answers.numbers_in(path):
                numbers[number] = numbers.get(number, 0) + 1
        return {"requests": self.requests, "most_at_once": self.most_at_once, "numbers": numbers, "paths": self.paths}


class BrregServer:
    """The server as a context manager; ``register``, ``faults`` and ``log`` may be looked at and changed."""

    def __init__(
        self,
        port: int = 0,
        *,
        firms: int = 1_000,
        seed: int = 1,
        first: int | None = None,
        events: int = 0,
        latency: float = 0.0,
        demo: bool = True,
        recorded: Path | None = None,
    ) -> None:
        made = Firms(firms, seed, **({"first": first} if first else {}))
        self.register = Register(made, events, demo)
        self.latency, self.faults, self.log = latency, Faults(), Log()
        self.postal, self.recorded_addresses = brreg_neighbours.postal_file(), []
        if recorded:
            self._load(recorded)
        self.http = _Server(("127.0.0.1", port), _Handler)
        self.http.stand_in = self
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.register_url = self.url + API
        self.postal_url = self.url + POSTAL
        self.address_url = self.url + ADDRESSES.removesuffix("/sok")
        self._thread: threading.Thread | None = None

    def __enter__(self) -> BrregServer:
        self._thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.http.shutdown()
        self.http.server_close()
        self._thread.join()

    def serve_forever(self) -> None:
        self.http.serve_forever()

    def publish(self, number: str, change: str = "", values: dict | None = None) -> dict:
        return self.register.publish(number, change, values)

    def fail(self, fault: str, number: str | None = None, times: int | None = None, **more: float) -> None:
        self.faults.set(fault, number, times, **more)

    def reset(self) -> None:
        self.faults.reset()
        self.log.reset()
        self.latency = 0.0

    def control(self, action: str, body: dict) -> tuple[int, dict]:
        """One call of the control endpoint: (HTTP status, answer)."""
        try:
            match action:
                case "publish":
                    number, change = body["number"], body.get("change", "")
                    return 200, self.register.publish(number, change, body.get("values"), body.get("day", ""))
                case "fault":
                    self.faults.set(**body)
                case "latency":
                    self.latency = float(body["seconds"])
                case "forget":
                    self.register.kept_from = int(body["before"])
                case "reset":
                    self.reset()
                case "log":
                    return 200, self.log.summary()
                case _:
                    return 404, {"error": f"no control called {action}"}
        except KeyError as error:
            return 404, {"error": f"not known: {error.args[0]}"}
        except (TypeError, ValueError) as error:
            return 400, {"error": str(error)}
        return 200, {}

    def _load(self, folder: Path) -> None:
        self.register.load(folder / "brreg")
        if files := sorted((folder / "postal").glob("*.tsv")):
            text = files[-1].read_text("utf-8")
            self.postal = text.replace("\n", "\r\n").encode("latin-1")
        self.recorded_addresses = [json.loads(path.read_bytes()) for path in (folder / "kartverket").glob("*.json")]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    stand_in: BrregServer

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up, after a fault for instance, is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer in one packet
    server: _Server

    def do_GET(self) -> None:
        stand_in = self.server.stand_in
        with stand_in.log.counted(self.path):
            if stand_in.latency:
                time.sleep(stand_in.latency)
            numbers = brreg_answers.numbers_in(self.path)
            own = self.headers.get("X-Fault")
            fault = Fault(own) if own in FAULTS else stand_in.faults.take(numbers)
            if not (fault and fault.answer(self)):
                self._answer(stand_in)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        action = urlsplit(self.path).path.removeprefix("/_control/")
        try:
            parameters = json.loads(body or b"{}")
        except ValueError as error:
            self.send(400, {"error": str(error)})
            return
        self.send(*self.server.stand_in.control(action, parameters))

    def _answer(self, stand_in: BrregServer) -> None:
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        if address.path == POSTAL:
            self.send(200, stand_in.postal, "text/plain")
        elif address.path == ADDRESSES:
            self.send(*brreg_neighbours.addresses(query, stand_in.recorded_addresses))
        elif address.path.startswith(API):
            path, accept = address.path.removeprefix(API), self.headers.get("Accept", "")
            self.send(*brreg_answers.answer(stand_in.register, path, query, accept, len(self.path)))
        else:
            self.send(*brreg_answers.no_such_path(address.path))

    def send(self, status: int, body: dict | bytes, kind: str = "application/json", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response_only(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="brreg_server", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=8099)
    parser.add_argument("--firms", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, help="first eight digits of the invented firms' numbers")
    parser.add_argument("--events", type=int, default=0, help="events of the last 30 days in the feed")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--recorded", type=Path, help="a folder of recorded answers")
    known = vars(parser.parse_args(arguments))
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, _stop)
    server = BrregServer(known.pop("port"), **known)
    print(server.register_url, server.postal_url, server.address_url, flush=True)
    with contextlib.suppress(SystemExit):
        server.serve_forever()


def _stop(*_signal: object) -> None:
    raise SystemExit


if __name__ == "__main__":
    main()
