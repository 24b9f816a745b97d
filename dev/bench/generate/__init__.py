# SPDX-License-Identifier: LGPL-3.0-or-later
"""Deterministic receivables data for a Norwegian company, loaded by set-based SQL.

Fills a prepared, otherwise empty database (see `company.prepare`). The same size, seed and day
give the same rows, ids included, on one PostgreSQL major version: the random numbers come from
hashint8extended().

Customers   companies with valid Norwegian organisation numbers; a quarter has a contact person
            who receives 30 % of the invoices, so that `partner_id` is not always the commercial
            partner. Lognormal turnover: the top fifth makes roughly 80 % of the sales. 2 % share
            a VAT number with another customer, 1 % a name, 0.5 % a reference; 60 % have a limit.
Invoices    posted over three years, 14 or 30 days' terms, 25 % or no VAT; a few drafts besides.
Behaviour   per customer: prompt (50 %), slightly late (30 %), late (14 %), very late (6 %); 8 %
            get slower over time, 4 % faster; 20 % pay in fortnightly runs, one payment for all.
Fate        per invoice: normal; fully or partly credited; paid in two parts (the second may never
            come); overpaid; paid but not allocated; credit note left open; never paid. What would
            happen after the last day has not happened yet. About 92 % end up settled.
Payments    bank statement lines booked on the receivable account (85 % of the customers; their
            date_maturity is NULL, as in Odoo) or payment records through the outstanding account.
Ledger      balanced entries, partial and full reconciles, matching numbers, residuals, payment
            states and gapless sequence numbers by date.

Left out on purpose: several currencies, tax tags, chatter messages, vendor bills, valid KID check
digits.
"""

from . import company, customers, documents, invoices, ledger, orders
from .loader import Loader


def fill(database, size, as_of, seed=42):
    """Fill `database` (prepared, without journal entries) with a ledger of `size` up to `as_of`.

    The connection comes from the PG* environment; its role must be a superuser, because
    foreign-key triggers are off while loading (`check` verifies the result instead).

    :raise ValueError: the database already has journal entries
    """
    loader = Loader(database, size=size, as_of=as_of, seed=seed)
    company.read(loader)
    indexes = loader.drop_indexes()
    for load in (customers, invoices, documents, ledger, orders):
        load.load(loader)
    loader.finish(indexes)
