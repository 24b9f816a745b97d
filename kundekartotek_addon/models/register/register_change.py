# SPDX-License-Identifier: LGPL-3.0-or-later
from markupsafe import Markup

from odoo import api, fields, models

from ...tools import register_change
from ...tools.register_card import address_text

KINDS = [
    ("withdrawn", "Withdrawn by the Register"),
    ("deleted", "Deleted from the Register"),
    ("insolvency", "Insolvency or Winding-Up"),
    ("unknown", "Unknown to the Register"),
    ("restored", "Active Again"),
    ("vat", "VAT Registration"),
    ("name", "Name"),
    ("address", "Address"),
    ("details", "Legal Form, Sector or Industry"),
]
STATUS_KINDS = ("withdrawn", "deleted", "insolvency", "unknown", "restored")


class RegisterEntry(models.Model):
    _inherit = "kundekartotek.register.entry"

    def _snapshot(self):
        """:return: what of this entry is compared before and after an answer"""
        self.ensure_one()
        return register_change.Snapshot(
            known=bool(self.answer),
            outcome=self.answer or "",
            status=self.status or "",
            name=self.name or "",
            address=address_text(self._get_address("")),
            postal_address=address_text(self._get_address("postal_")),
            vat_registered=self.vat_registered,
            details=", ".join(filter(None, (self.legal_form_name, self.sector, self.industry_name))),
        )

    def unlink(self):
        """What is known of a person goes wherever it was copied to; of firms the history stays."""
        self.filtered("is_person")._forget_copies()
        return super().unlink()

    def _forget_copies(self):
        """Forget the values that were copied from these entries: in the monitoring list, where it stays known that
        something happened and of what kind, and on the cards that keep their own. sudo: nobody writes them by hand."""
        changes = self.env["kundekartotek.register.change"].sudo().search([("number", "in", self.mapped("number"))])
        changes.write({"old_value": False, "new_value": False})
        for customers in self._find_customers().values():
            customers.filtered("register_kept").register_kept = False

    def _get_address(self, prefix):
        """:return: the parts of an address as texts, by their names on a partner"""
        names = ("street", "street2", "zip", "city", "country_code")
        return {name: self[prefix + name] or "" for name in names}


class RegisterChange(models.Model):
    """Something that changed in the register and touches a customer of ours: a line of the monitoring list.

    The customer may be merged or deleted later: its name is kept as text, and two lines may have the same one.
    """

    _name = "kundekartotek.register.change"
    _description = "Register Change"
    _order = "date desc, id desc"
    _rec_name = "partner_name"

    date = fields.Datetime(required=True, readonly=True, index=True, default=fields.Datetime.now)
    number = fields.Char(string="Org.nr.", required=True, readonly=True)
    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, ondelete="set null", index="btree_not_null")
    partner_name = fields.Char(string="Name", required=True, readonly=True)
    company_id = fields.Many2one("res.company", readonly=True, ondelete="cascade", index="btree_not_null")
    kind = fields.Selection(KINDS, string="What", required=True, readonly=True)
    old_value = fields.Char(readonly=True)
    new_value = fields.Char(readonly=True)
    old_text = fields.Char(string="Before", compute="_compute_texts")
    new_text = fields.Char(string="Now", compute="_compute_texts")
    user_names = fields.Char(string="Who Was Told", readonly=True)

    @api.depends("kind", "old_value", "new_value")
    @api.depends_context("lang")
    def _compute_texts(self):
        for change in self:
            change.old_text = change._describe_value(change.kind, change.old_value)
            change.new_text = change._describe_value(change.kind, change.new_value)

    @api.model
    def _describe_value(self, kind, value):
        """:return: what a value of a change means in the user's language"""
        if kind == "vat":
            return self.env._("Registered for VAT") if value == "yes" else self.env._("Not registered for VAT")
        if kind in STATUS_KINDS:
            labels = dict(self.env["res.partner"]._fields["register_status"]._description_selection(self.env))
            return labels.get(value) or ""
        return value or ""

    @api.model
    def _describe_kind(self, kind):
        return dict(self._fields["kind"]._description_selection(self.env))[kind]

    # -- acting ---------------------------------------------------------------------------------------------

    @api.model
    def _act_on(self, renewed, changes):
        """Do what news of the register ask for, for every customer that has the number: a line in the
        monitoring list and the audit trail, a note on the customer, a task for those who are to know, and type
        and category rules once more. sudo, in ``_find_customers``: the register is read for every customer.

        :param renewed: the entries that were written anew
        :param changes: ``{entry: [Change]}``, of those where something changed that somebody acts on
        """
        renewed.filtered(lambda entry: entry.answer == "withdrawn")._forget_copies()
        customers = renewed._find_customers()
        self.env["res.partner"].sudo().union(*customers.values())._follow_register()
        for entry, found in changes.items():
            for partner in customers.get(entry.number, ()):
                self._record(partner, entry, found)

    @api.model
    def _record(self, partner, entry, found):
        told = partner._tell_of_register(found) if partner.active else self.env["res.users"]
        self = self.with_context(lang=partner._get_register_language(told))
        names = ", ".join(told.mapped("name")) or False
        self.sudo().create([  # sudo: nobody writes this list by hand
            {
                "number": entry.number,
                "partner_id": partner.id,
                "partner_name": partner.display_name,
                "company_id": partner.company_id.id,
                "kind": change.kind,
                "old_value": change.old,
                "new_value": change.new,
                "user_names": names,
            }
            for change in found
        ])
        for change in found:
            partner._audit(
                "changed",
                field_name="register_status" if change.kind in STATUS_KINDS else None,
                old_value=self._describe_value(change.kind, change.old) or None,
                new_value=self._describe_value(change.kind, change.new) or self._describe_kind(change.kind),
                reason=self.env._("Brønnøysund: %(what)s", what=self._describe_kind(change.kind)),
            )
        partner.message_post(body=self._describe_changes(found), subtype_xmlid="mail.mt_note")

    @api.model
    def _describe_changes(self, found):
        """:return: a list of the changes as Markup, in the language of the environment"""
        lines = [
            Markup("<li>%s: %s</li>") % (
                self._describe_kind(change.kind),
                " → ".join(filter(None, (
                    self._describe_value(change.kind, change.old), self._describe_value(change.kind, change.new)))),
            )
            for change in found
        ]
        return Markup("<p>%s</p><ul>%s</ul>") % (self.env._("News from Brønnøysund"), Markup("").join(lines))

    def action_open_customer(self):
        self.ensure_one()
        self.check_access("read")
        return self.partner_id._get_records_action()
