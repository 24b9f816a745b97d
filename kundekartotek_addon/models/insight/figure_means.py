# SPDX-License-Identifier: LGPL-3.0-or-later
"""Figures of groups: the mean of a ratio is made of the sums of what it divides, so that a group's days to pay are
those of its claims, and its DSO that of its receivables. Core would take the mean of means."""
import re

from odoo import models
from odoo.tools import SQL

from .customer_metrics import SPANS

OPEN, OVERDUE, SALES, OPENING = (
    f"sum(%({name})s)" for name in ("open_amount", "overdue_amount", "sales_12m", "opening_amount"))
NOT_DUE, ALL = f"greatest({OPEN} - {OVERDUE}, 0)", f"({OPENING} + {SALES})"
# {figure: (dividend, divisor)}
OF_CUSTOMERS = {
    **{f"{name}{span}": (f"sum(%({name}{span})s * %({weight}{span})s)", f"sum(%({weight}{span})s)")
       for span in SPANS for weight, names in {
           "claim_count": ("days_to_pay", "days_late", "share_late"),
           "claim_amount": ("days_to_pay_weighted", "days_late_weighted", "share_late_amount")}.items()
       for name in names},
    "dso": (f"365 * {OPEN}", SALES),
    "dso_best": (f"365 * {NOT_DUE}", SALES),
    "days_delinquent": (f"365 * (greatest({OPEN}, 0) - {NOT_DUE})", SALES),
    "cei": (f"100 * ({ALL} - {OPEN})", f"{ALL} - {OPEN} + {OVERDUE}"),
}  # fmt: skip
OF_MONTHS = {
    "dso": ("sum(%(dso)s * %(sales_12m)s)", "sum(%(sales_12m)s)"),
    "revenue_per_customer": ("sum(%(revenue_per_customer)s * %(customers)s)", "sum(%(customers)s)"),
    # what stands at a month's end is not summed over time
    **{name: (f"sum(%({name})s)", f"count(DISTINCT %(date)s) FILTER (WHERE %({name})s IS NOT NULL)")
       for name in ("receivables", "overdue", "sales_12m", "customers")},
}


def mean_sql(model, aggregate, query, ratios):
    """SQL of a mean, or None where ``aggregate`` (``name:avg``) is not that of a ratio."""
    name, _colon, function = aggregate.partition(":")
    if function != "avg" or name not in ratios:
        return None
    dividend, divisor = (SQL(template, **{
        column: model._field_to_sql(model._table, column, query) for column in re.findall(r"\((\w+)\)s", template)})
        for template in ratios[name])
    return SQL("%s::float8 / CASE WHEN %s > 0 THEN %s END", dividend, divisor, divisor)


class KundekartotekCustomerMetrics(models.Model):
    _inherit = "kundekartotek.customer.metrics"

    def _read_group_select(self, aggregate_spec, query):
        return mean_sql(self, aggregate_spec, query, OF_CUSTOMERS) or super()._read_group_select(aggregate_spec, query)


class KundekartotekKpi(models.Model):
    _inherit = "kundekartotek.kpi"

    def _read_group_select(self, aggregate_spec, query):
        return mean_sql(self, aggregate_spec, query, OF_MONTHS) or super()._read_group_select(aggregate_spec, query)
