# SPDX-License-Identifier: LGPL-3.0-or-later
"""The customer ledger, the balance list and the customer specification."""

from dev.cache import ADDON

from .. import webclient

ENTRY, BALANCE = "kundekartotek.ledger.entry", "kundekartotek.balance.list"
RANKED = """
    SELECT commercial_partner_id FROM account_move
     WHERE move_type = 'out_invoice' AND state = 'posted'
     GROUP BY 1 ORDER BY count(*) DESC, 1 OFFSET %s LIMIT 1"""
# The newest items of a customer, with the balance after each.
PAGE_FLOOR = """
    SELECT l.*, sum(balance) OVER (ORDER BY date, id)
      FROM account_move_line l
     WHERE partner_id = %s AND parent_state = 'posted' AND company_id = 1
       AND account_id = ANY (ARRAY(SELECT id FROM account_account WHERE account_type = 'asset_receivable'))
     ORDER BY date DESC, id DESC LIMIT 80"""

RECEIVABLE = """parent_state = 'posted' AND company_id = 1
       AND account_id = ANY (ARRAY(SELECT id FROM account_account WHERE account_type = 'asset_receivable'))"""
# Opening balance and movements of every customer.
TOTALS_FLOOR = f"""
    SELECT partner_id, sum(balance), sum(balance) FILTER (WHERE date >= %s)
      FROM account_move_line WHERE {RECEIVABLE} AND date <= %s GROUP BY partner_id"""
MONTH = f"""
    SELECT date_trunc('month', date)::date FROM account_move_line WHERE {RECEIVABLE}
     GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"""
POSTINGS = f"SELECT count(*) FROM account_move_line WHERE {RECEIVABLE} AND date BETWEEN %s AND %s"


def page(bench):
    """The first page of a customer's ledger: an ordinary customer and the one with most invoices."""
    median = bench.value("SELECT count(DISTINCT commercial_partner_id) / 2 FROM account_move")
    for label, rank in (("ordinary", median), ("largest", 0)):
        partner_id = bench.value(RANKED, rank)
        invoices = bench.value(
            "SELECT count(*) FROM account_move WHERE commercial_partner_id = %s"
            " AND move_type = 'out_invoice' AND state = 'posted'",
            partner_id,
        )
        for what, domain in (("all", []), ("open", [("is_open", "=", True)])):
            yield bench.timed(
                f"ledger of the {label} customer, {what}",
                _search([("partner_id", "=", partner_id), *domain]),
                floor=(PAGE_FLOOR, partner_id),
                note=f"{invoices:,} invoices",
            )


def balance_list(bench):
    """The balance list of this year: its first page on the screen, and all of it as a workbook and on paper."""
    first = bench.value("SELECT date_trunc('year', max(date))::date FROM account_move_line")
    last = bench.value("SELECT max(date) FROM account_move_line WHERE parent_state = 'posted'")
    context = {"ledger_date_from": str(first), "ledger_date_to": str(last)}
    yield bench.timed(
        "balance list, first page",
        _search([], BALANCE, "balance_list_action", **context),
        floor=(TOTALS_FLOOR, first, last), rounds=3,
    )
    yield from _files(bench, "balance list", BALANCE, first, last)


def specification(bench):
    """The customer specification of the fullest month, as a workbook and on paper."""
    month = bench.value(MONTH)
    last = bench.value("SELECT (%s::date + interval '1 month - 1 day')::date", month)
    yield from _files(bench, "customer specification", "kundekartotek.customer.specification", month, last)


def _files(bench, label, model, first, last):
    postings = bench.value(POSTINGS, first, last)
    for kind in ("xlsx", "pdf"):
        yield bench.timed(
            f"{label}, {kind}", _write(model, kind, first, last), floor=(TOTALS_FLOOR, first, last), rounds=2,
            note=f"{first} – {last}, {postings:,} postings",
        )


def _write(model, kind, first, last):
    def prepare(env):
        options = {"date_from": str(first), "date_to": str(last)}
        return lambda: env[model]._report_file(kind, options)[1].close()

    return prepare


def _search(domain, model=ENTRY, action="ledger_entry_action", **context):
    """The first page of a list, as the client asks for it."""

    def prepare(env):
        window = webclient.action(env, f"{ADDON.name}.{action}")
        env = env(context={**env.context, **context})
        arguments = {
            "domain": domain,
            "specification": webclient.specification(env, model, "list", window["view_of_type"]["list"]),
            "limit": webclient.LIST_LIMIT,
            "count_limit": 10_001,
        }
        return lambda: webclient.call(env, model, "web_search_read", **arguments)

    return prepare
