# SPDX-License-Identifier: LGPL-3.0-or-later
"""The classes of a customer, what they are called, and why it has them."""
from odoo import api, fields, models
from odoo.tools import format_date, formatLang

from .customer_metrics import ABC_CLASSES, PAYMENT_CLASSES, RFM_SEGMENTS

KINDS = [("abc", "ABC"), ("payment", "Payment Behaviour"), ("rfm", "Segment")]
CLASSES = {"abc": ABC_CLASSES, "payment": PAYMENT_CLASSES, "rfm": RFM_SEGMENTS}
COLUMNS = {"abc": "abc_class", "payment": "payment_class", "rfm": "rfm_segment"}


class KundekartotekSegmentWhy(models.AbstractModel):
    """Says in words, in the reader's language, why a class was given: from the figures kept with it."""

    _name = "kundekartotek.segment.why"
    _description = "Why a Class Was Given"

    @api.model
    def _class_name(self, kind, key):
        return dict(self.env["kundekartotek.customer.metrics"]._fields[COLUMNS[kind]]._description_selection(
            self.env)).get(key, "")

    @api.model
    def _say_why(self, kind, key, facts, currency):
        """:param facts: the figures at the time, as the statement that gave the class kept them"""
        facts = facts or {}
        if not key:
            return ""
        name = self._class_name(kind, key)
        if facts.get("reason"):
            text = self.env._("%(name)s, locked: %(reason)s", name=name, reason=facts["reason"])
            if facts.get("until"):
                until = format_date(self.env, fields.Date.to_date(facts["until"]))
                text = self.env._("%(text)s (until %(until)s)", text=text, until=until)
            return text
        return f"{name}: {getattr(self, f'_say_{kind}')(key, facts, currency)}"

    def _amount(self, value, currency):
        return formatLang(self.env, round(value or 0), digits=0) + f" {currency.symbol}"

    def _number(self, value, digits=0):
        return formatLang(self.env, value or 0, digits=digits)

    def _say_abc(self, key, facts, currency):
        values = {
            "amount": self._amount(facts.get("value"), currency),
            "share": self._number(100 * (facts.get("share") or 0), 1),
            "cumulative": self._number(100 * (facts.get("cumulative") or 0)),
        }
        if key == "none":
            return self._say_unranked(facts, currency)
        if key == "new":
            day = format_date(self.env, fields.Date.to_date(facts.get("first")))
            return self.env._("%(amount)s since the first invoice on %(day)s", day=day, **values)
        if facts.get("basis") == "margin":
            text = self.env._("%(amount)s, %(share)s %% of margin, cumulative %(cumulative)s %%", **values)
        else:
            text = self.env._("%(amount)s, %(share)s %% of revenue, cumulative %(cumulative)s %%", **values)
        if facts.get("kept"):
            return self.env._("%(text)s, kept: less than %(points)s points beyond the limit", text=text,
                              points=self._number(facts["kept"]))
        if facts.get("crosses"):
            return self.env._("%(text)s, crosses %(limit)s %%", text=text, limit=self._number(facts["crosses"]))
        return text

    def _say_unranked(self, facts, currency):
        revenue = facts.get("revenue") or 0
        if revenue < 0:
            return self.env._("credit notes above sales in 12 months: %(amount)s",
                              amount=self._amount(revenue, currency))
        if revenue and facts.get("basis") == "margin":
            return self.env._("no margin in 12 months: %(amount)s", amount=self._amount(facts.get("value"), currency))
        return self.env._("no sales in 12 months")

    def _say_payment(self, _key, facts, _currency):
        names = facts.get("rule") or {}  # in every language
        values = {"late": facts.get("late"), "claims": facts.get("claims"), "days": self._number(facts.get("days")),
                  "rule": names.get(self.env.lang) or names.get("en_US") or ""}
        if not facts.get("claims"):
            text = self.env._("nothing paid or overdue in 12 months")
        elif not facts.get("late"):
            text = self.env._("%(claims)s of %(claims)s invoices in time", **values)
        else:
            text = self.env._("%(late)s of %(claims)s invoices late, %(days)s days weighted", **values)
        return self.env._("%(text)s (rule: %(rule)s)", text=text, **values) if values["rule"] else text

    def _say_rfm(self, _key, facts, currency):
        last = facts.get("last") and format_date(self.env, fields.Date.to_date(facts["last"]))
        return self.env._(
            "last purchase %(last)s (%(recency)s of 5), %(count)s invoices (%(frequency)s of 5) and %(amount)s "
            "(%(monetary)s of 5) in 36 months",
            last=last or "-", count=facts.get("count"), amount=self._amount(facts.get("amount"), currency),
            recency=facts.get("r"), frequency=facts.get("f"), monetary=facts.get("m"))
