# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

NUMBER, OTHER_NUMBER = "8601 11 17947", "1503 02 01002"


@tagged("post_install", "-at_install")
class TestAuditBank(AccountTestInvoicingCommon):
    """Four eyes on bank accounts."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.company_data["company"]
        cls.company.bank_four_eyes = True
        groups = ("account.group_account_manager,account.group_validate_bank_account,"
                  "base.group_partner_manager")
        cls.anne, cls.bjorn = (
            new_test_user(cls.env, login=login, name=login.capitalize(), groups=groups, company_id=cls.company.id,
                          company_ids=[Command.set(cls.company.ids)]) for login in ("anne", "bjørn"))
        cls.clerk = new_test_user(
            cls.env, login="kari", groups="account.group_account_invoice,base.group_partner_manager",
            company_id=cls.company.id, company_ids=[Command.set(cls.company.ids)])

    def make_account(self, user, number=NUMBER, **vals):
        return self.env["res.partner.bank"].with_user(user).create(
            {"partner_id": self.partner_a.id, "acc_number": number, **vals})

    def state(self, bank):
        bank.invalidate_recordset()
        return bank.approval_pending, bank.allow_out_payment

    def test_new_account_waits_for_a_second_person(self):
        bank = self.make_account(self.anne, allow_out_payment=True)
        self.assertEqual(self.state(bank), (True, False))
        self.assertEqual(bank.changed_by_id, self.anne)
        for approve in (lambda: bank.write({"allow_out_payment": True}), bank.action_approve_bank_account,
                        lambda: bank.sudo().write({"allow_out_payment": True})):
            with self.assertRaisesRegex(AccessError, "second person"):
                approve()
        self.assertEqual(self.state(bank), (True, False))
        with self.assertRaises(UserError):
            bank.with_user(self.clerk).action_approve_bank_account()
        with self.assertRaisesRegex(AccessError, "person with the right"):
            bank.with_user(self.env.ref("base.user_root")).write({"allow_out_payment": True})
        bank.with_user(self.bjorn).action_approve_bank_account()
        self.assertEqual(self.state(bank), (False, True))
        event = self.env["kundekartotek.audit.event"].sudo().search(
            [("kind", "=", "decided"), ("res_id", "=", bank.id)])
        self.assertRecordValues(event, [{
            "user_name": "Bjørn", "res_model": "res.partner.bank", "customer_res_id": self.partner_a.id,
            "new_value": f"approved {NUMBER}, changed by Anne"}])

    def test_core_s_switch_approves_too(self):
        bank = self.make_account(self.clerk)
        bank.with_user(self.anne).write({"allow_out_payment": True})
        self.assertEqual(self.state(bank), (False, True))

    def test_every_change_takes_it_out_of_use(self):
        other = self.env["res.bank"].create({"name": "En bank"})
        for vals in ({"acc_number": OTHER_NUMBER}, {"partner_id": self.partner_b.id}, {"acc_holder_name": "X"},
                     {"bank_id": other.id}):
            with self.subTest(vals), self.env.cr.savepoint() as savepoint:
                bank = self.make_account(self.anne)
                bank.with_user(self.bjorn).action_approve_bank_account()
                bank.with_user(self.bjorn).sudo().write(vals)  # an import, another module
                self.assertEqual(self.state(bank), (True, False))
                self.assertEqual(bank.changed_by_id, self.bjorn)
                with self.assertRaisesRegex(AccessError, "second person"):
                    bank.with_user(self.bjorn).action_approve_bank_account()
                savepoint.rollback()
        bank = self.make_account(self.anne)
        bank.with_user(self.bjorn).action_approve_bank_account()
        bank.with_user(self.anne).write({"note": "Ringt 12.11."})
        self.assertEqual(self.state(bank), (False, True), "a note changes nothing")

    def test_change_and_approval_in_one_write(self):
        bank = self.make_account(self.anne)
        bank.with_user(self.bjorn).write({"acc_number": OTHER_NUMBER, "allow_out_payment": True})
        self.assertEqual(self.state(bank), (True, False))
        self.assertEqual(bank.changed_by_id, self.bjorn)

    def test_the_bank_s_identifier_is_part_of_the_account(self):
        """A payment abroad finds its bank by the BIC, which all accounts of a bank share."""
        bic = self.env["res.bank"].create({"name": "En bank", "bic": "ENBANOKK"})
        bank, neighbour = self.make_account(self.anne, bank_id=bic.id), self.make_account(
            self.anne, OTHER_NUMBER, bank_id=bic.id)
        elsewhere = self.make_account(self.anne, "1503 02 01029")
        accounts = bank + neighbour + elsewhere

        def approved(user=self.bjorn):
            accounts.filtered("approval_pending").with_user(user).action_approve_bank_account()
            return accounts.invalidate_recordset()
        for change in (
            lambda: bic.with_user(self.clerk).write({"bic": "TYVENOKK"}),
            lambda: bank.with_user(self.clerk).write({"bank_bic": "RANENOKK"}),
            lambda: bic.with_user(self.clerk).write({"bic": False}),
        ):
            approved()
            change()
            self.assertEqual([self.state(each) for each in accounts], [(True, False), (True, False), (False, True)])
            self.assertEqual(neighbour.changed_by_id, self.clerk)
        bank.with_user(self.bjorn).write({"allow_out_payment": True, "bank_bic": "TYVENOKK"})
        self.assertEqual(self.state(bank), (True, False), "not what was approved")
        with self.assertRaisesRegex(AccessError, "second person"):
            bank.with_user(self.bjorn).action_approve_bank_account()
        approved(self.anne)
        bic.with_user(self.clerk).write({"bic": "tyvenokk", "phone": "1"})
        self.assertEqual(self.state(bank), (False, True), "the same one")
        self.env.cr.flush()
        event = self.env["kundekartotek.audit.event"].sudo().search(
            [("res_model", "=", "res.bank"), ("res_id", "=", bic.id)], order="id desc", limit=1)
        self.assertRecordValues(event, [{"res_name": "En bank", "kind": "created"}])
        bic.bic = "NYTTNOKK"
        self.env.cr.flush()
        event = event.search([("res_model", "=", "res.bank"), ("kind", "=", "changed")], order="id desc", limit=1)
        self.assertRecordValues(event, [{"field_name": "bic", "old_value": "TYVENOKK", "new_value": "NYTTNOKK"}])

    def test_everybody_who_changed_it_is_out(self):
        """Who changed the number does not approve it, even if another one has mended the holder's name since."""
        bank = self.make_account(self.anne)
        bank.with_user(self.clerk).acc_holder_name = "Fjellbekk"
        for user in (self.anne, self.clerk):
            with self.assertRaises(AccessError):
                bank.with_user(user).write({"allow_out_payment": True})
        bank.with_user(self.bjorn).action_approve_bank_account()
        bank.with_user(self.bjorn).allow_out_payment = False  # Odoo changes no account that is trusted
        bank.with_user(self.bjorn).acc_number = OTHER_NUMBER
        bank.with_user(self.anne).action_approve_bank_account()
        self.assertEqual(self.state(bank), (False, True), "her change had been approved")

    def test_changed_in_the_archive(self):
        """Who changed an account while it was archived does not approve it when another one has restored it."""
        bank = self.make_account(self.anne)
        bank.with_user(self.bjorn).action_approve_bank_account()
        bank.with_user(self.bjorn).allow_out_payment = False
        bank.with_user(self.clerk).active = False
        bank.with_user(self.bjorn).acc_number = OTHER_NUMBER
        bank.with_user(self.clerk).active = True
        self.assertEqual(self.state(bank), (True, False))
        with self.assertRaisesRegex(AccessError, "second person"):
            bank.with_user(self.bjorn).action_approve_bank_account()
        bank.with_user(self.anne).action_approve_bank_account()

    def test_payment_is_not_turned_to_another_account(self):
        bank, pending = self.make_account(self.anne), self.make_account(self.anne, OTHER_NUMBER)
        bank.with_user(self.bjorn).action_approve_bank_account()
        payment = self.env["account.payment"].create({
            "payment_type": "outbound", "partner_type": "supplier", "partner_id": self.partner_a.id, "amount": 100,
            "partner_bank_id": bank.id})
        payment.action_post()
        with self.assertRaisesRegex(UserError, "waits for a second person"):
            payment.partner_bank_id = pending
        draft = payment.copy({"partner_bank_id": pending.id})
        self.assertEqual(draft.state, "draft")
        with self.assertRaisesRegex(UserError, "waits for a second person"):
            draft.write({"state": "in_process"})

    def test_no_way_round_by_another_company(self):
        """An account belongs to its partner's company: moved to one without four eyes, approved there, and back."""
        free = self.env["res.company"].create({"name": "Fri AS"})
        self.anne.company_ids += free
        partner = self.partner_a.with_user(self.anne).with_context(
            allowed_company_ids=(free + self.company).ids)
        partner.company_id = free
        bank = self.make_account(self.anne).with_env(partner.env)
        bank.allow_out_payment = True
        self.assertEqual(self.state(bank), (False, True))
        partner.company_id = self.company
        self.assertEqual(self.state(bank), (True, False))
        partner.company_id = free
        with self.assertRaisesRegex(UserError, "second person"):
            bank.allow_out_payment = True
        self.assertEqual(self.state(bank), (True, False))

    def test_nobody_writes_the_fields(self):
        bank = self.make_account(self.anne)
        for vals in ({"approval_pending": False}, {"changed_by_id": self.bjorn.id}):
            with self.assertRaises(AccessError):
                bank.write(vals)
            with self.assertRaises(AccessError):
                self.make_account(self.anne, OTHER_NUMBER, **vals)

    def test_taken_out_of_the_archive(self):
        bank = self.make_account(self.anne)
        bank.with_user(self.bjorn).action_approve_bank_account()
        bank.with_user(self.anne).active = False
        bank.with_user(self.anne).active = True
        self.assertEqual(self.state(bank), (True, False))

    def test_reject(self):
        bank = self.make_account(self.anne)
        bank.with_user(self.bjorn).action_reject_bank_account()
        self.assertFalse(bank.active)
        self.assertEqual(self.env["kundekartotek.audit.event"].sudo().search_count(
            [("kind", "=", "decided"), ("res_id", "=", bank.id), ("new_value", "=", f"rejected {NUMBER}")]), 1)

    def test_merging_does_not_move_an_approval(self):
        bank = self.make_account(self.anne)
        bank.with_user(self.bjorn).action_approve_bank_account()
        twin = self.partner_a.copy({"email": self.partner_a.email})
        wizard = self.env["base.partner.merge.automatic.wizard"].with_user(self.bjorn).sudo()
        wizard._merge((self.partner_a + twin).ids, twin, extra_checks=False)
        self.assertEqual(bank.partner_id, twin)
        self.assertEqual(self.state(bank), (True, False))

    def test_outgoing_payment_is_refused(self):
        bank = self.make_account(self.anne)
        payment = self.env["account.payment"].create({
            "payment_type": "outbound", "partner_type": "customer", "partner_id": self.partner_a.id, "amount": 100,
            "partner_bank_id": bank.id, "journal_id": self.company_data["default_journal_bank"].id})
        with self.assertRaisesRegex(UserError, f"{NUMBER}.*Anne.*waits for a second person"):
            payment.action_post()
        bank.with_user(self.bjorn).action_approve_bank_account()
        payment.action_post()
        self.assertEqual(payment.state, "in_process")

    def test_invoice_is_neither_posted_nor_printed(self):
        bank = self.make_account(self.anne, partner_id=self.company.partner_id.id)
        invoice = self.init_invoice("out_invoice", partner=self.partner_a, amounts=[100])
        invoice.partner_bank_id = bank
        with self.assertRaisesRegex(UserError, "waits for a second person"):
            invoice.action_post()
        bank.with_user(self.bjorn).action_approve_bank_account()
        invoice.action_post()
        report = self.env["ir.actions.report"]
        report._render_qweb_html("account.report_invoice", invoice.ids)
        bank.with_user(self.anne).sudo().acc_number = OTHER_NUMBER  # after posting
        for render in (report._render_qweb_html, report._render_qweb_pdf):
            with self.assertRaisesRegex(UserError, "waits for a second person"):
                render("account.report_invoice", invoice.ids)

    def test_no_code_to_pay_by(self):
        """A QR code for a banking app is a payment too."""
        bank = self.make_account(self.anne)
        methods = patch.object(type(bank), "get_available_qr_methods_in_sequence", lambda self: [("test", "Test")])
        values = patch.object(type(bank), "_get_qr_vals", lambda self, *args: ["pay"])
        with methods, values:
            arguments = (100, "", "", self.env.company.currency_id, self.partner_a)
            self.assertIsNone(bank._build_qr_code_vals(*arguments))
            bank.with_user(self.bjorn).action_approve_bank_account()
            self.assertTrue(bank._build_qr_code_vals(*arguments))

    def test_electronic_invoice_is_refused(self):
        """Also where the PDF has been made already, and core makes no other."""
        bank = self.make_account(self.anne, partner_id=self.company.partner_id.id)
        bank.with_user(self.bjorn).action_approve_bank_account()
        invoice = self.init_invoice("out_invoice", partner=self.partner_a, amounts=[100], post=True)
        invoice.partner_bank_id = bank
        send = self.env["account.move.send"]
        send._generate_and_send_invoices(invoice, sending_methods=["manual"], invoice_edi_format=False)
        self.assertTrue(invoice.invoice_pdf_report_id)
        self.partner_a.country_id = self.env.ref("base.no")
        bank.with_user(self.anne).sudo().acc_number = OTHER_NUMBER
        with self.assertRaisesRegex(UserError, "waits for a second person"):
            send._generate_and_send_invoices(invoice, sending_methods=["manual"], invoice_edi_format="ubl_bis3")
        self.assertFalse(invoice.ubl_cii_xml_id)

    def test_off_nothing_changes(self):
        self.company.bank_four_eyes = False
        bank = self.make_account(self.anne, allow_out_payment=True)
        self.assertEqual(self.state(bank), (False, True))
        self.assertFalse(self.env["res.partner.bank"].search(
            self.env.ref("kundekartotek_addon.res_partner_bank_action_pending").domain and
            [("approval_pending", "=", True)]))

    def test_accounts_from_before_stay_in_use(self):
        self.company.bank_four_eyes = False
        bank = self.make_account(self.anne)
        self.company.bank_four_eyes = True
        self.assertEqual(self.state(bank), (False, False))
        with self.assertRaisesRegex(AccessError, "second person"):
            bank.write({"allow_out_payment": True})
        bank.with_user(self.bjorn).write({"allow_out_payment": True})
        self.assertEqual(self.state(bank), (False, True))
