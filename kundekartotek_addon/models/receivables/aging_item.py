# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ...tools.aging import BUCKETS, GRAINS, STAMP_BITS, bucket_labels, split_key

# What lines and their items have alike: an amount that is chosen by these alone is that of the items so chosen.
ALIKE = {
    "company_id", "partner_id", "partner_name", "customer_ref", "customer_category_id", "customer_type", "user_id",
    *GRAINS}


class AgingItem(models.Model):
    """The open items behind the aging, as they were at the same date: what is left of each, and its age."""

    _name = "kundekartotek.aging.item"
    _description = "Open Item at a Date"
    _inherit = ["kundekartotek.aging.source"]
    _auto = False
    _order = "due_date, id"
    _rec_name = "move_name"

    move_line_id = fields.Many2one("account.move.line", string="Journal Item", readonly=True)
    move_id = fields.Many2one("account.move", string="Document", readonly=True)
    move_name = fields.Char(related="move_id.name", string="Number")
    name = fields.Char(related="move_line_id.name", string="Text")
    payment_reference = fields.Char(related="move_id.payment_reference", string="KID / Reference")
    journal_id = fields.Many2one(related="move_line_id.journal_id")
    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    partner_name = fields.Char(related="partner_id.complete_name", string="Name in the File")
    customer_ref = fields.Char(related="partner_id.ref", string="Customer Number")
    customer_category_id = fields.Many2one(related="partner_id.customer_category_id")
    customer_type = fields.Selection(related="partner_id.customer_type")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    account_id = fields.Many2one("account.account", readonly=True)
    currency_id = fields.Many2one("res.currency", string="Document Currency", readonly=True)
    date = fields.Date(readonly=True)
    due_date = fields.Date(readonly=True, aggregator="min", help="Its date, where it has no due date.")
    days_overdue = fields.Integer(readonly=True, aggregator="max", help="Below zero: days until it is due.")
    bucket = fields.Selection(selection="_selection_bucket", string="Age", readonly=True)
    amount = fields.Monetary(currency_field="company_currency_id", readonly=True, help="What was booked.")
    residual = fields.Monetary(
        string="Open Amount", currency_field="company_currency_id", readonly=True, help="What was left at the date.")
    residual_currency = fields.Monetary(string="Open in Currency", currency_field="currency_id", readonly=True)
    disputed = fields.Boolean(readonly=True)
    promised = fields.Boolean(readonly=True, help="Promised to be paid by a day that has not passed.")
    excluded = fields.Boolean(string="Excluded from Follow-up", readonly=True)
    followup_note = fields.Char(related="move_id.followup_note")

    @api.model
    def _selection_bucket(self):
        labels = bucket_labels(self.env.company._aging_limits())
        return [
            ("not_due", self.env._("Not due")), *zip(BUCKETS, labels),
            ("unallocated", self.env._("Unallocated credits"))]

    @api.model
    def _aging_grain(self):
        return 0  # an item is not split

    @api.model
    def _grain_of(self, names):
        return 0

    def _stamp_query(self, stamp):
        """SELECT of one line per open item."""
        return SQL(
            """
            SELECT rest.id::bigint * %(shift)s + %(bits)s AS id, rest.id AS move_line_id, rest.move_id,
                   rest.company_id, rest.customer_id AS partner_id, rest.account_id, rest.currency_id,
                   company.currency_id AS company_currency_id, line.date, line.balance AS amount,
                   rest.due AS due_date, %(day)s - rest.due AS days_overdue,
                   (%(ages)s)[rest.age + 2] AS bucket, rest.residual,
                   rest.residual_currency, rest.disputed, rest.promised, rest.excluded
              FROM (SELECT item.id, item.move_id, item.company_id, item.customer_id, item.account_id,
                           item.currency_id, item.due, item.age, item.disputed, item.promised, item.excluded,
                           sum(item.amount) AS residual, sum(item.amount_currency) AS residual_currency
                      FROM (%(items)s) item
                     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) rest
              JOIN account_move_line line ON line.id = rest.id
              LEFT JOIN res_company company ON company.id = rest.company_id""",
            shift=1 << STAMP_BITS, bits=stamp.bits, day=stamp.day, ages=["unallocated", "not_due", *BUCKETS],
            items=self._customer_items_sql(stamp))

    @api.readonly
    def action_open_document(self):
        """The invoice, credit note or payment that the item is of."""
        self.ensure_one()
        self.check_access("read")
        return self.move_line_id.action_open_business_doc()


class Aging(models.Model):
    _inherit = "kundekartotek.aging"

    @api.readonly
    def action_open_items(self, measure="total"):
        """The open items behind an amount of these lines."""
        self.check_access("read")
        stamp = split_key(self[:1].id)[1] if self else self._aging_stamp()
        return self._open_items_action(self._items_domain(), measure, stamp)

    @api.model
    @api.readonly
    def action_open_items_of(self, domain, measure="total"):
        """The open items behind an amount in a pivot or a graph.

        :param domain: what the amount is a sum of, as a domain on this model
        """
        self.browse().check_access("read")
        domain = Domain(domain)
        if {condition.field_expr.split(".")[0] for condition in domain.iter_conditions()} - ALIKE:
            domain = self.search(domain)._items_domain()
        return self._open_items_action(domain, measure, self._aging_stamp())

    def _items_domain(self):
        """The items of these lines: of all customers that are alike in everything else at once."""
        customers = defaultdict(list)
        for line in self:
            grain = split_key(line.id)[1].grain
            split = [(name, self._fields[name].convert_to_write(line[name], line))
                     for number, name in enumerate(GRAINS) if grain >> number & 1]
            customers[("company_id", line.company_id.id), *split].append(line.partner_id.id)
        return Domain.OR(
            Domain.AND(Domain(name, "=", value) for name, value in alike) & Domain("partner_id", "in", ids)
            for alike, ids in customers.items())

    @api.model
    def _open_items_action(self, domain, measure, stamp):
        by_measure = {
            "overdue": Domain("days_overdue", ">", 0) & Domain("residual", ">", 0),
            "disputed_amount": Domain("disputed", "=", True) & Domain("residual", ">", 0),
            "promised_amount": Domain("promised", "=", True) & Domain("residual", ">", 0),
            **{name: Domain("bucket", "=", name) for name in ("not_due", *BUCKETS, "unallocated")},
        }
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.aging_item_action")
        return {
            **action,
            "display_name": self.env._("Open items at the end of %(day)s", day=format_date(self.env, stamp.day)),
            "domain": list(Domain(domain) & by_measure.get(measure, Domain.TRUE)),
            "context": {"aging_date": fields.Date.to_string(stamp.day), "aging_basis": stamp.basis},
        }
