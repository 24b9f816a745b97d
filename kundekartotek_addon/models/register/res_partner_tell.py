# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models

TOPIC = {
    "insolvency": "insolvency", "restored": "insolvency", "deleted": "gone", "withdrawn": "gone", "unknown": "gone",
    "vat": "vat",
}  # fmt: skip


class ResPartner(models.Model):
    """Telling people what the register says of their customers."""

    _inherit = "res.partner"

    def _tell_of_register(self, changes):
        """Give a task to everyone who is to know, one for each person whatever happened at once.

        :param changes: the changes of this customer, the gravest first
        :return: the users that got one
        """
        self.ensure_one()
        recipients = {}
        for change in changes:
            for user in self._find_register_recipients(change.kind):
                recipients.setdefault(user, []).append(change)
        for user, found in recipients.items():
            partner = self.with_context(lang=user.lang)
            Change = partner.env["kundekartotek.register.change"]
            partner.activity_schedule(
                "mail.mail_activity_data_todo",
                user_id=user.id,
                summary=partner.env._(
                    "Brønnøysund: %(what)s", what=Change._describe_kind(found[0].kind)),
                note=Change._describe_changes(found),
            )
        return self.env["res.users"].union(*recipients)

    def _find_register_recipients(self, kind):
        """:return: the users to tell of this kind of change, by the settings of each company concerned"""
        users = self.env["res.users"]
        for company in self._find_register_companies():
            choice = company[f"register_{TOPIC.get(kind, 'details')}_to"]
            credit = company._find_register_credit_manager()
            salesperson = self.user_id.filtered(lambda user, company=company: (
                user.active and not user.share and company in user.company_ids))
            if choice == "both":
                users |= salesperson | credit
            elif choice != "nobody":
                users |= salesperson or credit if choice == "sales" else credit
        return users

    def _find_register_companies(self):
        """The companies that a change of this customer matters to: its own, else those that have invoiced it,
        else the one that the salesperson or whoever registered it works in."""
        if self.company_id:
            return self.company_id
        groups = self.env["account.move"].sudo()._read_group(  # sudo: the job sees every company
            [("commercial_partner_id", "=", self.id), ("state", "=", "posted")], ["company_id"])
        companies = self.env["res.company"].union(*(company for (company,) in groups))
        return companies or (self.user_id or self.create_uid).company_id

    def _get_register_language(self, users):
        """:return: the language of notes on this customer: that of who is told, else of the first company"""
        company = self.company_id or self.env.ref("base.main_company")
        return (users[:1].lang if users else None) or company.partner_id.lang or self.env.lang
