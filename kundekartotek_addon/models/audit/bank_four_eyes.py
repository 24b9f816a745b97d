# SPDX-License-Identifier: LGPL-3.0-or-later
"""A new or changed bank account is not used until a second person has approved it."""

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

SENSITIVE = (
    "acc_number", "clearing_number", "partner_id", "acc_holder_name", "bank_id", "bank_bic", "currency_id", "active")
OURS = {"approval_pending", "changed_by_id", "changer_ids", "changed_on"}  # never a caller's to write
BY_US = "kundekartotek_bank_approval"  # in the context, with a value that no client can send
TOKEN = object()


class ResPartnerBank(models.Model):
    _inherit = "res.partner.bank"

    approval_pending = fields.Boolean(
        string="Waiting for Approval", readonly=True, copy=False, index="btree_not_null",
        help="Entered or changed, and not yet approved by a second person.")
    changed_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    changed_on = fields.Datetime(readonly=True, copy=False)
    changer_ids = fields.Many2many(
        "res.users", "res_partner_bank_changer_rel", string="Changed since Approval", readonly=True, copy=False,
        help="Everybody who changed the account since it was last approved: none of them approves it.")

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["clearing_number", "approval_pending"]

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_ours(vals)
        banks = super().create(vals_list)
        banks._hold_for_approval()
        return banks

    def write(self, vals):
        if self.env.su and self.env.context.get(BY_US) is TOKEN:
            return super().write(vals)
        self._refuse_ours(vals)
        trusted = self.browse()
        if vals.get("allow_out_payment"):
            untrusted = self.filtered(lambda bank: not bank.allow_out_payment)
            trusted = untrusted.filtered("approval_pending") | untrusted._with_four_eyes()
            trusted._check_second_person()
        sensitive = [name for name in SENSITIVE if name in vals]
        before = {bank: [bank[name] for name in sensitive] for bank in self if sensitive}
        result = super().write(vals)
        differing = {bank: [name for name, value in zip(sensitive, values, strict=True) if bank[name] != value]
                     for bank, values in before.items()}
        changed = self.browse(bank.id for bank, names in differing.items()
                              if names and (bank.active or names != ["active"]))
        changed._hold_for_approval()
        (trusted - changed)._approved()
        return result

    @api.model
    def _refuse_ours(self, vals):
        if not self.env.su and OURS & vals.keys():
            raise AccessError(self.env._("Bank accounts are approved by the button, not by writing the field."))

    def _with_four_eyes(self):
        """Those of the accounts that need a second person: their company demands it, or, if they belong to
        none, any company does. With sudo: other companies' settings count too."""
        companies = self.env["res.company"].sudo().search([("bank_four_eyes", "=", True)])
        return self.filtered(lambda bank: companies and (not bank.company_id or bank.company_id in companies))

    def _hold_for_approval(self):
        """Note who changed these accounts, and take them out of use where four eyes are wanted. With sudo:
        whoever may change an account may not be allowed to trust one, nor to write these fields."""
        if not self:
            return
        held = self._with_four_eyes()
        for bank in self.sudo():
            changers = Command.link(self.env.uid) if bank.approval_pending else Command.set([self.env.uid])
            bank._write_ours({
                "changed_by_id": self.env.uid, "changed_on": fields.Datetime.now(), "changer_ids": [changers],
                **({"approval_pending": True, "allow_out_payment": False} if bank in held else {})})

    def _write_ours(self, vals):
        """What this file knows of an account, past its own checks."""
        self.with_context(**{BY_US: TOKEN}).write(vals)

    def _check_second_person(self):
        """:raise AccessError: unless the user is another one than who entered the account or changed it since"""
        if not self:
            return
        user = self.env.user
        if not self.env.user.has_group("account.group_validate_bank_account") or user._is_superuser():
            raise AccessError(self.env._("Bank accounts are approved by a person with the right to validate them."))
        for bank in self:
            if user in (bank.sudo().changer_ids or bank.sudo().create_uid):
                raise AccessError(self.env._(
                    "You entered or changed %(account)s yourself: a second person must approve it.",
                    account=bank.acc_number))
        user._check_two_factor(self.env._("Approval of bank accounts"))

    def _approved(self):
        """The approval is a decision, and recorded as one."""
        for bank in self:
            bank.sudo()._write_ours({"approval_pending": False})
            bank._audit("decided", new_value=self.env._(
                "approved %(account)s, changed by %(user)s", account=bank.acc_number,
                user=(bank.changed_by_id or bank.create_uid).sudo().name))

    def _refuse_pending(self):
        """:raise UserError: if any of these accounts still waits for a second person"""
        if pending := self.sudo().filtered("approval_pending")[:1]:
            raise UserError(self.env._(
                "The bank account %(account)s of %(partner)s was entered or changed by %(user)s and waits for a "
                "second person's approval. Until then it is neither paid to nor printed.",
                account=pending.acc_number, partner=pending.partner_id.display_name,
                user=pending.changed_by_id.name))

    def _build_qr_code_vals(self, *args, **kwargs):
        """No code to pay by, for what is not to be paid to."""
        return None if self.sudo().approval_pending else super()._build_qr_code_vals(*args, **kwargs)

    # -- buttons -------------------------------------------------------------------------------------

    def action_approve_bank_account(self):
        """Approve accounts that wait; core's own switch does the same."""
        pending = self.filtered("approval_pending")
        if not pending:
            raise UserError(self.env._("None of these bank accounts waits for approval."))
        pending.write({"allow_out_payment": True})

    def action_reject_bank_account(self):
        """Archive accounts that wait."""
        self.check_access("write")
        if not self.env.user.has_group("account.group_validate_bank_account"):
            raise AccessError(self.env._("Bank accounts are approved by a person with the right to validate them."))
        for bank in self.filtered("approval_pending"):
            bank.active = False
            bank._audit("decided", new_value=self.env._("rejected %(account)s", account=bank.acc_number))


