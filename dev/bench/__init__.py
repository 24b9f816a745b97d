# SPDX-License-Identifier: LGPL-3.0-or-later
"""Measuring: a receivables ledger of known size, and timed cases beside their plain-SQL floor.

Runs in Odoo's own Python, with the server in the PG* environment:

    python -m dev.bench SIZE [CASE …] --deps DATABASE [-- ODOO OPTIONS]

generate/       fills a database with the ledger          databases.py    templates and clones
check.py        is that ledger consistent?                measure.py      times, statements, memory
webclient.py    what the web client sends to the server   cases/          the cases, by room
"""
