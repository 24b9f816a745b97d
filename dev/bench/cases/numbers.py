# SPDX-License-Identifier: LGPL-3.0-or-later
"""New customers per second, when one worker or several import them at the same time."""

import multiprocessing
import statistics
import time

from odoo import sql_db
from odoo.modules.registry import Registry

from .. import databases
from ..measure import LOGIN, Row

BATCH, BATCHES = 1_000, 3
FIELDS = ["name", "is_company", "customer_rank", "country_id/id", "zip", "city"]
INSERT_FLOOR = """
    INSERT INTO res_partner (name, complete_name, is_company, customer_rank, active, type, autopost_bills)
    SELECT 'Import ' || n, 'Import ' || n, true, 1, true, 'contact', 'ask' FROM generate_series(1, %s) n"""


def imported(bench):
    """Importing batches of 1,000 new customers with 1 and with 4 workers, each a process."""
    rows = []
    for workers in (1, 4):
        seconds = {side: _import(database, workers) for side, database in
                   (("core", bench.core), ("ours", bench.ours))}
        customers = workers * BATCHES * BATCH
        per_batch = {side: 1000 * BATCH / customers * total for side, (total, _longest) in seconds.items()}
        rows.append(Row(
            f"import of 1,000 customers, {workers} at once", per_batch["ours"], core=per_batch["core"],
            floor=_floor(bench),
            note=f"{customers / seconds['ours'][0]:,.0f} per second, alone {customers / seconds['core'][0]:,.0f};"
                 f" slowest batch {seconds['ours'][1]:.1f} s, alone {seconds['core'][1]:.1f} s",
        ))
    return rows


def _import(source, workers):
    """Import in a copy of `source`: (seconds from the start to the last worker's end, slowest batch)."""
    database = f"{source}_import"
    databases.clone(source, database)
    try:
        Registry(database)
        sql_db.close_all()  # a connection must not be shared with a forked process
        context = multiprocessing.get_context("fork")
        ready, batches = context.Barrier(workers + 1), context.Queue()
        processes = [
            context.Process(target=_work, args=(database, number, ready, batches)) for number in range(workers)
        ]
        for process in processes:
            process.start()
        ready.wait()
        start = time.perf_counter()
        slowest = max(batches.get() for _batch in range(workers * BATCHES))
        seconds = time.perf_counter() - start
        for process in processes:
            process.join()
    finally:
        databases.drop(database)
    return seconds, slowest


def _work(database, worker, ready, batches):
    """In a process of its own: import the batches, each in a transaction, as the import screen does."""
    ready.wait()
    for batch in range(BATCHES):
        rows = [
            [f"Import {worker}-{batch}-{n}", "1", "1", "base.no", f"{100 + n:04}", "Oslo"] for n in range(BATCH)
        ]
        start = time.perf_counter()
        with databases.environment(database, LOGIN) as env:
            result = env["res.partner"].load(FIELDS, rows)
            if not result["ids"]:
                raise RuntimeError(result["messages"])
        batches.put(time.perf_counter() - start)


def _floor(bench):
    times = []
    for _round in range(3):
        with databases.environment(bench.core) as env:
            start = time.perf_counter()
            env.cr.execute(INSERT_FLOOR, [BATCH])
            times.append(1000 * (time.perf_counter() - start))
            env.cr.rollback()
    return statistics.median(times)
