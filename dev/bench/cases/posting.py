# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the addon costs where it must cost nothing: posting an invoice."""

from odoo.fields import Command

from ..generate.company import PRODUCT_CODE

POSTINGS = 200
# The least that posting changes: the entry's state and number, and its items.
POST_FLOOR = """
    WITH draft AS (SELECT max(id) AS id FROM account_move WHERE state = 'draft'),
    entry AS (UPDATE account_move m SET state = 'posted', name = 'INV/2000/00001' FROM draft WHERE m.id = draft.id)
    UPDATE account_move_line l SET parent_state = 'posted' FROM draft WHERE l.move_id = draft.id"""


def invoice(bench):
    """Posting one invoice with one line, 200 times with and without the addon in turns."""
    customers = bench.value(
        "SELECT array_agg(id) FROM (SELECT id FROM res_partner WHERE customer_rank > 0 AND parent_id IS NULL"
        " ORDER BY hashint8(id) LIMIT %s) p",
        POSTINGS + 1,
    )
    turn = {}

    def prepare(env):
        customer = customers[turn.setdefault(env.cr.dbname, 0)]
        turn[env.cr.dbname] += 1
        product = env["product.product"].search([("default_code", "=", PRODUCT_CODE)])
        draft = env["account.move"].create({
            "move_type": "out_invoice",
            "partner_id": customer,
            "invoice_line_ids": [Command.create({"product_id": product.id, "price_unit": 1000.0})],
        })
        return draft.action_post

    return [bench.timed("posting an invoice", prepare, floor=(POST_FLOOR,), core=True, rounds=POSTINGS)]
