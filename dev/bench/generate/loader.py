# SPDX-License-Identifier: LGPL-3.0-or-later
"""One connection, the values that every statement shares, and the loading itself."""

import sys
import time

import psycopg2
from psycopg2 import sql

YEARS = 3
DRAFTS_PER_INVOICE = 0.002
ORDERS_PER_INVOICE = 0.01
# The tables whose indexes are dropped while loading, and all that get rows.
BIG_TABLES = ("account_move", "account_move_line", "account_partial_reconcile", "account_bank_statement_line")
TABLES = (
    *BIG_TABLES,
    "res_partner",
    "account_full_reconcile",
    "account_payment",
    "account_move__account_payment",
    "account_move_line_account_tax_rel",
    "sale_order",
    "sale_order_line",
)


class Loader:
    """Runs the statements of one fill in one transaction.

    `params` holds the parameters of every statement (`%(name)s`): sizes, dates, and the ids that
    `company.read` finds. `base_<table>` is the table's largest id before loading; rows get ids
    counted from it, so that they are the same every time.
    """

    def __init__(self, database, *, size, as_of, seed):
        self.connection = psycopg2.connect(dbname=database)
        self.cursor = self.connection.cursor()
        self._columns = {}
        self.params = {
            "seed": seed,
            "as_of": as_of,
            "days": round(365.25 * YEARS),
            "n": size.customers,
            "m": size.invoices,
            "largest": size.largest,
            "drafts": round(size.invoices * DRAFTS_PER_INVOICE),
            "orders": round(size.invoices * ORDERS_PER_INVOICE),
        }
        # pg_dump's own way of loading: no triggers, no foreign-key checks.
        self.run(
            "SET LOCAL synchronous_commit = off; SET LOCAL work_mem = '256MB';"
            "SET LOCAL maintenance_work_mem = '512MB'; SET LOCAL jit = off;"
            "SET LOCAL session_replication_role = replica"
        )
        if self.value("SELECT EXISTS (SELECT FROM account_move)"):
            raise ValueError(f"{database} already has journal entries: use a fresh database")
        for table in TABLES:
            if self._has_id(table):
                largest = _per_table("SELECT coalesce(max(id), 0) FROM {}", table)
                self.params[f"base_{table}"] = self.value(largest)
        self._define_functions()

    def run(self, statement, **params):
        """Execute one or several statements; return the number of rows of the last one."""
        self.cursor.execute(statement, {**self.params, **params})
        return self.cursor.rowcount

    def row(self, statement, **params):
        """The first row of a query, or None."""
        self.run(statement, **params)
        return self.cursor.fetchone()

    def value(self, statement, **params):
        """The first column of the first row of a query."""
        return self.row(statement, **params)[0]

    def step(self, label, statement, **params):
        """`run`, saying on the terminal how long it took."""
        start = time.perf_counter()
        rows = self.run(statement, **params)
        counted = f"{rows:>10} rows" if rows >= 0 else " " * 15
        print(f"  {label:<24}{counted} {time.perf_counter() - start:7.1f} s", file=sys.stderr)

    def insert(self, label, table, values, source):
        """INSERT INTO `table` SELECT `values` `source`.

        Columns that this database lacks are left out: they depend on the installed modules.

        :param values: column name -> SQL expression
        :param source: the FROM clause and what follows it
        """
        values = {column: value for column, value in values.items() if column in self._columns_of(table)}
        columns, expressions = ", ".join(values), ", ".join(map(str, values.values()))
        self.step(label, f"INSERT INTO {table} ({columns}) SELECT {expressions} {source}")

    def _columns_of(self, table):
        if table not in self._columns:
            self.run(
                "SELECT attname FROM pg_attribute WHERE attrelid = %(table)s::regclass"
                " AND attnum > 0 AND NOT attisdropped",
                table=table,
            )
            self._columns[table] = {name for (name,) in self.cursor.fetchall()}
        return self._columns[table]

    def _has_id(self, table):
        return "id" in self._columns_of(table)

    def _define_functions(self):
        """u(): uniform in (0, 1); g(): standard normal (Box-Muller); workday(): the next one.

        Each use of u() and g() has a stream number of its own, so that draws are independent.
        """
        self.run("""
            CREATE FUNCTION pg_temp.u(stream int, id bigint) RETURNS double precision
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
                SELECT ((hashint8extended(id, %(seed)s * 1000::bigint + stream) >> 11)
                        & ((1::bigint << 52) - 1)) / (1::bigint << 52)::double precision + 1e-17 $$;
            CREATE FUNCTION pg_temp.g(stream int, id bigint) RETURNS double precision
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
                SELECT sqrt(-2 * ln(pg_temp.u(stream, id) + 1e-16))
                       * cos(2 * pi() * pg_temp.u(stream + 500, id)) $$;
            CREATE FUNCTION pg_temp.workday(d date) RETURNS date
            LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
                SELECT d + CASE extract(isodow FROM d)::int WHEN 6 THEN 2 WHEN 7 THEN 1 ELSE 0 END $$
        """)

    def drop_indexes(self):
        """Drop the indexes that slow the load down; return the statements that restore them."""
        self.run(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%(tables)s)"
            " AND schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint)"
            " ORDER BY indexname",
            tables=list(BIG_TABLES),
        )
        found = self.cursor.fetchall()
        for name, _definition in found:
            self.run(f'DROP INDEX "{name}"')
        return [definition for _name, definition in found]

    def finish(self, indexes):
        """Restore the indexes, move the id sequences on, commit, and gather statistics."""
        self.step("indexes", ";".join(indexes).replace("%", "%%"))
        for table in filter(self._has_id, TABLES):
            self.run(
                _per_table("SELECT setval(pg_get_serial_sequence(%(table)s, 'id'), max(id)) FROM {}", table),
                table=table,
            )
        self.connection.commit()
        self.connection.autocommit = True
        self.step("vacuum, statistics", "VACUUM ANALYZE")
        self.connection.close()


def _per_table(statement, table):
    return sql.SQL(statement).format(sql.Identifier(table))
