# SPDX-License-Identifier: LGPL-3.0-or-later
"""The aged receivables: the screen's calls, and taking them away."""

import datetime
import functools
import tempfile
import time

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL

from dev.cache import ADDON

from .. import databases, measure, webclient

MODEL = "kundekartotek.aging"
OURS = f"{ADDON.name}.aging_action"
# The plain query of the whole aging: today's, and the additive one of a date that is past. The accounts are ids, as
# whoever writes it by hand would know them; our index is there for both.
BUCKETS = """
    sum(amount) FILTER (WHERE due >= %(day)s) AS not_due,
    sum(amount) FILTER (WHERE due < %(day)s AND due >= %(day)s::date - 30) AS b30,
    sum(amount) FILTER (WHERE due < %(day)s::date - 30 AND due >= %(day)s::date - 60) AS b60,
    sum(amount) FILTER (WHERE due < %(day)s::date - 60 AND due >= %(day)s::date - 90) AS b90,
    sum(amount) FILTER (WHERE due < %(day)s::date - 90) AS older, sum(amount) AS total"""
OPEN = """
    SELECT partner_id, coalesce(date_maturity, date) AS due, amount_residual AS amount FROM account_move_line
     WHERE account_id = ANY (%(accounts)s) AND parent_state = 'posted' AND company_id = 1
       AND amount_residual <> 0 AND date <= %(day)s {customer}"""
LATER = """
    UNION ALL
    SELECT l.partner_id, coalesce(l.date_maturity, l.date), {sign} p.amount
      FROM account_partial_reconcile p JOIN account_move_line l ON l.id = p.{side}_move_id
     WHERE p.max_date > %(day)s AND l.company_id = 1 AND l.date <= %(day)s
       AND l.account_id = ANY (%(accounts)s) AND l.parent_state = 'posted'"""
PAST = LATER.format(sign="", side="debit") + LATER.format(sign="-", side="credit")
ACCOUNTS = "SELECT array_agg(id) FROM account_account WHERE account_type = 'asset_receivable'"
POSTINGS = "SELECT count(*) FROM account_move_line WHERE account_id = ANY (%s) AND parent_state = 'posted'"
OPEN_ITEMS = f"{POSTINGS} AND amount_residual <> 0"
RANKED = """
    SELECT partner_id FROM account_move_line
     WHERE account_id = ANY (%s) AND parent_state = 'posted' AND amount_residual <> 0
     GROUP BY 1 ORDER BY count(*) DESC, 1 OFFSET %s LIMIT 1"""


def _floor(bench, day, past=False, customer=None):
    accounts = bench.value(ACCOUNTS)
    opened = OPEN.format(customer="AND partner_id = %(customer)s" if customer else "")
    query = f"SET LOCAL jit = off; SELECT partner_id, {BUCKETS} FROM ({opened} {PAST if past else ''}) l GROUP BY 1"
    return query, {"day": day, "accounts": accounts, "customer": customer}


def _days(bench):
    """Today as the ledger knows it, and month ends before it: the last one, two and seventeen months back."""
    today = bench.value("SELECT max(date) FROM account_move_line WHERE parent_state = 'posted'")
    ends = (bench.value("SELECT (date_trunc('month', %s::date) - %s * interval '1 month' - interval '1 day')::date",
                        today, months) for months in (0, 1, 16))
    return today, list(ends)


def page(bench):
    """The aging's first page with its count, today and at month ends that are past. Run on S and on L, the remarks say
    how it grows: with the open items, and with the postings."""
    today, ends = _days(bench)
    size = bench.value(OPEN_ITEMS, bench.value(ACCOUNTS))
    yield bench.timed("aging today, first page and count", _page(today), floor=_floor(bench, today),
                      note=f"{size:,} open items")
    size = bench.value(POSTINGS, bench.value(ACCOUNTS))
    for day in ends:
        yield bench.timed(f"aging at {day}, first page and count", _page(day), floor=_floor(bench, day, past=True),
                          note=f"{size:,} postings")


def totals(bench):
    """The sums of all lines, and the tie-out with the ledger."""
    today, ends = _days(bench)
    for day in (today, ends[0]):
        past = day != today
        yield bench.timed(f"aging at {day}, sums by category", _groups(day, ["customer_category_id"]),
                          floor=_floor(bench, day, past))
        yield bench.timed(f"aging at {day}, tie-out line", _call(day, "tie_out"), floor=_floor(bench, day, past))


def one(bench):
    """One customer's aging: an ordinary one's and the one's with most open items."""
    today, ends = _days(bench)
    accounts = bench.value(ACCOUNTS)
    middle = bench.value(
        "SELECT count(DISTINCT partner_id) / 2 FROM account_move_line WHERE account_id = ANY (%s)"
        " AND parent_state = 'posted' AND amount_residual <> 0", accounts)
    for label, rank in (("ordinary", middle), ("most open items", 0)):
        customer = bench.value(RANKED, accounts, rank)
        yield bench.timed(f"aging of one customer, {label}", _page(today, [("partner_id", "=", customer)]),
                          floor=_floor(bench, today, customer=customer))
        yield bench.timed(f"aging of one customer at {ends[1]}, {label}",
                          _page(ends[1], [("partner_id", "=", customer)]))


