# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import Command
from odoo.exceptions import AccessError, RedirectWarning, UserError, ValidationError
from odoo.tests import Form, freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditProposal(CreditCase):
    """A shared limit, insurance or guarantee is tightened by one credit manager, and loosened by two."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sister = cls._make_customer("Søster AS", limit=90000.0)
        cls.group = cls.env["kundekartotek.credit.group"].sudo().create({
            "name": "Konsern", "credit_limit": 12000.0, "company_id": cls.company.id,
            "partner_ids": [Command.set((cls.customer + cls.sister).ids)]}).with_user(cls.manager)
        cls.security = cls._secure().with_user(cls.manager)
        cls.env.cr.flush()  # what happens to them is no part of how they came to be

    @classmethod
    def _secure(cls, user=None, **vals):
        securities = cls.env["kundekartotek.credit.security"]
        return (securities.with_user(user) if user else securities.sudo()).create({
            "partner_id": cls.customer.id, "company_id": cls.company.id, "name": "Forsikring ASA", "amount": 5000.0,
            "date_from": TODAY, "date_to": TODAY + timedelta(30), **vals})

    def _second(self, record, user=None):
        return record.with_user(user or self.second_manager)

    def _secured(self):
        self._rules({}, counts_security=True)
        self.env.invalidate_all()
        return self.customer.credit_limit_now - 10000.0

    # -- what waits ------------------------------------------------------------------------------------

    def test_raised_shared_limit_waits_for_another(self):
        self.group.credit_limit = 50000.0
        self.assertEqual(self.group.credit_limit, 12000.0)
        order = self._order(self.sister, amount=13000.0)
        order.action_confirm()
        self.assertEqual(order.credit_state, "hold")
        self.assertEqual(self.group.proposer_id, self.manager)
        self.assertIn("12,000.00", self.group.proposal_words)
        self.assertIn("50,000.00", self.group.proposal_words)
        with self.assertRaisesRegex(UserError, "Somebody else"):
            self.group.action_confirm_proposal()
        self._second(self.group).action_confirm_proposal()
        self.assertEqual((self.group.credit_limit, self.group.date_proposed), (50000.0, False))
        self.assertTrue(order.credit_recheck)
        with self.assertRaisesRegex(UserError, "Nothing waits"):
            self._second(self.group).action_confirm_proposal()

    def test_lowered_limit_and_added_member_count_at_once(self):
        third = self._make_customer("Tredje AS")
        self.group.write({"credit_limit": 100.0, "partner_ids": [Command.link(third.id)], "name": "Konsernet"})
        self.assertEqual((self.group.credit_limit, self.group.name), (100.0, "Konsernet"))
        self.assertIn(third, self.group.partner_ids)
        self.assertFalse(self.group.proposal)

    def test_one_change_that_tightens_and_loosens(self):
        third = self._make_customer("Tredje AS")
        self.group.write({"credit_limit": 13000.0, "partner_ids": [Command.set((self.customer + third).ids)]})
        self.assertEqual(self.group.partner_ids, self.customer + self.sister + third)
        self.assertEqual(self.group.credit_limit, 12000.0)
        self.assertIn("Søster AS", self.group.proposal_words)
        self._second(self.group).action_confirm_proposal()
        self.assertEqual((self.group.partner_ids, self.group.credit_limit), (self.customer + third, 13000.0))

    def test_whatever_takes_a_member_out_waits(self):
        for command in (  # what a client may send
                Command.unlink(self.sister.id), Command.delete(self.sister.id), Command.clear(),
                        Command.set(self.customer.ids), Command.set([])):
            with self.subTest(command=command):
                self.group.partner_ids = [command]
                self.assertEqual(self.group.partner_ids, self.customer + self.sister)
                self.assertTrue(self.group.proposal)
                self.group.action_withdraw_proposal()

    def test_members_in_the_forms_that_the_orm_takes(self):
        """What it reads otherwise in a draft than in a write: ids alone are all that remain, and a customer that is
        updated is no member by that."""
        a, s = self.customer.id, self.sister.id
        for value, left in (([a], self.customer), ([[3, s], [1, s, {}]], self.customer),
                            ([[5], [1, a, {}]], self.env["res.partner"]),
                            ([[6, 0, []], [1, a, {}]], self.env["res.partner"]), (False, self.env["res.partner"])):
            with self.subTest(value=value):
                self.group.write({"partner_ids": value})
                self.env.invalidate_all()
                self.assertEqual(self.group.partner_ids, self.customer + self.sister)
                self._second(self.group).action_confirm_proposal()
                self.assertEqual(self.group.partner_ids, left)
                self.group.sudo().partner_ids = self.customer + self.sister

    def test_member_that_is_created_or_updated_counts_at_once(self):
        self.manager.sudo().group_ids += self.env.ref("base.group_partner_manager")
        self.group.write({"partner_ids": [
            Command.unlink(self.sister.id), Command.update(self.customer.id, {"ref": "K1"}),
            Command.create({"name": "Ny AS", "is_company": True})]})
        self.assertEqual(self.customer.ref, "K1")
        self.assertEqual(
            self.group.partner_ids.mapped("name"), [*(self.customer + self.sister).mapped("name"), "Ny AS"])
        self.assertIn("Søster AS", self.group.proposal_words)

    def test_next_change_in_one_transaction(self):
        """The former draft is no beginning for it."""
        self.security.amount = 4000.0
        self.security.sudo().amount = 3000.0
        self.security.name = "Bank"
        self.assertFalse(self.security.proposal)

    def test_archived_member_is_in_no_second_group(self):
        self.sister.sudo().active = False
        groups = self.env["kundekartotek.credit.group"].with_user(self.manager)
        vals = {"name": "Nytt", "credit_limit": 1e9, "partner_ids": [Command.set(self.sister.ids)]}
        with self.assertRaisesRegex(ValidationError, "already"), self.env.cr.savepoint():
            groups.create(vals)
        self.group.sudo().active = False
        other = groups.create(vals)
        with self.assertRaisesRegex(ValidationError, "already"):
            self.group.action_unarchive()
        self.assertTrue(other.active)

    def test_of_two_groups_the_strictest_counts(self):
        """Two managers at once, or a merge, may bring it about."""
        for limit in (1e9, 100.0, 1e8):
            group = self.group.sudo().create({
                "name": "Annet", "credit_limit": limit, "company_id": self.company.id})
            self.env.cr.execute(
                "INSERT INTO kundekartotek_credit_group_partner_rel VALUES (%s, %s)", (group.id, self.sister.id))
        facts = (self.sister + self.customer).sudo().with_company(self.company)._credit_facts()
        self.assertEqual([facts[each.id].group_limit for each in (self.sister, self.customer)], [100.0, 12000.0])

    def test_archived_member_is_in_the_exposure(self):
        self._invoice(self.sister, amount=9000.0)
        self.sister.sudo().active = False
        self.env.invalidate_all()
        self.assertEqual(self.group.credit_exposure, 9000.0)

    def test_archived_member_is_a_member(self):
        self.sister.sudo().active = False
        for groups in self.group, self.group.with_context(active_test=False):
            groups.partner_ids = [Command.set(self.customer.ids)]
        self.env.invalidate_all()
        self.assertEqual(self.group.with_context(active_test=False).partner_ids, self.customer + self.sister)

    def test_archiving_and_moving_wait_and_deleting_is_refused(self):
        self.group.action_archive()
        self.assertTrue(self.group.active and self.group.proposal)
        self.group.action_withdraw_proposal()
        self.group.company_id = self.other_company
        self.assertEqual(self.group.company_id, self.company)
        self.group.action_withdraw_proposal()
        with self.assertRaisesRegex(UserError, "Archive"):
            self.group.unlink()
        self.group.action_archive()
        self._second(self.group).action_confirm_proposal()
        self.assertFalse(self.group.active)
        self.group.credit_limit = 1e9  # an archived group binds nobody
        self.group.action_unarchive()
        self.assertEqual((self.group.active, self.group.credit_limit), (True, 1e9))

    def test_archived_group_can_be_deleted(self):
        self.group.sudo().active = False
        self.group.unlink()
        self.assertFalse(self.group.exists())

    def test_new_security_counts_when_another_has_confirmed(self):
        security = self._secure(self.manager, amount=7000.0, is_confirmed=True)
        self.assertFalse(security.is_in_force)
        self.assertNotIn(security, security.search([("is_in_force", "=", True)]))
        self.assertEqual(self._secured(), 5000.0)
        for vals in ({"amount": 1.0}, {"amount": 9000.0}, {"name": "Bank"}):
            with self.assertRaisesRegex(UserError, "waits"):
                self._second(security).write(vals)
        with self.assertRaisesRegex(UserError, "Somebody else"):
            security.action_confirm_proposal()
        self._second(security).action_confirm_proposal()
        self.assertTrue(security.is_in_force)
        self.assertEqual(self._secured(), 12000.0)

    def test_what_widens_a_security_waits(self):
        for vals in (
            {"amount": 5001.0}, {"date_to": TODAY + timedelta(31)}, {"date_from": TODAY - timedelta(1)},
            {"partner_id": self.sister.id}, {"amount": "6000"},
            {"date_from": TODAY + timedelta(40), "date_to": TODAY + timedelta(50)},  # moved: not half of it
        ):
            with self.subTest(vals=vals):
                before = self.security.read(list(vals))
                self.security.write(vals)
                self.assertEqual(self.security.read(list(vals)), before)
                self._second(self.security).action_confirm_proposal()
                self.assertNotEqual(self.security.read(list(vals)), before)
                self.security.sudo().write({
                    "partner_id": self.customer.id, "company_id": self.company.id, "amount": 5000.0,
                    "date_from": TODAY, "date_to": TODAY + timedelta(30)})

    def test_what_narrows_a_security_counts_at_once(self):
        self.security.write({"amount": 4000.0, "date_to": TODAY + timedelta(2), "date_from": TODAY + timedelta(1),
                             "name": "Bank", "kind": "guarantee"})
        self.assertFalse(self.security.proposal)
        self.assertEqual((self.security.amount, self.security.date_to), (4000.0, TODAY + timedelta(2)))
        self.security.unlink()
        self.assertFalse(self.security.exists())

    def test_smaller_amount_at_once_and_later_expiry_later(self):
        self.security.write({"amount": 4000.0, "date_to": TODAY + timedelta(60)})
        self.assertEqual((self.security.amount, self.security.date_to), (4000.0, TODAY + timedelta(30)))
        self._second(self.security).action_confirm_proposal()
        self.assertEqual(self.security.date_to, TODAY + timedelta(60))

    # -- who decides -----------------------------------------------------------------------------------

    def test_authority_must_suffice(self):
        self.group.credit_limit = 300000.0
        self.assertTrue(self._second(self.group).exceeds_authority)
        with self.assertRaisesRegex(UserError, "authority"):
            self._second(self.group).action_confirm_proposal()
        self.env["kundekartotek.credit.authority"].sudo().search([]).amount = 300000.0
        self._second(self.group).action_confirm_proposal()
        self.assertEqual(self.group.credit_limit, 300000.0)
        self.env["kundekartotek.credit.authority"].sudo().search([]).amount = 299999.0
        self.group.action_archive()  # frees as much
        with self.assertRaisesRegex(UserError, "authority"):
            self._second(self.group).action_confirm_proposal()
        security = self._secure(self.manager, amount=300000.0)
        with self.assertRaisesRegex(UserError, "authority"):
            self._second(security).action_confirm_proposal()

    def test_authority_in_the_company_that_a_security_goes_to(self):
        self.env["kundekartotek.credit.authority"].sudo().search([]).amount = 10000.0
        self._secure(company_id=self.other_company.id, amount=8000.0)
        self.security.company_id = self.other_company
        with self.assertRaisesRegex(UserError, "authority"):
            self._second(self.security).action_confirm_proposal()
        turns = self.env["kundekartotek.credit.lock"].sudo().search(
            [("kind", "=", "authority"), ("key_res_id", "=", self.customer.id)])
        self.assertEqual(set(turns.mapped("company_res_id")), set((self.company + self.other_company).ids))
        self.env["kundekartotek.credit.authority"].sudo().search([]).amount = 13000.0
        self._second(self.security).action_confirm_proposal()
        self.assertEqual(self.security.company_id, self.other_company)

    def test_only_credit_managers_decide(self):
        self.group.credit_limit = 13000.0
        worker = self._make_user("saksbehandler", "kundekartotek_addon.group_case_worker")
        for action in ("action_confirm_proposal", "action_decline_proposal", "action_withdraw_proposal"):
            for user in (worker, self.seller):
                with self.assertRaises(UserError):  # an AccessError is one
                    getattr(self._second(self.group, user), action)()
        self.assertTrue(self.group.proposal)

    def test_two_factors_where_the_company_demands_them(self):
        self.group.credit_limit = 13000.0
        self.patch(type(self.env["res.users"]), "_two_factor_possible", lambda _users: True)
        self.company.sudo().two_factor_required = True
        with self.assertRaises(RedirectWarning):
            self._second(self.group).action_confirm_proposal()

    def test_another_declines_and_the_proposer_withdraws(self):
        self.group.credit_limit = 13000.0
        with self.assertRaisesRegex(UserError, "Somebody else"):
            self.group.action_decline_proposal()
        with self.assertRaisesRegex(UserError, "Only who proposed"):
            self._second(self.group).action_withdraw_proposal()
        self._second(self.group).action_decline_proposal()
        self.assertEqual((self.group.credit_limit, self.group.proposal), (12000.0, False))
        self.assertFalse(self.group.proposer_id)
        self.assertIn(self.manager.partner_id, self.group.sudo().message_ids.partner_ids)
        security = self._secure(self.manager)
        security.action_withdraw_proposal()
        self.assertFalse(security.is_in_force)
        self._second(security).amount = 6000.0  # whoever takes it up again proposes it
        self.assertEqual((security.amount, security.is_confirmed, security.proposer_id),
                         (6000.0, False, self.second_manager))
        security.action_confirm_proposal()
        self.assertTrue(security.is_confirmed)

    def test_second_proposal_does_not_take_the_place_of_the_first(self):
        self.group.credit_limit = 13000.0
        for user in (self.manager, self.second_manager):
            with self.assertRaisesRegex(UserError, "waits"):
                self._second(self.group, user).credit_limit = 14000.0
        self._second(self.group).credit_limit = 11000.0  # tighter at once
        self.assertEqual(self.group.credit_limit, 11000.0)
        self._second(self.group).action_confirm_proposal()
        self.assertEqual(self.group.credit_limit, 13000.0)

    def test_what_is_confirmed_is_what_was_seen(self):
        self.group.credit_limit = 13000.0
        seen = self._second(self.group).with_context(proposal_seen=str(self.group.date_proposed))
        with freeze_time(TODAY + timedelta(1)):
            self.group.action_withdraw_proposal()
            self.group.credit_limit = 99000.0
            with self.assertRaisesRegex(UserError, "since you looked"):
                seen.action_confirm_proposal()

    def test_waiting_record_is_not_deleted(self):
        security = self._secure(self.manager)
        with self.assertRaisesRegex(UserError, "waits"):
            self._second(security).unlink()
        security.action_withdraw_proposal()
        security.unlink()

    # -- whichever way ---------------------------------------------------------------------------------

    def test_nobody_writes_a_confirmation(self):
        for record, vals in ((self.group, {"proposal": {"credit_limit": 1e9}}), (self.group, {"proposer_id": 1}),
                             (self.security, {"is_confirmed": True}), (self.group, {"date_proposed": TODAY})):
            with self.assertRaises(AccessError):
                record.write(vals)
        groups = self.group.with_context(
            default_proposal={"credit_limit": 1e9}, default_proposer_id=self.second_manager.id)
        made = groups.create({"name": "Nytt", "credit_limit": 5.0, "proposer_id": self.second_manager.id})
        self.assertFalse(made.proposal or made.proposer_id)
        securities = self.env["kundekartotek.credit.security"].with_user(self.manager).with_context(
            default_is_confirmed=True, default_proposer_id=self.second_manager.id)
        security = securities.create({
            "partner_id": self.customer.id, "company_id": self.company.id, "name": "x", "amount": 5.0,
            "date_to": TODAY})
        self.assertEqual((security.is_confirmed, security.proposer_id), (False, self.manager))
        copied = self.security.copy()
        self.assertFalse(copied.is_confirmed)

    def test_import_waits_too(self):
        result = self.env["kundekartotek.credit.group"].with_user(self.manager).load(
            [".id", "credit_limit"], [[str(self.group.id), "500000"]])
        self.assertTrue(result["ids"], result["messages"])
        self.assertEqual((self.group.credit_limit, bool(self.group.proposal)), (12000.0, True))
        result = self.env["kundekartotek.credit.security"].with_user(self.manager).load(
            ["partner_id/.id", "name", "amount", "date_to"], [[str(self.customer.id), "Bank", "99", "2026-12-31"]])
        self.assertFalse(self.security.browse(result["ids"]).is_confirmed)

    def test_form_shows_what_waits(self):
        with Form(self.group) as form:
            form.credit_limit = 13000.0
            form.partner_ids.remove(self.sister.id)
        self.assertEqual((form.credit_limit, bool(form.date_proposed)), (12000.0, True))
        self.assertEqual(self.group.partner_ids, self.customer + self.sister)
        self.assertIn("Søster AS", form.proposal_words)

    def test_amount_that_is_no_number(self):
        """No amount is larger than it, and it is larger than none."""
        for record, name in ((self.group, "credit_limit"), (self.security, "amount")):
            with self.assertRaises(ValueError), self.env.cr.savepoint():
                record.write({name: float("nan")})
                record.flush_recordset()

    def test_customer_that_is_gone_by_then(self):
        gone = self._make_customer("Borte AS")
        self.security.partner_id = gone
        gone.sudo().unlink()
        self.assertTrue(self.security.proposal_words)
        with self.assertRaisesRegex(UserError, "no longer exists"):
            self._second(self.security).action_confirm_proposal()
        self._second(self.security).action_decline_proposal()

    def test_company_without_credit_control_is_left_alone(self):
        self.company.sudo().credit_control = False
        self.group.credit_limit = 1e6
        self.assertEqual(self.group.credit_limit, 1e6)
        security = self._secure(self.manager)
        self.assertTrue(security.is_in_force)
        security.amount = 1e6
        self.assertEqual(security.amount, 1e6)
        self.group.unlink()

    def test_what_waits_is_not_changed_when_credit_control_is_off(self):
        self.group.credit_limit = 50000.0
        security = self._secure(self.manager)
        self.company.sudo().credit_control = False
        for record, vals in ((self.group, {"credit_limit": 11000.0}), (security, {"amount": 1e6})):
            with self.assertRaisesRegex(UserError, "waits"):
                record.write(vals)

    def test_unconfirmed_security_that_is_written_when_credit_control_is_off(self):
        """It needs no second one, as when it is made."""
        security = self._secure(self.manager)
        security.action_withdraw_proposal()
        self.company.sudo().credit_control = False
        security.message_subscribe(self.manager.partner_id.ids)
        self.assertFalse(security.is_confirmed)
        security.amount = 6000.0
        self.assertTrue(security.is_confirmed)

    def test_security_brought_in_from_a_company_without_control(self):
        securities = self.env["kundekartotek.credit.security"].with_user(self.manager).with_context(
            allowed_company_ids=(self.company + self.other_company).ids)
        security = securities.browse(self._secure(company_id=self.other_company.id).id)
        security.amount = 6000.0
        self.assertEqual(security.amount, 6000.0)
        security.company_id = self.company
        self.assertEqual(security.company_id, self.other_company)
        self.assertTrue(security.proposal)

    def test_superuser_is_not_stopped(self):
        """Data files and the demo are loaded as superuser."""
        self.group.sudo().credit_limit = 1e6
        self.assertEqual((self.group.credit_limit, self.group.proposal), (1e6, False))
        self.assertTrue(self._secure().is_in_force)
        self.group.sudo().unlink()

    # -- what is kept ----------------------------------------------------------------------------------

    def test_every_step_is_a_decision_and_a_task(self):
        self._invoice(self.sister, amount=9000.0)
        self.group.credit_limit = 13000.0
        tasks = self.group.sudo().activity_ids
        self.assertIn(self.second_manager, tasks.user_id)
        self.assertTrue(all(tasks.user_id.mapped("active")))
        self.assertNotIn(self.manager, tasks.user_id)
        self._second(self.group).action_decline_proposal()
        self.assertFalse(self.group.sudo().activity_ids)
        self.group.credit_limit = 14000.0
        self._second(self.group).action_confirm_proposal()
        self.env.flush_all()
        rows = self._decisions(self.group)
        of_sister = rows.filtered(lambda row: row.customer_res_id == self.sister.id)
        self.assertEqual(
            of_sister.mapped(lambda row: (row.decision, row.amount, row.limit_amount)),
            [("requested", 13000.0, 12000.0), ("declined", 13000.0, 12000.0),
             ("requested", 14000.0, 12000.0), ("approved", 14000.0, 12000.0)])
        self.assertEqual([row.user_name for row in of_sister], [self.manager.name, self.second_manager.name] * 2)
        self.assertEqual(len(rows), 8)
        self.assertEqual(rows.mapped("words"), ["Shared Limit"] * 8)
        self.assertEqual(set(of_sister.mapped("exposure")), {9000.0})
        security = self._secure(self.manager, amount=10.0)
        security.action_withdraw_proposal()
        self.assertEqual(self._decisions(security).mapped("decision"), ["requested", "withdrawn"])
        self.assertEqual(self._decisions(security).mapped("words"), ["New insurance or guarantee"] * 2)
        self.assertEqual(self._decisions(security).customer_id, self.customer)
        self.env.cr.flush()
        events = self.env["kundekartotek.audit.event"].sudo().search([
            ("res_model", "=", self.group._name), ("res_id", "=", self.group.id), ("field_name", "=", "credit_limit")])
        self.assertEqual(events.mapped("user_name"), [self.second_manager.name])
        self.assertIn(self.manager.name, events.reason)
