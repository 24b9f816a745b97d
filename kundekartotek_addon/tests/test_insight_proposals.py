# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged

from .customer_ledger import TODAY
from .insight_classes_case import InsightClassesCase


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
                raise ValueError("Feltet er låst")
            return write(records, vals)

        with patch.object(type(self.env["res.partner"]), "write", fail):
            proposals = self.propose()
        self.assertEqual(
            [customer.with_company(self.company).trust for customer in customers], ["bad", "normal", "bad"])
        failed = proposals.filtered(lambda each: each.partner_id == customers[1])
        self.assertEqual((failed.state, failed.problem), ("open", "Feltet er låst"), "a person sees why")
        self.assertFalse(any((proposals - failed).mapped("problem")))
        failed.action_accept()
        self.assertEqual((failed.state, failed.problem), ("accepted", False))

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

    def test_who_is_reminded_by_monthly_statements(self):
        """The customer's own field is written: by a rule of the class for one, proposed for a person."""
        customer, person = self.risk("AS"), self.risk("ENK")
        (customer + person).statement_opt_out = True
        self.rule(effect="statement", statement="sent", trust=False, automatic=True)
        proposals = self.propose()
        self.assertEqual((customer.statement_opt_out, person.statement_opt_out), (False, True))
        self.assertEqual(proposals.partner_id, customer + person)
        proposals.filtered(lambda each: each.partner_id == person).action_accept()
        self.assertFalse(person.statement_opt_out)

        customer.statement_opt_out = True
        self.propose()
        self.assertTrue(customer.statement_opt_out, "who declines statements is not overruled every night")

    def test_one_who_gets_what_the_rule_says_is_not_proposed(self):
        opted_out, customer = self.risk("AS"), self.risk("AS")
        opted_out.statement_opt_out = True
        self.rule(effect="statement", statement="none", trust=False)
        [proposal] = self.propose()
        self.assertEqual(proposal.partner_id, customer)
        self.assertEqual(proposal.text, "Kontoutskrift hver måned: Sendes ikke")
        proposal.action_accept()
        self.assertTrue(customer.statement_opt_out)

    def test_a_rule_must_be_complete(self):
        for vals in ({"payment_class": False}, {"trust": False}, {"effect": "statement"}, {"effect": "activity"}):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                self.rule(**vals)
