# SPDX-License-Identifier: LGPL-3.0-or-later
"""Installing on an existing ledger, uninstalling, and what the addon's indexes cost."""

import functools

from odoo.tools import SQL

from .. import databases, locks
from ..measure import Row, stopwatch

# Roughly the least that an addon with one new column on customers has to do.
INSTALL_FLOOR = """
    ALTER TABLE res_partner ADD COLUMN bench_floor varchar;
    UPDATE res_partner SET bench_floor = 'x'"""
OWN_INDEXES = """
    SELECT i.indexrelid::regclass::text, i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid),
           pg_relation_size(i.indexrelid) / 1e6
      FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
     WHERE t.relnamespace = 'public'::regnamespace"""


def install(bench):
    """Wall time of installing and of uninstalling, and the longest lock that stops writers."""
    database = bench.databases.name("lifecycle")
    databases.clone(bench.databases.template, database)
    try:
        for case, act in (("install", databases.install), ("uninstall", databases.uninstall)):
            with locks.Watch(database) as watch:
                ms, peak = stopwatch(functools.partial(act, database))
            yield Row(case, ms, floor=_floor(bench), peak=peak, note=watch.summary())
    finally:
        databases.drop(database)


def indexes(bench):
    """Building each index that the addon adds to a table of Odoo's, and its size."""
    with databases.environment(bench.databases.core) as env:
        env.cr.execute(OWN_INDEXES)
        known = {(table, definition) for _name, table, definition, _size in env.cr.fetchall()}
        tables = {table for table, _definition in known}
    with databases.environment(bench.databases.ours) as env:
        env.cr.execute(OWN_INDEXES)
        added = [row for row in env.cr.fetchall() if row[1] in tables and (row[1], row[2]) not in known]
        for name, table, definition, size in added:
            env.cr.execute(SQL("DROP INDEX %s", SQL.identifier(name)))
            ms, _peak = stopwatch(functools.partial(env.cr.execute, definition))
            yield Row(f"index {name}", ms, note=f"on {table}, {size:.1f} MB")
        env.cr.rollback()


def _floor(bench):
    with databases.environment(bench.databases.core) as env:
        ms, _peak = stopwatch(functools.partial(env.cr.execute, INSTALL_FLOOR))
        env.cr.rollback()
    return ms
