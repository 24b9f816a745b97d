# SPDX-License-Identifier: LGPL-3.0-or-later
import logging
import threading
import time
from contextlib import closing
from unittest.mock import patch

from psycopg2 import errors

from odoo.modules.registry import DummyRLock, Registry
from odoo.sql_db import db_connect
from odoo.tests import BaseCase, TransactionCase, get_db_name, tagged
from odoo.tools import SQL, mute_logger, sql

from .. import schema
from ..hooks import FILLS


@tagged("post_install", "-at_install")
class TestSchema(TransactionCase):
    """What the installation makes beforehand is exactly what Odoo would make."""

    def setUp(self):
        super().setUp()
        self.columns = {(model._table, field.name): field for model, field in schema.added_columns(self.env)}

    def own_fields(self):
        """{(table, column): field} of the stored fields that the addon added to models of other modules."""
        return {
            (model._table, field.name): field
            for model in self.env.values() if model._auto and not model._abstract
            and model._original_module != schema.MODULE
            for field in model._fields.values()
            if field.store and field.column_type and field._modules and field._modules[0] == schema.MODULE
        }

    def test_every_column_is_found_in_the_classes(self):
        own = self.own_fields()
        self.assertIn(("account_move", "agreement_id"), own, "a field that comes from a mixin")
        self.assertEqual(set(self.columns), set(own))
        for key, field in own.items():
            self.assertEqual(self.columns[key].column_type, field.column_type, key)

    def test_columns_have_the_type_of_their_field(self):
        for (table, name), field in self.own_fields().items():
            self.assertEqual(sql.table_columns(self.env.cr, table)[name]["udt_name"], field.column_type[0])

    def test_every_computed_column_is_filled(self):
        """Otherwise installing would compute it in Python, for every record of a large ledger."""
        filled = {(self.env[fill.model]._table, name) for fill in FILLS for name in fill.columns}
        self.assertEqual({key for key, field in self.own_fields().items() if field.compute}, filled)

    def test_no_column_on_a_large_table_needs_a_default_per_row(self):
        """A default is written to every row at the end of the installation, in one statement; a choice is given to
        them while the column is added, which writes no row."""
        large = ("res_partner", "account_move", "account_move_line", "sale_order", "sale_order_line")
        self.assertEqual([key for key, field in self.own_fields().items()
                          if key[0] in large and field.default and not field.compute
                          and field.type != "selection"], [])

    def test_indexes_are_those_that_odoo_would_make(self):
        """Odoo compares by name and comment, and would drop and build anew what differs."""
        made = {name: (table, comment) for name, table, _definition, comment in schema.added_indexes(self.env)}
        self.assertIn("account_move_line_open_items_idx", made)
        self.assertIn("res_partner__customer_category_id_index", made)
        declared = {
            item.full_name(model): item.get_definition(self.registry)
            for model in self.env.values() if model._auto and model._original_module != schema.MODULE
            for item in model._table_objects.values() if item._module == schema.MODULE and "INDEX" in
            item.get_definition(self.registry)
        }
        self.assertEqual({name: comment for name, (_table, comment) in made.items() if comment}, declared)
        self.assertEqual(
            {name for name, (_table, comment) in made.items() if not comment},
            {sql.make_index_name(*key) for key, field in self.own_fields().items()
             if field.index and not field.company_dependent})
        for name, (_table, comment) in made.items():
            definition, written = sql.index_definition(self.env.cr, name)
            self.assertTrue(definition, name)
            self.assertEqual(written, comment, name)

    def test_checks_are_those_that_odoo_would_make(self):
        made = {name: definition for name, _table, definition in schema.added_checks(self.env)}
        self.assertEqual(made, {
            item.full_name(model): item.get_definition(self.registry)
            for model in self.env.values() if model._auto and model._original_module != schema.MODULE
            for item in model._table_objects.values()
            if item._module == schema.MODULE and item.get_definition(self.registry).startswith("CHECK")
        })
        for name, table, definition in schema.added_checks(self.env):
            self.assertEqual(sql.constraint_definition(self.env.cr, table, name), definition)

    def test_defaults_come_to_columns_made_beforehand(self):
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_company SET agreement_reminder_days = NULL")
        schema.complete(self.env, FILLS)
        self.env.invalidate_all()
        self.assertTrue(all(company.agreement_reminder_days for company in self.env["res.company"].search([])))


