# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.fields import Domain


class KundekartotekAgreement(models.Model):
    """Which agreement is in force for a customer on a day, and what it gives."""

    _inherit = "kundekartotek.agreement"

    @api.model
    def _find_in_force(self, wanted):
        """The agreement each document gets its prices from.

        A customer's own agreement goes before its category's, a deeper category before the ones above it,
        then the one that started last, then the newest. A company's agreements count for its branches too.

        :param wanted: collection of ``(partner, company, date)``
        :return: ``{(partner, company, date): agreement}``, empty recordsets included
        """
        partners = self.env["res.partner"].union(*(key[0] for key in wanted))  # read at once
        customers = {partner.id: partner.commercial_partner_id for partner in partners}
        wanted = {key: (customers[key[0].id], key[1], key[2]) for key in wanted if key[0]}
        dates = [date for _customer, _company, date in wanted.values()]
        if not dates:
            return {}
        paths = {  # sudo: who sells may not read categories
            customer: customer.customer_category_id.parent_path or ""
            for customer in partners.commercial_partner_id.sudo()
        }
        candidates = self._read_in_force(
            {customer.id for customer in paths},
            {int(category) for path in paths.values() for category in path.split("/") if category},
            {
                parent
                for _customer, company, _date in wanted.values()
                for parent in company.sudo().parent_ids.ids
            },
            min(dates),
            max(dates),
        )
        return {
            key: next(
                (
                    agreement.sudo(False).with_env(self.env)
                    for agreement in candidates
                    if agreement._applies(customer, paths[customer], company, date)
                ),
                self.browse(),
            )
            for key, (customer, company, date) in wanted.items()
        }

    @api.model
    def _read_in_force(self, customer_ids, category_ids, company_ids, first, last):
        """Candidates, best first. As superuser: a salesperson or a web customer gets the agreed prices
        without the right to read agreements."""
        return (
            self.sudo()
            .search(
                (Domain("partner_id", "in", customer_ids) | Domain("category_id", "in", category_ids))
                & Domain("company_id", "in", company_ids)
                & self._in_force_domain(first, last)
            )
            .sorted(
                lambda agreement: (
                    bool(agreement.partner_id),
                    len(agreement.category_id.parent_path or ""),
                    agreement.date_from,
                    agreement.id,
                ),
                reverse=True,
            )
        )

    def _applies(self, customer, category_path, company, date):
        """Whether this agreement is in force for a customer, whose category has this path, on a date."""
        return (
            self.date_from <= date
            and (not self.date_to or date <= self.date_to)
            and self.company_id in company.sudo().parent_ids
            and (
                self.partner_id == customer
                if self.partner_id
                else category_path.startswith(self.category_id.parent_path)
            )
        )

    def _get_terms(self):
        """What the agreement gives. As superuser, for the same reason as :meth:`_read_in_force`.

        :return: ``(pricelist, discount in percent)``; an archived pricelist counts as none
        """
        agreement = self.sudo()
        return agreement.pricelist_id.filtered("active").with_env(self.env), agreement.discount
