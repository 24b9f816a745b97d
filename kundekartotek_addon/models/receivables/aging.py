# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from itertools import zip_longest

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.aging import BUCKETS, GRAINS, STAMP_BITS, bucket_labels

AMOUNTS = ("not_due", *BUCKETS, "unallocated", "total", "overdue", "disputed_amount", "promised_amount")


class Aging(models.Model):
    """What every customer owed at a date, by age; one line per company and customer, and per currency, account
    or state of follow-up where these are searched or grouped by.

    Not due, the buckets and the unallocated credits add up to the total, and the total is what the ledger's
    receivable accounts hold. *Overdue* always goes by the due date, whatever the buckets go by.
    """

    _name = "kundekartotek.aging"
    _description = "Aged Receivables"
    _inherit = ["kundekartotek.aging.source"]
    _auto = False
    _order = "overdue desc, total desc, id"
    _rec_name = "customer_name"

    company_id = fields.Many2one("res.company", readonly=True)
    company_currency_id = fields.Many2one("res.currency", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    customer_name = fields.Char(compute="_compute_customer_name", search="_search_customer_name")
    partner_name = fields.Char(related="partner_id.complete_name", string="Name in the File")
    company_name = fields.Char(related="company_id.name")
    customer_ref = fields.Char(related="partner_id.ref", string="Customer Number")
    customer_category_id = fields.Many2one(related="partner_id.customer_category_id")
    customer_type = fields.Selection(related="partner_id.customer_type")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    currency_id = fields.Many2one(
        "res.currency", string="Document Currency", readonly=True,
        help="The currency of the documents; empty where there are several.")
    account_id = fields.Many2one(
        "account.account", readonly=True, help="The receivable account; empty where there are several.")
    disputed = fields.Boolean(readonly=True, help="Whether the customer disputes any of it.")
    excluded = fields.Boolean(
        string="Excluded from Follow-up", readonly=True, help="Whether any of it is kept out of follow-up.")

    not_due = fields.Monetary(
        currency_field="company_currency_id", readonly=True,
        help="Owed, and due on the date itself or later. What is due on the date is not overdue.")
    bucket_1 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_2 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_3 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_4 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_5 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    bucket_6 = fields.Monetary(currency_field="company_currency_id", readonly=True)
    unallocated = fields.Monetary(
        string="Unallocated Credits", currency_field="company_currency_id", readonly=True,
        help="Payments and credit notes that are not matched with invoices yet. They are not set off here.")
    total = fields.Monetary(currency_field="company_currency_id", readonly=True)
    overdue = fields.Monetary(
        currency_field="company_currency_id", readonly=True, help="Owed, and due before the date.")
    disputed_amount = fields.Monetary(currency_field="company_currency_id", readonly=True)
    promised_amount = fields.Monetary(
        string="Promised", currency_field="company_currency_id", readonly=True,
        help="Open invoices that the customer has promised to pay by a day that has not passed.")
    total_currency = fields.Monetary(
        string="Total in Currency", currency_field="currency_id", readonly=True,
        help="In the documents' own currency, where it is one.")
    overdue_currency = fields.Monetary(
        string="Overdue in Currency", currency_field="currency_id", readonly=True)
    oldest_due_date = fields.Date(
        readonly=True, aggregator="min", help="Of what is owed; credits do not count.")
    open_item_count = fields.Integer(string="Open Items", readonly=True)
    average_days_overdue = fields.Float(
        string="Days Overdue", readonly=True, aggregator="avg", digits=(16, 0),
        help="Of what is overdue, on average, large amounts counting more.")
    share = fields.Float(
        string="Share of Total", readonly=True, aggregator="sum", digits=(16, 4),
        help="The total's share of all that the company's customers owe. Empty where a customer is searched for.")
    overdue_days = fields.Float(
        string="Overdue × Days", readonly=True, help="What the average is made of.")

    @api.depends("partner_id")
    @api.depends_context("lang")
    def _compute_customer_name(self):
        for line in self:
            line.customer_name = line.partner_id.sudo().name or self.env._("Without customer")

    def _search_customer_name(self, operator, value):
        return Domain("partner_name", operator, value)

    # ---- the statement -----------------------------------------------------------------------------------

    def _stamp_query(self, stamp):
        """SELECT of one line per company, customer and what the stamp splits by. What nobody asks for of it,
        PostgreSQL does not compute."""
        return SQL(
            """
            SELECT first_item::bigint * %(shift)s + %(bits)s AS id, line.company_id, line.partner_id, %(split)s,
                   company.currency_id AS company_currency_id, %(amounts)s, oldest_due_date,
                   open_item_count::int AS open_item_count, coalesce(overdue_days, 0) AS overdue_days,
                   overdue_days / nullif(overdue, 0) AS average_days_overdue,
                   CASE WHEN line.currency_id IS NOT NULL THEN total_currency END AS total_currency,
                   CASE WHEN line.currency_id IS NOT NULL THEN coalesce(overdue_currency, 0) END AS overdue_currency,
                   %(share)s AS share
              FROM (%(lines)s) line
              LEFT JOIN res_company company ON company.id = line.company_id
              %(whole)s""",
            shift=1 << STAMP_BITS, bits=stamp.bits, split=SQL(", ").join(
                SQL.identifier("line", name) for name in GRAINS),
            amounts=SQL(", ").join(
                SQL("coalesce(%(name)s, 0) AS %(name)s", name=SQL.identifier(name)) for name in AMOUNTS),
            lines=self._lines_sql(stamp), share=self._share_sql(),
            whole=self._whole_sql(stamp))

    def _split_columns(self, stamp):
        """For each thing that a line may be split by: what to select for it."""
        for number, name in enumerate(GRAINS):
            column = SQL("item.%s", SQL.identifier(name))
            if stamp.grain >> number & 1:
                yield column
            elif name in ("disputed", "excluded"):
                yield SQL("bool_or(%s)", column)
            else:
                yield SQL("CASE WHEN min(%s) = max(%s) THEN min(%s) END", column, column, column)

    def _lines_sql(self, stamp):
        """The items summed to lines. An item may be booked on a contact person: it is the customer's."""
        day, owed = stamp.day, SQL("item.amount > 0")
        overdue = SQL("item.amount > 0 AND item.due < %s", day)
        return SQL(
            """
            SELECT item.company_id, item.customer_id AS partner_id, %(split)s, min(item.id) AS first_item,
                   sum(item.amount) FILTER (WHERE %(owed)s AND item.aged >= %(day)s) AS not_due, %(buckets)s,
                   sum(item.amount) FILTER (WHERE item.amount < 0) AS unallocated,
                   sum(item.amount) AS total,
                   sum(item.amount) FILTER (WHERE %(overdue)s) AS overdue,
                   sum(item.amount) FILTER (WHERE %(owed)s AND item.disputed) AS disputed_amount,
                   sum(item.amount) FILTER (WHERE %(owed)s AND item.promised) AS promised_amount,
                   min(item.due) FILTER (WHERE %(owed)s) AS oldest_due_date,
                   sum(item.counted) AS open_item_count,
                   sum(item.amount * (%(day)s - item.due)) FILTER (WHERE %(overdue)s) AS overdue_days,
                   sum(item.amount_currency) AS total_currency,
                   sum(item.amount_currency) FILTER (WHERE %(overdue)s) AS overdue_currency
              FROM (%(items)s) item
             GROUP BY item.company_id, item.customer_id %(fixed)s""",
            split=SQL(", ").join(
                SQL("%s AS %s", column, SQL.identifier(name))
                for name, column in zip(GRAINS, self._split_columns(stamp))),
            day=day, owed=owed, overdue=overdue, buckets=self._bucket_columns(day),
            items=self._customer_items_sql(stamp),
            fixed=SQL().join(
                SQL(", item.%s", SQL.identifier(name))
                for number, name in enumerate(GRAINS) if stamp.grain >> number & 1))

    def _bucket_columns(self, day):
        """What is owed, by how long ago it fell due; nothing in the buckets that are not used."""
        limits = self.env.company._aging_limits()
        columns = []
        for number, name in enumerate(BUCKETS):
            amount = SQL("NULL::numeric")
            if number <= len(limits):
                oldest = SQL("AND item.aged >= %s", day - timedelta(limits[number])) if number < len(limits) else SQL()
                amount = SQL(
                    "sum(item.amount) FILTER (WHERE item.amount > 0 AND item.aged < %s %s)",
                    day - timedelta(limits[number - 1] if number else 0), oldest)
            columns.append(SQL("%s AS %s", amount, SQL.identifier(name)))
        return SQL(", ").join(columns)

    def _whole_sql(self, stamp):
        """What all customers of each company owe, for the shares of lines that are read by their ids."""
        if not self.env.context.get("aging_items"):
            return SQL()
        everything = self.with_context(aging_partners=None, aging_items=None)._open_items_sql(stamp)
        return SQL(
            """LEFT JOIN (SELECT item.company_id, sum(item.amount) AS amount FROM (%s) item GROUP BY 1) whole
                      ON whole.company_id = line.company_id""", everything)

    def _share_sql(self):
        """The line's part of its company's receivables: of all lines, whatever is searched for. Where only
        named customers are looked at, all that the others owe is not summed up for it."""
        if self.env.context.get("aging_partners"):
            return SQL("NULL::numeric")
        if self.env.context.get("aging_items"):
            return SQL("total / nullif(whole.amount, 0)")
        return SQL("total / nullif(sum(total) OVER (PARTITION BY line.company_id), 0)")

    # ---- grouping ----------------------------------------------------------------------------------------

    def _read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None):
        split = self._split_for(groupby)
        return super(Aging, split)._read_group(domain, groupby, aggregates, having, offset, limit, order)

    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        split = self._split_for([name for groupby in grouping_sets for name in groupby])
        return super(Aging, split)._read_grouping_sets(domain, grouping_sets, aggregates, order)

    def _split_for(self, groupby):
        """This model with a line for each value of what is grouped by."""
        grain = self._grain_of({name.split(".")[0].split(":")[0] for name in groupby})
        return self.with_context(aging_grain=self._aging_grain() | grain) if grain else self

    def _read_group_select(self, aggregate_spec, query):
        """Averages are weighted by amount: a group's is made of its sums."""
        if aggregate_spec == "average_days_overdue:avg":
            return SQL("sum(%s) / nullif(sum(%s), 0)", *(
                self._field_to_sql(self._table, name, query) for name in ("overdue_days", "overdue")))
        return super()._read_group_select(aggregate_spec, query)

    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        if field_name == "customer_name":
            field_name = "partner_id"
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)

    # ---- labels ------------------------------------------------------------------------------------------

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """The buckets are called after the company's limits; what is not used is not there."""
        described = super().fields_get(allfields, attributes)
        labels = bucket_labels(self.env.company._aging_limits())
        for name, label in zip_longest(BUCKETS, labels):
            if name in described and label:
                described[name]["string"] = label
            elif label is None:
                described.pop(name, None)
        return described

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        """Columns for the buckets that the company uses, and for the company where there are several. The latter stays
        among what is read: the record rule asks for it."""
        arch, view = super()._get_view(view_id, view_type, **options)
        for name in BUCKETS[len(self.env.company._aging_limits()) + 1:]:
            for node in arch.xpath(f"//field[@name='{name}']"):
                node.getparent().remove(node)
        if view_type == "list" and len(self.env.companies) == 1:
            for node in arch.xpath("//field[@name='company_id']"):
                node.set("column_invisible", "True")
        return arch, view

    @api.model
    def _get_view_cache_key(self, view_id=None, view_type="form", **options):
        return (*super()._get_view_cache_key(view_id, view_type, **options), self.env.company._aging_limits(),
                len(self.env.companies) > 1)
