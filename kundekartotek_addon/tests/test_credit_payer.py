# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command
from odoo.tests import freeze_time, tagged

from .credit_case import TODAY, CreditCase


@freeze_time(TODAY)
@tagged("post_install", "-at_install")
class TestCreditPayer(CreditCase):
    """Documents whose payer is another one than when they were tested."""

    def _run_recheck(self):
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.credit_recheck_cron").sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_changed_and_changed_back_stays_on_the_worklist(self):
        order, rich = self._order(amount=20000.0), self._make_customer("Rik AS")
        order.with_user(self.seller).action_confirm()
        waiting_since = order.credit_since
        order.with_user(self.seller).partner_invoice_id = rich
        self.assertNotIn("Over the credit limit", order.credit_words)
        order.with_user(self.seller).partner_invoice_id = self.customer
        self.assertEqual((order.state, order.credit_state, order.credit_since), ("draft", "hold", waiting_since))
        self._run_recheck()
        self.assertEqual((order.credit_state, order.credit_words), ("hold", "Over the credit limit"))
        order.with_user(self.seller).partner_invoice_id = rich
        self._run_recheck()
        self.assertEqual((order.state, order.credit_state), ("sale", "clear"))

    def test_who_pays_no_longer_has_room_again(self):
        """A confirmed order, or a draft invoice that counts, that goes to another customer."""
        self.company.sudo().credit_count_drafts = True
        rich, confirmed, draft = self._make_customer("Rik AS"), self._confirmed(amount=6000.0), self._draft()
        held = self._order(amount=9000.0)
        held.action_confirm()
        for given in (lambda: confirmed.write({"partner_invoice_id": rich.id}),
                      lambda: draft.write({"partner_id": rich.id})):
            held.sudo().credit_recheck = False
            given()
            self.assertTrue(held.credit_recheck)

    def test_draft_invoice_that_shrinks(self):
        self.company.sudo().credit_count_drafts = True
        draft, held = self._draft(amount=9000.0), self._order(amount=9000.0)
        held.action_confirm()
        draft.invoice_line_ids = [Command.create({"name": "Mer", "price_unit": 5.0, "tax_ids": []})]
        first, second = draft.invoice_line_ids
        for happens in (lambda: first.with_user(self.clerk).write({"price_unit": 10.0}),
                        lambda: draft.write({"invoice_line_ids": [Command.update(first.id, {"quantity": 0.5})]}),
                        lambda: second.with_user(self.clerk).unlink()):
            held.sudo().credit_recheck = False
            happens()
            self.assertTrue(held.credit_recheck)

    def _invoiced_then_given(self, payer):
        """An order that one customer was invoiced for, and another one pays from now on."""
        order = self._confirmed(amount=6000.0)
        self.company.sudo().credit_control = False
        invoice = order._create_invoices()
        invoice.action_post()
        self.company.sudo().credit_control = True
        order.partner_invoice_id = payer
        self.assertEqual((order.credit_state, payer.credit_exposure), ("clear", 0.0))
        return order, invoice

    def test_credit_note_brings_the_rest_back_to_another_payer(self):
        order, invoice = self._invoiced_then_given(self._make_customer("Fattig AS", limit=100.0))
        invoice._reverse_moves([{"invoice_date": TODAY}])._post()
        self.assertEqual((order.state, order.credit_state), ("sale", "hold"))

    def test_credit_note_to_the_same_payer_holds_nothing(self):
        order = self._confirmed(amount=60000.0)
        self.company.sudo().credit_control = False
        invoice = order._create_invoices()
        invoice.action_post()
        self.company.sudo().credit_control = True
        invoice._reverse_moves([{"invoice_date": TODAY}])._post()
        self.assertEqual((order.state, order.credit_state), ("sale", "clear"))

    def _drafted(self):
        """An order that only a draft has invoiced, so that Odoo takes it for invoiced."""
        order = self._confirmed(amount=6000.0)
        self.company.sudo().credit_control = False
        draft = order._create_invoices()
        self.company.sudo().credit_control = True
        self.assertEqual((order.invoice_status, self.customer.credit_exposure), ("invoiced", 6000.0))
        return order, draft

    def test_draft_that_is_given_to_another_leaves_the_order_open(self):
        order, draft = self._drafted()
        rich = self._make_customer("Rik AS")
        draft.with_user(self.clerk).partner_id = rich
        self.env.invalidate_all()
        self.assertEqual((order.invoice_status, self.customer.credit_exposure), ("invoiced", 6000.0))
        held = self._order(amount=6000.0)
        held.action_confirm()
        self.assertEqual(held.credit_state, "hold")
        draft.with_user(self.clerk).action_post()
        self.env.invalidate_all()
        self.assertEqual((self.customer.credit_exposure, rich.credit_exposure), (0.0, 6000.0))

    def test_order_that_is_given_to_another_while_its_draft_is_not(self):
        order, _draft = self._drafted()
        rich = self._make_customer("Rik AS")
        order.with_user(self.seller).partner_invoice_id = rich
        self.env.invalidate_all()
        self.assertEqual((self.customer.credit_exposure, rich.credit_exposure), (0.0, 6000.0))

    def test_contact_that_leaves_takes_along_what_only_a_draft_has_invoiced(self):
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": self.customer.id})
        rich = self._make_customer("Rik AS")
        order = self._confirmed(amount=6000.0, partner_invoice_id=contact.id)
        self.company.sudo().credit_control = False
        order._create_invoices()
        self.company.sudo().credit_control = True
        contact.parent_id = rich
        self.env.invalidate_all()
        self.assertEqual((self.customer.credit_exposure, rich.credit_exposure), (0.0, 6000.0))

    def test_contact_that_leaves_while_credit_control_is_off(self):
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": self.customer.id})
        rich = self._make_customer("Rik AS")
        order = self._confirmed(amount=6000.0, partner_invoice_id=contact.id)
        self.company.sudo().credit_control = False
        order._create_invoices()
        contact.parent_id = rich
        self.company.sudo().credit_control = True
        self.env.invalidate_all()
        self.assertEqual((self.customer.credit_exposure, rich.credit_exposure), (0.0, 6000.0))

    def test_draft_of_another_that_is_linked_to_the_order(self):
        rich = self._make_customer("Rik AS")
        made, linked = self._confirmed(amount=6000.0), self._confirmed(amount=500.0)
        line = {"name": "Vare", "quantity": 1, "tax_ids": []}
        self._draft(rich, invoice_line_ids=[
            Command.create({**line, "price_unit": 6000.0, "sale_line_ids": [Command.link(made.order_line.id)]})])
        self._draft(rich).invoice_line_ids.sale_line_ids = linked.order_line
        self.env.invalidate_all()
        self.assertEqual((made + linked).mapped("invoice_status"), ["invoiced"] * 2)
        self.assertEqual(self.customer.credit_exposure, 6500.0)

    def test_draft_that_is_given_to_another_while_cancelled(self):
        order, draft = self._drafted()
        draft.button_cancel()
        draft.partner_id = self._make_customer("Rik AS")
        draft.button_draft()
        self.env.invalidate_all()
        self.assertEqual((order.invoice_status, self.customer.credit_exposure), ("invoiced", 6000.0))

    def test_invoicing_who_pays_changes_no_payer(self):
        order, _draft = self._drafted()
        self.assertFalse(order.credit_payer_changed)
