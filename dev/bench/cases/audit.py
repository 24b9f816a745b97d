# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the trail costs: writing, opening a card, sealing, reading it."""

import functools
from unittest.mock import patch

from odoo.fields import Domain

from dev.cache import ADDON

from .. import databases, measure, webclient

PAIRS, CUSTOMERS = 15, 1_000
EVENTS, SEALED, FOUND = 10_000_000, 100_000, 5_000
EVENT = "kundekartotek.audit.event"
PARTNERS = """
    SELECT array_agg(id) FROM (SELECT id FROM res_partner WHERE customer_rank > 0 AND parent_id IS NULL
                                ORDER BY hashint8(id) LIMIT %s) p"""
# Events over two years, of a thousand users and fifty thousand customers.
INSERT = """
    INSERT INTO kundekartotek_audit_event (date, kind, origin, user_res_id, user_name, company_res_id, customer_res_id,
                                           res_model, res_id, res_name, field_name, old_value, new_value)
    SELECT now() AT TIME ZONE 'UTC' - n %% 1051200 * %(step)s::interval, 'changed', 'user', 1000 + n %% 1000,
           'Bruker', %(company)s, CASE WHEN n %% %(every)s = 0 THEN %(customer)s ELSE 1000000 + n %% 50000 END,
           'res.partner', n, 'Kunde', 'phone', '22 33 44 55', '55 44 33 22'
      FROM generate_series(1, %(count)s) n"""


def write(bench):
    """Writing one field of 1,000 partners, with the trail and without: audited or not, one by one or in one batch."""
    partners = bench.value(PARTNERS, CUSTOMERS)
    for field, value, label in (("phone", "22 33 44 55", "audited"), ("color", 3, "not audited")):
        for title, writing in (("one by one", _write_each), ("in one batch", _write_all)):
            def variant(recorded, env, number, field=field, value=value, writing=writing):
                call = functools.partial(writing, env["res.partner"].browse(partners), {field: value})
                return call if recorded else functools.partial(_unrecorded, env, call)

            yield bench.paired(
                f"writing {CUSTOMERS:,} partners {title}, {label}", functools.partial(variant, True),
                functools.partial(variant, False), PAIRS, "without the trail")


def card(bench):
    """Opening a customer's page, with the look noted and without: what the user waits for."""
    partner = bench.value(PARTNERS, 1)[0]

    def variant(noted, env, number):
        fields = webclient.specification(env, "res.partner", "form")
        call = functools.partial(webclient.call, env, "res.partner", "web_read", [partner], specification=fields)
        return call if noted else functools.partial(_unnoted, call)

    yield bench.paired(
        "opening a card", functools.partial(variant, True), functools.partial(variant, False), 2 * PAIRS,
        "no look noted")


def seal(bench):
    """Sealing 100,000 events, as the nightly job does."""

    def prepare(env):
        _fill(env, SEALED, SEALED, step="1 microsecond")
        seals = env["kundekartotek.audit.seal"].sudo()

        def seal_all():  # rolled back afterwards, so its blocks are not committed one by one
            with patch.object(env.registry["ir.cron"], "_commit_progress", lambda *args, **kwargs: 1):
                seals._seal_company(env.company.id, seals._read_horizon())

        return seal_all

    yield bench.timed(f"sealing {SEALED:,} events", prepare, rounds=2)


def read(bench):
    """A customer's timeline, and one user's events of a month, among ten million that are rolled back afterwards."""
    customer = bench.value(PARTNERS, 1)[0]
    timeline = Domain("customer_res_id", "=", customer)
    period = Domain("user_res_id", "=", 1500) & Domain("date", ">=", "today -2m") & Domain("date", "<", "today -1m")
    with databases.environment(bench.databases.ours, measure.LOGIN) as env:
        env.user.sudo().group_ids += env.ref(f"{ADDON.name}.group_auditor")
        _fill(env, EVENTS, EVENTS // FOUND, customer)
        env.cr.execute("ANALYZE kundekartotek_audit_event")
        for label, domain in ((f"timeline of a customer with {FOUND:,} events", timeline),
                              ("a user's events of a month", period)):
            arguments = {
                "domain": list(domain), "specification": webclient.specification(env, EVENT, "list"),
                "limit": webclient.LIST_LIMIT, "count_limit": 10_001,
            }
            call = functools.partial(webclient.call, env, EVENT, "web_search_read", **arguments)
            call()
            env.invalidate_all()
            ms, peak = measure.stopwatch(call)
            yield measure.Row(f"{label} among {EVENTS:,}", ms, peak=peak)
        env.cr.rollback()


def _fill(env, count, every, customer=0, step="1 minute"):
    env.cr.execute(INSERT, {
        "company": env.company.id, "count": count, "every": every, "customer": customer, "step": step})


def _write_each(partners, vals):
    for partner in partners:
        partner.write(vals)
        partner.env.flush_all()


def _write_all(partners, vals):
    partners.write(vals)
    partners.env.flush_all()


def _unrecorded(env, call):
    with patch.object(env.registry["res.partner"], "_is_audited", lambda self: False):
        call()


def _unnoted(call):
    with patch("odoo.addons.kundekartotek_addon.models.audit.res_partner.note_look", lambda *args, **kwargs: None):
        call()
