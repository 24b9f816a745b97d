# SPDX-License-Identifier: LGPL-3.0-or-later
import itertools
from datetime import timedelta

from psycopg2.errors import InsufficientPrivilege

from odoo import Command
from odoo.exceptions import AccessError, RedirectWarning, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged
from odoo.tools import mute_logger

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditLimit(CreditCase):
    """Modes, requests, raises for a period, insurance, reviews; and what is kept of it all."""

    def _ask(self, amount, user=None, **vals):
        return self.env["kundekartotek.credit.request"].with_user(user or self.seller).create({
            "partner_id": self.customer.id, "amount": amount, "reason": "Økt kjøp", **vals})

    # -- modes -----------------------------------------------------------------------------------------

    def test_zero_is_unlimited_unless_decided(self):
        plain, category = self._make_customer("Null AS"), self.env["kundekartotek.category"].sudo().create({
            "name": "Kontant", "credit_limit_mode": "cash_only"})
        plain.sudo().customer_category_id = category
        self.assertEqual(plain.credit_limit_mode, "unlimited")
        self.company.sudo().credit_zero_limit = "category"
        plain.invalidate_recordset()
        self.assertEqual(plain.credit_limit_mode, "cash_only")
        plain.sudo().credit_own_mode = "unlimited"
        plain.invalidate_recordset()
        self.assertEqual(plain.credit_limit_mode, "unlimited")

    def test_modes_are_searched_as_shown(self):
        customers = self.customer + self._make_customer("Null AS") + self._make_customer("K", mode="cash_only")
        for mode in ("limited", "unlimited", "cash_only"):
            found = self.env["res.partner"].search([("credit_limit_mode", "=", mode), ("id", "in", customers.ids)])
            self.assertEqual(found, customers.filtered(lambda p, mode=mode: p.credit_limit_mode == mode))
            other = self.env["res.partner"].search([("credit_limit_mode", "!=", mode), ("id", "in", customers.ids)])
            self.assertEqual(other, customers - found)

    def test_modes_are_decided_on_as_shown(self):
        category = self.env["kundekartotek.category"].sudo().create({
            "name": "Kontant", "credit_limit_mode": "cash_only"})
        customers = self.customer + self._make_customer("Null AS") + self._make_customer("K", mode="cash_only")
        customers += self._make_customer("Egen AS", mode="unlimited", customer_category_id=category.id)
        customers += self._make_customer("Kontantkategori AS", customer_category_id=category.id)
        default = self.env["ir.default"].sudo()
        for zero, usual in itertools.product(("unlimited", "category"), (0.0, 500.0)):
            with self.subTest(zero=zero, usual=usual):
                self.company.sudo().credit_zero_limit = zero
                default.set("res.partner", "credit_limit", usual, company_id=self.company.id)
                customers.invalidate_recordset()
                facts = customers.sudo()._credit_facts()
                self.assertEqual(
                    {id_: fact.mode for id_, fact in facts.items()}, {p.id: p.credit_limit_mode for p in customers})
                self.assertEqual(
                    {id_: fact.limit for id_, fact in facts.items() if fact.mode == "limited"},
                    {p.id: p.credit_limit for p in customers if p.credit_limit_mode == "limited"})

    def test_existing_zeroes_take_their_categorys_limit(self):
        category = self.env["kundekartotek.category"].sudo().create({"name": "Bedrift"})
        customer = self._make_customer("Null AS", customer_category_id=category.id)
        category.with_company(self.company).credit_limit = 25000.0
        self.company.sudo().credit_zero_limit = "category"
        self.assertEqual(customer.credit_limit_mode, "limited")
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.credit_category_limit_cron").sudo().method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual((customer.credit_limit, self.customer.credit_limit), (25000.0, 10000.0))

    def test_new_customer_in_the_form_gets_its_categorys_limit(self):
        category = self.env["kundekartotek.category"].sudo().create({"name": "Bedrift", "credit_limit": 25000.0})
        self.env["kundekartotek.category.rule"].sudo().search([]).unlink()
        self.env["kundekartotek.category.rule"].sudo().create({"name": "Alle", "category_id": category.id})
        worker = self._make_user("saksbehandler", "kundekartotek_addon.group_case_worker,account.group_account_invoice")
        for control in (True, False):
            self.company.sudo().write({"credit_control": control, "account_use_credit_limit": True})
            partners = self.env["res.partner"].with_user(worker).with_context(default_customer_rank=1)
            with self.subTest(control=control), Form(partners, "base.view_partner_form") as form:
                form.company_type = "company"
                form.name = "Ny Kunde AS"
            self.assertEqual((form.record.customer_category_id, form.record.credit_limit), (category, 25000.0))

    def test_category_does_not_raise_what_was_decided(self):
        category = self.env["kundekartotek.category"].sudo().create({"name": "Stor", "credit_limit": 1e6})
        cash = self._make_customer("Kontant AS", mode="cash_only")
        (self.customer + cash).sudo().customer_category_id = category
        self.assertEqual((self.customer.credit_limit, cash.credit_limit), (10000.0, 0.0))

    def test_exposure_may_exceed_a_limit_that_is_lowered(self):
        self._invoice(amount=9000.0)
        request = self._ask(100.0)
        request.with_user(self.manager).action_approve()
        self.assertEqual((self.customer.credit_limit, self.customer.credit_available), (100.0, -8900.0))

    # -- requests --------------------------------------------------------------------------------------

    def test_asked_approved_in_force(self):
        self._invoice(amount=4000.0, day=TODAY - timedelta(60), invoice_date_due=TODAY - timedelta(30))
        held = self._order(amount=15000.0)
        held.action_confirm()
        request = self._ask(20000.0)
        self.assertRecordValues(request.sudo(), [{
            "state": "requested", "requester_id": self.seller.id, "customer_name": self.customer.name,
            "snapshot_limit": 10000.0, "snapshot_exposure": 4000.0, "snapshot_overdue": 4000.0,
            "snapshot_mode": "limited"}])
        self.assertEqual(set(request.sudo().activity_ids.user_id) & {self.manager, self.second_manager}, {
            self.manager, self.second_manager})
        with self.assertRaises(AccessError):
            request.read(["snapshot_exposure"])
        request.with_user(self.manager).action_approve(note="Ok")
        self.assertEqual((request.state, self.customer.credit_limit), ("approved", 20000.0))
        self.assertEqual(self.customer.credit_review_date, TODAY.replace(year=TODAY.year + 1))
        self.assertTrue(held.credit_recheck)
        self.assertEqual(
            self._decisions(self.customer).filtered(
                lambda d: (d.document_model, d.document_res_id) == (request._name, request.id)).mapped("decision"),
            ["requested", "approved"])

    def test_four_eyes(self):
        mine = self._ask(20000.0, user=self.manager)
        with self.assertRaisesRegex(UserError, "Somebody else"):
            mine.with_user(self.manager).action_approve()
        with self.assertRaises(AccessError):
            mine.with_user(self.seller).action_approve()
        mine.with_user(self.second_manager).action_approve()
        self.assertEqual(self.customer.credit_limit, 20000.0)

    def test_large_limits_need_two(self):
        request = self._ask(250001.0)
        request.with_user(self.manager).action_approve("Sikker kunde")
        self.assertEqual((request.state, self.customer.credit_limit), ("first_approved", 10000.0))
        waiting = request.sudo().activity_ids.user_id
        self.assertIn(self.second_manager, waiting)
        self.assertNotIn(self.manager, waiting)  # who has nothing more to do here
        with self.assertRaisesRegex(UserError, "second credit manager"):
            request.with_user(self.manager).action_approve()
        request.with_user(self.second_manager).action_approve("Enig")
        self.assertEqual((request.state, self.customer.credit_limit), ("approved", 250001.0))
        self.assertEqual(request.decision_note, "Sikker kunde / Enig")

    def test_unlimited_needs_two(self):
        request = self._ask(0.0, limit_mode="unlimited")
        request.with_user(self.manager).action_approve()
        self.assertEqual(request.state, "first_approved")
        request.with_user(self.second_manager).action_approve()
        self.assertEqual(self.customer.credit_limit_mode, "unlimited")

    def test_raise_for_a_period_where_it_has_no_effect(self):
        raised = {"kind": "temporary", "date_from": TODAY, "date_to": TODAY + timedelta(9)}
        for mode in ("cash_only", "unlimited"):
            with self.assertRaisesRegex(ValidationError, "has no effect"):
                self._ask(5000.0, partner_id=self._make_customer("Fast AS", mode=mode).id, **raised)
        request = self._ask(20000.0, **raised)
        self.customer.sudo().credit_own_mode = "cash_only"
        with self.assertRaisesRegex(ValidationError, "has no effect"):  # nor is it approved meanwhile
            request.with_user(self.manager).action_approve()
        request.with_user(self.manager).action_decline("Bare kontant")
        self.assertEqual(request.state, "declined")

    def test_answer_reaches_who_asked(self):
        request, other = self._ask(20000.0), self._ask(30000.0)
        Answer = self.env["kundekartotek.credit.approval"].with_user(self.manager)
        Answer.create({"request_id": request.id, "note": "Betaler godt"}).action_decide()
        answer = Answer.create({"request_id": other.id, "decision": "decline"})
        with self.assertRaisesRegex(UserError, "Say why"):
            answer.action_decide()
        answer.note = "Forfalt post"
        answer.action_decide()
        for asked, state, words in (
            (request, "approved", "Approved: Betaler godt"), (other, "declined", "Declined: Forfalt post"),
        ):
            self.assertEqual(asked.state, state)
            told = asked.message_ids.filtered(lambda m: self.seller.partner_id in m.notified_partner_ids)
            self.assertIn(words, told[0].body)
        mine = Answer.create({"request_id": self._ask(1.0, user=self.manager).id})
        with self.assertRaisesRegex(UserError, "Somebody else"):
            mine.action_decide()

    def test_authority_of_a_group(self):
        self.env["kundekartotek.credit.authority"].sudo().search([]).amount = 100.0
        request = self._ask(101.0)
        self.assertTrue(request.with_user(self.manager).needs_second)
        self.assertFalse(self._ask(100.0).with_user(self.manager).needs_second)

    def test_nothing_of_it_is_edited_or_deleted(self):
        request = self._ask(20000.0)
        for user in (self.seller, self.manager, self.env.ref("base.user_admin")):
            for vals in ({"amount": 1.0}, {"state": "approved"}, {"reason": "x"}):
                with self.assertRaises(AccessError):
                    request.with_user(user).write(vals)
        request.with_user(self.manager).action_decline(note="Nei")
        self.assertEqual((request.state, request.decision_note), ("declined", "Nei"))
        with self.assertRaises(UserError):
            request.with_user(self.manager).action_approve()
        with self.assertRaises(UserError):
            request.sudo().unlink()

    def test_two_factors(self):
        """Who signs in with a password alone neither releases nor approves, where the company demands two."""
        Users = self.registry["res.users"]
        self.patch(Users, "_two_factor_possible", lambda users: True)
        self.patch(Users, "_mfa_type", lambda user: None)
        request, order = self._ask(20000.0), self._order(amount=20000.0)
        order.action_confirm()
        wizard = self.env["kundekartotek.credit.release"].with_user(self.manager).create({
            "order_ids": [Command.set(order.ids)], "reason": "x"})
        self.company.sudo().two_factor_required = True
        for decide in (request.with_user(self.manager).action_approve, request.with_user(self.manager).action_decline,
                       wizard.action_decide):
            with self.assertRaises(RedirectWarning):
                decide()
        self.assertEqual((request.state, order.state), ("requested", "draft"))
        self.patch(Users, "_mfa_type", lambda user: "totp")
        wizard.action_decide()
        request.with_user(self.manager).action_approve()
        self.assertEqual((request.state, order.state), ("approved", "sale"))

    def test_forged_request(self):
        request = self.env["kundekartotek.credit.request"].with_user(self.seller).with_context(
            default_state="approved", default_decided_by_id=self.manager.id).create({
                "partner_id": self.customer.id, "amount": 5.0, "reason": "x", "requester_id": self.manager.id,
                "state": "approved", "snapshot_limit": 99.0, "first_approver_id": self.second_manager.id})
        self.assertRecordValues(request.sudo(), [{
            "state": "requested", "requester_id": self.seller.id, "snapshot_limit": 10000.0,
            "first_approver_id": False, "decided_by_id": False}])

    def test_sellers_see_their_own_requests(self):
        own, other = self._ask(1.0), self._ask(2.0, user=self.second_seller)
        found = self.env["kundekartotek.credit.request"].with_user(self.seller).search([])
        self.assertIn(own, found)
        self.assertNotIn(other, found)

    def test_withdraw(self):
        request = self._ask(1.0)
        with self.assertRaises(UserError):
            request.with_user(self.manager).action_withdraw()
        request.action_withdraw()
        self.assertEqual(request.state, "withdrawn")

    def test_raise_for_a_period(self):
        request = self._ask(20000.0, kind="temporary", date_from=TODAY, date_to=TODAY + timedelta(10))
        request.with_user(self.manager).action_approve()
        self.assertEqual((self.customer.credit_limit, self.customer.credit_limit_now), (10000.0, 20000.0))
        order = self._order(amount=15000.0)
        order.action_confirm()
        self.assertEqual(order.state, "sale")
        with freeze_time(TODAY + timedelta(11)):
            self.env.invalidate_all()
            self.assertEqual(self.customer.credit_limit_now, 10000.0)
            late = self._order(amount=1.0)
            late.action_confirm()
            self.assertEqual(late.credit_state, "hold")

    def test_period_must_be_given(self):
        with self.assertRaises(ValidationError):
            self._ask(20000.0, kind="temporary")

    # -- insurance and reviews -------------------------------------------------------------------------

    def test_insurance_counts_as_the_policy_says(self):
        self.env["kundekartotek.credit.security"].sudo().create({
            "partner_id": self.customer.id, "company_id": self.company.id, "name": "Forsikring ASA",
            "amount": 5000.0, "date_from": TODAY, "date_to": TODAY + timedelta(1)})
        self._rules({}, counts_security=False)
        first = self._order(amount=14000.0)
        first.action_confirm()
        self.assertEqual(first.credit_state, "hold")
        self._rules({}, counts_security=True)
        self.env.invalidate_all()
        self.assertEqual(self.customer.credit_limit_now, 15000.0)
        with freeze_time(TODAY + timedelta(2)):
            first.action_confirm()
            self.assertEqual(first.credit_state, "hold")
        first.action_confirm()
        self.assertEqual(first.state, "sale")

    def test_overdue_reviews_are_listed_and_warn(self):
        self.customer.sudo().credit_review_date = TODAY - timedelta(31)
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.res_partner_action_credit_review")
        self.assertIn(self.customer, self.env["res.partner"].search(
            [("is_customer", "=", True), ("credit_review_date", "<", TODAY)]))
        self.assertIn("credit_review_date", action["domain"])
        order = self._order(amount=1.0)
        order.action_confirm()
        self.assertEqual(self._decisions(order).words, "The credit limit has not been reviewed in time")

    # -- policies --------------------------------------------------------------------------------------

    def test_policy_by_category_and_type(self):
        above = self.env["kundekartotek.category"].sudo().create({"name": "Bedrift"})
        below = self.env["kundekartotek.category"].sudo().create({"name": "Bygg", "parent_id": above.id})
        self.env["kundekartotek.credit.policy"].sudo().create({
            "name": "Romslig", "sequence": 1, "company_id": self.company.id, "category_ids": [Command.set(above.ids)],
            "customer_type": "business", "rule_ids": [
                Command.create({"kind": "limit", "percent": 200, "action": "hold"})]})
        builder = self._make_customer("Bygg AS", limit=100.0, customer_category_id=below.id)
        private = self._make_customer("Per", limit=100.0, is_company=False, customer_category_id=below.id)
        orders = self._order(builder, amount=200.0) + self._order(private, amount=200.0)
        orders.action_confirm()
        self.assertEqual(orders.mapped("credit_state"), ["clear", "hold"])

    def test_tolerance(self):
        self._rules(
            {"tolerance": 50.0}, {"kind": "overdue", "amount": 100.0, "days": 5, "tolerance": 20.0},
            {"kind": "oldest", "days": 90, "tolerance": 20.0})
        first, second = self._order(amount=10050.0), self._order(amount=1.0)
        first.action_confirm()
        second.action_confirm()
        self.assertEqual((first.state, second.credit_state), ("sale", "hold"))
        debtor = self._make_customer("Sen AS", mode="unlimited")
        for _number in range(9):  # each is a remainder too small to count
            self._invoice(debtor, amount=20.0, day=TODAY - timedelta(200), invoice_date_due=TODAY - timedelta(180))
        third, fourth = self._order(debtor), self._order(debtor)
        third.action_confirm()
        self.assertEqual(third.state, "sale")
        self._invoice(debtor, amount=21.0, day=TODAY - timedelta(200), invoice_date_due=TODAY - timedelta(91))
        fourth.action_confirm()
        self.assertEqual(fourth.credit_words, "The oldest unpaid item is more than 90 days overdue")

    # -- decisions -------------------------------------------------------------------------------------

    def test_decisions_cannot_be_changed(self):
        order = self._order(amount=20000.0)
        order.action_confirm()
        decision = self._decisions(order)
        for change in (lambda: decision.write({"reason": "x"}), decision.unlink,
                       lambda: decision.create({"decision": "released"})):
            with self.assertRaises(AccessError):
                change()
        for statement in ("UPDATE kundekartotek_credit_decision SET reason = 'x'",
                          "DELETE FROM kundekartotek_credit_decision"):
            with mute_logger("odoo.sql_db"), self.assertRaises(InsufficientPrivilege), self.env.cr.savepoint():
                self.env.cr.execute(statement)

    def test_decisions_survive_merging_and_deleting(self):
        double = self._make_customer("Fjellbekk Bakeri AS 2", limit=1.0)
        order = self._order(double, amount=20.0)
        order.action_confirm()
        request = self._ask(5.0)
        self.env["base.partner.merge.automatic.wizard"].sudo()._merge(
            (self.customer + double).ids, self.customer.sudo())
        self.assertFalse(double.exists())
        action = self.customer.with_user(self.manager).action_credit_decisions()
        listed = self.env["kundekartotek.credit.decision"].with_user(self.manager).search(action["domain"])
        self.assertIn("held", listed.mapped("decision"))
        self.assertEqual(listed.filtered(lambda d: d.decision == "held").customer_name, "Fjellbekk Bakeri AS 2")
        order.sudo().unlink()
        request.invalidate_recordset()
        self.assertEqual(request.partner_id, self.customer)
        loner = self._make_customer("Borte AS", limit=1.0)
        asked = self._ask(9.0, partner_id=loner.id)
        loner.sudo().unlink()
        self.assertEqual((asked.sudo().exists().partner_id.id, asked.customer_name), (False, "Borte AS"))

    def test_user_who_decided_can_be_deleted(self):
        self._ask(50000.0).with_user(self.second_manager).action_decline()
        name = self.second_manager.name
        self.second_manager.sudo().unlink()
        self.assertIn(name, self._decisions(self.customer).mapped("user_name"))
