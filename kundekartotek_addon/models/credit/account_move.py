# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.credit import STOPPING, verdict
from ..customer.res_partner_figures import AMOUNT_GROUPS

TESTED_TYPES = ("out_invoice", "out_receipt")


class CreditStop(UserError):
    """Invoices that credit control does not let through."""


class AccountMove(models.Model):
    """An invoice that raises the exposure past the rules is not posted, whatever posts it. What an order that has
    passed counts already adds nothing, so invoicing what was ordered never is in the way; nor are credit notes."""

    _name = "account.move"
    _inherit = ["account.move", "kundekartotek.credit.document"]

    _credit_passed_state = "posted"

    @api.depends("partner_id", "company_id", "state", "amount_total")
    @api.depends_context("lang", "tz")
    def _compute_credit_overview(self):
        sales = self.filtered(lambda move: move.move_type in TESTED_TYPES and move.partner_id)
        (self - sales).credit_overview = {}
        super(AccountMove, sales)._compute_credit_overview()

    # -- what a document under credit control must know ------------------------------------------------

    def _credit_customers(self):
        return self.partner_id.commercial_partner_id

    def _credit_worth(self):
        """From what is booked on the customer: the total beside it can be written by hand."""
        self.ensure_one()
        return sum(self.line_ids.filtered(lambda line: line.display_type == "payment_term").mapped("balance"))

    def _credit_additions(self):
        drafts = self.filtered(lambda move: move.state == "draft" and not move.company_id.root_id.credit_count_drafts)
        covered, _unproven = drafts._credit_covered()
        return {move: move._credit_worth() - covered.get(move._origin.id, 0.0) for move in drafts}

    def _credit_counts(self):
        draft = self.state == "draft" and self.move_type in TESTED_TYPES
        return super()._credit_counts() or (draft and self.company_id.root_id.credit_count_drafts)

    def _credit_exemption(self, fact):
        self.ensure_one()
        if fact.exempts(self.invoice_payment_term_id, "invoice"):
            return self.env._("Immediate payment")
        return ""

    # -- testing ---------------------------------------------------------------------------------------

    def _credit_test(self):
        """Test drafts of the current company, as superuser.

        :return: {move: (findings, picture, facts)} of those that add to the exposure
        """
        covered, unproven = self._credit_covered()
        entries = []
        for move in self.sorted("id"):
            worth = move._credit_worth()
            addition = worth - covered.get(move.id, 0.0)
            entries.append((move, move._credit_customers(), addition, worth if move.id in unproven else addition))
        return self.env["res.partner"]._credit_check("invoice", entries, move_ids=self.ids)

    def _credit_covered(self):
        """What of these drafts is in the exposure already, because it stems from confirmed orders of the same
        customer: by how much each makes smaller what is left to invoice, posted in the order of their ids.

        :return: ({move id: amount in company currency}, ids of moves whose order has not passed for what they ask:
            it is on hold, or was exempt as to be paid at once while the invoice is not)
        """
        if not self.line_ids.sale_line_ids:  # which posting reads anyway
            return {}, set()
        partners, move_ids = self.env["res.partner"], sorted(self.ids)
        rows = self.env.execute_query(SQL(
            """
            SELECT m.id, sum(claim.taken), bool_or(o.credit_state IN ('hold', 'rejected')),
                   array_agg(DISTINCT o.payment_term_id) FILTER (WHERE o.payment_term_id IS NOT NULL)
              FROM (SELECT order_id, step, lag(rest) OVER (PARTITION BY order_id ORDER BY step) - rest AS taken
                      FROM kundekartotek_order_claims(ARRAY(
                           SELECT l.order_id
                             FROM account_move_line i
                             JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = i.id
                             JOIN sale_order_line l ON l.id = r.order_line_id
                            WHERE i.move_id = ANY(%(moves)s)), %(moves)s)) claim
              JOIN account_move m ON m.id = (%(moves)s::int[])[claim.step]
              JOIN sale_order o ON o.id = claim.order_id AND o.state = 'sale'
              JOIN res_company here ON here.id = m.company_id
              JOIN res_company there ON there.id = o.company_id
                                    AND split_part(there.parent_path, '/', 1) = split_part(here.parent_path, '/', 1)
              JOIN res_partner payer ON payer.id = o.partner_invoice_id
                                    AND payer.commercial_partner_id = m.commercial_partner_id
             GROUP BY m.id""",
            moves=move_ids,
            to_flush=[
                *partners._flushed("sale.order", "company_id", "credit_state", "partner_invoice_id",
                                   "payment_term_id", "state"),
                *partners._flushed("account.move", "commercial_partner_id", "company_id"),
                *partners._order_claims_fields()]))
        terms = self.env["account.payment.term"]
        unproven = {
            id_ for id_, _amount, held, ids in rows
            if held or (any(terms.browse(term)._is_immediate() for term in ids or ())
                        and not self.browse(id_).invoice_payment_term_id._is_immediate())}
        return {id_: float(amount) for id_, amount, *_rest in rows}, unproven

    def _credit_results(self):
        """Test those of these drafts that are under credit control, each in its own company. sudo: who posts
        may not see every figure of the customer.

        :return: {move as superuser: (findings, picture, facts)}
        """
        drafts = self.sudo().filtered(lambda move: (
            move.move_type in TESTED_TYPES and move.state == "draft" and move.partner_id
            and move.company_id._has_credit_control()))
        results = {}
        for moves in drafts._credit_by_company():
            results |= moves._credit_test()
        return results

    def _credit_stopped(self, results):
        return [
            move for move, result in results.items() if move._credit_stops(*result, move._credit_worth())]

    # -- posting ---------------------------------------------------------------------------------------

    def _post(self, soft=True):
        """The hard stop: whatever posts, by whatever way, comes here."""
        today = fields.Date.context_today(self)
        due = self.filtered(lambda move: not (soft and move.date and move.date > today))
        results = due._credit_require_pass()
        due._credit_give_pass()
        posted = super()._post(soft)
        self._credit_note_posted(results)
        posted.sudo()._credit_clear()
        posted._credit_after_post()
        return posted

    def _credit_require_pass(self):
        """:return: as ``_credit_results``"""
        results = self._credit_results()
        if stopped := {move: results[move] for move in self._credit_stopped(results)}:
            self.env["kundekartotek.credit.decision"]._record_refusals([
                move._prepare_credit_decision("refused", result) for move, result in stopped.items()])
            raise CreditStop(self._explain_credit_stop(stopped))
        return results

    def _explain_credit_stop(self, results):
        """Which invoices are stopped and why; amounts for those who may see them. What the program itself runs
        into is written where all may read it."""
        shows = not self.env.su and self.env.user.has_groups(AMOUNT_GROUPS)
        lines = [self.env._("Credit control does not let this be posted:")]
        for move, (findings, _picture, _fact) in results.items():
            customer = move._credit_customers()
            why = customer._credit_figures_text(findings) if shows else customer._credit_words(findings)
            lines.append(self.env._(
                "%(document)s, %(customer)s:\n%(why)s", document=move.display_name, customer=customer.name, why=why))
        lines.append(self.env._("Ask a credit manager to release it, or for a higher limit."))
        return "\n\n".join(lines)

    def _build_credit_warning_message(self, record, current_amount=0.0, exclude_current=False, exclude_amount=0.0):
        """Odoo's own warning, on orders and invoices, without the amounts for whoever may not see them."""
        message = super()._build_credit_warning_message(record, current_amount, exclude_current, exclude_amount)
        if not message or self.env.user.has_groups(AMOUNT_GROUPS):
            return message
        return self.env._(
            "%(customer)s has reached its credit limit", customer=record.sudo().partner_id.commercial_partner_id.name)

    def _credit_note_posted(self, results):
        """Record what was let through in spite of a finding."""
        rows = []
        for move, result in results.items():
            action = verdict(result[0])
            if action in STOPPING and not move._credit_is_released(move._credit_worth()):
                rows.append(move._prepare_credit_decision(
                    "exempt", result, reason=move._credit_exemption(result[2])))
            elif action == "warn":
                rows.append(move._prepare_credit_decision("warned", result))
        self.env["kundekartotek.credit.decision"]._record(rows)

    def _credit_after_post(self):
        """Payments and credit notes may end a hold."""
        for company, moves in self.filtered(lambda m: m.move_type not in ("out_invoice", "in_invoice")).grouped(
                lambda move: move.company_id).items():
            if company._has_credit_control():
                lines = moves.sudo().line_ids.filtered(
                    lambda line: line.balance < 0 and line.account_id.account_type == "asset_receivable")
                lines.partner_id._queue_credit_recheck(company)
        self.filtered(lambda move: move.move_type == "out_refund")._credit_give_back()

    def _credit_give_back(self):
        """What these no longer invoice is left to invoice again: that is a risk on who pays the order now, and was
        tested on whoever paid then."""
        for moves in self.grouped("commercial_partner_id").values():
            orders = moves.sudo().line_ids.sale_line_ids.order_id._credit_confirmed().filtered(
                lambda order, payer=moves[0].commercial_partner_id: order._credit_customers() != payer)
            orders._credit_test_change(orders._credit_without_rest())

    def _note_followup(self, vals):
        """What is disputed is not overdue, and its customer's orders may go on."""
        super()._note_followup(vals)
        if "dispute_since" in vals:
            for company, moves in self.grouped("company_id").items():
                moves.partner_id._queue_credit_recheck(company)

    def action_post(self):
        """From the form's button, say what is in the way in a dialog; from anywhere else, ``_post`` stops."""
        if self.env.context.get("credit_dialog") and len(self) == 1:
            self.check_access("write")
            results = self._credit_results()
            dialog = any(result[0] for result in results.values()) and self._credit_dialog(results)
            if dialog:
                return dialog
        return super().action_post()

    def _credit_dialog(self, results):
        (move, result), = results.items()
        stopped = bool(self._credit_stopped(results))
        if not stopped and move._credit_is_released(move._credit_worth()):
            return None
        if stopped:
            move._credit_record("refused" if verdict(result[0]) == "refuse" else "held", result)
            move._credit_hold(result[0])
        customer = move._credit_customers()
        dialog = self.env["kundekartotek.credit.dialog"].sudo().create({
            "move_id": move.id, "stopped": stopped, "words": customer._credit_words(result[0]),
            "figures": customer._credit_figures_text(result[0]),
            "can_release": stopped and verdict(result[0]) == "hold"})
        return {
            "type": "ir.actions.act_window", "name": self.env._("Credit Control"), "target": "new",
            "res_model": dialog._name, "res_id": dialog.id, "view_mode": "form", "views": [(False, "form")],
        }
