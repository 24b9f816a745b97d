# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, new_test_user, tagged
from odoo.tools import SQL

from .customer_ledger import TODAY, CustomerLedgerCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestFollowupNotes(CustomerLedgerCase):
    """A promise to pay and a dispute, noted on an invoice by who talks to customers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.case_worker, cls.reader, cls.salesperson = (
            new_test_user(cls.env, login=login, groups=group, company_id=cls.company.id,
                          company_ids=[(6, 0, cls.company.ids)])
            for login, group in (
                ("note_case_worker", "kundekartotek_addon.group_case_worker"),
                ("note_reader", "kundekartotek_addon.group_reader"),
                ("note_salesperson", "sales_team.group_sale_salesman")))
        cls.note_invoice = cls.invoice(cls.customers[0], 1000.0, TODAY - timedelta(40))

    def note(self, moves, user=None, **vals):
        moves = moves.with_user(user or self.case_worker).with_context(lang=None)
        action = moves.action_note_followup()
        form = Form(moves.env["kundekartotek.followup.note"].with_context(**action["context"]))
        for name, value in vals.items():
            form[name] = value
        form.save().action_save()

    def test_opens_as_the_client_asks_for_it(self):
        """With the names of the invoices, which a test form does not ask for."""
        action = self.note_invoice.with_user(self.case_worker).action_note_followup()
        notes = self.env["kundekartotek.followup.note"].with_user(self.case_worker).with_context(**action["context"])
        opened = notes.onchange({}, [], {
            "move_ids": {"fields": {"display_name": {}}}, "promise_date": {}, "is_single": {}})["value"]
        self.assertEqual([command[1] for command in opened["move_ids"]], self.note_invoice.ids)
        self.assertTrue(opened["is_single"])

    def events(self, move):
        self.env.cr.precommit.run()
        return self.env["kundekartotek.audit.event"].sudo().search(
            [("res_model", "=", "account.move"), ("res_id", "=", move.id)], order="id")

    def is_paused_in_sql(self, move):
        self.env.flush_all()
        [(paused,)] = self.env.execute_query(SQL(
            """SELECT %s FROM account_move_line item JOIN account_move ON account_move.id = item.move_id
                 JOIN account_account account ON account.id = item.account_id
                WHERE item.move_id = %s AND account.account_type = 'asset_receivable'""",
            self.env["account.move"]._followup_paused_sql(SQL("account_move"), SQL("item")), move.id))
        return paused

    def assertPaused(self, expected, move=None):
        move = move or self.note_invoice
        move.invalidate_recordset(["followup_paused"])
        self.assertEqual(move.followup_paused, expected)
        self.assertEqual(self.is_paused_in_sql(move), expected)
        found = self.env["account.move"].search([("followup_paused", "=", True), ("id", "=", move.id)])
        self.assertEqual(bool(found), expected)
        found = self.env["account.move"].search([("followup_paused", "=", False), ("id", "=", move.id)])
        self.assertEqual(bool(found), not expected)

    def test_promise_pauses_until_its_day_is_over(self):
        self.assertPaused(False)
        self.note(self.note_invoice, promise_date=TODAY + timedelta(3), promise_amount=400.0)
        self.assertPaused(True)
        self.assertIn("400,00", self.note_invoice.followup_note)
        with freeze_time(TODAY + timedelta(3)):
            self.assertPaused(True)
        with freeze_time(TODAY + timedelta(4)):
            self.assertPaused(False)
            self.assertIn("not kept", self.note_invoice.followup_note)

    def test_dispute_pauses_until_taken_back(self):
        self.note(self.note_invoice, dispute_reason="Varen kom skadet")
        self.assertEqual(self.note_invoice.dispute_since, TODAY)
        with freeze_time(TODAY + timedelta(400)):
            self.assertPaused(True)
        self.note(self.note_invoice, dispute_reason=False)
        self.assertFalse(self.note_invoice.dispute_since)
        self.assertPaused(False)

    def test_left_out_of_followup(self):
        self.note(self.note_invoice, no_followup=True)
        self.assertPaused(True)
        self.assertEqual(self.events(self.note_invoice).mapped("field_name"), ["no_followup"])
        self.note(self.note_invoice, no_followup=False)
        self.assertPaused(False)

    def test_several_invoices_at_once(self):
        invoices = self.note_invoice + self.invoice(self.customers[0], 500.0)
        self.note(invoices, promise_date=TODAY)
        self.assertEqual(invoices.mapped("promise_date"), [TODAY] * 2)

    def test_several_invoices_keep_what_is_not_touched(self):
        """A promise for many invoices takes back neither a dispute on one of them nor that one is left out."""
        invoices = self.note_invoice + self.invoice(self.customers[0], 500.0)
        self.note(invoices[0], dispute_reason="Feil pris", no_followup=True)
        self.note(invoices, promise_date=TODAY)
        self.assertEqual(invoices.mapped("promise_date"), [TODAY] * 2)
        self.assertEqual(invoices.mapped("dispute_reason"), ["Feil pris", False])
        self.assertEqual(invoices.mapped("no_followup"), [True, False])
        self.note(invoices, dispute_reason="Ikke levert")
        self.assertEqual(invoices.mapped("promise_date"), [TODAY] * 2)

    def test_promise_shows_from_the_day_it_was_given(self):
        """The aging of a past day shows what was known on it."""
        self.note(self.note_invoice, promise_date=TODAY + timedelta(3))

        def promised(day):
            return self.env["kundekartotek.aging"].sudo().with_context(aging_date=str(day)).search(
                [("partner_id", "=", self.customers[0].id)]).promised_amount
        self.assertEqual(promised(TODAY - timedelta(1)), 0)
        self.assertEqual([promised(TODAY + timedelta(days)) for days in (0, 3, 4)], [1000.0, 1000.0, 0])
        with freeze_time(TODAY + timedelta(1)):
            self.note(self.note_invoice, promise_date=TODAY + timedelta(3), promise_amount=200.0)
        self.assertEqual(promised(TODAY), 1000.0)

    def test_taking_back(self):
        self.note(self.note_invoice, promise_date=TODAY, dispute_reason="Feil pris")
        note = self.env["kundekartotek.followup.note"].with_user(self.case_worker).with_context(
            active_model="account.move", active_ids=self.note_invoice.ids).create({})
        note.action_clear()
        self.assertFalse(self.note_invoice.followup_note)

    def test_trail(self):
        self.note(self.note_invoice, promise_date=TODAY, dispute_reason="Feil pris")
        events = self.events(self.note_invoice)
        self.assertEqual(set(events.mapped("field_name")), {"promise_date", "dispute_reason", "dispute_since"})
        self.assertEqual(events.user_id, self.case_worker)
        self.assertEqual(events.mapped("customer_res_id"), [self.customers[0].id] * 3)

    def test_ordinary_invoices_leave_no_trail_here(self):
        invoice = self.invoice(self.customers[0])
        self.assertFalse(self.events(invoice))
        draft = invoice.copy()
        self.assertFalse(draft.promise_date)
        draft.unlink()
        self.assertFalse(self.events(draft))

    def test_refused(self):
        with self.assertRaises(UserError):
            self.note(self.note_invoice, promise_date=TODAY - timedelta(1))
        with self.assertRaises(UserError):
            self.note(self.note_invoice, promise_date=TODAY, promise_amount=-1)
        with self.assertRaises(UserError):
            self.note(self.note_invoice, dispute_reason="Feil vare", dispute_since=TODAY + timedelta(1))
        draft = self.note_invoice.copy()
        credit_note = self._reverse_invoice(self.invoice(self.customers[0]), post=True)
        for moves in (draft, credit_note, self.env["account.move"]):
            with self.assertRaises(UserError):
                moves.with_user(self.case_worker).action_note_followup()

    def test_who_may_note(self):
        for user in (self.reader, self.salesperson):
            with self.assertRaises(AccessError):
                self.note_invoice.with_user(user).action_note_followup()
            with self.assertRaises(AccessError):
                self.env["kundekartotek.followup.note"].with_user(user).create(
                    {"move_ids": [(6, 0, self.note_invoice.ids)]})
        foreign = self.invoice(self.customers[0], company=self.other_company)
        with self.assertRaises(AccessError):
            foreign.with_user(self.case_worker).action_note_followup()
        note = self.env["kundekartotek.followup.note"].with_user(self.case_worker).with_context(
            active_model="account.move", active_ids=self.note_invoice.ids).create({"promise_date": TODAY})
        note.sudo().move_ids = foreign
        with self.assertRaises(UserError):  # it is not there for this user
            note.action_save()
        with self.assertRaises(AccessError):
            self.note_invoice.with_user(self.case_worker)._note_followup({"ref": "x"})
