# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the addon costs where it must cost nothing: posting an invoice."""

import itertools

from odoo.fields import Command

from ..generate.company import PRODUCT_CODE

ROUNDS, BATCH = 20, 10
# The least that posting changes: the entries' state and number, and their items.
POST_FLOOR = """
    WITH draft AS (SELECT id FROM account_move WHERE state = 'draft' ORDER BY id LIMIT %s),
    entry AS (UPDATE account_move m SET state = 'posted', name = 'INV/2000/' || m.id
                FROM draft d WHERE m.id = d.id)
    UPDATE account_move_line l SET parent_state = 'posted' FROM draft d WHERE l.move_id = d.id"""


def invoice(bench):
    """Posting invoices with one line, one by one: 200 with and 200 without the addon, in turns of ten."""
    customers = iter(bench.value(
        "SELECT array_agg(id) FROM (SELECT id FROM res_partner WHERE customer_rank > 0 AND parent_id IS NULL"
        " ORDER BY hashint8(id) LIMIT %s) p",
        2 * (ROUNDS + 1) * BATCH,
    ))

    def prepare(env):
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
                # Each on its own, as ten users would.
                draft.with_prefetch().action_post()
                env.flush_all()

        return post

    floor = POST_FLOOR, BATCH
    yield bench.timed(f"posting {BATCH} invoices", prepare, floor=floor, core=True, rounds=ROUNDS)
