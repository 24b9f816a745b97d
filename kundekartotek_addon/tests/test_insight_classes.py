# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta
from unittest.mock import patch

from psycopg2.errors import CheckViolation
from stdnum.no import orgnr

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.insight.customer_class import SMALL
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
        overdue = self.make(claim_count=1, late_count=1, overdue_amount=10, oldest_due=TODAY - timedelta(91))
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


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestInsightWeeklyMail(InsightClassesCase):
    """Who is told which customers changed class."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls.make_user("selger", "kundekartotek_addon.group_reader", cls.company)
        cls.company.insight_responsible_id = cls.make_user("sjef", "kundekartotek_addon.group_reader", cls.company)

    @classmethod
    def make_user(cls, login, group, company):
        return new_test_user(cls.env, login, group, email=f"{login}@example.com", company_id=company.id,
                             company_ids=company.ids)

    def change(self, partner, old, new, **vals):
        return self.env["kundekartotek.segment.change"].sudo().create({
            "partner_id": partner.id, "customer_name": partner.name, "company_id": self.company.id, "kind": "abc",
            "old_class": old, "new_class": new, "date": TODAY, **vals})

    def mail(self):
        """:return: {address: body} of the mails that the job makes"""
        mails = self.env["mail.mail"].sudo()
        before = mails.search([])
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.cron_segment_mail").method_direct_trigger()
        return {mail.email_to: mail.body_html for mail in mails.search([]) - before}

    def test_everyone_is_told_of_the_own_customers(self):
        hers, others = self.make(revenue_12m=999, user_id=self.seller.id), self.make(revenue_12m=998)
        self.classify()
        self.row(hers).revenue_12m, self.row(others).revenue_12m = 1, 999
        self.make(revenue_12m=99999)
        self.classify()
        by_address = self.mail()
        self.assertEqual(len(by_address), 2)
        for address, body in by_address.items():
            self.assertEqual(hers.name in body, "selger@" in address)
            self.assertEqual(others.name in body, "sjef@" in address)
        self.assertFalse(self.mail(), "everything is told once")

    def test_only_who_may_read_it_is_told(self):
        """Without the role, or from another company, a salesperson is sent no figures."""
        plain = self.make_user("ansatt", "base.group_user", self.company)
        foreign = self.make_user("fremmed", "kundekartotek_addon.group_reader", self.other_company)
        for user in (plain, foreign):
            self.change(self.make(user_id=user.id), "a", "c")
        [(address, body)] = self.mail().items()
        self.assertIn("sjef@", address)
        self.assertEqual(body.count("<li>"), 2)
        self.company.insight_responsible_id = plain
        change = self.change(self.make(), "a", "c")
        self.assertFalse(self.mail())
        self.assertTrue(change.mailed, "who is made responsible later is not sent what is old")

    def test_there_and_back_is_no_news(self):
        back, further = self.make(user_id=self.seller.id), self.make(user_id=self.seller.id)
        for partner, old, new in ((back, "a", "b"), (further, "a", "b"), (back, "b", "a"), (further, "b", "c")):
            self.change(partner, old, new)
        [body] = self.mail().values()
        self.assertEqual((body.count("<li>"), back.name in body), (1, False))
        self.assertIn("A → C", body)
        self.change(back, "a", "b")
        self.change(back, "b", "a")
        self.assertFalse(self.mail())

    def test_one_that_cannot_be_told_does_not_stop_the_others(self):
        """A late job misses nothing, and what failed is tried again."""
        bad = self.change(self.make(user_id=self.seller.id), "a", "c", date=TODAY - timedelta(30))
        good = self.change(self.make(), "a", "c", date=TODAY - timedelta(30))
        create = type(self.env["mail.mail"]).create

        def fail(mails, vals_list):
            if any("selger@" in vals["email_to"] for vals in vals_list):
                raise ValueError
            return create(mails, vals_list)

        with patch.object(type(self.env["mail.mail"]), "create", fail), mute_logger(
                "odoo.addons.kundekartotek_addon.models.insight.segment_change"):
            [address] = self.mail()
        self.env.invalidate_all()
        self.assertEqual(("sjef@" in address, good.mailed, bad.mailed), (True, True, False))
        [address] = self.mail()
        self.assertIn("selger@", address)


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestInsightProposals(InsightClassesCase):
    """What classes lead to."""

    def rule(self, **vals):
        return self.env["kundekartotek.segment.rule"].sudo().create({
            "name": "Regel", "company_id": self.company.id, "payment_class": "risk", "effect": "trust",
            "trust": "bad", **vals})

    def propose(self):
        self.classify()
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.cron_segment_proposals").method_direct_trigger()
        self.env.invalidate_all()
        return self.env["kundekartotek.segment.proposal"].sudo().search([])

    def rules(self):
        return self.env["kundekartotek.segment.rule"].sudo().with_context(active_test=False).search([])

    def risk(self, legal_form=None, **vals):
        return self.make(legal_form, claim_count=3, late_count=3, share_late=1, days_late_weighted=40, **vals)

    def test_a_person_accepts(self):
        customer = self.risk()
        self.rule()
        proposal = self.propose()
        self.assertEqual((proposal.state, proposal.partner_id), ("open", customer))
        self.assertRegex(proposal.why, r"\b3 \w+ 3 .*\b40\b", "in the language of the company")
        self.assertEqual(customer.with_company(self.company).trust, "normal")
        self.assertEqual(len(self.propose()), 1, "it is proposed once")
        manager = new_test_user(self.env, "sjef", "kundekartotek_addon.group_credit_manager",
                                company_id=self.company.id, company_ids=self.company.ids)
        reader = new_test_user(self.env, "leser", "kundekartotek_addon.group_reader",
                               company_id=self.company.id, company_ids=self.company.ids)
        with self.assertRaises(AccessError):
            proposal.with_user(reader).action_accept()
        proposal.with_user(manager).action_accept()
        self.assertEqual((proposal.state, proposal.user_id), ("accepted", manager))
        self.assertEqual(customer.with_company(self.company).trust, "bad")
        with self.assertRaises(UserError):
            proposal.with_user(manager).action_decline()

    def test_declined_is_not_proposed_again_while_the_class_lasts(self):
        customer = self.risk()
        self.rule()
        self.propose().sudo().action_decline()
        self.assertEqual(self.propose().mapped("state"), ["declined"])
        self.row(customer).write({"share_late": 0, "days_late_weighted": 0})
        self.assertEqual(self.propose().mapped("state"), ["obsolete"])
        self.row(customer).write({"share_late": 1, "days_late_weighted": 40})
        self.assertEqual(sorted(self.propose().mapped("state")), ["obsolete", "open"])

    def test_natural_persons_are_never_decided_on_by_themselves(self):
        """Only a legal form in the register tells that a business is nobody's own; a name may be anyone's."""
        company, association = self.risk("AS"), self.risk("SA")
        person, sole = self.risk(is_company=False), self.risk("ENK")
        names = ("Eldhug Smie", "Da Paolo Pizza", "Sti og Skog Friluft", "Frisør Amadou Ba", "Eldhug Smie AS")
        unknown = [self.risk() for _name in names]
        for customer, name in zip(unknown, names):
            customer.name = name
        term = self.env["account.payment.term"].create({"name": "Forskudd"})
        self.rule(automatic=True, effect="payment_term", payment_term_id=term.id, trust=False)
        states = {proposal.partner_id: proposal.state for proposal in self.propose()}
        self.assertEqual(states, {
            company: "automatic", association: "automatic", **dict.fromkeys([person, sole, *unknown], "open")})
        self.assertEqual(company.with_company(self.company).property_payment_term_id, term)
        self.assertFalse(person.with_company(self.company).property_payment_term_id)

    def test_trust_follows_if_the_setting_says_so(self):
        customer, person = self.risk("AS"), self.risk(is_company=False)
        self.propose()
        self.assertEqual(customer.with_company(self.company).trust, "normal")
        self.company.insight_write_trust = True
        proposals = self.propose()
        self.assertEqual(customer.with_company(self.company).trust, "bad")
        self.assertEqual(person.with_company(self.company).trust, "normal")
        self.assertEqual({(proposal.partner_id, proposal.trust, proposal.state) for proposal in proposals}, {
            (customer, "bad", "automatic"), (person, "bad", "open")})
        self.assertEqual(len(self.propose()), 2)
        self.company.insight_write_trust = True
        self.assertEqual(len(self.rules()), 5, "switching on twice is once")
        self.company.insight_write_trust = False
        self.assertFalse(self.rules().filtered("active"))
        self.assertFalse(self.company.insight_write_trust)
        self.assertEqual(proposals.filtered(lambda each: each.partner_id == person).state, "obsolete")
        self.company.insight_write_trust = True
        self.assertEqual(self.rules().mapped("active"), [True] * 5)

    def test_trust_proposed_for_another_class_is_withdrawn(self):
        self.company.insight_write_trust = True
        person = self.risk(is_company=False)
        bad = self.propose()
        self.row(person).write({
            "late_count": 0, "share_late": 0, "days_late_weighted": -5, "days_to_pay": 9, "days_late": -5})
        self.classify()
        self.assertEqual(self.row(person).payment_class, "good")
        with self.assertRaises(UserError), self.cr.savepoint():
            bad.action_accept()  # before the night has come
        good = self.propose() - bad
        self.assertEqual((bad.state, good.state, good.trust), ("obsolete", "open", "good"))
        good.action_decline()
        self.row(person).write({"late_count": 3, "share_late": 1, "days_late_weighted": 40})
        again = self.propose() - bad - good
        self.assertEqual((good.state, again.state, again.trust), ("obsolete", "open", "bad"))

    def test_proposals_are_what_was_proposed(self):
        """A rule that says something else, is archived or deleted takes its open proposals back; what was decided
        stays as it was decided."""
        first, second = self.risk(), self.risk()
        rule = self.rule()
        done, still = self.propose().sorted(lambda each: each.partner_id != first)
        done.action_accept()
        text = done.text
        term = self.env["account.payment.term"].create({"name": "Forskudd"})
        rule.write({"effect": "payment_term", "payment_term_id": term.id})
        self.assertEqual((done.state, done.text, still.state), ("accepted", text, "obsolete"))
        anew = self.propose() - done - still
        self.assertEqual(anew.partner_id, first | second)
        rule.payment_term_id = self.env["account.payment.term"].create({"name": "Kontant"})
        self.assertEqual(set(anew.mapped("state")), {"obsolete"})
        anew = self.propose().filtered(lambda each: each.state == "open")
        self.assertTrue(all("Kontant" in proposal.text for proposal in anew))
        rule.action_archive()
        self.assertEqual(set(anew.mapped("state")), {"obsolete"})
        rule.action_unarchive()
        anew = self.propose().filtered(lambda each: each.state == "open")
        self.assertEqual(anew.partner_id, first | second)
        rule.unlink()
        self.env.invalidate_all()
        self.assertEqual((done.state, done.text, set(anew.mapped("state"))), ("accepted", text, {"obsolete"}))

    def test_the_first_rule_wins(self):
        """Two rules about the same thing do not take turns; archived customers are left alone."""
        many, few = self.env["kundekartotek.category"].sudo().create([{"name": "Store"}, {"name": "Trege"}])
        both, one, gone = self.risk("AS", revenue_12m=9), self.risk("AS", revenue_12m=0), self.risk("AS")
        gone.active = False
        slow = self.rule(effect="category", category_id=few.id, trust=False, automatic=True, sequence=2)
        self.rule(effect="category", category_id=many.id, trust=False, automatic=True, sequence=1,
                  payment_class=False, abc_class="a")
        for _night in range(3):
            proposals = self.propose()
            self.assertEqual((both + one + gone).mapped("customer_category_id"), many | few)
            self.assertEqual((both.customer_category_id, one.customer_category_id), (many, few))
            self.assertFalse(gone.customer_category_id)
            self.assertEqual(len(proposals), 2)
        slow.sequence = 0
        self.propose()
        self.assertEqual(both.customer_category_id, few)

    def test_one_bad_customer_does_not_stop_the_night(self):
        self.company.insight_write_trust = True
        customers = [self.risk("AS") for _number in range(3)]
        write = type(self.env["res.partner"]).write

        def fail(records, vals):
            if "trust" in vals and customers[1] in records:
                raise ValueError
            return write(records, vals)

        with patch.object(type(self.env["res.partner"]), "write", fail):
            proposals = self.propose()
        self.assertEqual(
            [customer.with_company(self.company).trust for customer in customers], ["bad", "normal", "bad"])
        self.assertEqual(proposals.filtered(lambda each: each.partner_id == customers[1]).state, "open")

    def test_category_and_task(self):
        category = self.env["kundekartotek.category"].sudo().create({"name": "Risiko"})
        customer = self.risk("AS")
        self.rule(effect="category", category_id=category.id, trust=False, automatic=True)
        self.rule(effect="activity", note="Ring kunden", trust=False, automatic=True)
        self.propose()
        self.assertEqual(customer.customer_category_id, category)
        self.assertEqual(customer.activity_ids.mapped("summary"), ["Ring kunden"])
        self.propose()
        self.assertEqual(len(customer.activity_ids), 1, "a task is given once")

    def test_a_rule_must_be_complete(self):
        for vals in ({"payment_class": False}, {"trust": False}, {"effect": "activity"}):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.rule(**vals)