class ResBank(models.Model):
    """A BIC is part of every account of its bank."""

    _name = "res.bank"
    _inherit = ["res.bank", "kundekartotek.audit.mixin"]

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["name", "bic", "active"]

    def write(self, vals):
        """With sudo: the bank's accounts that its writer does not see are held too."""
        bic = {bank: bank.bic for bank in self if "bic" in vals}
        result = super().write(vals)
        changed = self.filtered(lambda bank: bank in bic and (bank.bic or "") != (bic[bank] or ""))
        self.env["res.partner.bank"].sudo().search([("bank_id", "in", changed.ids)])._hold_for_approval()
        return result


class ResPartner(models.Model):
    _inherit = "res.partner"

    def write(self, vals):
        """An account belongs to its partner's company: what was approved for one company is not so for another."""
        if "company_id" not in vals:
            return super().write(vals)
        banks = self.sudo().with_context(active_test=False).bank_ids
        company = {bank: bank.company_id for bank in banks}
        result = super().write(vals)
        banks.filtered(lambda bank: bank.active and bank.company_id != company[bank])._hold_for_approval()
        return result


class AccountMove(models.Model):
    _inherit = "account.move"

    def _post(self, soft=True):
        self.filtered(lambda move: move.is_sale_document(include_receipts=True)).partner_bank_id._refuse_pending()
        return super()._post(soft)


class AccountPayment(models.Model):
    _inherit = "account.payment"

    @api.model_create_multi
    def create(self, vals_list):
        payments = super().create(vals_list)
        payments._refuse_pending_account()
        return payments

    def write(self, vals):
        """Payments under way are not turned to an account that waits; what was under way before may be finished."""
        touched = self if "partner_bank_id" in vals else self.filtered(lambda payment: payment.state == "draft")
        result = super().write(vals)
        touched._refuse_pending_account()
        return result

    def _refuse_pending_account(self):
        self.filtered(lambda payment: payment.payment_type == "outbound"
                      and payment.state in ("in_process", "paid")).partner_bank_id._refuse_pending()


class AccountMoveSend(models.AbstractModel):
    _inherit = "account.move.send"

    @api.model
    def _generate_invoice_documents(self, invoices_data, allow_fallback_pdf=False):
        """The electronic invoice too, which core makes anew beside a PDF from before."""
        for invoice in invoices_data:
            invoice.sudo().partner_bank_id._refuse_pending()
        return super()._generate_invoice_documents(invoices_data, allow_fallback_pdf=allow_fallback_pdf)


class IrActionsReport(models.Model):
    """No bank account goes on paper before it is approved."""

    _inherit = "ir.actions.report"

    def _pre_render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        self._refuse_pending_accounts(report_ref, res_ids)
        return super()._pre_render_qweb_pdf(report_ref, res_ids=res_ids, data=data)

    @api.model
    def _render_qweb_html(self, report_ref, docids, data=None):
        self._refuse_pending_accounts(report_ref, docids)
        return super()._render_qweb_html(report_ref, docids, data=data)

    @api.model
    def _refuse_pending_accounts(self, report_ref, res_ids):
        model = self.env.get(self._get_report(report_ref).sudo().model)
        ids = [res_ids] if isinstance(res_ids, int) else res_ids
        field = None if model is None else model._fields.get("partner_bank_id")
        if ids and field is not None and field.comodel_name == "res.partner.bank":
            model.browse(ids).sudo().partner_bank_id._refuse_pending()


class BasePartnerMerge(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        """An account that was approved for one partner is not so for the one it goes to."""
        Bank = self.env["res.partner.bank"].sudo().with_context(active_test=False)
        owner = {bank: bank.partner_id.id for bank in Bank.search([("partner_id", "in", list(partner_ids))])}
        result = super()._merge(partner_ids, dst_partner=dst_partner, extra_checks=extra_checks)
        kept = Bank.browse(bank.id for bank in owner).exists()
        kept.invalidate_recordset(["partner_id"])
        kept.filtered(lambda bank: bank.partner_id.id != owner[bank])._hold_for_approval()
        return result
