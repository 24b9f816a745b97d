# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a customer's ledger is read by: its items in the order of their dates, with their amounts."""

from odoo import models
from odoo.tools import SQL

# Every posted item of an account that is reconciled, so every receivable item, paid or open, zero or not;
# revenue, tax and cost items, most of the table, stay outside.
LEDGER_ITEM = """parent_state = 'posted'
    AND (reconciled OR amount_residual <> 0 OR amount_residual_currency <> 0)"""


def is_ledger_item(item):
    """The condition of the index, for an SQL alias of ``account_move_line``."""
    return SQL(
        """(%(item)s.parent_state = 'posted' AND (%(item)s.reconciled OR %(item)s.amount_residual <> 0
            OR %(item)s.amount_residual_currency <> 0))""", item=item)


def is_open_item(item):
    """The condition of the open items' index, for an SQL alias of ``account_move_line``."""
    return SQL(
        """(%(item)s.parent_state = 'posted'
            AND (%(item)s.amount_residual <> 0 OR %(item)s.amount_residual_currency <> 0))""", item=item)


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    _ledger_items_idx = models.Index(
        f"(partner_id, date, id) INCLUDE (account_id, company_id, balance) WHERE {LEDGER_ITEM}")
