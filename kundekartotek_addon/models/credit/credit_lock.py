# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

# All rows are written in the order of their keys, so that two of us never wait for each other.
CREATE = """
    CREATE OR REPLACE FUNCTION kundekartotek_credit_turn(company int, kinds text[], keys int[])
    RETURNS SETOF int LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$ BEGIN
    INSERT INTO kundekartotek_credit_lock AS taken (company_res_id, kind, key_res_id, turn)
    SELECT company, wanted.kind, wanted.key_id, 1 FROM unnest(kinds, keys) AS wanted(kind, key_id)
     ORDER BY wanted.kind COLLATE "C", wanted.key_id
        ON CONFLICT (company_res_id, kind, key_res_id) DO UPDATE SET turn = taken.turn % 1000000 + 1;
    END $$"""


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

    def init(self):
        super().init()
        self.env.cr.execute(CREATE)

    @api.model
    def _take_turn(self, company_id, keys):
        """Take the turn on its own, where what the decision stands on is read through the ORM afterwards."""
        self.env.cr.execute(SQL("SELECT FROM %s", self._turn_sql(company_id, keys)), log_exceptions=False)

    @api.model
    def _turn_sql(self, company_id, keys):
        """A function to be called in the statement that reads what a decision stands on: the next decision on these
        customers is then ours alone until the transaction ends. It gives no rows.

        :param keys: pairs (kind, id)
        """
        wanted = set(keys)
        return SQL(
            "kundekartotek_credit_turn(%s, %s, %s)",
            company_id, [kind for kind, _id in wanted], [id_ for _kind, id_ in wanted])
