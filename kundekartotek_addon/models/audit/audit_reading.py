# SPDX-License-Identifier: LGPL-3.0-or-later
"""Reading the trail: in plain language, by customer and by user, and what is unusual in it."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .audit_event import LOOKS


class AuditEvent(models.Model):
    _inherit = "kundekartotek.audit.event"
    _rec_name = "summary"
    _rec_names_search = ["res_name"]

    summary = fields.Char(string="What Happened", compute="_compute_summary")

    _exported_idx = models.Index("USING gin ((details->'ids')) WHERE kind = 'exported'")

    @api.depends("kind")
    @api.depends_context("lang")
    def _compute_summary(self):
        for event in self:
            event.summary = event._plain_language()

    def _plain_language(self):
        """:return: one sentence: who did what, from what to what, and why"""
        self.ensure_one()
        values = {
            "who": self.user_name or self.origin_name or self.env._("The database"),
            "record": self.res_name or self.model_label or "",
            "field": self.field_label or "",
            "old": self.old_value or self.env._("empty"),
            "new": self.new_value or self.env._("empty"),
        }
        sentences = {
            "created": self.env._("%(who)s created %(record)s", **values),
            "changed": self.env._("%(who)s changed %(field)s of %(record)s: %(old)s → %(new)s", **values),
            "archived": self.env._("%(who)s archived %(record)s", **values),
            "restored": self.env._("%(who)s restored %(record)s", **values),
            "deleted": self.env._("%(who)s deleted %(record)s", **values),
            "merged": self.env._("%(who)s merged %(record)s with %(new)s", **values),
            "seen": self.env._("%(who)s saw %(record)s", **values)
            if self.res_id
            else self.env._("%(who)s listed %(record)s where %(new)s", **values),
            "searched": self.env._("%(who)s searched %(record)s by sensitive data: %(new)s", **values),
            "exported": self.env._("%(who)s exported %(record)s: %(new)s", **values),
            "printed": self.env._("%(who)s printed %(new)s for %(record)s", **values),
            "sent": self.env._("%(who)s sent %(new)s to %(record)s", **values),
            "decided": self.env._("%(who)s decided on %(record)s: %(new)s", **values),
            "signed_in": self.env._("%(who)s signed in to %(new)s", **values),
        }
        through = " ".join(part for part in (self._through(), self.reason and f"«{self.reason}»") if part)
        return f"{sentences[self.kind]}, {through}" if through else sentences[self.kind]

    def _through(self):
        """On whose behalf, where it was not simply the person."""
        label = dict(self._fields["origin"]._description_selection(self.env))[self.origin]
        if self.origin in ("user", "system"):
            return f"({self.acting_name})" if self.acting_name else ""
        return f"({label}: {self.origin_name})" if self.origin_name else f"({label})"

    # -- by customer ---------------------------------------------------------------------------------

    @api.model
    def _customer_domain(self, customer_id):
        """Everything about a customer, and about those that were merged into it."""
        ids, found = {customer_id}, {customer_id}
        while found:
            found = {
                merged_id
                for (merged_id,) in self.env.execute_query(
                    SQL(
                        """
                    SELECT jsonb_array_elements_text(details -> 'merged_ids')::integer
                      FROM kundekartotek_audit_event
                     WHERE kind = 'merged' AND res_model = 'res.partner' AND res_id = ANY(%s)""",
                        list(found),
                    )
                )
            } - ids
            ids |= found
        return fields.Domain("customer_res_id", "in", sorted(ids))

    @api.model
    def _seen_domain(self, customer_id):
        """Who has looked at a customer: cards and prints, and exports that it was part of."""
        exports = self.env.execute_query(
            SQL(
                """
            SELECT id FROM kundekartotek_audit_event
             WHERE kind = 'exported' AND details -> 'ids' @> %s::jsonb AND res_model = 'res.partner'""",
                str(customer_id),
            )
        )
        looks = self._customer_domain(customer_id) & fields.Domain("kind", "in", LOOKS)
        return looks | fields.Domain("id", "in", [id_ for (id_,) in exports])

    # -- unusual reading -----------------------------------------------------------------------------

    @api.model
    def _cron_unusual(self):
        """Tell the privacy officers of unusual reading in the last hour and some minutes."""
        for company in self.env["res.company"].search([]):
            for user_id, texts in company._unusual_reading(
                fields.Datetime.now() - timedelta(minutes=70)
            ).items():
                company._report_unusual(self.env["res.users"].browse(user_id).exists(), texts)
