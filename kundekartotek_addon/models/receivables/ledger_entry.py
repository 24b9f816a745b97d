# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from .account_index import is_ledger_item, is_open_item

ITEM_FIELDS = (
    "account_id", "amount_currency", "amount_residual", "amount_residual_currency", "balance", "company_id",
    "currency_id", "date", "date_maturity", "invoice_date", "journal_id", "matching_number", "move_id", "move_name",
    "name", "parent_state", "partner_id", "reconciled", "ref",
)


class LedgerEntry(models.Model):
    """The customer ledger (reskontro): every posted item on a receivable account. An entry has the id of its
    journal item; its customer is the commercial partner, also where it was booked on a contact person."""

    _name = "kundekartotek.ledger.entry"
    _description = "Customer Ledger Entry"
    _auto = False
    _order = "date desc, id desc"
    _rec_name = "move_name"
    _rec_names_search = ["move_name", "name", "ref"]
    _depends = {"account.move.line": list(ITEM_FIELDS), "res.partner": ["commercial_partner_id"]}

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    item_partner_id = fields.Many2one("res.partner", string="Booked on", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    currency_id = fields.Many2one("res.currency", readonly=True)
    account_id = fields.Many2one("account.account", readonly=True)
    journal_id = fields.Many2one("account.journal", readonly=True)
    move_id = fields.Many2one("account.move", string="Journal Entry", readonly=True)
    move_name = fields.Char(string="Voucher", readonly=True)
    move_type = fields.Selection(related="move_id.move_type", string="Type")
    name = fields.Char(string="Text", readonly=True)
    ref = fields.Char(string="Reference", readonly=True)
    payment_reference = fields.Char(related="move_id.payment_reference", string="KID")
    date = fields.Date(readonly=True)
    document_date = fields.Date(readonly=True, help="The date of the invoice; else that of the posting.")
    due_date = fields.Date(readonly=True)
    debit = fields.Monetary(currency_field="company_currency_id", readonly=True)
    credit = fields.Monetary(currency_field="company_currency_id", readonly=True)
    balance = fields.Monetary(string="Amount", currency_field="company_currency_id", readonly=True)
    running_balance = fields.Monetary(
        compute="_compute_running_balance", currency_field="company_currency_id",
        help="What the customer owed the company after this entry, whatever the list is filtered by.",
    )
    residual = fields.Monetary(string="Remaining", currency_field="company_currency_id", readonly=True)
    amount_currency = fields.Monetary(string="Amount in Currency", currency_field="currency_id", readonly=True)
    residual_currency = fields.Monetary(string="Remaining in Currency", currency_field="currency_id", readonly=True)
    is_open = fields.Boolean(string="Open Item", readonly=True)
    matching_number = fields.Char(string="Matching", readonly=True)
    has_document = fields.Boolean(compute="_compute_has_document", help="There is a document to open.")

    @property
    def _table_query(self):
        """:return: SELECT of one row per receivable item, amounts in the currency of the entry's company"""
        return SQL(
            """
            SELECT item.id, owner.commercial_partner_id AS partner_id, item.partner_id AS item_partner_id,
                   item.company_id, item.currency_id, item.account_id, item.journal_id, item.move_id,
                   item.move_name, item.name, item.ref, item.matching_number, item.date,
                   coalesce(item.invoice_date, item.date) AS document_date,
                   coalesce(item.date_maturity, item.date) AS due_date,
                   greatest(item.balance, 0) AS debit, greatest(-item.balance, 0) AS credit,
                   item.balance, item.amount_residual AS residual, item.amount_currency,
                   item.amount_residual_currency AS residual_currency, %(is_open)s AS is_open
              FROM account_move_line item
              LEFT JOIN res_partner owner ON owner.id = item.partner_id
             WHERE item.account_id IN %(accounts)s AND %(is_ledger_item)s""",
            accounts=self.env["res.partner"]._receivable_account_ids(),
            is_ledger_item=is_ledger_item(SQL("item")), is_open=is_open_item(SQL("item")))

    # ---- searching -------------------------------------------------------------------------------------

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """The customer's own and its contacts' entries are asked for by the partner they were booked on, nearly
        always one: that is what the index knows, and it hands them out in order. Open ones have an index of theirs."""
        return super()._search(Domain(domain).map_conditions(self._as_indexed), offset, limit, order, **kwargs)

    @api.model
    def _as_indexed(self, condition):
        value = condition.value
        if condition.field_expr == "is_open" and (condition.operator, value) == ("=", True):
            return Domain.custom(to_sql=lambda model, alias, query: model._field_to_sql(alias, "is_open", query))
        ids = [value] if condition.operator == "=" else value
        if condition.field_expr != "partner_id" or condition.operator not in ("=", "in") or not _are_ids(ids):
            return condition
        members = self.env.execute_query(SQL(
            """SELECT member.id FROM res_partner member
                WHERE member.commercial_partner_id = ANY(%(customers)s) AND EXISTS (
                      SELECT FROM account_move_line item
                       WHERE item.partner_id = member.id AND item.account_id IN %(accounts)s AND %(is_ledger_item)s)""",
            customers=list(ids), accounts=self.env["res.partner"]._receivable_account_ids(),
            is_ledger_item=is_ledger_item(SQL("item")), to_flush=self._item_fields()))
        return Domain("item_partner_id", "in", [member_id for member_id, in members])

    @api.model
    def _item_fields(self):
        item_fields = self.env["account.move.line"]._fields
        return [self.env["res.partner"]._fields["commercial_partner_id"], *map(item_fields.get, ITEM_FIELDS)]

    # ---- what is worked out for the entries shown --------------------------------------------------------

    def _compute_running_balance(self):
        running = {}
        with_customer = self.filtered("partner_id")
        for entries, whose in (
            (with_customer, SQL("item.partner_id IN (SELECT id FROM res_partner"
                                " WHERE commercial_partner_id = span.customer_id)")),
            (self - with_customer, SQL("item.partner_id IS NULL")),
        ):
            if entries:
                running.update(self.env.execute_query(self._running_balance_sql(entries.ids, whose)))
        for entry in self:
            entry.running_balance = running.get(entry.id, 0)

    @api.model
    def _running_balance_sql(self, ids, whose):
        """SELECT of ``id`` and what its customer owed its company after it, of these entries: all before the
        first of them is summed, then a window runs to the last.

        :param whose: condition that ``item`` is of the customer ``span.customer_id``
        """
        return SQL(
            """
            WITH span AS (
                SELECT owner.commercial_partner_id AS customer_id, item.company_id,
                       min(item.date) AS first, max(item.date) AS last
                  FROM account_move_line item LEFT JOIN res_partner owner ON owner.id = item.partner_id
                 WHERE item.id = ANY(%(ids)s) GROUP BY 1, 2)
            SELECT entry.id, entry.running
              FROM span
             CROSS JOIN LATERAL (
                SELECT coalesce(sum(item.balance), 0) AS balance FROM account_move_line item
                 WHERE %(whose)s AND %(of_span)s AND item.date < span.first) opening
             CROSS JOIN LATERAL (
                SELECT item.id, opening.balance + sum(item.balance) OVER (ORDER BY item.date, item.id) AS running
                  FROM account_move_line item
                 WHERE %(whose)s AND %(of_span)s AND item.date BETWEEN span.first AND span.last) entry
             WHERE entry.id = ANY(%(ids)s)""",
            ids=list(ids), whose=whose,
            of_span=SQL(
                "item.company_id = span.company_id AND item.account_id IN %s AND %s",
                self.env["res.partner"]._receivable_account_ids(), is_ledger_item(SQL("item"))),
            to_flush=self._item_fields())

    def _compute_has_document(self):
        attached = self.env["ir.attachment"].sudo()._read_group(
            [("res_model", "=", "account.move"), ("res_id", "in", self.move_id.ids), ("res_field", "=", False)],
            ["res_id"])
        attached = {move_id for move_id, in attached}
        for entry in self:
            entry.has_document = entry.move_id.id in attached or entry.move_type in ("out_invoice", "out_refund")

    # ---- what an entry opens ---------------------------------------------------------------------------

    @api.readonly
    def action_open_voucher(self):
        """The invoice, the payment or the journal entry."""
        self.ensure_one()
        self.check_access("read")
        self.move_id.check_access("read")
        return self.move_id.action_open_business_doc()

    @api.readonly
    def action_open_document(self):
        """The voucher's attachment; an invoice that has none is printed."""
        self.ensure_one()
        self.check_access("read")
        self.move_id.check_access("read")
        attachments = self.env["ir.attachment"].search(
            [("res_model", "=", "account.move"), ("res_id", "=", self.move_id.id)], order="id desc")
        if attachment := self.move_id.message_main_attachment_id & attachments or attachments[:1]:
            return {"type": "ir.actions.act_url", "url": f"/web/content/{attachment.id}", "target": "new"}
        if self.move_id.is_sale_document():
            return self.env.ref("account.account_invoices").report_action(self.move_id)
        raise UserError(self.env._("Nothing is attached to %(voucher)s.", voucher=self.move_name))


def _are_ids(ids):
    return hasattr(ids, "__iter__") and not isinstance(ids, str) and all(
        isinstance(id_, int) and not isinstance(id_, bool) for id_ in ids)
