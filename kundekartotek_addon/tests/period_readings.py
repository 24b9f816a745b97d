# SPDX-License-Identifier: LGPL-3.0-or-later
"""What balance list, customer specification, ledger and general ledger say of a period, read as their readers do."""
from collections import defaultdict
from datetime import date


class PeriodReadings:
    """For test cases that derive from `LedgerReportCase`."""

    def assertAgree(self, date_from, date_to):
        """All reports say what the journal items say, and print that nothing differs from the general ledger."""
        expected = self.expected(date_from, date_to)
        self.assertEqual(self.from_balance_list(date_from, date_to), expected)
        self.assertEqual(self.from_specification(date_from, date_to), expected)
        self.assertEqual(self.from_ledger(date_from, date_to), expected)
        self.check_general_ledger(date_to)

    def expected(self, date_from, date_to):
        """{(company, customer): [opening, debit, credit, closing]} from core's journal items"""
        totals, moved = defaultdict(lambda: [0.0] * 4), set()
        for item in self.receivable_items(("date", "<=", date_to)):
            key = item.company_id.id, item.partner_id.commercial_partner_id.id
            totals[key][3] += item.balance
            if item.date < date_from:
                totals[key][0] += item.balance
            else:
                moved.add(key)
                totals[key][1] += max(item.balance, 0)
                totals[key][2] += max(-item.balance, 0)
        return {key: [round(amount, 2) for amount in amounts] for key, amounts in totals.items()
                if key in moved or round(amounts[0], 2)}

    def options(self, date_from, date_to, **options):
        return {"date_from": str(date_from), "date_to": str(date_to), **options}

    def rows(self, model, options):
        """(columns, rows, totals) of a report as its reader gets it."""
        report = self.env[model].with_user(self.reader)
        options = report._report_options(options)
        rows = [getattr(row, "values", row) if not isinstance(row, tuple) or hasattr(row, "style") else row
                for row in report._report_rows(options)]
        totals = [line.values for line in report._report_totals(options)]
        return report._report_columns(options), rows, totals

    def from_balance_list(self, date_from, date_to):
        rows = self.env["kundekartotek.balance.list"].with_user(self.reader).with_context(
            ledger_date_from=str(date_from), ledger_date_to=str(date_to)).search([])
        return {(row.company_id.id, row.partner_id.id): [row.opening, row.debit, row.credit, row.closing]
                for row in rows}

    def from_ledger(self, date_from, date_to):
        """Sums of the entries before and within the period."""
        Entry, found = self.env["kundekartotek.ledger.entry"].with_user(self.reader), {}
        groups = ["company_id", "partner_id"]
        for company, partner, balance in Entry._read_group([("date", "<", date_from)], groups, ["balance:sum"]):
            if round(balance, 2):
                found[company.id, partner.id] = [round(balance, 2), 0, 0, round(balance, 2)]
        for company, partner, debit, credit in Entry._read_group(
                [("date", ">=", date_from), ("date", "<=", date_to)], groups, ["debit:sum", "credit:sum"]):
            opening = found.get((company.id, partner.id), [0.0])[0]
            found[company.id, partner.id] = [
                opening, round(debit, 2), round(credit, 2), round(opening + debit - credit, 2)]
        return found

    def from_specification(self, date_from, date_to):
        """Read back from what is printed: opening, postings one by one, closing."""
        _columns, rows, _totals = self.rows(
            "kundekartotek.customer.specification", self.options(date_from, date_to))
        companies = {company.name: company.id for company in self.companies}
        names = {" ".join(filter(None, (partner.ref, partner.complete_name))): partner.id
                 for partner in self.env["res.partner"].search([])} | {"No customer": False}
        found, company_id, key, last_date = {}, None, None, None
        for row in rows:
            if len(row) == 1 and row[0] in companies:
                company_id = companies[row[0]]
            elif len(row) == 1:
                key, last_date = (company_id, names[row[0]]), date_from
            elif row[1] == "Opening balance":
                running = row[8]
                found[key] = [float(row[8]), 0.0, 0.0]
            elif row[1] == "Closing balance":
                self.assertEqual([float(value) for value in row[6:8]], [round(v, 2) for v in found[key][1:]])
                self.assertEqual(running, row[8])
                found[key] = [round(value, 2) for value in found[key]] + [float(row[8])]
            else:
                self.assertTrue(row[0] and row[1] and row[2])  # date, voucher and date of documentation
                self.assertLessEqual(last_date, row[0])
                self.assertLessEqual(row[0], date_to)
                last_date = row[0]
                found[key][1] += float(row[6] or 0)
                found[key][2] += float(row[7] or 0)
                running = round(running + (row[6] or 0) - (row[7] or 0), 2)
                self.assertEqual(running, row[8])
        return found

    def check_general_ledger(self, date_to):
        """The line that is printed last: what the accounts hold, and that nothing differs."""
        for model in ("kundekartotek.balance.list", "kundekartotek.customer.specification"):
            _columns, _rows, totals = self.rows(model, self.options(date(2000, 1, 1), date_to))
            lines = [values for values in totals if "general ledger" in values[0]]
            booked = {company.name: round(sum(self.receivable_items(
                ("date", "<=", date_to), ("company_id", "=", company.id)).mapped("balance")), 2)
                for company in self.companies}
            for company_name, balance in booked.items():
                [printed] = [values[-1] for values in lines if f" {company_name}," in values[0]] or [0]
                self.assertEqual(round(float(printed), 2), balance)
            differences = [values[-1] for values in totals if values[0] == "Difference"]
            self.assertEqual((len(differences), set(differences) - {0}), (len(lines), set()))
