# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from unittest.mock import DEFAULT, patch

from psycopg2.errors import DeadlockDetected, SerializationFailure

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditInvoice(CreditCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rules({"checkpoint": "invoice"}, {"checkpoint": "invoice", "percent": 80, "action": "warn"})

    def _from_order(self, order):
        return order._create_invoices()

    def test_shipped_policy_warns_only(self):
        """What ships never refuses an invoice for its amount."""
        self.env["kundekartotek.credit.policy"].sudo().search([]).active = False
        self.env.ref("kundekartotek_addon.credit_policy_standard").sudo().active = True
        draft = self._draft(amount=1e6)
        draft.action_post()
        self.assertEqual(draft.state, "posted")
        self.assertEqual(self._decisions(draft).decision, "warned")

    def test_what_was_ordered_is_always_invoiced(self):
        order = self._confirmed(amount=50000.0)
        invoice = self._from_order(order)
        invoice.action_post()
        self.assertEqual(invoice.state, "posted")
        self.assertFalse(self._decisions(invoice))

    def test_more_than_was_ordered_is_not(self):
        order = self._confirmed(amount=10000.0)
        invoice = self._from_order(order)
        invoice.invoice_line_ids.quantity = 1.5
        with self.assertRaises(UserError):
            invoice.action_post()

    def test_order_of_another_payer_covers_nothing(self):
        order = self._confirmed(amount=50000.0)
        invoice = self._from_order(order)
        invoice.partner_id = self._make_customer("Annen AS", limit=10.0)
        with self.assertRaises(UserError):
            invoice.action_post()

    def test_paid_at_once_is_not_given_credit_on_the_invoice(self):
        """An order escapes the test because it is to be paid at once: its invoice cannot then give thirty days."""
        order = self._confirmed(amount=50000.0, payment_term_id=self.terms_now.id)
        invoice = self._from_order(order)
        invoice.invoice_payment_term_id = self.terms_30
        with self.assertRaises(UserError):
            invoice.action_post()
        invoice.invoice_payment_term_id = self.terms_now
        invoice.action_post()
        self.assertEqual(invoice.state, "posted")

    def test_each_invoice_after_the_other(self):
        drafts = self._draft(amount=6000.0) + self._draft(amount=6000.0)
        with self.assertRaisesRegex(UserError, "Credit control"):
            drafts.action_post()
        self.assertEqual(drafts.mapped("state"), ["draft", "draft"])
        drafts[0].action_post()
        self.assertEqual(drafts.mapped("state"), ["posted", "draft"])

    def test_neither_state_nor_total_is_written_past_the_test(self):
        draft = self._draft(amount=11000.0).with_user(self.clerk)
        with self.assertRaisesRegex(UserError, "Credit control"):
            draft.write({"state": "posted"})
        draft.write({"amount_total_signed": 0.0})
        with self.assertRaisesRegex(UserError, "Credit control"):
            draft.action_post()

    def test_bankrupt_is_warned_of_as_shipped(self):
        self.env["kundekartotek.credit.policy"].sudo().search([]).active = False
        self.env.ref("kundekartotek_addon.credit_policy_standard").sudo().active = True
        customer = self._make_customer("Null AS")  # unlimited: no figure of its own is asked for
        self._bankrupt(customer)
        draft = self._draft(customer, amount=500.0)
        draft.action_post()
        self.assertRecordValues(self._decisions(draft), [{"decision": "warned", "exposure": 500.0}])

    def test_drafts_count_once_while_posted(self):
        self.company.sudo().credit_count_drafts = True
        draft = self._draft(amount=9000.0)
        self.assertEqual(self.customer.credit_exposure, 9000.0)
        draft.action_post()
        self.assertEqual(draft.state, "posted")

    def test_future_invoice_is_tested_on_its_day(self):
        draft = self._draft(amount=20000.0, day=TODAY + timedelta(5))
        draft.date = TODAY + timedelta(5)
        draft._post()
        self.assertEqual((draft.state, draft.auto_post), ("draft", "at_date"))
        with freeze_time(TODAY + timedelta(5)), self.assertRaises(UserError):
            draft._post()

    # -- the button ------------------------------------------------------------------------------------

    def _press(self, draft, user=None):
        return draft.with_user(user or self.clerk).with_context(credit_dialog=True).action_post()

    def test_dialog_stops(self):
        draft = self._draft(amount=11000.0)
        action = self._press(draft)
        dialog = self.env[action["res_model"]].with_user(self.clerk).browse(action["res_id"])
        self.assertEqual((dialog.stopped, dialog.words), (True, "Over the credit limit"))
        self.assertRegex(dialog.figures, r"11.000")
        self.assertEqual((draft.state, draft.credit_state), ("draft", "hold"))
        self.assertEqual(self._decisions(draft).decision, "held")
        with self.assertRaises(UserError):
            dialog.action_post()

    def test_bar_shows_what_the_document_adds(self):
        self._invoice(amount=4000.0)
        draft = self._draft(amount=9000.0)
        shown = draft.credit_overview
        self.assertEqual((shown["exposure"], shown["percent"], shown["with_percent"]), (4000.0, 40, 130))
        self.assertRegex(shown["with_text"], r"13.000")
        order = self._order(amount=1000.0)
        self.assertEqual(order.credit_overview["with_percent"], 50)
        confirmed = self._confirmed(amount=1000.0)
        for counted in (confirmed, confirmed._create_invoices()):  # the exposure knows them
            shown = counted.credit_overview
            self.assertEqual((shown["percent"], shown.get("with_percent")), (50, None))

    def test_dialog_warns_and_goes_on(self):
        draft = self._draft(amount=9000.0)
        action = self._press(draft)
        dialog = self.env[action["res_model"]].with_user(self.clerk).browse(action["res_id"])
        self.assertFalse(dialog.stopped)
        dialog.action_post()
        self.assertEqual((draft.state, self._decisions(draft).decision), ("posted", "warned"))

    def test_nothing_to_say(self):
        draft = self._draft(amount=1000.0)
        self.assertFalse(self._press(draft))
        self.assertEqual(draft.state, "posted")

    def test_released_invoice_is_posted(self):
        draft = self._draft(amount=11000.0)
        self._press(draft)
        self.env["kundekartotek.credit.release"].with_user(self.manager).create({
            "move_ids": [Command.set(draft.ids)], "reason": "Avtalt"}).action_decide()
        self.assertEqual(draft.credit_state, "released")
        self.assertFalse(self._press(draft))
        self.assertEqual(draft.state, "posted")

    # -- the job ---------------------------------------------------------------------------------------

    def _run_job(self):
        with self.enter_registry_test_mode():
            self.env.ref("account.ir_cron_auto_post_draft_entry").sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_job_posts_the_good_and_leaves_the_bad_a_task(self):
        bad = self._draft(amount=20000.0, auto_post="at_date", date=TODAY)
        good = self._draft(self._make_customer("God AS"), amount=20000.0, auto_post="at_date", date=TODAY)
        self._run_job()
        self.assertEqual((good.state, bad.state, bad.credit_state), ("posted", "draft", "hold"))
        self.assertEqual(bad.activity_ids.mapped("summary"), ["Not posted: stopped by credit control"])
        self._run_job()
        self.assertEqual(len(bad.activity_ids), 1)
        self.assertEqual(self._decisions(bad).mapped("decision"), ["held"])
        self.customer.sudo().credit_limit = 50000.0
        self._run_job()
        self.assertEqual((bad.state, bad.credit_state), ("posted", "clear"))

    def test_hold_ends_with_its_payer(self):
        draft = self._draft(amount=20000.0)
        self._press(draft)
        self.assertEqual(draft.credit_state, "hold")
        draft._credit_release(20000.0, TODAY, "Avtalt")
        draft.partner_id = self._make_customer("Fattig AS", limit=10.0)
        with self.assertRaisesRegex(UserError, "Over the credit limit"):  # a release is for its customer
            draft.action_post()
        self._press(draft)
        self.assertEqual(draft.credit_state, "hold")
        draft.with_user(self.clerk).partner_id = self._make_customer("Rik AS")
        self.assertEqual((draft.credit_state, draft.credit_words), ("clear", False))

    def test_job_begins_anew_where_somebody_decides_meanwhile(self):
        good = self._draft(amount=1.0, auto_post="at_date", date=TODAY)
        lock = type(self.env["kundekartotek.credit.lock"])
        lost = [SerializationFailure, DeadlockDetected]
        turns = {"side_effect": [*lost, DEFAULT, DEFAULT], "wraps": self.env[lock._name]._turn_sql}
        with patch.object(lock, "_turn_sql", **turns) as turn:
            self._run_job()
        self.assertEqual((good.state, turn.call_count), ("posted", 4))

    def test_job_records_once_what_another_decision_brings_over_the_limit(self):
        """The job commits before it posts, first all together and then one by one."""
        bad = self._draft(amount=6000.0, auto_post="at_date", date=TODAY)
        good = self._draft(self._make_customer("God AS"), auto_post="at_date", date=TODAY)
        commit, customer = type(self.env["ir.cron"])._commit_progress, self.customer.sudo()

        def lower(cron, *args, **options):
            customer.with_env(cron.env).with_company(self.company).credit_limit = 100.0
            return commit(cron, *args, **options)

        decisions = type(self.env["kundekartotek.credit.decision"])
        with (patch.object(type(self.env["ir.cron"]), "_commit_progress", lower),
              patch.object(decisions, "_record_refusals", autospec=True) as refused):
            self._run_job()
        self.assertEqual((good.state, bad.state, bad.credit_state), ("posted", "draft", "hold"))
        self.assertEqual(self._decisions(bad).mapped("decision"), ["held"])
        refused.assert_not_called()

    def test_job_gives_the_task_to_whoever_may_not_see_it(self):
        stranger = self._make_user("fremmed", "base.group_user")
        bad = self._draft(amount=20000.0, auto_post="at_date", date=TODAY, invoice_user_id=stranger.id)
        self._run_job()
        self.assertEqual((bad.state, bad.credit_state, bad.activity_ids.user_id), ("draft", "hold", stranger))

    def test_what_a_job_writes_in_the_log_has_no_amounts(self):
        """Whoever sells reads there."""
        draft = self._draft(amount=20000.0)
        with self.assertRaisesRegex(UserError, "Over the credit limit") as stop:
            draft.with_user(self.env.ref("base.user_root")).sudo()._post()
        self.assertNotRegex(str(stop.exception), r"20.000")

    @mute_logger("odoo.addons.account.models.account_move")
    def test_bad_ones_do_not_hide_the_good_from_the_job(self):
        for _number in range(3):
            self._draft(amount=20000.0, auto_post="at_date", date=TODAY)
        good = self._draft(self._make_customer("God AS"), amount=1.0, auto_post="at_date", date=TODAY - timedelta(9))
        with self.enter_registry_test_mode():
            job = self.env.ref("account.ir_cron_auto_post_draft_entry").sudo()
            job.code = "model._autopost_draft_entries(batch_size=2)"
            job.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(good.state, "posted")

    def test_entries_of_bookkeepers_are_left_alone(self):
        entry = self.env["account.move"].create({"line_ids": [
            Command.create({"account_id": self.company_data["default_account_receivable"].id,
                            "partner_id": self.customer.id, "balance": 99000.0}),
            Command.create({"account_id": self.company_data["default_account_revenue"].id, "balance": -99000.0})]})
        entry.action_post()
        self.assertEqual(entry.state, "posted")
