# SPDX-License-Identifier: LGPL-3.0-or-later
"""The client of Enhetsregisteret by itself, against the stand-in in a process of its own."""

import contextlib
import json
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from odoo.addons.kundekartotek_addon.tools import brreg, kartverket

from dev.brreg_firms import Firms
from dev.cache import ROOT

from .. import measure

COUNT, LATENCY = 10_000, 0.02


@contextlib.contextmanager
def _stand_in(*options):
    """The addresses of a stand-in with 20 ms latency, for as long as the block."""
    command = [sys.executable, "-m", "dev.brreg_server", "--port", "0", "--firms", "20000", *options]
    command += ["--latency", str(LATENCY)]
    process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    try:
        yield process.stdout.readline().split()
    finally:
        process.terminate()
        process.communicate()


def lookups(bench):
    """10,000 numbers with 8 requests in flight: one by one, and in lists; then 1,000 addresses."""
    numbers = list(Firms(COUNT).numbers())
    with _stand_in() as (register_url, _postal_url, address_url):
        for case, call in (("one request each", _singly), ("in lists", _in_lists)):
            yield _row(f"look up {COUNT:,} numbers, {case}", register_url, lambda url, call=call: call(url, numbers))
        yield _row("check 1,000 addresses", address_url, _addresses)


def names(bench):
    """A search by name among 20,000 firms; the stand-in's own 20 ms are in it."""
    with _stand_in() as (register_url, *_others):
        client = brreg.Client(register_url)
        client.search_name("ås")  # the stand-in makes its index of names
        yield _row("search by name", register_url, lambda url: client.search_name("ravn bygg"))


def feed(bench):
    """A page of 10,000 events, fetched and read."""
    with _stand_in("--events", "10000") as (register_url, *_others):
        client = brreg.Client(register_url)
        client.feed_from(1)  # the stand-in invents its events
        yield _row("feed page of 10,000 events", register_url, lambda url: _whole_page(client))


def _row(case, url, call):
    before = _control(url, "log")["requests"]
    ms, peak = measure.stopwatch(lambda: call(url))
    log = _control(url, "log")
    asked = log["requests"] - before
    return measure.Row(case, ms, peak=peak, note=f"{asked:,} requests, at most {log['most_at_once']} at once")


def _control(url, action):
    address = f"{url.split('/enhetsregisteret')[0].split('/adresser')[0]}/_control/{action}"
    with urllib.request.urlopen(urllib.request.Request(address, b"{}")) as answer:
        return json.load(answer)


def _singly(url, numbers):
    client = brreg.Client(url)
    with ThreadPoolExecutor(brreg.IN_FLIGHT) as pool:
        kinds = {}
        for outcome in pool.map(client.unit, numbers):
            kinds[type(outcome)] = kinds.get(type(outcome), 0) + 1
    _check(kinds)


def _in_lists(url, numbers):
    client, kinds = brreg.Client(url), {}
    with ThreadPoolExecutor(brreg.IN_FLIGHT) as pool:
        chunks = client.chunks(numbers)
        for answers in pool.map(lambda chunk: [type(found) for _n, found in client.units(chunk)], chunks):
            for kind in answers:
                kinds[kind] = kinds.get(kind, 0) + 1
    _check(kinds)


def _check(kinds):
    if sum(kinds.values()) != COUNT or brreg.Unavailable in kinds:
        raise AssertionError(f"not everything was answered: {kinds}")


def _addresses(url):
    client = kartverket.Client(url)
    with ThreadPoolExecutor(brreg.IN_FLIGHT) as pool:
        list(pool.map(lambda _n: client.check("Storgata 118", "4307", "Sandnes"), range(1_000)))


def _whole_page(client):
    page = client.feed_from(1)
    if len(page.events) != 10_000:
        raise AssertionError("no whole page")
