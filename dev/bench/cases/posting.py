# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the addon costs where it must cost nothing: posting an invoice."""

import functools
import itertools

from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.kundekartotek_addon import schema

from .. import databases
from ..generate.company import PRODUCT_CODE

ROUNDS, PAIRS, BATCH = 20, 60, 10
CUSTOMERS = """
    SELECT array_agg(id) FROM (SELECT id FROM res_partner WHERE customer_rank > 0 AND parent_id IS NULL
                                ORDER BY hashint8(id) LIMIT %s) p"""
# The least that posting changes: the entries' state and number, and their items.
POST_FLOOR = """
    WITH draft AS (SELECT id FROM account_move WHERE state = 'draft' ORDER BY id LIMIT %s),
    entry AS (UPDATE account_move m SET state = 'posted', name = 'INV/2000/' || m.id
                FROM draft d WHERE m.id = d.id)
    UPDATE account_move_line l SET parent_state = 'posted' FROM draft d WHERE l.move_id = d.id"""


def invoice(bench):
    """Posting invoices with one line, one by one: 200 with and 200 without the addon, in turns of ten."""
    customers = iter(bench.value(CUSTOMERS, 2 * (ROUNDS + 1) * BATCH))
    floor = POST_FLOOR, BATCH
    yield bench.timed(f"posting {BATCH} invoices", _posting(customers), floor=floor, core=True, rounds=ROUNDS)


def indexes(bench):
    """Posting with the addon's indexes and, in the same database, without them: pairs in turn, the difference of each.
    """
    with databases.environment(bench.databases.ours) as env:
        names = [name for name, table, *_rest in schema.added_indexes(env) if table.startswith("account_move")]
    yield _with_and_without(bench, "our indexes", names)


def ledger_index(bench):
    """The same with and without the one index that the customers' ledger is read by."""
    yield _with_and_without(bench, "the ledger's index", ["account_move_line_ledger_items_idx"])


def _with_and_without(bench, label, names):
    """The indexes are dropped in the transaction that posts, which is rolled back."""
    customers = bench.value(CUSTOMERS, PAIRS * BATCH)

    def posting(dropped, env, number):
        return _posting(iter(customers[number * BATCH:][:BATCH]), dropped)(env)

    return bench.paired(
        f"posting {BATCH} invoices with {label}", functools.partial(posting, ()), functools.partial(posting, names),
        PAIRS, "without")


def _posting(customers, dropped=()):
    """What prepares the posting of the next batch of drafts, each on its own, as ten users would."""

    def prepare(env):
        for name in dropped:
            env.cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
        product = env["product.product"].search([("default_code", "=", PRODUCT_CODE)])
        drafts = env["account.move"].create([
            {
                "move_type": "out_invoice",
                "partner_id": customer,
                "invoice_line_ids": [Command.create({"product_id": product.id, "price_unit": 1000.0})],
            }
            for customer in itertools.islice(customers, BATCH)
        ])

        def post():
            for draft in drafts:
                draft.with_prefetch().action_post()
                env.flush_all()

        return post

    return prepare
