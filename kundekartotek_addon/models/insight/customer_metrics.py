# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models

ABC_CLASSES = [("a", "A"), ("b", "B"), ("c", "C"), ("new", "New"), ("none", "Not Ranked")]
PAYMENT_CLASSES = [
    ("cash", "Cash"), ("good", "Good"), ("normal", "Normal"), ("slow", "Slow"), ("risk", "Risk"), ("new", "New")]
RFM_SEGMENTS = [
    ("champion", "Champion"), ("loyal", "Loyal"), ("promising", "Promising"), ("new", "New"),
    ("attention", "Needs Attention"), ("at_risk", "At Risk"), ("hibernating", "Hibernating"), ("lost", "Lost")]
SPANS = ("", "_lifetime")
PAYING = (
    "claim_count", "claim_amount", "late_count", "days_to_pay", "days_to_pay_weighted", "days_late",
    "days_late_weighted",
    "share_late", "share_late_amount")  # fmt: skip
MEASURES = (
    "revenue_12m", "revenue_prev_12m", "revenue_36m", "revenue_lifetime",
    "margin_12m", "margin_prev_12m", "margin_36m", "margin_lifetime", "sales_12m",
    "invoice_count_12m", "invoice_count_36m", "invoice_count", "order_count_12m", "order_count",
    "first_purchase", "last_purchase", "clv", "clv_margin",
    *(name + span for span in SPANS for name in PAYING),
    "open_amount", "overdue_amount", "oldest_due", "opening_amount", "peak_amount",
    "dso", "dso_best", "days_delinquent", "cei",
)  # fmt: skip
MONEY = {"currency_field": "currency_id", "readonly": True}


