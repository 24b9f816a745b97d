# SPDX-License-Identifier: LGPL-3.0-or-later
"""How long a table was locked against writers, seen from outside."""

import contextlib
import threading
import time

import psycopg2

INTERVAL = 0.01  # seconds between two looks
LEDGER = ("res_partner", "account_move", "account_move_line", "sale_order", "res_company")
# Every mode that conflicts with the ROW EXCLUSIVE lock of an ordinary write.
HELD = """
    SELECT c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
     WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND l.granted AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
       AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')"""


class Watch(contextlib.AbstractContextManager):
    """Looks at the locks of a database all the time while the block runs.

    `longest` maps (table, mode) to the seconds of the longest unbroken hold.
    """

    def __init__(self, database):
        self._database = database
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.longest = {}
        self._before = set()

    def __enter__(self):
        with contextlib.closing(psycopg2.connect(dbname=self._database)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace")
            self._before = {table for (table,) in cursor.fetchall()}
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        self._thread.join()

    def summary(self):
        """In words: the longest hold of the tables of a ledger, and of any other table that was there before."""
        held = dict.fromkeys(LEDGER, (0, ""))
        for (table, mode), seconds in self.longest.items():
            if table in self._before and seconds >= held.get(table, (0, ""))[0]:
                held[table] = seconds, mode
        others = [table for table in held if table not in LEDGER]
        worst = max(others, key=lambda table: held[table][0], default=None)
        return ", ".join(
            f"{table} {held[table][1] or 'no lock'} {held[table][0]:.2f} s"
            for table in (*LEDGER, *filter(None, [worst]))
        )

    def _look(self):
        since = {}
        with contextlib.closing(psycopg2.connect(dbname=self._database)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            while not self._stop.wait(INTERVAL):
                cursor.execute(HELD)
                now, held = time.perf_counter(), set(cursor.fetchall())
                since = {lock: since.get(lock, now) for lock in held}
                for lock, start in since.items():
                    self.longest[lock] = max(self.longest.get(lock, 0), now - start)
