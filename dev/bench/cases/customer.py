# SPDX-License-Identifier: LGPL-3.0-or-later
"""The customer page, the list of customers, and searching it."""

from dev.cache import ADDON

from .. import webclient

MODEL = "res.partner"
OURS, CORE = f"{ADDON.name}.res_partner_action", "account.res_partner_action_customer"
# What the page says of one customer: itself, what is open and overdue, the last invoice and payment.
PAGE_FLOOR = """
    SELECT to_json(p),
           (SELECT json_build_array(sum(amount_residual),
                                    sum(amount_residual) FILTER (
                                        WHERE coalesce(date_maturity, date) < current_date))
              FROM account_move_line l JOIN account_account a ON a.id = l.account_id
             WHERE l.partner_id = p.id AND a.account_type = 'asset_receivable' AND l.parent_state = 'posted'
               AND l.reconciled IS NOT TRUE AND l.company_id = 1),
           (SELECT json_build_array(id, name, invoice_date) FROM account_move
             WHERE commercial_partner_id = p.id AND move_type = 'out_invoice' AND state = 'posted'
               AND company_id = 1 ORDER BY invoice_date + 0 DESC LIMIT 1)
      FROM res_partner p WHERE p.id = %s"""
LIST_FLOOR = """
    SELECT * FROM res_partner WHERE customer_rank > 0 AND active ORDER BY complete_name, id DESC LIMIT 80"""
OWING_FLOOR = """
    SELECT partner_id FROM account_move_line
     WHERE account_id = ANY (ARRAY(SELECT id FROM account_account WHERE account_type = 'asset_receivable'))
       AND parent_state = 'posted' AND company_id = 1 AND amount_residual <> 0
       AND (NOT %s OR coalesce(date_maturity, date) < current_date)
     GROUP BY partner_id HAVING sum(amount_residual) > 0"""
LOOKUP_FLOOR = """
    SELECT id FROM res_partner WHERE concat(complete_name, ' ', vat) ILIKE %s AND customer_rank > 0 AND active
     ORDER BY complete_name, id DESC LIMIT 80"""
TYPES_FLOOR = "SELECT customer_type, count(*) FROM res_partner WHERE customer_rank > 0 AND active GROUP BY 1"
RANKED = """
    SELECT commercial_partner_id FROM account_move
     WHERE move_type = 'out_invoice' AND state = 'posted'
     GROUP BY 1 ORDER BY count(*) DESC, 1 OFFSET %s LIMIT 1"""


def page(bench):
    """Opening a customer's page: an ordinary customer and the one with most invoices."""
    median = bench.value("SELECT count(DISTINCT commercial_partner_id) / 2 FROM account_move")
    for label, rank in (("ordinary", median), ("largest", 0)):
        partner_id = bench.value(RANKED, rank)
        invoices = bench.value(
            "SELECT count(*) FROM account_move WHERE commercial_partner_id = %s"
            " AND move_type = 'out_invoice' AND state = 'posted'",
            partner_id,
        )
        yield bench.timed(
            f"customer page, {label} customer", _read(partner_id), floor=(PAGE_FLOOR, partner_id), core=True,
            note=f"{invoices:,} invoices",
        )


def page_list(bench):
    """The first 80 customers with the columns of the list view, plain and by balance."""
    yield bench.timed("list of 80 customers", _search(OURS), floor=(LIST_FLOOR,), core=_search(CORE))
    yield bench.timed(
        "list of 80 customers, largest balance first",
        _search(OURS, order="customer_balance desc"),
        floor=(OWING_FLOOR, False),
    )


def search_owing(bench):
    """Filtering the customers by what they owe and by what is overdue."""
    core = _search(CORE, [("credit", ">", 0)])
    for field, overdue in (("customer_balance", False), ("customer_overdue", True), ("credit", False)):
        yield bench.timed(
            f"search {field} > 0",
            _search(OURS, [(field, ">", 0)]),
            floor=(OWING_FLOOR, overdue),
            core=None if overdue else core,
        )


def search_text(bench):
    """Finding customers by a text typed in the search box, and by an organisation number."""
    largest = bench.value(RANKED, 0)
    name = bench.value("SELECT substr(split_part(name, ' ', 1), 2) FROM res_partner WHERE id = %s", largest)
    number = bench.value("SELECT substr(vat, 3, 9) FROM res_partner WHERE id = %s", largest)
    for what, text in (("part of a name", name), ("organisation number", number)):
        yield bench.timed(
            f"search by {what}",
            _search(OURS, [("customer_lookup", "ilike", text)]),
            floor=(LOOKUP_FLOOR, f"%{text}%"),
            core=_search(CORE, [("display_name", "ilike", text)]),
        )


def group_types(bench):
    """The list grouped by type of customer, groups closed."""

    def prepare(env):
        window = webclient.action(env, OURS)
        env = env(context={**env.context, **window["context"]})
        arguments = {"groupby": ["customer_type"], "aggregates": ["__count"], "limit": webclient.LIST_LIMIT}
        return lambda: webclient.call(env, MODEL, "web_read_group", domain=window["domain"], **arguments)

    yield bench.timed("list grouped by type", prepare, floor=(TYPES_FLOOR,))


def _read(partner_id):
    def prepare(env):
        specification = webclient.specification(env, MODEL, "form")
        return lambda: webclient.call(env, MODEL, "web_read", [partner_id], specification=specification)

    return prepare


def _search(action, domain=(), order=None):
    """The first page of a window action's list, as the client asks for it."""

    def prepare(env):
        window = webclient.action(env, action)
        env = env(context={**env.context, **window["context"]})
        arguments = {
            "domain": [*window["domain"], *domain],
            "specification": webclient.specification(env, MODEL, "list", window["view_of_type"]["list"]),
            "order": order,
            "limit": webclient.LIST_LIMIT,
            "count_limit": 10_001,
        }
        return lambda: webclient.call(env, MODEL, "web_search_read", **arguments)

    return prepare
