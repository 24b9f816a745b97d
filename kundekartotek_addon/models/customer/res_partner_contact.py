# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize
from odoo.tools.mail import single_email_re


class ResPartner(models.Model):
    """Contact persons by role, and where a customer's invoices and reminders are sent."""

    _inherit = "res.partner"

    contact_role_ids = fields.Many2many(
        "kundekartotek.contact.role",
        string="Contact Roles",
        copy=False,
        groups="kundekartotek_addon.group_reader",
        help="What this contact person is there for.",
    )
    invoice_email = fields.Char(
        string="Invoice E-mail",
        help="Invoices by e-mail go here. Empty: to the contact person with the role Invoice, else to the "
        "invoice address, else to the customer's e-mail.",
    )
    reminder_email = fields.Char(
        string="Reminder E-mail",
        help="Reminders go here. Empty: to the contact person with the role Reminder, else to the "
        "invoice address, else to the customer's e-mail.",
    )
    role_contact_ids = fields.One2many(
        "res.partner",
        string="Contacts by Role",
        compute="_compute_role_contact_ids",
        groups="kundekartotek_addon.group_reader",
    )

    @api.depends("child_ids.contact_role_ids")
    def _compute_role_contact_ids(self):
        for partner in self:
            partner.role_contact_ids = partner.child_ids.filtered("contact_role_ids")

    @api.constrains("invoice_email", "reminder_email")
    def _check_sending_emails(self):
        for partner in self:
            for email in (partner.invoice_email, partner.reminder_email):
                if email and not single_email_re.fullmatch(email_normalize(email) or ""):
                    raise ValidationError(
                        self.env._(
                            "%(email)s (%(customer)s) is not an e-mail address: write one address, such as "
                            "invoice@example.com.",
                            email=email,
                            customer=partner.display_name,
                        )
                    )

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["contact_role_ids", "invoice_email", "reminder_email"]

    def _get_contact(self, role):
        """The customer's contact person for a role.

        :param role: code of a ``kundekartotek.contact.role``
        :return: the first such contact person with an e-mail address, else the first one, else empty
        """
        self.ensure_one()
        contacts = self._read_role_contacts(role)
        return (contacts.filtered("email") or contacts)[:1]

    def _read_role_contacts(self, role):
        """As superuser: who sends an invoice reaches the right person without the right to read roles."""
        contacts = self.commercial_partner_id.sudo().child_ids
        return contacts.filtered(lambda contact: role in contact.contact_role_ids.mapped("code")).with_env(
            self.env
        )

    def _get_invoice_contact(self):
        """Who gets this customer's invoices, where no invoice e-mail is given: the contact person with the
        role, else the invoice address; empty where neither has an e-mail address."""
        role = self._get_contact("invoice").filtered("email")
        address = self.commercial_partner_id.child_ids.filtered(
            lambda child: child.type == "invoice" and child.email
        )
        return role or (self & address) or address[:1]

    def _get_invoice_email(self):
        """Where invoices to this partner are sent. An address of its own goes before its company's.

        :return: an e-mail address, or False
        """
        self.ensure_one()
        commercial = self.commercial_partner_id
        return (
            self.invoice_email
            or commercial.invoice_email
            or self._get_invoice_contact().email
            or self.email
            or commercial.email
        )

    def _get_reminder_email(self):
        """Where reminders to this partner are sent.

        :return: an e-mail address, or False
        """
        self.ensure_one()
        commercial = self.commercial_partner_id
        address = commercial.child_ids.filtered(lambda child: child.type == "invoice" and child.email)
        return (
            self.reminder_email
            or commercial.reminder_email
            or self._get_contact("reminder").email
            or address[:1].email
            or self.email
            or commercial.email
        )
