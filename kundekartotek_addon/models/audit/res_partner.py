# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.tools import SQL

from .audit_author import author_of, describe
from .audit_journal import Journal
from .audit_looks import note_look


class ResPartner(models.Model):
    """Customers and contacts: what of them is recorded."""

    _name = "res.partner"
    _inherit = ["res.partner", "kundekartotek.audit.mixin"]

    _audit_looks = True

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "name",
            "active",
            "ref",
            "company_registry",
            "l10n_no_bronnoysund_number",
            "vat",
            "is_company",
            "type",
            "parent_id",
            "street",
            "street2",
            "zip",
            "city",
            "state_id",
            "country_id",
            "email",
            "phone",
            "website",
            "lang",
            "company_id",
            "user_id",
            "category_id",
            "industry_id",
            "customer_type",
            "property_payment_term_id",
            "property_inbound_payment_method_line_id",
            "property_account_receivable_id",
            "property_account_position_id",
            "specific_property_product_pricelist",
            "credit_limit",
            "trust",
            "invoice_sending_method",
            "invoice_edi_format_store",
            "peppol_eas",
            "peppol_endpoint",
        ]

    @api.model
    def _audited_amounts(self):
        return super()._audited_amounts() + ["credit_limit"]

    @api.model
    def _audit_guarded_fields(self):
        return super()._audit_guarded_fields() + ["ref", "credit_limit"]

    @api.model
    def _audit_sensitive_fields(self):
        return super()._audit_sensitive_fields() + ["bank_ids", "credit_limit"]

    @api.model
    def _audit_customer(self, alias):
        return SQL("coalesce(%(alias)s.commercial_partner_id, %(alias)s.id)", alias=alias)

    def action_audit_timeline(self):
        """What was done to this customer, and those merged into it; for those who may read the trail."""
        Event = self._audit_events()
        domain = Event._customer_domain(self.commercial_partner_id.id)
        return self._audit_action(self.env._("History of %(name)s", name=self.display_name), domain)

    def action_audit_seen(self):
        """Who has seen this customer; for those who may read the trail."""
        Event = self._audit_events()
        domain = Event._seen_domain(self.commercial_partner_id.id)
        return self._audit_action(self.env._("Who has seen %(name)s", name=self.display_name), domain)

    def _audit_events(self):
        self.ensure_one()
        self.check_access("read")
        self.env["kundekartotek.audit.event"].check_access("read")
        return self.env["kundekartotek.audit.event"]

    def _audit_action(self, name, domain):
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.audit_event_action")
        return {**action, "name": name, "display_name": name, "domain": list(domain), "context": {}}

    def _get_vcard_file(self):
        note_look(self, "exported", text="vCard", details={"ids": self.ids})
        return super()._get_vcard_file()


class ResPartnerCategory(models.Model):
    """Tags, from which customers can be given and taken too."""

    _name = "res.partner.category"
    _inherit = ["res.partner.category", "kundekartotek.audit.mixin"]

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["name", "parent_id", "active"]

    @api.model
    def _audit_customer(self, alias):
        return SQL("NULL::integer")


class ResPartnerBank(models.Model):
    _name = "res.partner.bank"
    _inherit = ["res.partner.bank", "kundekartotek.audit.mixin"]

    _audit_looks = True

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "acc_number",
            "partner_id",
            "acc_holder_name",
            "bank_id",
            "currency_id",
            "company_id",
            "active",
            "allow_out_payment",
        ]

    @api.model
    def _audit_guarded_fields(self):
        return super()._audit_guarded_fields() + ["acc_number"]


class BasePartnerMerge(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """Record on both sides who was merged into whom; the values of those that disappear are in
        their own deletion events."""
        Partner = self.env["res.partner"].sudo().with_context(active_test=False)
        before = {row["id"]: row for row in Partner._audit_rows(partner_ids, [])}
        self._remember_moving(Partner.browse(before))
        result = super()._merge(partner_ids, dst_partner=dst_partner, extra_checks=extra_checks)
        kept = Partner.browse(before).exists()
        if len(kept) == 1 and len(before) > 1:
            gone = [row for id_, row in before.items() if id_ != kept.id]
            kept._audit(
                "merged",
                new_value="\n".join(f"{row['name']} ({row['id']})" for row in gone),
                details={"merged_ids": [row["id"] for row in gone]},
            )
            self._audit_disappeared(gone, kept)
        return result

    def _remember_moving(self, partners):
        """Core moves what hangs on the partners by SQL; the journal will find what differs at the commit."""
        journal = Journal.of(self.env)
        for model_name, field_name in (("res.partner", "parent_id"), ("res.partner.bank", "partner_id")):
            model = partners.env[model_name].with_env(self.env(su=True))
            moving = model.with_context(active_test=False).search([(field_name, "in", partners.ids)])
            journal.note_author(moving)
            journal.remember(moving, [field_name], announce=False)

    def _audit_disappeared(self, rows, kept):
        Event = self.env["kundekartotek.audit.event"]
        author = describe(self.env, author_of(self.env))
        Event._record(
            [
                {
                    **author,
                    "kind": "merged",
                    "res_model": "res.partner",
                    "res_id": row["id"],
                    "res_name": row["name"],
                    "customer_res_id": row["customer"],
                    "company_res_id": row["company"] or self.env.company.id,
                    "new_value": f"{kept.name} ({kept.id})",
                    "details": {"kept_id": kept.id},
                }
                for row in rows
            ]
        )