def take_away(bench):
    """The whole aging as a workbook and on paper."""
    today, _ends = _days(bench)
    for kind in ("xlsx", "pdf"):
        yield bench.timed(f"aging as {kind}", _file(kind, today), rounds=2, floor=_floor(bench, today))


def snapshot(bench):
    """What the nightly job does: finding the month ends to keep, and keeping one."""
    _today, ends = _days(bench)

    def of_company(env):
        return env["kundekartotek.aging.snapshot"]._for_company(env.company)

    def prepare(env):
        due = ends[0], "measured"
        return lambda: of_company(env)._take(*due)

    yield bench.timed("which of 24 month ends to keep", lambda env: of_company(env)._find_due, rounds=3)
    yield bench.timed(f"keeping {ends[0]}", prepare, rounds=3, floor=_floor(bench, ends[0], past=True))


def month_ends(bench):
    """Whether, at 24 month ends and for each customer, the aging adds up and equals the ledger, and so do balance list
    and specification of the month. Ends the run if anything differs by an øre."""
    today, _ends = _days(bench)
    compared, total, start = 0, 0, time.perf_counter()
    with databases.environment(bench.databases.ours, measure.LOGIN) as env:
        for months in range(24):
            first = today.replace(day=1) - relativedelta(months=months + 1)
            last = first + relativedelta(months=1) - datetime.timedelta(1)
            ledger = _ledger(env, last)
            for source in (_aging, _balance_list, _specification):
                found = source(env, first, last)
                if found != ledger:
                    raise SystemExit(f"{last}: {source.__name__} differs: {set(found.items()) ^ set(ledger.items())}")
            compared, total = compared + len(ledger), total + sum(ledger.values())
    yield measure.Row(
        "24 month ends of aging, balance list and specification", 1000 * (time.perf_counter() - start),
        note=f"{compared:,} balances of customers, {total / 100:,.2f} in all, each thrice the ledger's to the øre")


def _ledger(env, day):
    """{customer: balance that is not nought} at the end of a day in øre, from the journal items alone."""
    return _in_ore(env.execute_query(SQL(
        """SELECT owner.commercial_partner_id, sum(item.balance) FROM account_move_line item
             JOIN account_account account ON account.id = item.account_id
             LEFT JOIN res_partner owner ON owner.id = item.partner_id
            WHERE account.account_type = 'asset_receivable' AND item.parent_state = 'posted' AND item.date <= %s
            GROUP BY 1""", day)))


def _aging(env, _first, last):
    aging = env[MODEL].with_context(aging_date=str(last))
    parts = "not_due + bucket_1 + bucket_2 + bucket_3 + bucket_4 + unallocated"
    return _add_up(env, last, aging, f"partner_id, total, {parts}")


def _balance_list(env, first, last):
    lines = env["kundekartotek.balance.list"].with_context(ledger_date_from=str(first), ledger_date_to=str(last))
    return _add_up(env, last, lines, "partner_id, closing, opening + debit - credit")


def _add_up(env, day, model, columns):
    """{customer: amount} of a model, once each amount is what the sum of its parts is, to which ``columns`` end."""
    rows = env.execute_query(SQL("SELECT %s FROM (%s) line", SQL(columns), model._table_query))
    balances = _in_ore((customer, amount) for customer, amount, _parts in rows)
    if balances != _in_ore((customer, parts) for customer, _amount, parts in rows):
        raise SystemExit(f"{day}: the parts of a line of {model._name} are not its sum")
    return balances


def _specification(env, first, last):
    """Every customer's opening balance and its postings, one by one."""
    report, balances = env["kundekartotek.customer.specification"], {}
    options = report._report_options({"date_from": str(first), "date_to": str(last)})
    for (_company, customer), _number, _name, totals, posting in report._postings(options):
        balances.setdefault(customer, round(100 * totals[0]))
        balances[customer] += round(100 * (posting[-2] or 0))
    return {customer: balance for customer, balance in balances.items() if balance}


def _in_ore(rows):
    return {customer: ore for customer, amount in rows if (ore := round(100 * amount))}


def _at(env, day):
    return env(context={**env.context, "aging_date": str(day)})


def _page(day, domain=()):
    """The first page of the list with the columns that the client asks for."""

    def prepare(env):
        window = webclient.action(env, OURS)
        env = _at(env, day)
        arguments = {
            "domain": list(domain),
            "specification": webclient.specification(env, MODEL, "list", window["view_of_type"]["list"]),
            "limit": webclient.LIST_LIMIT, "count_limit": 10_001,
        }
        return lambda: webclient.call(env, MODEL, "web_search_read", **arguments)

    return prepare


def _groups(day, groupby):
    def prepare(env):
        names = ["not_due", "bucket_1", "bucket_2", "bucket_3", "bucket_4", "unallocated", "total", "overdue"]
        arguments = {"domain": [], "groupby": groupby, "aggregates": ["__count", *(f"{name}:sum" for name in names)]}
        env = _at(env, day)
        return lambda: webclient.call(env, MODEL, "web_read_group", limit=webclient.LIST_LIMIT, **arguments)

    return prepare


def _call(day, method):
    return lambda env: functools.partial(webclient.call, _at(env, day), MODEL, method)


def _file(kind, day):
    def prepare(env):
        report = env["kundekartotek.report.aging"]

        def write():
            with tempfile.TemporaryFile() as file:
                report._write_report(kind, {"date": str(day)}, file)

        return write

    return prepare
