# SPDX-License-Identifier: LGPL-3.0-or-later
"""Times, statements and memory of a call, beside the same call without the addon and its floor."""

import dataclasses
import functools
import gc
import os
import statistics
import time
from typing import ClassVar

from odoo.modules.registry import Registry

from . import databases

ROUNDS = 7
LOGIN = "admin"


@dataclasses.dataclass
class Figures:
    """One run: milliseconds, SQL statements, and growth of the process at its peak in MB."""

    ms: float
    statements: int
    peak: float


@dataclasses.dataclass
class Row:
    """A line of the table; what was not measured is None. Times in ms, peak in MB."""

    case: str
    ours: float
    core: float | None = None
    floor: float | None = None
    statements: int | None = None
    core_statements: int | None = None
    peak: float | None = None
    note: str = ""

    HEADINGS: ClassVar = (
        "case", "ours, ms", "core alone, ms", "floor, ms", "ours / core", "ours / floor",
        "statements (core)", "peak, MB", "remark",
    )  # fmt: skip

    def cells(self):
        counts = [str(count) for count in (self.statements, self.core_statements) if count is not None]
        return (
            self.case,
            _number(self.ours), _number(self.core), _number(self.floor),
            _ratio(self.ours, self.core), _ratio(self.ours, self.floor),
            counts[0] + "".join(f" ({count})" for count in counts[1:]) if counts else "",
            "" if self.peak is None else f"+{self.peak:.0f}",
            self.note,
        )  # fmt: skip


class Bench:
    """What a case works with: the databases of a size, see `databases.Databases`."""

    def __init__(self, databases):
        self.databases = databases

    def value(self, query, *params):
        """One value read from the ledger, the same in both databases."""
        return self.row(query, *params)[0]

    def row(self, query, *params):
        """The first row that a query reads from the ledger."""
        with Registry(self.databases.core).cursor() as cr:
            cr.execute(query, params)
            return cr.fetchone()

    def paired(self, case, with_it, without_it, pairs, note):
        """Time two variants of a call in the database with the addon, in pairs and in turn, after a pair to warm up.

        :param with_it, without_it: functions of an environment and the number of the pair, as ``prepare`` of `timed`
        :param note: what "core alone" is here
        :return: a row with the medians; its remark has the median and quartiles of the pairs' differences
        """
        times = {with_it: [], without_it: []}
        for turn in range(pairs + 1):
            for variant in list(times)[:: 1 if turn % 2 else -1]:
                figures = run(self.databases.ours, functools.partial(_numbered, variant, turn % pairs))
                if turn:
                    times[variant].append(figures)
        mine, bare = ([figures.ms for figures in times[variant]] for variant in (with_it, without_it))
        shares = [100 * (ours / alone - 1) for ours, alone in zip(mine, bare, strict=True)]
        low, middle, high = statistics.quantiles(shares, n=4)
        return Row(
            case, statistics.median(mine), core=statistics.median(bare),
            statements=times[with_it][-1].statements, core_statements=times[without_it][-1].statements,
            note=f"core alone: {note}; median of {pairs} differences {middle:+.1f} %, quartiles {low:+.1f}"
            f" and {high:+.1f} %",
        )  # fmt: skip

    def timed(self, case, prepare, *, floor=None, core=None, rounds=ROUNDS, note=""):
        """Time a call and what it is compared with in turns, after a round to warm up; medians.

        Each run has a transaction of its own that is rolled back, so nothing is cached from the run
        before but what a server keeps between requests.

        :param prepare: function of an environment in the database with the addon, not timed; returns
            the function without arguments that is
        :param floor: (statement, parameters …, or a dict of them): the least that the database must do for the
            same answer
        :param core: the same for the database without the addon; `prepare` itself if it is True
        """
        sides = {"ours": (self.databases.ours, prepare)}
        if core:
            sides["core"] = (self.databases.core, prepare if core is True else core)
        if floor:
            sides["floor"] = (self.databases.ours, lambda env: functools.partial(_execute, env, *floor))
        runs = {side: [] for side in sides}
        for turn in range(rounds + 1):
            for side in list(sides)[:: 1 if turn % 2 else -1]:
                figures = run(*sides[side])
                if turn:
                    runs[side].append(figures)
        median = {side: statistics.median(f.ms for f in figures) for side, figures in runs.items()}
        return Row(
            case, median["ours"], median.get("core"), median.get("floor"),
            statements=runs["ours"][-1].statements,
            core_statements=runs["core"][-1].statements if core else None,
            peak=max(f.peak for f in runs["ours"]),
            note=note,
        )  # fmt: skip


def run(database, prepare):
    """Time the call that `prepare` returns, with cold record caches; roll back what it did."""
    with databases.environment(database, LOGIN) as env:
        call = prepare(env)
        env.flush_all()
        env.transaction.reset()
        count = env.cr.sql_log_count

        def call_and_flush():
            call()
            env.flush_all()

        ms, peak = stopwatch(call_and_flush)
        statements = env.cr.sql_log_count - count
        env.cr.rollback()
    return Figures(ms, statements, peak)


def _numbered(variant, number, env):
    return variant(env, number)


def stopwatch(function):
    """Call it: (milliseconds, MB by which the process grew at its peak)."""
    gc.collect()
    before = _reset_peak()
    start = time.perf_counter()
    function()
    return 1000 * (time.perf_counter() - start), _peak() - before


def print_line(cells):
    """A line of the Markdown table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def _execute(env, statement, *params):
    named = len(params) == 1 and isinstance(params[0], dict)
    env.cr.execute(statement, params[0] if named else params or None)
    if env.cr.description:
        env.cr.fetchall()


def _reset_peak():
    """Forget the process's peak; return its size now, in MB (Linux)."""
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")
    return _peak()


def _peak():
    with open(f"/proc/{os.getpid()}/status") as file:
        status = dict(line.split(":", 1) for line in file)
    return int(status["VmHWM"].split()[0]) / 1024


def _number(value):
    if value is None:
        return ""
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def _ratio(value, base):
    return f"{value / base:.2f}" if base else ""
