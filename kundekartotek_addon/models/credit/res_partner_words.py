# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models
from odoo.tools.misc import formatLang


class ResPartner(models.Model):
    """Saying why, in words for everybody, and with figures for those who may see them."""

    _inherit = "res.partner"

    def _in_company_language(self):
        """These customers, spoken of in the company's language: what is stored is read by all, whoever writes it."""
        return self.with_context(lang=self.env.company.root_id.sudo().partner_id.lang or self.env.lang)

    def _credit_words(self, findings):
        """:return: one line per finding, without amounts"""
        return "\n".join(self._credit_word(finding) for finding in findings)

    def _credit_word(self, finding):
        rule, env = finding.rule, self.env
        match rule.kind:
            case "limit" if rule.percent < 100:
                return env._("Near the credit limit (%(percent)s %% or more is used)", percent=round(rule.percent))
            case "limit":
                return (env._("Over the limit that the group of customers shares") if finding.text
                        else env._("Over the credit limit"))
            case "overdue":
                return env._("Has not paid what fell due more than %(days)s days ago", days=rule.days)
            case "oldest":
                return env._("The oldest unpaid item is more than %(days)s days overdue", days=rule.days)
            case "review":
                return env._("The credit limit has not been reviewed in time")
            case "register":
                return finding.text
        return env._("Blocked by hand: %(reason)s", reason=finding.text.strip())

    def _credit_figures_text(self, findings):
        """:return: one line per finding that has figures, with the amounts"""
        currency = self.env.company.root_id.sudo().currency_id
        lines = []
        for finding in findings:
            match finding.rule.kind:
                case "limit" | "overdue":
                    text = self.env._("%(what)s: %(figure)s, allowed %(bound)s")
                    figure, bound = (formatLang(self.env, each, currency_obj=currency)
                                     for each in (finding.figure, finding.bound))
                case "oldest" | "review":
                    text = self.env._("%(what)s: %(figure)s days, allowed %(bound)s")
                    figure, bound = str(finding.figure), str(finding.bound)
                case _:
                    lines.append(self._credit_word(finding))
                    continue
            lines.append(text % {"what": self._credit_word(finding), "figure": figure, "bound": bound})
        return "\n".join(lines)
