# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

FOLLOWUP_NOTES = ("promise_date", "promise_amount", "dispute_reason", "dispute_since")


class AccountMove(models.Model):
    """What the customer has said of an invoice: that it will be paid, or that it is wrong."""

    _name = "account.move"
    _inherit = ["account.move", "kundekartotek.audit.mixin"]

    promise_date = fields.Date(
        string="Promised to Pay by", copy=False, readonly=True,
        help="Until the end of this day the customer is not reminded of the invoice.",
    )
    promise_since = fields.Date(
        string="Promised On", copy=False, readonly=True, help="The day that the promise was noted or last moved.")
    promise_amount = fields.Monetary(
        string="Amount Promised", copy=False, readonly=True, help="In the currency of the invoice.")
    dispute_reason = fields.Char(
        copy=False, readonly=True, help="Why the customer does not accept the invoice. Pauses reminders.")
    dispute_since = fields.Date(string="Disputed Since", copy=False, readonly=True)
    followup_paused = fields.Boolean(
        string="Follow-up Paused", compute="_compute_followup_paused", search="_search_followup_paused",
        help="Disputed, promised, or taken out of follow-up: no reminders are sent.",
    )
    followup_note = fields.Char(
        string="Note on Follow-up", compute="_compute_followup_paused",
        help="What was noted on the invoice: a dispute, a promise, one that was not kept.",
    )

    _followup_notes_idx = models.Index(
        "(commercial_partner_id) WHERE promise_date IS NOT NULL OR dispute_since IS NOT NULL")

    # -- what pauses follow-up -------------------------------------------------------------------------

    @api.depends("promise_date", "promise_amount", "dispute_since", "dispute_reason", "line_ids.no_followup")
    @api.depends_context("lang", "tz")
    def _compute_followup_paused(self):
        today = fields.Date.context_today(self)
        for move in self:
            move.followup_paused = move._is_followup_paused(today)
            move.followup_note = "; ".join(move._followup_notes(today))

    def _is_followup_paused(self, today=None):
        """Whether no reminder may be sent for this invoice. A promise holds to the end of its day.

        :param today: the day to ask for; the user's today by default
        """
        self.ensure_one()
        today = today or fields.Date.context_today(self)
        promised = bool(self.promise_date) and self.promise_date >= today
        excluded = self.is_sale_document(include_receipts=True) and self.no_followup
        return bool(self.dispute_since) or promised or excluded

    @api.model
    def _followup_paused_sql(self, move, item, today=None):
        """The same as a condition on a receivable item.

        :param move: SQL alias of the item's ``account_move``
        :param item: SQL alias of the ``account_move_line``
        """
        return SQL(
            "(%(move)s.dispute_since IS NOT NULL OR coalesce(%(move)s.promise_date >= %(today)s, FALSE)"
            " OR coalesce(%(item)s.no_followup, FALSE))",
            move=move, item=item, today=today or fields.Date.context_today(self),
            to_flush=[self._fields["dispute_since"], self._fields["promise_date"],
                      self.env["account.move.line"]._fields["no_followup"]])

    def _search_followup_paused(self, operator, value):
        if operator != "in":
            return NotImplemented
        paused = (
            Domain("dispute_since", "!=", False) | Domain("promise_date", ">=", fields.Date.context_today(self))
            | Domain("line_ids", "any", [("account_type", "=", "asset_receivable"), ("no_followup", "=", True)]))
        return Domain.OR([paused if wanted else ~paused for wanted in set(map(bool, value))])

    def _followup_notes(self, today):
        """The notes in words, the most serious first."""
        self.ensure_one()
        notes = []
        if self.dispute_since:
            notes.append(self.env._(
                "Disputed since %(day)s: %(reason)s",
                day=format_date(self.env, self.dispute_since), reason=self.dispute_reason or "–"))
        if self.promise_date:
            amount = self.currency_id.format(self.promise_amount or self.amount_residual)
            day = format_date(self.env, self.promise_date)
            if self.promise_date >= today:
                notes.append(self.env._("Promised: %(amount)s by %(day)s", amount=amount, day=day))
            elif self.payment_state in ("not_paid", "partial"):
                notes.append(self.env._("Promise not kept: %(amount)s by %(day)s", amount=amount, day=day))
        return notes

    # -- noting ------------------------------------------------------------------------------------------

    def action_note_followup(self):
        """Note a promise or a dispute on these invoices."""
        self._check_notable()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Promise or Dispute"),
            "res_model": "kundekartotek.followup.note",
            "view_mode": "form",
            "target": "new",
            "context": {"active_model": self._name, "active_ids": self.ids},
        }

    def _check_notable(self):
        """Only who may read these invoices and works with customers notes something on them."""
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("kundekartotek_addon.group_case_worker"):
            raise AccessError(self.env._("Promises and disputes are noted by case workers and credit managers."))
        if not self or any(
                move.move_type not in ("out_invoice", "out_receipt") or move.state != "posted" for move in self):
            raise UserError(self.env._("Choose posted invoices to customers."))

    def _note_followup(self, vals):
        """As superuser: a case worker notes what the customer says without the right to change invoices."""
        self._check_notable()
        if refused := vals.keys() - {*FOLLOWUP_NOTES, "no_followup"}:
            raise AccessError(self.env._(
                "These fields cannot be set by hand: %(fields)s", fields=", ".join(sorted(refused))))
        for move in self.sudo():
            changed = {name: value for name, value in vals.items() if move[name] != value}
            if "promise_date" in changed:
                changed["promise_since"] = changed["promise_date"] and fields.Date.context_today(self)
            move.write(changed)
            if not changed.keys().isdisjoint(FOLLOWUP_NOTES):
                note = move.followup_note or self.env._("Promise and dispute taken back")
                move.message_post(body=note, message_type="comment", subtype_xmlid="mail.mt_note")
            if "no_followup" in changed:  # on the items, where core writes it for every new one
                words = {True: self.env._("Yes"), False: self.env._("No")}
                new = bool(changed["no_followup"])
                move._audit("changed", field_name="no_followup", old_value=words[not new], new_value=words[new])

    # -- the trail ---------------------------------------------------------------------------------------

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + list(FOLLOWUP_NOTES)

    def _audited_records(self):
        """Invoices come by the thousand and have a trail of core's: only what is noted on them is ours."""
        return self.filtered(lambda move: move.promise_date or move.dispute_since)
