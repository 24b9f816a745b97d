# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ..customer.res_partner_figures import AMOUNT_GROUPS
from .credit_functions import CREATE_ITEMS
from .uninvoiced_orders import CREATE


class ExposurePart(NamedTuple):
    """A kind of document that a company risks money on.

    ``sql`` is a SELECT of the commercial partner's id and an amount in the currency of the company at the root; None
    where it is a figure of the open items, which has the part's name. ``domain`` gives the records of ``model`` behind
    a customer's amount.
    """

    name: str
    label: str
    sql: SQL | None
    model: str
    domain: Callable
    counted: bool = True


class ResPartner(models.Model):
    """What a company risks on its customers now, live, in one statement for any number of them. A document
    counts for the commercial partner of its invoice address, in the company at the root with its branches."""

    _inherit = "res.partner"

    credit_exposure = fields.Monetary(
        compute="_compute_credit_exposure", compute_sudo=True, groups=AMOUNT_GROUPS,
        currency_field="customer_currency_id",
        help="Open items and confirmed orders that are not invoiced, and draft invoices if the company says so.")
    credit_limit_now = fields.Monetary(
        string="Limit Now", compute="_compute_credit_exposure", compute_sudo=True, groups=AMOUNT_GROUPS,
        currency_field="customer_currency_id",
        help="The credit limit, with what has been raised for a period and what is insured.")
    credit_available = fields.Monetary(
        compute="_compute_credit_exposure", compute_sudo=True, groups=AMOUNT_GROUPS,
        currency_field="customer_currency_id",
        help="What the customer may still buy for; the smaller one where it shares a limit. 0 where unlimited.")
    credit_overview = fields.Json(
        compute="_compute_credit_overview", compute_sudo=True, groups=AMOUNT_GROUPS)

    @api.depends("commercial_partner_id", "credit_limit")
    @api.depends_context("company", "tz")
    def _compute_credit_exposure(self):
        pictures = self.commercial_partner_id._credit_overviews()
        for partner in self:
            facts = pictures.get(partner.commercial_partner_id._origin.id, {})
            partner.credit_exposure = facts.get("exposure", 0.0)
            partner.credit_limit_now = facts.get("limit") or 0.0
            partner.credit_available = facts.get("available") or 0.0

    @api.depends("commercial_partner_id", "credit_limit")
    @api.depends_context("company", "tz", "lang")
    def _compute_credit_overview(self):
        pictures = self.commercial_partner_id._credit_overviews(with_parts=True)
        for partner in self:
            partner.credit_overview = pictures.get(partner.commercial_partner_id._origin.id, {})

    def init(self):
        super().init()
        self.env.cr.execute(CREATE)
        self.env.cr.execute(CREATE_ITEMS)

    # -- the parts: a hook -----------------------------------------------------------------------------

    @api.model
    def _credit_exposure_parts(self, partner_ids, move_ids=()):
        """What counts. Another module adds its documents with one entry, see ``ExposurePart``.

        :param partner_ids: ids of the commercial partners asked for
        :param move_ids: invoices under test, which count by themselves
        """
        env = self.env
        parts = [
            ExposurePart(
                "receivable", env._("Open invoices"), None, "account.move.line",
                lambda partner: self._open_items_domain(partner, ">")),
            ExposurePart(
                "credits", env._("Payments and credit notes not allocated"), None, "account.move.line",
                lambda partner: self._open_items_domain(partner, "<")),
            ExposurePart(
                "orders", env._("Confirmed orders not invoiced"),
                self._uninvoiced_orders_sql(partner_ids), "sale.order",
                lambda partner: [("state", "=", "sale"), *self._orders_domain(partner)]),
        ]
        if env.company.root_id.sudo().credit_count_drafts:
            parts.append(ExposurePart(
                "drafts", env._("Draft invoices"), self._draft_invoices_sql(partner_ids, move_ids),
                "account.move", self._drafts_domain))
        parts.append(ExposurePart(
            "held", env._("Orders on hold"), self._held_orders_sql(partner_ids), "sale.order",
            lambda partner: [("credit_state", "=", "hold"), ("state", "in", ("draft", "sent")),
                             *self._orders_domain(partner)], counted=False))
        return parts

    @api.model
    def _open_items_domain(self, partner, operator):
        return [
            ("partner_id.commercial_partner_id", "=", partner.id), ("parent_state", "=", "posted"),
            ("account_type", "=", "asset_receivable"), ("amount_residual", operator, 0),
            ("company_id", "in", list(self._company_tree_ids()))]

    @api.model
    def _orders_domain(self, partner):
        return [
            ("partner_invoice_id.commercial_partner_id", "=", partner.id),
            ("company_id", "in", list(self._company_tree_ids()))]

    @api.model
    def _drafts_domain(self, partner):
        return [
            ("commercial_partner_id", "=", partner.id), ("state", "=", "draft"),
            ("move_type", "in", ("out_invoice", "out_receipt")),
            ("company_id", "in", list(self._company_tree_ids()))]

    # -- their SQL -------------------------------------------------------------------------------------

    @api.model
    def _credit_items_sql(self, partner_ids, thresholds):
        """SELECT of open receivable items, see ``credit_functions``.

        :param thresholds: list of (days, tolerance)
        """
        return SQL(
            "SELECT * FROM kundekartotek_credit_items(%s, %s, %s, %s, %s, %s)",
            partner_ids, list(self._company_tree_ids()), list(self._receivable_account_ids()),
            fields.Date.context_today(self), [days for days, _tolerance in thresholds],
            [tolerance for _days, tolerance in thresholds],
            to_flush=[
                *self._flushed("account.move", "dispute_since", "commercial_partner_id"),
                *self._ledger_fields("account_id", "amount_residual", "company_id", "date", "date_maturity",
                                     "parent_state", "partner_id")])

    @api.model
    def _uninvoiced_orders_sql(self, partner_ids):
        """SELECT of what is left to invoice of confirmed orders, see ``uninvoiced_orders``."""
        return SQL(
            "SELECT * FROM kundekartotek_uninvoiced_orders(%s, %s)", partner_ids, list(self._company_tree_ids()),
            to_flush=[
                *self._flushed("sale.order", "company_id", "credit_payer_changed", "invoice_status",
                               "partner_invoice_id", "state"),
                *self._flushed("account.move", "commercial_partner_id"), *self._order_claims_fields()])

    @api.model
    def _order_claims_fields(self):
        """:return: the fields that ``kundekartotek_order_claims`` reads"""
        return [
            *self._flushed("sale.order", "currency_rate"),
            *self._flushed("sale.order.line", "display_type", "is_downpayment", "order_id", "price_total",
                           "product_uom_id", "product_uom_qty", "qty_delivered", "price_unit", "discount",
                           "invoice_lines"),
            *self._flushed("account.move", "state", "move_type", "invoice_currency_rate"),
            *self._ledger_fields("move_id", "price_total", "product_uom_id", "quantity")]

    @api.model
    def _draft_invoices_sql(self, partner_ids, move_ids):
        """SELECT of draft invoices, taxes included, less their lines that stem from orders."""
        return SQL(
            """
            SELECT m.commercial_partner_id AS partner_id,
                   sum(i.price_total / coalesce(nullif(m.invoice_currency_rate, 0), 1))
              FROM account_move m JOIN account_move_line i ON i.move_id = m.id AND i.display_type = 'product'
             WHERE m.state = 'draft' AND m.move_type IN ('out_invoice', 'out_receipt')
               AND m.company_id IN %(companies)s AND m.commercial_partner_id = ANY(%(partners)s)
               AND m.id <> ALL(%(tested)s)
               AND NOT EXISTS (SELECT 1 FROM sale_order_line_invoice_rel r WHERE r.invoice_line_id = i.id)
             GROUP BY m.commercial_partner_id""",
            companies=self._company_tree_ids(), tested=list(move_ids), partners=partner_ids,
            to_flush=[
                *self._flushed("account.move", "company_id", "commercial_partner_id", "invoice_currency_rate",
                               "move_type", "state"),
                *self._flushed("sale.order.line", "invoice_lines"),
                *self._ledger_fields("display_type", "move_id", "price_total")])

    @api.model
    def _held_orders_sql(self, partner_ids):
        return SQL(
            """
            SELECT payer.commercial_partner_id, sum(o.amount_total / coalesce(nullif(o.currency_rate, 0), 1))
              FROM sale_order o JOIN res_partner payer ON payer.id = o.partner_invoice_id
             WHERE o.credit_state = 'hold' AND o.state IN ('draft', 'sent') AND o.company_id IN %(companies)s
               AND payer.commercial_partner_id = ANY(%(partners)s)
             GROUP BY payer.commercial_partner_id""",
            companies=self._company_tree_ids(), partners=partner_ids,
            to_flush=[
                self._fields["commercial_partner_id"],
                *self._flushed("sale.order", "amount_total", "company_id", "credit_state", "currency_rate",
                               "partner_invoice_id", "state")])

    @api.model
    def _flushed(self, model, *names):
        known = self.env[model]._fields
        return [known[name] for name in names]

    # -- putting them together -------------------------------------------------------------------------

    @api.model
    def _credit_amounts(self, partner_ids, move_ids=(), thresholds=(), shown=False, turn=None):
        """The exposure of these commercial partners by part, and what is overdue, in one statement.

        :param thresholds: pairs (days, tolerance)
        :param shown: the parts too that are only shown, and do not count
        :param turn: SQL of what takes the turn to decide on them, if anything is decided: it gives no rows
        :return: ``{partner id: {"exposure", part, (days, tolerance), ("oldest", days, tolerance): amount or days}}``
        """
        partner_ids, thresholds = list(partner_ids), list(thresholds)
        parts = [part for part in self._credit_exposure_parts(partner_ids, move_ids) if part.counted or shown]
        query = SQL(" UNION ALL ").join([
            self._credit_items_sql(partner_ids, thresholds),
            *(SQL("SELECT part.*, %s, NULL, NULL FROM (%s) AS part(partner_id, amount)", part.name, part.sql)
              for part in parts if part.sql),
            *([SQL("SELECT NULL, NULL, NULL, NULL, NULL FROM %s", turn)] if turn else [])])
        self.env.flush_query(query)
        self.env.cr.execute(query, log_exceptions=not turn)  # losing one's turn is no fault: Odoo tries again
        counted = {part.name for part in parts if part.counted}
        amounts = defaultdict(lambda: {"exposure": 0.0})
        for partner_id, amount, figure, number, late in self.env.cr.fetchall():
            mine = amounts[partner_id]
            if number:
                mine[thresholds[number - 1]], mine["oldest", *thresholds[number - 1]] = amount, late
            elif amount is not None:
                mine[figure] = amount
                mine["exposure"] += amount if figure in counted else 0.0
        return amounts

    def _credit_exposures(self):
        """:return: {id of each of these commercial partners: exposure in the current company}"""
        amounts = self._credit_amounts(self.ids)
        return {id_: amounts[id_]["exposure"] for id_ in self.ids}
