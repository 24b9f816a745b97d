# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, date_utils

from .account_index import is_ledger_item

PERIODS = ("this_year", "last_year", "this_month", "last_month")


class LedgerPeriod(models.AbstractModel):
    """A period, and what the receivable accounts say of it: the same statement behind the balance list and
    the customer specification."""

    _name = "kundekartotek.ledger.period"
    _description = "Ledger of a Period"

    @api.model
    def _period(self, date_from=None, date_to=None, period=None):
        """A period as dates: the given one, or a named one of ``PERIODS``, or the fiscal year until today.

        :return: (first day, last day), both included
        """
        today = fields.Date.context_today(self)
        try:
            if period and period not in PERIODS:
                raise ValueError(period)
            date_from, date_to = fields.Date.to_date(date_from or None), fields.Date.to_date(date_to or None)
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("Give a period: from a day to the same or a later one.")) from error
        if period and not (date_from or date_to):
            which, unit = period.split("_")
            day = today - relativedelta(**{f"{unit}s": int(which == "last")})
            date_from, date_to = date_utils.get_month(day) if unit == "month" else self._fiscal_year(day)
        date_to = date_to or today
        date_from = date_from or self._fiscal_year(date_to)[0]
        if date_from > date_to:
            raise UserError(self.env._("Give a period: from a day to the same or a later one."))
        return date_from, date_to

    @api.model
    def _fiscal_year(self, day):
        dates = self.env.company.compute_fiscalyear_dates(day)
        return tuple(value if type(value) is date else value.date() for value in (
            dates["date_from"], dates["date_to"]))

    @api.model
    def _period_totals_sql(self, date_from, date_to, partner_ids=None):
        """SELECT of one row per company and customer of the companies chosen: ``id`` (an item's), ``company_id``,
        ``partner_id`` (commercial; NULL for what has none), ``opening``, ``debit``, ``credit``, ``closing`` in the
        company's currency, and ``entry_count``. Left out is who has neither an opening balance nor an entry.

        :param partner_ids: ids of commercial partners; all of them by default
        """
        members = SQL("item.partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id = ANY(%s))",
                      list(partner_ids or ()))
        return SQL(
            """
            SELECT min(booked.id) AS id, booked.company_id, owner.commercial_partner_id AS partner_id,
                   sum(booked.opening) AS opening, sum(booked.debit) AS debit, sum(booked.credit) AS credit,
                   sum(booked.closing) AS closing, sum(booked.entry_count)::int AS entry_count
              FROM (SELECT min(item.id) AS id, item.company_id, item.partner_id,
                           coalesce(sum(item.balance) FILTER (WHERE item.date < %(date_from)s), 0) AS opening,
                           coalesce(sum(item.balance)
                               FILTER (WHERE item.date >= %(date_from)s AND item.balance > 0), 0) AS debit,
                           coalesce(-sum(item.balance)
                               FILTER (WHERE item.date >= %(date_from)s AND item.balance < 0), 0) AS credit,
                           sum(item.balance) AS closing,
                           count(*) FILTER (WHERE item.date >= %(date_from)s) AS entry_count
                      FROM account_move_line item
                     WHERE item.account_id IN %(accounts)s AND item.company_id = ANY(%(companies)s)
                       AND item.date <= %(date_to)s AND %(is_ledger_item)s AND %(chosen)s
                     GROUP BY item.company_id, item.partner_id) booked
              LEFT JOIN res_partner owner ON owner.id = booked.partner_id
             GROUP BY booked.company_id, owner.commercial_partner_id
            HAVING sum(booked.opening) <> 0 OR sum(booked.entry_count) > 0""",
            date_from=date_from, date_to=date_to, chosen=members if partner_ids else SQL("TRUE"),
            accounts=self.env["res.partner"]._receivable_account_ids(), companies=self.env.companies.ids,
            is_ledger_item=is_ledger_item(SQL("item")), to_flush=self.env["kundekartotek.ledger.entry"]._item_fields())

    @api.model
    def _general_ledger(self, date_to):
        """What the receivable accounts hold at the end of a day, asked of the journal items by nothing but
        account and date: what every report must come to.

        :return: {company id: balance in its currency}
        """
        return dict(self.env.execute_query(SQL(
            """SELECT company_id, sum(balance) FROM account_move_line
                WHERE account_id IN %s AND company_id = ANY(%s) AND parent_state = 'posted' AND date <= %s
                GROUP BY company_id""",
            self.env["res.partner"]._receivable_account_ids(), self.env.companies.ids, date_to,
            to_flush=self.env["kundekartotek.ledger.entry"]._item_fields())))
