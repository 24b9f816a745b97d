# SPDX-License-Identifier: LGPL-3.0-or-later
"""The register in the addon: validating many customers, matching the feed, and the field that is typed in."""

import time

from odoo.tools import SQL

from odoo.addons.kundekartotek_addon.tools import brreg

from dev.brreg_firms import Firms

from .. import databases, measure
from .register_client import _control, _stand_in

VALIDATED, CUSTOMERS, EVENTS = 10_000, 50_000, 10_000
# Customers that the register knows. The card has what it says of the name, so that most agree.
INSERT_CUSTOMERS = """
    INSERT INTO res_partner (name, complete_name, is_company, active, customer_rank, company_registry, vat, country_id,
                             type, lang, color, partner_share, customer_type, autopost_bills, message_bounce,
                             supplier_rank, create_date, write_date)
    SELECT 'Bench ' || number, 'Bench ' || number, TRUE, TRUE, 1, number, number, %s, 'contact', 'en_US', 0, TRUE,
           'business', 'ask', 0, 0, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM unnest(%s) number;
    UPDATE res_partner SET commercial_partner_id = id WHERE commercial_partner_id IS NULL;
    ANALYZE res_partner"""
INSERT_ENTRIES = """
    INSERT INTO kundekartotek_register_entry (number, answer, last_outcome, status, fetched)
    SELECT number, 'found', 'found', 'active', now() AT TIME ZONE 'UTC' FROM unnest(%s) number
    ON CONFLICT DO NOTHING;
    ANALYZE kundekartotek_register_entry"""
FLOOR = "UPDATE kundekartotek_register_entry SET next_due = now() WHERE number = ANY(%s)"


def validate(bench):
    """Validating 10,000 customers against the stand-in with 20 ms latency, as the job does it, results and all; and a
    quarter of them, to see that the memory does not grow with their number."""
    for count in (VALIDATED // 4, VALIDATED):
        with _stand_in() as (register_url, *_others), _copy(bench, count) as database:
            yield _validate(database, register_url, count)


def _validate(database, register_url, count):
    with databases.environment(database) as env:
        _point_at(env, register_url)
        env["kundekartotek.register.run"]._start(None, kind="all")
    before = _control(register_url, "log")["requests"]
    with databases.environment(database) as env:
        ms, peak = measure.stopwatch(env["kundekartotek.register.entry"]._cron_fetch)
    with databases.environment(database) as env:
        done = env["kundekartotek.register.run"].search([], limit=1)
        log = _control(register_url, "log")
        note = (f"{log['requests'] - before:,} requests, at most {log['most_at_once']} at once; {done.done:,} of "
                f"{done.total:,} have a result")
    return measure.Row(f"validate {count:,} customers", ms, peak=peak, note=note)


def feed(bench):
    """A page of 10,000 events against 50,000 customers: matched, and those of ours queued."""
    with _copy(bench, CUSTOMERS) as database:
        numbers = list(Firms(CUSTOMERS).numbers())
        for touching in (0, 100, EVENTS):
            strangers = (str(700_000_000 + place) for place in range(EVENTS - touching))
            page = _page([*numbers[:touching], *strangers])
            times = []
            for _round in range(measure.ROUNDS):
                with databases.environment(database) as env:
                    env.cr.execute(INSERT_ENTRIES, [numbers])
                    feed = env["kundekartotek.register.feed"].create({"kind": "unit"})
                    env.flush_all()
                    count = env.cr.sql_log_count
                    start = time.perf_counter()
                    matched = feed._take(page)
                    env.flush_all()
                    times.append(1000 * (time.perf_counter() - start))
                    statements = env.cr.sql_log_count - count
                    if len(matched) != touching:
                        raise AssertionError(f"{len(matched)} matched, not {touching}")
                    start = time.perf_counter()
                    env.cr.execute(FLOOR, [[event.number for event in page.events]])
                    floor = 1000 * (time.perf_counter() - start)
                    env.cr.rollback()
            yield measure.Row(
                f"match {EVENTS:,} events, {touching:,} of ours", sorted(times)[len(times) // 2], floor=floor,
                statements=statements, note=f"{CUSTOMERS:,} customers")


def names(bench):
    """The call of the field that is typed in, among 20,000 firms; the stand-in's 20 ms are in it."""
    with _stand_in() as (register_url, *_others):
        def prepare(env):
            _point_at(env, register_url)
            env["res.partner"].search_in_register("ås bygg")  # the stand-in makes its index of names
            return lambda: env["res.partner"].search_in_register("ravn bygg")

        yield bench.timed("search by name, from the form", prepare)


def search(bench):
    """Finding customers by their status in the register, and the status of a list of 80."""
    with _copy(bench, CUSTOMERS) as database:
        numbers = list(Firms(CUSTOMERS).numbers())
        with databases.environment(database) as env:
            env.cr.execute(INSERT_ENTRIES, [numbers])
            env.cr.execute(SQL("UPDATE kundekartotek_register_entry SET status = 'bankrupt' WHERE number = ANY(%s)",
                               numbers[:200]))
        for case, call in (
            ("find the bankrupt", lambda env: env["res.partner"].search_count([("register_status", "=", "bankrupt")])),
            ("status of 80 customers", lambda env: env["res.partner"].search(
                [("is_customer", "=", True)], limit=80, order="id desc").mapped("register_status")),
        ):
            figures = [measure.run(database, lambda env, call=call: lambda: call(env)) for _round in range(5)]
            middle = sorted(figures, key=lambda each: each.ms)[2]
            yield measure.Row(case, middle.ms, statements=middle.statements, note=f"{CUSTOMERS:,} customers")


def _page(numbers):
    events = tuple(brreg.Event(30_000_000 + place, None, number, "change") for place, number in enumerate(numbers))
    return brreg.FeedPage(events, events[-1].id, True)


class _copy:
    """A copy of the filled database with so many customers that the stand-in knows."""

    def __init__(self, bench, count):
        self.source, self.count = bench.databases.ours, count

    def __enter__(self):
        self.name = f"{self.source}_register"
        databases.clone(self.source, self.name)
        with databases.environment(self.name) as env:
            env.cr.execute("UPDATE res_partner SET customer_rank = 0")
            env.cr.execute(INSERT_CUSTOMERS, [env.ref("base.no").id, list(Firms(self.count).numbers())])
        return self.name

    def __exit__(self, *_error):
        databases.drop(self.name)


def _point_at(env, url):
    env["ir.config_parameter"].set_param("kundekartotek_addon.register_mode", "on")
    env["ir.config_parameter"].set_param("kundekartotek_addon.register_url", url)
