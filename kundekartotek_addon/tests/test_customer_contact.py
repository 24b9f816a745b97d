# SPDX-License-Identifier: LGPL-3.0-or-later
from lxml import etree

from odoo import Command
from odoo.exceptions import ValidationError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common import KundekartotekCase


def make_contact(customer, email, role=None, **vals):
    """A contact person of a customer, with a role by its code."""
    roles = customer.env["kundekartotek.contact.role"].search([("code", "=", role)])
    return customer.env["res.partner"].create(
        {
            "name": email or "Uten adresse",
            "parent_id": customer.id,
            "email": email,
            "contact_role_ids": [Command.set(roles.ids)],
            **vals,
        }
    )


@tagged("post_install", "-at_install")
class TestContactRoles(KundekartotekCase):
    """Who is there for what, and which address an invoice or a reminder goes to."""

    def test_contact_by_role(self):
        customer = self.make_customer()
        self.assertFalse(customer._get_contact("invoice"))
        silent = make_contact(customer, False, "invoice")
        self.assertEqual(customer._get_contact("invoice"), silent)
        contact = make_contact(customer, "regnskap@fjellbekk.example", "invoice")
        self.assertEqual(customer._get_contact("invoice"), contact)
        self.assertEqual(silent._get_contact("invoice"), contact, "asked from a colleague")
        self.assertFalse(customer._get_contact("project"))
        self.assertEqual(customer.role_contact_ids, silent + contact)
        contact.action_archive()
        self.assertEqual(customer._get_contact("invoice"), silent)

    def test_invoice_address_step_by_step(self):
        customer = self.make_customer(email="post@fjellbekk.example")
        steps = ["post@fjellbekk.example"]
        self.assertEqual(customer._get_invoice_email(), steps[-1])
        make_contact(customer, "adresse@fjellbekk.example", type="invoice")
        self.assertEqual(customer._get_invoice_email(), "adresse@fjellbekk.example")
        make_contact(customer, "rolle@fjellbekk.example", "invoice")
        self.assertEqual(customer._get_invoice_email(), "rolle@fjellbekk.example")
        customer.invoice_email = "faktura@fjellbekk.example"
        self.assertEqual(customer._get_invoice_email(), "faktura@fjellbekk.example")
        department = make_contact(customer, "avdeling@fjellbekk.example", type="invoice")
        self.assertEqual(department._get_invoice_email(), "faktura@fjellbekk.example")
        department.invoice_email = "avdelingsfaktura@fjellbekk.example"
        self.assertEqual(department._get_invoice_email(), "avdelingsfaktura@fjellbekk.example")
        self.assertEqual(customer._get_invoice_email(), "faktura@fjellbekk.example")

    def test_reminder_address_step_by_step(self):
        customer = self.make_customer(
            email="post@fjellbekk.example", invoice_email="faktura@fjellbekk.example"
        )
        self.assertEqual(customer._get_reminder_email(), "post@fjellbekk.example")
        make_contact(customer, "adresse@fjellbekk.example", type="invoice")
        self.assertEqual(customer._get_reminder_email(), "adresse@fjellbekk.example")
        make_contact(customer, "rolle@fjellbekk.example", "reminder")
        self.assertEqual(customer._get_reminder_email(), "rolle@fjellbekk.example")
        customer.reminder_email = "purring@fjellbekk.example"
        self.assertEqual(customer._get_reminder_email(), "purring@fjellbekk.example")
        self.assertFalse(self.make_customer("Uten adresse AS")._get_reminder_email())

    def test_bad_addresses_are_refused(self):
        for address in ("faktura", "faktura@", "a@b.example, c@d.example", "@firma.example"):
            for fname in ("invoice_email", "reminder_email"):
                with (
                    self.subTest(address=address),
                    self.assertRaisesRegex(ValidationError, "not an e-mail address"),
                ):
                    self.make_customer(**{fname: address})
        self.make_customer(invoice_email="Fjellbekk <faktura@fjellbekk.example>").invoice_email = False

    def test_partners_stay_as_they_are_for_everybody_else(self):
        """Who has none of our groups reads, copies and exports contacts as before."""
        customer = self.make_customer()
        contact = make_contact(customer, "kari@fjellbekk.example", "invoice")
        plain = new_test_user(
            self.env, login="kundekartotek_plain", groups="base.group_user,base.group_partner_manager"
        )
        self.env.flush_all()
        self.env.invalidate_all()
        fields_seen = contact.with_user(plain).fields_get()
        for fname in (
            "contact_role_ids",
            "role_contact_ids",
            "customer_missing",
            "customer_completeness",
            "agreement_count",
        ):
            self.assertNotIn(fname, fields_seen)
        self.assertTrue(contact.with_user(plain).copy())
        self.assertEqual(contact.with_user(plain)._get_contact("invoice"), contact)
        self.assertEqual(customer.with_user(plain)._get_invoice_email(), "kari@fjellbekk.example")

    def test_form(self):
        worker = self.make_user("case_worker")
        customer = self.make_customer()
        with Form(customer.with_user(worker)) as form:
            form.invoice_email = "faktura@fjellbekk.example"
            form.reminder_email = "purring@fjellbekk.example"
        self.assertEqual(customer._get_invoice_email(), "faktura@fjellbekk.example")
        self.assertEqual(customer._get_reminder_email(), "purring@fjellbekk.example")
        arch = etree.fromstring(self.env["res.partner"].with_user(worker).get_view(view_type="form")["arch"])
        for path in ("kanban", "form"):
            self.assertTrue(
                arch.xpath(f"//field[@name='child_ids']/{path}//field[@name='contact_role_ids']"), path
            )


