# SPDX-License-Identifier: LGPL-3.0-or-later
from itertools import zip_longest

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.aging import BUCKETS, GRAINS, STAMP_BITS, bucket_labels


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
    line_count = fields.Integer(
        readonly=True, prefetch=False, exportable=False, aggregator=None, help="Of all lines searched for.")
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
            SELECT first_item::bigint * %(shift)s + %(bits)s AS id, line.*, company.currency_id AS company_currency_id,
                   overdue_days / nullif(overdue, 0) AS average_days_overdue,
                   CASE WHEN line.currency_id IS NOT NULL THEN total + beyond_total END AS total_currency,
                   CASE WHEN line.currency_id IS NOT NULL THEN overdue + beyond_overdue END AS overdue_currency,
                   %(share)s AS share
              FROM (%(lines)s) line
              LEFT JOIN res_company company ON company.id = line.company_id
              %(whole)s""",
            shift=1 << STAMP_BITS, bits=stamp.bits, lines=self._lines_sql(stamp), share=self._share_sql(),
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
        return SQL(
            """
            SELECT item.company_id, item.customer_id AS partner_id, min(item.id) AS first_item,
                   min(item.due) FILTER (WHERE item.age >= 0) AS oldest_due_date,
                   sum(item.counted)::int AS open_item_count, %(columns)s
              FROM (%(items)s) item
             GROUP BY item.company_id, item.customer_id %(fixed)s""",
            columns=SQL(", ").join(
                SQL("%s AS %s", column, SQL.identifier(name))
                for name, column in (*zip(GRAINS, self._split_columns(stamp)), *self._sums(stamp).items())),
            items=self._customer_items_sql(stamp),
            fixed=SQL().join(
                SQL(", item.%s", SQL.identifier(name))
                for number, name in enumerate(GRAINS) if stamp.grain >> number & 1))

    def _sums(self, stamp):
        """{column: how it is summed}"""
        def summed(amount, condition):
            return SQL("coalesce(sum(%s) FILTER (WHERE %s), 0)", amount, condition)

        buckets = BUCKETS[:len(self.env.company._aging_limits()) + 1]
        overdue = SQL("item.age >= 0 AND item.due < %s", stamp.day)
        amount, days = SQL("item.amount"), SQL("(%s - item.due)", stamp.day)
        # In most items both amounts are the same number: then there is nothing to add.
        foreign, beyond = SQL("item.amount_currency <> item.amount"), SQL("item.amount_currency - item.amount")
        return {
            **{name: summed(amount, SQL("item.age = %s", age))
               for age, name in enumerate(("unallocated", "not_due", *buckets), -1)},
            **dict.fromkeys(BUCKETS[len(buckets):], SQL("0::numeric")),
            "total": SQL("sum(item.amount)"),
            "overdue": summed(amount, overdue),
            "disputed_amount": summed(amount, SQL("item.age >= 0 AND item.disputed")),
            "promised_amount": summed(amount, SQL("item.age >= 0 AND item.promised")),
            "overdue_days": summed(SQL("item.amount * %s", days), overdue),
            "beyond_total": summed(beyond, foreign),
            "beyond_overdue": summed(beyond, SQL("%s AND %s", foreign, overdue)),
        }

    def _whole_sql(self, stamp):
        """What all customers of each company owe, for the shares of lines that are read by their ids."""
        if not self._narrowed_to("aging_stamps"):
            return SQL()
        everything = self.with_context(aging_partners=None)._open_items_sql(stamp)
        return SQL(
            """LEFT JOIN (SELECT item.company_id, sum(item.amount) AS amount FROM (%s) item GROUP BY 1) whole
                      ON whole.company_id = line.company_id""", everything)

    def _share_sql(self):
        """The line's part of its company's receivables: of all lines, whatever is searched for. Where only
        named customers are looked at, all that the others owe is not summed up for it."""
        if self._narrowed_to("aging_stamps"):
            return SQL("total / nullif(whole.amount, 0)")
        if self._narrowed_to("aging_partners"):
            return SQL("NULL::numeric")
        return SQL("total / nullif(sum(total) OVER (PARTITION BY line.company_id), 0)")

    # ---- a page ------------------------------------------------------------------------------------------

    @api.model
    @api.readonly
    def web_search_read(self, domain, specification, offset=0, limit=None, order=None, count_limit=None):
        """Core computes all columns of every line, shows one page of them, and computes all again to count them.
        Here all lines are put in order and counted at once, and the page's are then read by their ids. Named
        customers' lines are few: they are read with all columns at once."""
        self.invalidate_model(["line_count", "share"], flush=False)  # which are another search's
        named = self._narrow(Domain(domain))._narrowed_to("aging_partners") is not None
        columns = {*specification, "line_count"} if named else {"line_count", "share"} & {*specification, "line_count"}
        lines = self.search_fetch(domain, columns, offset=offset, limit=limit, order=order)
        length = lines[:1].line_count
        return {"length": min(length, count_limit or length), "records": lines.web_read(specification)}

    @api.model
    def _search(self, domain, *args, **kwargs):
        self._check_can_be_asked(condition.field_expr for condition in Domain(domain).iter_conditions())
        return super()._search(domain, *args, **kwargs)

    @api.model
    def _check_can_be_asked(self, names):
        if "line_count" in names:
            raise UserError(self.env._("The number of lines is counted of what is found: it cannot be searched for."))

    def _field_to_sql(self, alias, field_expr, query=None):
        if field_expr == "line_count":
            return SQL("count(*) OVER ()")
        return super()._field_to_sql(alias, field_expr, query)

    # ---- grouping ----------------------------------------------------------------------------------------

    def _read_group(self, domain, groupby=(), aggregates=(), having=(), offset=0, limit=None, order=None):
        self._check_can_be_asked(name.split(":")[0] for name in (*groupby, *aggregates))
        split = self._split_for(groupby)
        return super(Aging, split)._read_group(domain, groupby, aggregates, having, offset, limit, order)

    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        names = [name for groupby in grouping_sets for name in groupby]
        self._check_can_be_asked(name.split(":")[0] for name in (*names, *aggregates))
        split = self._split_for(names)
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
