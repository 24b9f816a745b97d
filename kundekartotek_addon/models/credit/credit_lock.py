# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL


class CreditLock(models.Model):
    """One row per customer, or group of customers, and company: whoever decides on it writes the row.

    Two decisions on one customer thus follow each other. The second waits for the first to commit and is then
    refused by PostgreSQL, because it has not seen what the first did; Odoo's server runs it again. A lock
    alone would not do: in a transaction that began before, the first one's order stays invisible.
    """

    _name = "kundekartotek.credit.lock"
    _description = "Credit Decision Lock"
    _log_access = False

    company_res_id = fields.Integer(required=True)
    kind = fields.Char(required=True)
    key_res_id = fields.Integer(required=True)
    turn = fields.Integer(required=True)

    _key_uniq = models.UniqueIndex("(company_res_id, kind, key_res_id)")

    @api.model
    def _take(self, company_id, keys):
        """Have the next decision on these customers to oneself until the transaction ends.

        All rows are written by one statement in the order of their keys, so that two of us never wait for each
        other.

        :param keys: pairs (kind, id)
        """
        wanted = sorted({(company_id, *key) for key in keys})
        if not wanted:
            return
        self.env.cr.execute(SQL(
            """INSERT INTO kundekartotek_credit_lock AS taken (company_res_id, kind, key_res_id, turn)
               SELECT company_id, kind, key_id, 1
                 FROM unnest(%s::int[], %s::varchar[], %s::int[]) AS wanted(company_id, kind, key_id)
                ORDER BY company_id, kind COLLATE "C", key_id
                   ON CONFLICT (company_res_id, kind, key_res_id) DO UPDATE SET turn = taken.turn %% 1000000 + 1""",
            [key[0] for key in wanted], [key[1] for key in wanted], [key[2] for key in wanted],
        ), log_exceptions=False)
