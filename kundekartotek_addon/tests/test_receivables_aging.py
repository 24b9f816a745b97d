# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, new_test_user, tagged

from .aging_oracle import aging_of, ledger_of, open_items
from .customer_ledger import TODAY, CustomerLedgerCase

DAYS = (TODAY, TODAY - timedelta(1), date(2026, 10, 31), date(2026, 9, 30), date(2026, 8, 5), TODAY + timedelta(45))


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestAging(CustomerLedgerCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.everywhere = cls.company + cls.other_company + cls.branch
        cls.reader = new_test_user(
            cls.env, "leser_aldersfordeling", "kundekartotek_addon.group_reader", company_id=cls.company.id,
            company_ids=[Command.set(cls.everywhere.ids)])

    def aging(self, day=None, companies=None, **context):
        return self.env["kundekartotek.aging"].with_user(self.reader).with_context(
            allowed_company_ids=(companies or self.company).ids, **({"aging_date": str(day)} if day else {}), **context)

    def lines(self, aging, domain=()):
        return {(line.company_id.id, line.partner_id.id): line for line in aging.search(domain)}

    def assertAging(self, aging, expected, by=()):
        found = aging.with_context(aging_grain=sum(
            {"currency_id": 1, "account_id": 2}[name] for name in by)).search([])
        lines = {(line.company_id.id, line.partner_id.id, *(line[name].id for name in by)): line for line in found}
        self.assertEqual(set(lines), set(expected))
        self.assertEqual(len(lines), len(found))
        for key, columns in expected.items():
            for name, value in columns.items():
                self.assertEqual(round(lines[key][name], 2) if isinstance(value, float) else lines[key][name], value,
                                 f"{key} {name}")

    # ---- figures -----------------------------------------------------------------------------------------

    def test_every_line_is_what_the_ledger_says(self):
        for companies in (self.company, self.everywhere):
            for day in DAYS:
                for basis in ("due", "invoice"):
                    aging = self.aging(day, companies, aging_basis=basis)
                    self.assertAging(aging, aging_of(aging.env, day, basis))

    def test_lines_add_up_to_the_ledger_of_each_customer(self):
        for day in DAYS:
            aging = self.aging(day, self.everywhere)
            totals = {key: line.total for key, line in self.lines(aging).items() if line.total}
            self.assertEqual(totals, ledger_of(aging.env, day))