@tagged("post_install", "-at_install")
class TestPatience(BaseCase):
    """Real connections: what is made beforehand neither waits long for others nor lets others wait."""

    TABLE = SQL.identifier("kundekartotek_patience")

    def setUp(self):
        super().setUp()
        self.enterContext(patch.object(Registry, "_lock", DummyRLock()))
        self.owner = type("Env", (), {"registry": Registry(get_db_name())})
        self.enterContext(patch.object(schema, "PAUSES", (0.1,) * 50))
        self.enterContext(patch.object(schema, "LOCK_TIMEOUT", "100ms"))
        self.enterContext(patch.object(schema, "INDEX_TIMEOUT", "300ms"))
        self.execute(SQL("DROP TABLE IF EXISTS %(t)s; CREATE TABLE %(t)s (id int, ref varchar);"
                         "INSERT INTO %(t)s VALUES (1, 'a'), (2, 'b')", t=self.TABLE))
        self.addCleanup(self.execute, SQL("DROP TABLE %s", self.TABLE))

    def connection(self):
        return closing(db_connect(get_db_name()).cursor())

    def execute(self, statement):
        with self.owner.registry.cursor() as cr:
            cr.execute(statement)

    def index(self):
        with self.connection() as cr:
            cr.execute("SELECT i.indisvalid, obj_description(c.oid) FROM pg_class c JOIN pg_index i"
                       " ON i.indexrelid = c.oid WHERE c.relname = 'kundekartotek_patience_idx'")
            return cr.fetchone()

    def build(self):
        with schema._autocommit(self.owner) as cr:
            schema._build_index(
                cr, "kundekartotek_patience_idx", "kundekartotek_patience", "INDEX (ref) WHERE ref <> '%'", "mark")

    def test_lets_others_pass_and_tries_again(self):
        waits = []

        def write():
            start = time.monotonic()
            self.execute(SQL("INSERT INTO %s VALUES (3, 'c')", self.TABLE))
            waits.append(time.monotonic() - start)

        with self.connection() as reader, schema._autocommit(self.owner) as cr:
            reader.execute(SQL("SELECT * FROM %s", self.TABLE))  # whoever alters the table waits for this
            alter = threading.Thread(
                target=schema._patiently, args=(cr, SQL("ALTER TABLE %s ADD COLUMN mine int", self.TABLE)))
            alter.start()
            for _write in range(5):
                time.sleep(0.05)
                write()
            self.assertTrue(alter.is_alive())
            reader.rollback()
            alter.join(10)
        self.assertFalse(alter.is_alive())
        self.assertLess(max(waits), 2)
        self.execute(SQL("SELECT mine FROM %s", self.TABLE))

    def test_gives_up_in_the_end(self):
        with self.connection() as reader, schema._autocommit(self.owner) as cr:
            reader.execute(SQL("SELECT * FROM %s", self.TABLE))
            with patch.object(schema, "PAUSES", (0.1,)), mute_logger("odoo.sql_db"), \
                    self.assertRaises(errors.LockNotAvailable):
                schema._patiently(cr, SQL("ALTER TABLE %s ADD COLUMN mine int", self.TABLE))

    def test_index_while_others_write(self):
        self.build()
        self.assertEqual(self.index(), (True, "mark"))
        self.build()  # there already

    def test_index_is_left_to_odoo_where_old_transactions_stay(self):
        with self.connection() as writer:
            writer.execute(SQL("INSERT INTO %s VALUES (3, 'c')", self.TABLE))
            threading.Timer(1, writer.commit).start()
            with self.assertLogs(schema._logger, logging.INFO):
                self.build()
        self.assertIsNone(self.index())

    def test_check_is_added_and_looked_at(self):
        with schema._autocommit(self.owner) as cr:
            for _time in range(2):
                schema._add_check(cr, "kundekartotek_patience_id", "kundekartotek_patience", "CHECK (id % 10 > 0)")
            cr.execute("SELECT convalidated FROM pg_constraint WHERE conname = 'kundekartotek_patience_id'")
            self.assertEqual(cr.fetchall(), [(True,)])

    def test_broken_index_is_built_anew(self):
        self.build()
        self.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'kundekartotek_patience_idx'::regclass")
        self.build()
        self.assertEqual(self.index(), (True, "mark"))
