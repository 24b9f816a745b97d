# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date

from stdnum.no import orgnr

from .customer_ledger import TODAY
from .insight_ledger import InsightLedgerCase


class InsightClassesCase(InsightLedgerCase):
    """Customers whose measures are given, and a credit manager."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("kundekartotek_addon.group_credit_manager")

    @classmethod
    def fill_ledger(cls, seed, documents):
        """Measures are written by the tests."""

    fill_years = fill_ledger

    def make(self, legal_form=None, **measures):
        """A customer with these measures.

        :param legal_form: as the register knows it
        """
        partner = self.env["res.partner"].create({
            "name": f"Kunde {len(self.Metrics.search([])) + 1} AS", "is_company": True,
            **{name: measures.pop(name) for name in ("user_id", "is_company", "customer_type") if name in measures}})
        if legal_form:
            number = next(filter(orgnr.is_valid, map(str, range(310000000 + 100 * partner.id, 10 ** 9))))
            partner.with_context(no_organisation_number_check=True).company_registry = number
            self.env["kundekartotek.register.entry"].sudo().create(
                {"number": number, "answer": "found", "status": "active", "legal_form": legal_form})
        self.Metrics.create({
            "partner_id": partner.id, "company_id": self.company.id, "computed_at": TODAY,
            "first_purchase": date(2020, 1, 1), "last_purchase": TODAY, "revenue_36m": 0,
            "claim_count_lifetime": measures.get("claim_count", 0), **measures})
        return partner

    def row(self, partner):
        return self.Metrics.search([("partner_id", "=", partner.id)])

    def classify(self):
        self.env.flush_all()
        self.Metrics._classify(self.company)

    def classes(self, customers, kind="abc_class"):
        return [self.row(customer)[kind] for customer in customers]
