# SPDX-License-Identifier: LGPL-3.0-or-later
"""Reading the trail: in plain language, by customer and by user, and what is unusual in it."""

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, LazyTranslate

from .audit_domain import domain_in_words
from .audit_event import LOOKS
from .audit_language import RecordedTexts, as_recorded, grouped

_lt = LazyTranslate(__name__)
SENTENCES = {
    "created": _lt("%(who)s created %(record)s"),
    "changed": _lt("%(who)s changed %(field)s of %(record)s: %(old)s → %(new)s"),
    "archived": _lt("%(who)s archived %(record)s"),
    "restored": _lt("%(who)s restored %(record)s"),
    "deleted": _lt("%(who)s deleted %(record)s"),
    "merged": _lt("%(who)s merged %(record)s with %(new)s"),
    "seen": _lt("%(who)s saw %(record)s"),
    "listed": _lt("%(who)s listed %(record)s: %(new)s"),
    "through": _lt("%(who)s saw %(record)s by way of %(new)s"),
    "searched": _lt("%(who)s searched %(record)s by sensitive data: %(new)s"),
    "exported": _lt("%(who)s exported %(record)s: %(new)s"),
    "printed": _lt("%(who)s printed %(new)s for %(record)s"),
    "sent": _lt("%(who)s sent %(new)s to %(record)s"),
    "decided": _lt("%(who)s decided on %(record)s: %(new)s"),
    "signed_in": _lt("%(who)s signed in to %(new)s"),
}
SEVERAL = {"res.partner": _lt("contacts"), "res.partner.bank": _lt("bank accounts")}


def in_sentence(label):
    """:return: a label as it is written within a sentence: VAT stays VAT"""
    return label[0].lower() + label[1:] if label and label[1:2].islower() else label or ""


class AuditEvent(models.Model):
    _inherit = "kundekartotek.audit.event"
    _rec_name = "summary"
    _rec_names_search = ["res_name"]

    summary = fields.Char(string="What Happened", compute="_compute_texts")
    old_text = fields.Text(string="From", compute="_compute_texts", search="_search_old_text")
    new_text = fields.Text(string="To", compute="_compute_texts", search="_search_new_text")

    _exported_idx = models.Index("USING gin ((details->'ids')) WHERE kind = 'exported'")

    @api.depends("kind", "res_model", "field_name", "old_value", "new_value")
    @api.depends_context("lang", "tz")
    def _compute_texts(self):
        """What was recorded, as the reader's language writes it."""
        texts = {name: RecordedTexts(self.env, name) for name in set(self.mapped("res_model"))}
        for event in self:
            recorded, old, new = texts[event.res_model], event.old_value, event.new_value
            if event.kind in ("created", "deleted"):
                event.old_text, event.new_text = recorded.lines(old), recorded.lines(new)
            elif event.kind in LOOKS:
                event.old_text, event.new_text = False, event._look_in_words()
            else:
                event.old_text, event.new_text = (recorded.value(event.field_name, text) for text in (old, new))
            event.summary = event._plain_language()

    def _look_in_words(self):
        """:return: what was listed, searched by or exported, from the details; else the text as it was recorded"""
        details = self.details if isinstance(self.details, dict) else {}
        model = self.env.get(self.res_model or "")
        text, rows = self.new_value, details.get("rows")
        if model is not None and "domain" in details:
            text = domain_in_words(model, details["domain"])
        elif model is not None and "fields" in details:
            return model._export_words(grouped(self.env, len(details.get("ids", ()))), details["fields"])
        elif "method" in details:
            text = self.env["ir.model"]._get(text).name or text
        return self.env._("%(what)s (rows: %(count)s)", what=text, count=grouped(self.env, rows)) if rows else text

    def _search_old_text(self, operator, value):
        return self._search_text("old_value", operator, value)

    def _search_new_text(self, operator, value):
        return self._search_text("new_value", operator, value)

    def _search_text(self, column, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        found = Domain(column, operator, value)
        return found | Domain(column, operator, as_recorded(self.env, value)) if operator == "ilike" else found

    def _plain_language(self):
        """:return: one sentence: who did what, from what to what, and why"""
        self.ensure_one()
        values = {
            "who": self.user_name or self.origin_name or self.env._("The database"),
            "record": self._record_in_words(),
            "field": in_sentence(self.field_label),
            "old": self.old_text or self.env._("empty"),
            "new": self.new_text or self.env._("empty"),
        }
        kind = self.kind
        if kind == "seen" and not self.res_id:
            kind = "listed" if "domain" in (self.details or {}) else "through"
        sentence = self.env._(SENTENCES[kind])
        sentence %= values
        through = " ".join(part for part in (self._through(), self.reason and f"«{self.reason}»") if part)
        return f"{sentence}, {through}" if through else sentence

    def _record_in_words(self):
        """The record by its name; what is no customer or contact also by what it is."""
        if not self.res_name:
            return self.env._(SEVERAL[self.res_model]) if self.res_model in SEVERAL else self._label_in_words()
        return self.res_name if self.res_model == "res.partner" else f"{self._label_in_words()} {self.res_name}"

    def _label_in_words(self):
        return self.env._("bank account") if self.res_model == "res.partner.bank" else in_sentence(self.model_label)

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
        return Domain("customer_res_id", "in", sorted(ids))

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
        looks = self._customer_domain(customer_id) & Domain("kind", "in", LOOKS)
        return looks | Domain("id", "in", [id_ for (id_,) in exports])

    # -- unusual reading -----------------------------------------------------------------------------

    @api.model
    def _cron_unusual(self):
        """Tell the privacy officers of unusual reading in the last hour and some minutes."""
        for company in self.env["res.company"].search([]):
            for user_id, texts in company._unusual_reading(
                fields.Datetime.now() - timedelta(minutes=70)
            ).items():
                company._report_unusual(self.env["res.users"].browse(user_id).exists(), texts)
