# SPDX-License-Identifier: LGPL-3.0-or-later
"""How long a table was locked against writers, seen from outside."""

import contextlib
import threading
import time

import psycopg2

INTERVAL = 0.01  # seconds between two looks
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

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        self._thread.join()

    def summary(self, tables=("res_partner", "account_move", "account_move_line")):
        """In words: the longest hold of each of the tables."""
        held = {}
        for (table, mode), seconds in self.longest.items():
            if table in tables and seconds > held.get(table, (0, ""))[0]:
                held[table] = seconds, mode
        if not held:
            return f"no lock on {', '.join(tables)} that stops writers"
        return ", ".join(f"{table} {mode} {seconds:.1f} s" for table, (seconds, mode) in sorted(held.items()))

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
