# SPDX-License-Identifier: LGPL-3.0-or-later
"""Figures of groups: the mean of a ratio is made of the sums of what it divides, so that a group's days to pay are
those of its claims, and its DSO that of its receivables. Core would take the mean of means."""
import re

from odoo import models
from odoo.tools import SQL

from .customer_metrics import SPANS

OPENING = "(%(opening_amount)s + %(sales_12m)s)"
# {figure: (dividend, divisor)}
OF_CUSTOMERS = {
    **{f"{name}{span}": (f"%({name}{span})s * %({weight}{span})s", f"%({weight}{span})s")
       for span in SPANS for weight, names in {
           "claim_count": ("days_to_pay", "days_late", "share_late"),
           "claim_amount": ("days_to_pay_weighted", "days_late_weighted", "share_late_amount")}.items()
       for name in names},
    "dso": ("365 * %(open_amount)s", "%(sales_12m)s"),
    "dso_best": ("365 * (%(open_amount)s - %(overdue_amount)s)", "%(sales_12m)s"),
    "days_delinquent": ("365 * %(overdue_amount)s", "%(sales_12m)s"),
    "cei": (f"100 * ({OPENING} - %(open_amount)s)", f"{OPENING} - %(open_amount)s + %(overdue_amount)s"),
}  # fmt: skip
OF_MONTHS = {
    "dso": ("%(dso)s * %(sales_12m)s", "%(sales_12m)s"),
    "revenue_per_customer": ("%(revenue_per_customer)s * %(customers)s", "%(customers)s"),
}


def mean_sql(model, aggregate, query, ratios):
    """SQL of a mean, or None where ``aggregate`` (``name:avg``) is not that of a ratio."""
    name, _colon, function = aggregate.partition(":")
    if function != "avg" or name not in ratios:
        return None
    dividend, divisor = (SQL("sum(%s)", SQL(template, **{
        column: model._field_to_sql(model._table, column, query) for column in re.findall(r"\((\w+)\)s", template)}))
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
