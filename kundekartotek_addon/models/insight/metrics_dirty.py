# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL

NOTED = "kundekartotek.metrics.dirty"


class KundekartotekMetricsDirty(models.Model):
    """Customers to measure anew: a queue that is only added to, so that two users who post for one customer never
    wait for each other. Rows hold plain ids, as what they tell of may be gone.
    """

    _name = "kundekartotek.metrics.dirty"
    _description = "Customer to Measure"
    _log_access = False

    partner_res_id = fields.Integer(required=True)
    company_res_id = fields.Integer(help="The legal entity; empty: every one.")

    @api.model
    def _note(self, partners, company=None):
        """Remember, until the end of the transaction, that something happened to these partners.

        :param company: where; in every company by default
        """
        precommit = self.env.cr.precommit
        if NOTED not in precommit.data:
            precommit.data[NOTED] = set()
            precommit.add(self._write_noted)
        company_id = company.root_id.id if company else None
        precommit.data[NOTED].update((partner_id, company_id) for partner_id in partners.ids)

    @api.model
    def _write_noted(self):
        """One statement at the end of the transaction, whatever it did. Plain SQL, as whoever posts may not
        write here."""
        if noted := sorted(self.env.cr.precommit.data.pop(NOTED, ()), key=str):
            partners, companies = zip(*noted)
            self.env.cr.execute(SQL(
                "INSERT INTO kundekartotek_metrics_dirty (partner_res_id, company_res_id)"
                " SELECT * FROM unnest(%s::int[], %s::int[])", list(partners), list(companies)))

    @api.model
    def _take(self, limit):
        """Take the longest waiting customers off the queue, with all that is noted of them.

        :return: [(commercial partner id or id that is none any more, company id or None)]
        """
        rows = self.env.execute_query(SQL(
            """
            WITH first AS (
                SELECT partner_res_id FROM kundekartotek_metrics_dirty
                 GROUP BY partner_res_id ORDER BY min(id) LIMIT %s
            ), taken AS (
                DELETE FROM kundekartotek_metrics_dirty WHERE partner_res_id IN (SELECT partner_res_id FROM first)
                RETURNING partner_res_id, company_res_id)
            SELECT taken.partner_res_id, p.commercial_partner_id, taken.company_res_id
              FROM taken LEFT JOIN res_partner p ON p.id = taken.partner_res_id""",
            limit, to_flush=[self.env["res.partner"]._fields["commercial_partner_id"]]))
        return list(dict.fromkeys(
            (partner_id, company_id)
            for partner, commercial, company_id in rows for partner_id in (partner, commercial) if partner_id))

    @api.model
    def _forget(self, company):
        """Empty the queue of a company that is measured as a whole; what concerns every company stays."""
        self.env.cr.execute(SQL("DELETE FROM kundekartotek_metrics_dirty WHERE company_res_id = %s", company.id))

    @api.model
    def _count(self):
        return self.env.execute_query(SQL("SELECT count(*) FROM kundekartotek_metrics_dirty"))[0][0]
