# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date, timedelta

from odoo import Command
from odoo.tests import new_test_user

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

TODAY = date(2026, 11, 23)


class CreditCase(AccountTestInvoicingCommon):
    """A Norwegian company with credit control on, one in euro without it, sellers, managers and a customer.
    Freeze time at ``TODAY``."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.euro = cls.setup_other_currency("EUR", rates=[("2020-01-01", 0.1), ("2026-06-01", 0.08)])
        cls.other_company_data = cls.setup_other_company(name="Datter AS", currency_id=cls.euro.id)
        cls.other_company = cls.other_company_data["company"]
        cls.env.user.company_ids |= cls.other_company
        cls.env.user.group_ids |= cls.env.ref("sales_team.group_sale_manager")
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.company.ids})
        cls.company = cls.company.with_env(cls.env)
        cls.company.sudo().credit_control = True
        cls.env["res.lang"].sudo()._activate_lang("en_US")
        cls.company.sudo().partner_id.lang = "en_US"  # of the words that are kept
        cls.bank_journal = cls.company_data["default_journal_bank"]
        cls.product = cls.env["product.product"].sudo().create({
            "name": "Vare", "list_price": 1000.0, "invoice_policy": "order", "taxes_id": False, "type": "service"})
        cls.delivered_product = cls.env["product.product"].sudo().create({
            "name": "Levert", "list_price": 100.0, "invoice_policy": "delivery", "taxes_id": False, "type": "service"})
        cls.terms_now = cls.env.ref("account.account_payment_term_immediate")
        cls.terms_30 = cls.env.ref("account.account_payment_term_30days")
        cls.seller = cls._make_user("selger", "sales_team.group_sale_salesman_all_leads")
        cls.second_seller = cls._make_user("selger2", "sales_team.group_sale_salesman_all_leads")
        cls.manager = cls._make_user("kredittsjef", "kundekartotek_addon.group_credit_manager")
        cls.second_manager = cls._make_user("kredittsjef2", "kundekartotek_addon.group_credit_manager")
        cls.clerk = cls._make_user("bokholder", "account.group_account_invoice")
        cls.customer = cls._make_customer(limit=10000.0)

    @classmethod
    def _make_user(cls, login, groups, **vals):
        return new_test_user(
            cls.env, login=login, groups=f"base.group_user,{groups}", company_id=cls.company.id,
            company_ids=[Command.set((cls.company + cls.other_company).ids)], **vals)

    @classmethod
    def _make_customer(cls, name="Fjellbekk Bakeri AS", limit=0.0, mode=False, **vals):
        customer = cls.env["res.partner"].sudo().with_company(cls.company).create({
            "name": name, "is_company": True, "customer_rank": 1, "property_payment_term_id": cls.terms_30.id, **vals})
        customer.write({"credit_limit": limit, "credit_own_mode": mode})
        return customer.with_env(cls.env)

    @classmethod
    def _bankrupt(cls, customer):
        """As the register has told of it."""
        customer.sudo().write({"company_registry": "923609016", "country_id": cls.env.ref("base.no").id})
        cls.env["kundekartotek.register.entry"].sudo().search([("number", "=", "923609016")]).unlink()
        cls.env["kundekartotek.register.entry"].sudo().create(
            {"number": "923609016", "answer": "found", "status": "bankrupt"})

    @classmethod
    def _order(cls, customer=None, amount=1000.0, quantity=1.0, **vals):
        """A quotation without VAT."""
        customer = customer or cls.customer
        return cls.env["sale.order"].create({
            "partner_id": customer.id,
            "order_line": [Command.create({
                "product_id": vals.pop("product", cls.product).id, "product_uom_qty": quantity, "price_unit": amount,
                "tax_ids": [Command.clear()]})], **vals})

    @classmethod
    def _confirmed(cls, *args, **vals):
        """An order confirmed before there was credit control."""
        cls.company.sudo().credit_control = False
        order = cls._order(*args, **vals)
        order.action_confirm()
        cls.company.sudo().credit_control = True
        return order

    @classmethod
    def _draft(cls, customer=None, amount=1000.0, day=TODAY, company=None, **vals):
        company = company or cls.company
        data = cls.other_company_data if company == cls.other_company else cls.company_data
        return cls.env["account.move"].with_company(company).create({
            "move_type": "out_invoice", "partner_id": (customer or cls.customer).id, "invoice_date": day,
            "invoice_date_due": day + timedelta(14), "invoice_payment_term_id": False,
            "invoice_user_id": cls.env.user.id,  # else whoever reads it first in the transaction
            "invoice_line_ids": [Command.create({
                "name": "Vare", "price_unit": amount, "tax_ids": [],
                "account_id": data["default_account_revenue"].id})], **vals})

    @classmethod
    def _invoice(cls, *args, **vals):
        """A posted invoice, from before there was credit control."""
        cls.company.sudo().credit_control = False
        invoice = cls._draft(*args, **vals)
        invoice.action_post()
        cls.company.sudo().credit_control = True
        return invoice

    @classmethod
    def _pay(cls, customer, amount, day=TODAY):
        payment = cls.env["account.payment"].create({
            "payment_type": "inbound", "partner_type": "customer", "partner_id": customer.id, "amount": amount,
            "date": day, "journal_id": cls.bank_journal.id,
            "payment_method_line_id": cls.inbound_payment_method_line.id})
        payment.action_post()
        return payment

    @classmethod
    def _release(cls, orders, user=None, **vals):
        """What a credit manager decides on orders in the worklist; without more, they are released."""
        cls.env["kundekartotek.credit.release"].with_user(user or cls.manager).create({
            "order_ids": [Command.set(orders.ids)], "reason": "Avtalt med kunden", **vals}).action_decide()

    @classmethod
    def _decisions(cls, record):
        """What was decided on a customer or document, oldest first."""
        domain = (
            [("customer_res_id", "=", record.id)] if record._name == "res.partner"
            else [("document_model", "=", record._name), ("document_res_id", "=", record.id)])
        return cls.env["kundekartotek.credit.decision"].sudo().search(domain, order="id")

    @classmethod
    def _rules(cls, *rules, **policy):
        """Let these rules alone decide."""
        cls.env["kundekartotek.credit.policy"].sudo().search([]).active = False
        return cls.env["kundekartotek.credit.policy"].sudo().create({
            "name": "Prøve", "company_id": False, **policy,
            "rule_ids": [Command.create({"kind": "limit", "checkpoint": "order", "action": "hold", **rule})
                         for rule in rules]})
