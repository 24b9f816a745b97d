# SPDX-License-Identifier: LGPL-3.0-or-later
"""New customers per second, when one worker or several import them at the same time."""

import functools
import multiprocessing
import statistics
import time

from odoo import sql_db
from odoo.service.model import retrying

from dev.cache import ADDON

from .. import databases
from ..measure import LOGIN, Row

BATCH, BATCHES = 1_000, 3
FIELDS = ["name", "is_company", "customer_rank", "country_id/id", "zip", "city"]
INSERT_FLOOR = """
    INSERT INTO res_partner (name, complete_name, is_company, customer_rank, active, type, autopost_bills)
    SELECT 'Import ' || n, 'Import ' || n, true, 1, true, 'contact', 'ask' FROM generate_series(1, %s) n"""


def imported(bench):
    """Importing batches of 1,000 new customers with 1 and with 4 workers, each a process."""
    for workers in (1, 4):
        core, core_slowest = _import(bench.databases.core, workers)
        ours, slowest = _import(bench.databases.ours, workers, _choose_scheme)
        batches = workers * BATCHES
        yield Row(
            f"import of {BATCH:,} customers, {workers} at once",
            1000 * ours / batches,
            core=1000 * core / batches,
            floor=_floor(bench),
            note=f"{BATCH * batches / ours:,.0f} a second, core {BATCH * batches / core:,.0f};"
            f" slowest batch {slowest:.1f} s, core {core_slowest:.1f} s",
        )


def _choose_scheme(env):
    """In a file in use, numbers begin when somebody chooses a scheme."""
    scheme = env.ref(f"{ADDON.name}.number_scheme_sequential")
    env["res.company"].search([]).customer_number_scheme_id = scheme


def _import(source, workers, prepare=None):
    """Import in a copy of `source`: (seconds until the last worker has done its batches, slowest batch)."""
    database = f"{source}_import"
    databases.clone(source, database)
    try:
        with databases.environment(database) as env:
            if prepare:
                prepare(env)
        sql_db.close_all()  # a connection must not be shared with a forked process
        with multiprocessing.get_context("fork").Pool(workers) as pool:
            start = time.perf_counter()
            slowest = max(pool.starmap(_work, [(database, n) for n in range(workers)], chunksize=1))
            seconds = time.perf_counter() - start
        if prepare:
            _check_numbers(database, workers * BATCHES * BATCH)
    finally:
        databases.drop(database)
    return seconds, slowest


def _work(database, worker):
    """In a process of its own: import the batches, a transaction each, retried as a server does.

    :return: seconds that the slowest one took
    """
    times = []
    for batch in range(BATCHES):
        rows = [
            [f"Import {worker}-{batch}-{n}", "1", "1", "base.no", f"{100 + n:04}", "Oslo"]
            for n in range(BATCH)
        ]
        start = time.perf_counter()
        with databases.environment(database, LOGIN) as env:
            result = retrying(functools.partial(env["res.partner"].load, FIELDS, rows), env)
        if not result["ids"]:
            raise RuntimeError(result["messages"])
        times.append(time.perf_counter() - start)
    return max(times)


def _check_numbers(database, wanted):
    with databases.environment(database) as env:
        env.cr.execute("SELECT count(DISTINCT ref) FROM res_partner WHERE name LIKE 'Import %'")
        given = env.cr.fetchone()[0]
    if given != wanted:
        raise RuntimeError(f"{wanted:,} customers were imported and {given:,} different numbers given")


def _floor(bench):
    times = []
    for _round in range(3):
        with databases.environment(bench.databases.core) as env:
            start = time.perf_counter()
            env.cr.execute(INSERT_FLOOR, [BATCH])
            times.append(1000 * (time.perf_counter() - start))
            env.cr.rollback()
    return statistics.median(times)
