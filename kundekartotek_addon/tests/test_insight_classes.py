# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta

from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..models.insight.customer_class import SMALL
from .customer_ledger import TODAY
from .insight_classes_case import InsightClassesCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestInsightClasses(InsightClassesCase):
    """ABC, payment behaviour and RFM."""

    # ---- ABC -----------------------------------------------------------------------------------------

    def test_abc(self):
        """The customer that crosses a limit still belongs above it; new ones and zero sales stand apart."""
        customers = [self.make(revenue_12m=amount) for amount in (500, 310, 150, 30, 10)]
        none, new = self.make(revenue_12m=-5), self.make(revenue_12m=1, first_purchase=TODAY)
        self.classify()
        self.assertEqual(self.classes(customers), ["a", "a", "b", "c", "c"])
        self.assertEqual(self.classes([none, new]), ["none", "new"])
        self.assertRegex(self.row(customers[0]).abc_why, "^A: 500 kr, 50[.,]0 % of revenue, cumulative 50 %$")
        self.assertRegex(
            self.row(customers[1]).abc_why, "^A: 310 kr, 31[.,]0 % of revenue, cumulative 81 %, crosses 80 %$")
        self.assertRegex(self.row(none).abc_why, "^Not Ranked: credit notes above sales in 12 months: .5 kr$")
        nothing = self.make(revenue_12m=0)
        self.classify()
        self.assertEqual(self.row(nothing).abc_why, "Not Ranked: no sales in 12 months")

    def test_abc_by_margin(self):
        self.company.insight_abc_basis = "margin"
        poor, rich = self.make(revenue_12m=900, margin_12m=1), self.make(revenue_12m=100, margin_12m=99)
        self.classify()
        self.assertEqual(self.classes([rich, poor]), ["a", "c"])
        self.assertIn("% of margin", self.row(rich).abc_why)

    def test_sales_at_a_loss_are_sales(self):
        self.company.insight_abc_basis = "margin"
        loss = self.make(revenue_12m=900, margin_12m=-1)
        self.classify()
        self.assertEqual(self.classes([loss]), ["none"])
        self.assertRegex(self.row(loss).abc_why, "^Not Ranked: no margin in 12 months: .1 kr$")

    def test_nobody_flips_over_a_krone(self):
        first, second = self.make(revenue_12m=790), self.make(revenue_12m=210)
        self.classify()
        self.assertEqual(self.classes([first, second]), ["a", "a"])
        for amount, expected in ((805, "a"), (819, "a"), (821, "b"), (790, "b"), (781, "b"), (779, "a")):
            self.row(first).revenue_12m, self.row(second).revenue_12m = amount, 1000 - amount
            self.classify()
            self.assertEqual(self.row(second).abc_class, expected, amount)
            if amount == 819:
                self.assertIn("kept: less than 2 points beyond the limit", self.row(second).abc_why)

    def test_twice_is_the_same(self):
        for amount in range(1, 60):
            self.make(revenue_12m=amount ** 2)
        self.classify()
        before = self.Metrics.search([]).mapped("abc_class")
        changes = self.env["kundekartotek.segment.change"].sudo().search_count([])
        self.classify()
        self.assertEqual(self.Metrics.search([]).mapped("abc_class"), before)
        self.assertEqual(self.env["kundekartotek.segment.change"].sudo().search_count([]), changes)

    def test_limits_must_grow(self):
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.company.insight_abc_a = 96
            self.env.flush_all()

    # ---- RFM -----------------------------------------------------------------------------------------

    def test_quintiles(self):
        """Fifty customers: ten in each fifth."""
        customers = [self.make(
            last_purchase=date(2026, 1, 1) + timedelta(number), invoice_count_36m=number + 1,
            revenue_36m=number + 1) for number in range(2 * SMALL)]
        self.classify()
        for name in ("rfm_recency", "rfm_frequency", "rfm_monetary"):
            self.assertEqual(self.classes(customers, name), [1 + number // 10 for number in range(50)])
        self.assertEqual(self.classes([customers[0], customers[-1]], "rfm_segment"), ["lost", "champion"])
        self.assertIn("50 invoices (5 of 5)", self.row(customers[-1]).rfm_why)

    def test_few_customers_are_cut_by_rank(self):
        customers = [self.make(last_purchase=date(2026, 1, 1) + timedelta(number)) for number in range(3)]
        self.classify()
        self.assertEqual(self.classes(customers, "rfm_recency"), [1, 3, 5])
        self.assertEqual(set(self.classes(customers, "rfm_monetary")), {1})  # ties have the lower one

    def test_quintiles_of_any_number_of_customers(self):
        """By how many are below, whatever their number and however many are alike."""
        for number in (1, 2, 6, SMALL - 1, SMALL, SMALL + 6):
            self.Metrics.search([]).unlink()
            values = [place * place % 7 for place in range(number)]
            customers = [self.make(invoice_count_36m=value) for value in values]
            self.classify()
            span = number if number >= SMALL else number - 1
            self.assertEqual(self.classes(customers, "rfm_frequency"), [
                min(5, 1 + 5 * sum(other < value for other in values) // span) if span else 3 for value in values])

    def test_segments(self):
        many = {"invoice_count_36m": 50, "revenue_36m": 50}
        for number in range(SMALL):
            self.make(last_purchase=date(2026, 1, 1) + timedelta(number), invoice_count_36m=number,
                      revenue_36m=number)
        at_risk = self.make(last_purchase=date(2025, 1, 1), **many)
        fresh = self.make(first_purchase=TODAY, **many)
        never = self.make(first_purchase=False, last_purchase=False)
        self.classify()
        self.assertEqual(self.classes([at_risk, fresh, never], "rfm_segment"), ["at_risk", "new", False])

    # ---- payment behaviour -----------------------------------------------------------------------------

    def test_payment_rules(self):
        expected = {
            "risk": {"claim_count": 12, "late_count": 7, "share_late": 7 / 12, "days_late_weighted": 31},
            "new": {"claim_count": 2, "late_count": 2, "share_late": 1, "claim_count_lifetime": 2},
            "cash": {"claim_count": 5, "days_to_pay": 0.5},
            "good": {"claim_count": 10, "late_count": 1, "share_late": 0.1, "days_to_pay": 12, "days_late": -2},
            "slow": {"claim_count": 10, "late_count": 5, "share_late": 0.5, "days_to_pay": 20, "days_late": 3},
            "normal": {"claim_count": 10, "late_count": 3, "share_late": 0.3, "days_to_pay": 20, "days_late": 3},
        }
        customers = [self.make(**measures) for measures in expected.values()]
        overdue = self.make(claim_count=1, late_count=1, open_amount=10, oldest_due=TODAY - timedelta(91))
        self.classify()
        self.assertEqual(self.classes(customers, "payment_class"), list(expected))
        self.assertEqual(self.row(overdue).payment_class, "risk")
        self.assertEqual(
            self.row(customers[0]).payment_why,
            "Risk: 7 of 12 invoices late, 31 days weighted (rule: Every second invoice late, 30 days or more)")

    def test_an_old_customer_is_not_new(self):
        """Few claims in 12 months do not make a customer new; none at all leave what it did before."""
        twice = {"claim_count": 2, "late_count": 2, "share_late": 1, "days_late_weighted": 20, "days_to_pay": 50}
        before = {"claim_count_lifetime": 34}
        expected = {
            "slow": twice, "good": {"share_late_lifetime": 0.05, "days_late_lifetime": -3},
            "normal": {"share_late_lifetime": 0.3, "days_late_lifetime": 2}}
        customers = [self.make(**before, **measures) for measures in expected.values()]
        late = self.make(**before, share_late_lifetime=0.6, days_late_lifetime=9)
        self.classify()
        self.assertEqual(self.classes(customers, "payment_class"), list(expected))
        self.assertEqual(self.row(late).payment_class, "slow")

    def test_bankrupt_in_the_register_is_a_risk(self):
        customer = self.make(claim_count=10, days_to_pay=0.5)
        customer.with_context(no_organisation_number_check=True).company_registry = "310410004"
        self.env["kundekartotek.register.entry"].sudo().create(
            {"number": "310410004", "answer": "found", "status": "bankrupt"})
        self.classify()
        self.assertEqual(self.row(customer).payment_class, "risk")
        self.assertFalse(self.env["kundekartotek.payment.rule"].sudo().search([]).filtered("problem"))

    def test_blocked_by_hand_is_a_risk(self):
        customer = self.make(claim_count=10, days_to_pay=0.5)
        customer.sudo().with_company(self.company).write({"credit_block": "all", "credit_block_reason": "Konkursrykte"})
        self.classify()
        self.assertEqual(self.row(customer).payment_class, "risk")

    def test_rules_are_read_in_order_and_can_be_edited(self):
        customer = self.make(claim_count=10, share_late=0.3, days_to_pay=20)
        rules = self.env["kundekartotek.payment.rule"].sudo()
        rules.create({"name": "Navnet", "payment_class": "risk", "sequence": 1,
                      "domain": f"[('partner_id.name', '=', '{customer.name}')]"})
        self.classify()
        self.assertEqual(self.row(customer).payment_class, "risk")
        rules.search([]).active = False
        self.classify()
        self.assertEqual(self.row(customer).payment_class, "normal")

    def test_a_rule_works_when_it_is_saved(self):
        for domain in ("[('nothing', '=', 1)]", "[('days_late', '=', uid)]", "no domain"):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.env["kundekartotek.payment.rule"].sudo().create({
                    "name": "Feil", "payment_class": "risk", "domain": domain})

    def test_a_rule_that_broke_is_passed_over(self):
        rule = self.env["kundekartotek.payment.rule"].sudo().create({"name": "Gammel", "payment_class": "risk"})
        self.env.flush_all()
        self.env.cr.execute("UPDATE kundekartotek_payment_rule SET domain = '[(''gone'', ''='', 1)]', sequence = 0"
                            " WHERE id = %s", [rule.id])
        self.env.invalidate_all()
        customer = self.make(claim_count=0)
        self.classify()
        self.assertEqual(self.row(customer).payment_class, "new")
        self.assertTrue(rule.problem)

    def test_new_rules_and_limits_give_classes_anew(self):
        """Soon, not only at night."""
        cron = self.env.ref("kundekartotek_addon.cron_refresh_metrics")
        triggers = self.env["ir.cron.trigger"].sudo()

        def is_triggered(change):
            before = triggers.search_count([("cron_id", "=", cron.id)])
            change()
            return triggers.search_count([("cron_id", "=", cron.id)]) > before

        rules = self.env["kundekartotek.payment.rule"].sudo()
        rule = rules.search([], limit=1)
        self.assertTrue(is_triggered(lambda: rules.create({"name": "Ny", "payment_class": "risk"})))
        self.assertTrue(is_triggered(lambda: rule.write({"sequence": 99})))
        self.assertTrue(is_triggered(rule.unlink))
        self.assertTrue(is_triggered(lambda: self.company.write({"insight_abc_a": 70})))
        self.assertFalse(is_triggered(lambda: self.company.write({"insight_responsible_id": self.env.user.id})))

    # ---- locks and history -----------------------------------------------------------------------------

    def test_lock(self):
        customer, _other = self.make(revenue_12m=1), self.make(revenue_12m=999)
        self.classify()
        self.assertEqual(self.row(customer).abc_class, "c")
        lock = self.env["kundekartotek.segment.lock"].sudo().create({
            "partner_id": customer.id, "company_id": self.company.id, "abc_class": "a",
            "reason": "Ny rammeavtale", "expires": TODAY})
        self.assertEqual(self.row(customer).abc_class, "a")
        self.assertIn("locked: Ny rammeavtale", self.row(customer).abc_why)
        with freeze_time(TODAY + timedelta(1)):
            self.classify()
            self.assertEqual(self.row(customer).abc_class, "c")
        lock.expires = False
        self.assertEqual(self.row(customer).abc_class, "a")
        lock.action_archive()
        self.assertEqual(self.row(customer).abc_class, "c")

    def test_a_lifted_lock_leaves_the_class_by_figures(self):
        """What was locked is not what the margin keeps."""
        first, second = self.make(revenue_12m=790), self.make(revenue_12m=210)
        self.classify()
        self.row(first).revenue_12m, self.row(second).revenue_12m = 805, 195
        self.classify()
        lock = self.env["kundekartotek.segment.lock"].sudo().create({
            "partner_id": second.id, "company_id": self.company.id, "abc_class": "c", "reason": "Avvikles"})
        self.classify()
        self.assertEqual(self.row(second).abc_class, "c")
        lock.action_archive()
        self.assertEqual(self.row(second).abc_class, "a")

    def test_lock_needs_a_class(self):
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.env["kundekartotek.segment.lock"].sudo().create({"partner_id": self.make().id, "reason": "?"})

    def test_changes_are_kept(self):
        customer = self.make(revenue_12m=999)
        self.make(revenue_12m=998)
        self.classify()
        changes = self.env["kundekartotek.segment.change"].sudo()
        self.assertFalse(changes.search([]), "a first class is no change")
        self.row(customer).revenue_12m = 1
        self.classify()
        change = changes.search([("partner_id", "=", customer.id), ("kind", "=", "abc")])
        self.assertEqual((change.old_class, change.new_class, change.new_name), ("a", "c", "C"))
        self.assertIn("cumulative 100 %", change.why)
        name = customer.complete_name
        customer.unlink()
        self.assertEqual((change.partner_id.id, change.customer_name), (False, name))

    def test_merging_keeps_history_and_lock(self):
        customer, kept = self.make(revenue_12m=999), self.make(revenue_12m=998)
        self.classify()
        self.row(customer).revenue_12m = 1
        self.classify()
        self.env["kundekartotek.segment.lock"].sudo().create({
            "partner_id": customer.id, "company_id": self.company.id, "payment_class": "good", "reason": "Avtale"})
        self.env["base.partner.merge.automatic.wizard"].create({})._merge((customer | kept).ids, kept)
        self.assertTrue(self.env["kundekartotek.segment.change"].sudo().search_count(
            [("partner_id", "=", kept.id), ("kind", "=", "abc")]))
        self.assertTrue(self.env["kundekartotek.segment.lock"].sudo().search_count([("partner_id", "=", kept.id)]))