class KundekartotekCustomerMetrics(models.Model):
    """What a customer is worth and how it pays: one row per commercial partner and legal entity (a company with
    its branches), written by one SQL statement from the ledger. Nothing here is decided on: a decision asks the
    ledger. ``computed_at`` tells from when a row is.

    *12 months* are the twelve months up to and including the day of the computation, *the year before* the twelve
    before them; so nothing jumps at New Year. Revenue is without VAT, by invoice date, credit notes deducted.

    How a customer pays is measured on **claims**: the receivable items of posted invoices, an instalment being a
    claim of its own. A claim counts when it is settled, with at least one payment (an item in a bank, cash or card
    journal, as far as it brought money), or when it is overdue and open: that counts as paid today, so that who never
    pays does not look good. For the same reason, what a journal entry, or a payment beyond its money, writes off a
    claim after the due date counts as paid on that day, unless it is a difference of at most a hundredth of the claim.
    A credit note, an exchange difference and what is set off until the due date are no payments. The amounts, each on
    its day, weigh the days of a claim. The last 12 months hold what was settled in them and what is overdue now. The
    due date is moved to the next Norwegian business day.
    """

    _name = "kundekartotek.customer.metrics"
    _description = "Customer Metrics"
    _order = "revenue_12m DESC, id"
    _rec_name = "partner_id"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    currency_id = fields.Many2one(related="company_id.currency_id")
    computed_at = fields.Datetime(string="Computed", required=True, readonly=True)
    partner_active = fields.Boolean(related="partner_id.active")  # not "active": the archived stay in every sum
    ref = fields.Char(related="partner_id.ref", string="Customer Number")
    customer_category_id = fields.Many2one(related="partner_id.customer_category_id", string="Category")
    customer_type = fields.Selection(related="partner_id.customer_type")
    customer_region = fields.Selection(related="partner_id.customer_region")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")

    # What it is worth
    revenue_12m = fields.Monetary(
        **MONEY, string="Revenue 12 Months", help="Invoices less credit notes, without VAT, up to and including today.")
    revenue_prev_12m = fields.Monetary(**MONEY, string="Revenue Year Before")
    revenue_change = fields.Monetary(
        string="Change in Revenue", currency_field="currency_id", compute="_compute_revenue_change",
        help="Revenue of the last 12 months less that of the 12 before.")
    revenue_36m = fields.Monetary(**MONEY, string="Revenue 36 Months")
    revenue_lifetime = fields.Monetary(**MONEY)
    margin_12m = fields.Monetary(
        **MONEY, string="Margin 12 Months",
        help="Revenue less the quantities invoiced at today's cost price, as in Odoo's invoice analysis. A line "
        "without a product, or with a product without a cost, costs nothing.")
    margin_prev_12m = fields.Monetary(**MONEY, string="Margin Year Before")
    margin_36m = fields.Monetary(**MONEY, string="Margin 36 Months")
    margin_lifetime = fields.Monetary(**MONEY)
    sales_12m = fields.Monetary(
        **MONEY, string="Sales Incl. VAT 12 Months", help="Invoices less credit notes, VAT included.")
    invoice_count_12m = fields.Integer(string="Invoices 12 Months", readonly=True)
    invoice_count_36m = fields.Integer(string="Invoices 36 Months", readonly=True)
    invoice_count = fields.Integer(string="Invoices", readonly=True, help="Posted, without credit notes.")
    order_count_12m = fields.Integer(string="Orders 12 Months", readonly=True)
    order_count = fields.Integer(string="Orders", readonly=True, help="Confirmed sales orders.")
    first_purchase = fields.Date(readonly=True, help="Date of the first invoice.")
    last_purchase = fields.Date(readonly=True, help="Date of the newest invoice.")
    clv = fields.Monetary(
        **MONEY, string="Customer Lifetime Value",
        help="Average yearly purchase times years of relationship: the yearly average of the last 36 months "
        "(or of the relationship, if it is shorter; at least one year) times the years since the first invoice.")
    clv_margin = fields.Monetary(
        **MONEY, string="Lifetime Value by Margin", help="The same with margin instead of revenue.")

    # How it pays: 12 months and lifetime
    claim_count = fields.Integer(
        string="Claims 12 Months", readonly=True, help="Claims settled in the last 12 months or overdue now.")
    claim_count_lifetime = fields.Integer(string="Claims", readonly=True)
    claim_amount = fields.Monetary(**MONEY, string="Paid or Overdue 12 Months", help="The money of these claims.")
    claim_amount_lifetime = fields.Monetary(**MONEY, string="Paid or Overdue")
    late_count = fields.Integer(string="Late 12 Months", readonly=True)
    late_count_lifetime = fields.Integer(string="Late", readonly=True)
    days_to_pay = fields.Float(
        string="Days to Pay", readonly=True, digits=(16, 1), aggregator="avg",
        help="Average payment time: the sum of days from invoice to payment, divided by the number of claims.")
    days_to_pay_weighted = fields.Float(
        string="Days to Pay, Weighted", readonly=True, digits=(16, 1), aggregator="avg",
        help="The same, each claim weighing as much as its amount.")
    days_late = fields.Float(
        readonly=True, digits=(16, 1), aggregator="avg",
        help="Average days from the due date, moved to a business day, to the payment. Negative: before it.")
    days_late_weighted = fields.Float(
        string="Days Late, Weighted", readonly=True, digits=(16, 1), aggregator="avg",
        help="The same, each claim weighing as much as its amount.")
    share_late = fields.Float(
        readonly=True, aggregator="avg", help="Claims paid late, of all claims.")
    share_late_amount = fields.Float(
        string="Share Late, Amount", readonly=True, aggregator="avg",
        help="Money that came after the due date, or has not come yet, of all money.")
    days_to_pay_lifetime = fields.Float(readonly=True, digits=(16, 1), aggregator="avg")
    days_to_pay_weighted_lifetime = fields.Float(
        string="Days to Pay, Weighted, Lifetime", readonly=True, digits=(16, 1), aggregator="avg")
    days_late_lifetime = fields.Float(readonly=True, digits=(16, 1), aggregator="avg")
    days_late_weighted_lifetime = fields.Float(
        string="Days Late, Weighted, Lifetime", readonly=True, digits=(16, 1), aggregator="avg")
    share_late_lifetime = fields.Float(readonly=True, aggregator="avg")
    share_late_amount_lifetime = fields.Float(
        string="Share Late, Amount, Lifetime", readonly=True, aggregator="avg")

    # What it owes
    open_amount = fields.Monetary(
        **MONEY, string="Open", help="Invoices less payments and credit notes, of those dated today or before.")
    overdue_amount = fields.Monetary(
        **MONEY, string="Overdue",
        help="Open claims that were due before today, as in the aging: payments and credit notes that are not matched "
        "take nothing off.")
    oldest_due = fields.Date(
        readonly=True, help="Due date of the oldest overdue claim that is open.")
    opening_amount = fields.Monetary(**MONEY, string="Open a Year Ago")
    peak_amount = fields.Monetary(
        **MONEY, string="Peak Exposure", aggregator="max",
        help="The highest balance at the end of a day of the last 12 months.")
    dso = fields.Float(
        string="DSO", readonly=True, digits=(16, 1), aggregator="avg",
        help="Days sales outstanding: what is open, divided by the sales incl. VAT of the last 12 months, times "
        "the days of these. Empty without sales.")
    dso_best = fields.Float(
        string="Best Possible DSO", readonly=True, digits=(16, 1), aggregator="avg",
        help="The same with only what is not due yet, less credits that are not matched; at least 0.")
    days_delinquent = fields.Float(
        string="Average Days Delinquent", readonly=True, digits=(16, 1), aggregator="avg",
        help="DSO less best possible DSO; 0 where credits exceed what is open.")
    cei = fields.Float(
        string="CEI, %", readonly=True, digits=(16, 1), aggregator="avg",
        help="Collection effectiveness index of 12 months: what was collected, in per cent of what could have "
        "been: (open at the start + sales - open now) / (open at the start + sales - not due now).")

    _customer_unique = models.UniqueIndex("(partner_id, company_id)")

    def _compute_revenue_change(self):
        for row in self:
            row.revenue_change = row.revenue_12m - row.revenue_prev_12m