@tagged("post_install", "-at_install")
class TestInvoiceSending(AccountTestInvoicingCommon):
    """Core's send wizards write to the customer's invoice address."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = cls.env["res.partner"].create(
            [
                {
                    "name": name,
                    "is_company": True,
                    "customer_rank": 1,
                    "email": email,
                    "invoice_email": invoice_email,
                }
                for name, email, invoice_email in [
                    ("Egen adresse AS", "post@egen.example", "faktura@egen.example"),
                    ("Bare fakturaadresse AS", False, "faktura@bare.example"),
                    ("Bare e-post AS", "post@epost.example", False),
                    ("Rolle AS", False, False),
                ]
            ]
        )
        cls.role_contact = make_contact(cls.customers[3].sudo(), "regnskap@rolle.example", "invoice")

    def invoices(self, customers):
        invoices = self.env["account.move"].create(
            [
                {
                    "move_type": "out_invoice",
                    "partner_id": customer.id,
                    "invoice_date": "2027-01-15",
                    "invoice_line_ids": [Command.create({"name": "Work", "price_unit": 100, "tax_ids": []})],
                }
                for customer in customers
            ]
        )
        invoices.action_post()
        return invoices

    def recipients(self, invoice):
        return invoice.message_ids.filtered(
            lambda message: message.message_type == "comment"
        ).partner_ids.mapped("email")

    def test_single(self):
        expected = [
            "faktura@egen.example",
            "faktura@bare.example",
            "post@epost.example",
            "regnskap@rolle.example",
        ]
        for invoice, email in zip(self.invoices(self.customers), expected, strict=True):
            wizard = (
                self.env["account.move.send.wizard"]
                .with_context(active_model="account.move", active_ids=invoice.ids)
                .create({})
            )
            self.assertEqual(wizard.mail_partner_ids.mapped("email"), [email])
            self.assertFalse(wizard.alerts and wizard.alerts.get("account_missing_email"))
            wizard.action_send_and_print()
            self.assertEqual(self.recipients(invoice), [email])

    def test_batch(self):
        invoices = self.invoices(self.customers)
        wizard = (
            self.env["account.move.send.batch.wizard"]
            .with_context(active_model="account.move", active_ids=invoices.ids)
            .create({})
        )
        self.assertNotIn("account_missing_email", wizard.alerts or {})
        self.assertEqual(wizard.summary_data["email"]["count"], 4)
        wizard.action_send_and_print(force_synchronous=True)
        self.assertEqual(
            [self.recipients(invoice) for invoice in invoices],
            [
                ["faktura@egen.example"],
                ["faktura@bare.example"],
                ["post@epost.example"],
                ["regnskap@rolle.example"],
            ],
        )

    def test_batch_warns_of_those_without_any_address(self):
        silent = self.env["res.partner"].create({"name": "Uten AS", "is_company": True})
        invoices = self.invoices(self.customers + silent)
        wizard = (
            self.env["account.move.send.batch.wizard"]
            .with_context(active_model="account.move", active_ids=invoices.ids)
            .create({})
        )
        self.assertEqual(wizard.alerts["account_missing_email"]["action"]["res_id"], silent.id)

    def test_an_address_becomes_a_contact_of_this_customer_once(self):
        """Also where somebody else has the same address, as customers of one accounting office do."""
        other = self.env["res.partner"].create(
            {"name": "Regnskapskontoret AS", "email": "faktura@egen.example"}
        )
        invoices = self.invoices(self.customers[0] + self.customers[0])
        found = [
            self.env["account.move.send"]._get_default_mail_partner_ids(
                invoice, invoice._get_mail_template(), "en_US"
            )
            for invoice in invoices
        ]
        self.assertEqual(*found)
        self.assertNotEqual(found[0], other)
        self.assertEqual(found[0].parent_id, self.customers[0])
        self.assertEqual(found[0].email, "faktura@egen.example")

    def test_by_somebody_who_only_invoices(self):
        clerk = new_test_user(
            self.env,
            login="kundekartotek_clerk",
            groups="account.group_account_invoice",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        invoice = self.invoices(self.customers[0])
        wizard = (
            self.env["account.move.send.wizard"]
            .with_user(clerk)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({})
        )
        self.assertEqual(wizard.mail_partner_ids.mapped("email"), ["faktura@egen.example"])

    def test_other_recipients_of_the_template_stay(self):
        boss = self.env["res.partner"].create({"name": "Boss", "email": "boss@own.example"})
        invoice = self.invoices(self.customers[0])
        template = invoice._get_mail_template().sudo()
        template.write({"use_default_to": False, "partner_to": "{{ object.partner_id.id }}, " + str(boss.id)})
        partners = self.env["account.move.send"]._get_default_mail_partner_ids(invoice, template, "en_US")
        self.assertEqual(set(partners.mapped("email")), {"boss@own.example", "faktura@egen.example"})

    def test_bills_are_left_alone(self):
        bill = self.env["account.move"].create(
            {"move_type": "in_invoice", "partner_id": self.customers[0].id}
        )
        partners = self.env["account.move.send"]._get_default_mail_partner_ids(
            bill, bill._get_mail_template(), "en_US"
        )
        self.assertNotIn("faktura@egen.example", partners.mapped("email"))

    def test_buyer_reference(self):
        customer = self.customers[0]
        customer.sudo().buyer_reference = "4711"
        contact = self.env["res.partner"].create({"name": "Ola", "parent_id": customer.id})
        invoice = self.invoices(contact)
        self.assertEqual(invoice.buyer_reference, "4711")
        html = (
            self.env["ir.actions.report"]._render_qweb_html("account.report_invoice", invoice.ids)[0].decode()
        )
        self.assertIn("4711", html)
        customer.sudo().buyer_reference = "0815"
        self.assertEqual(invoice.buyer_reference, "4711", "a posted invoice keeps it")
        draft = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": contact.id, "buyer_reference": "Mine"}
        )
        self.assertEqual(draft.buyer_reference, "Mine")
