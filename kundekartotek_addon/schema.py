# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the addon adds to tables of Odoo's, made before Odoo would make it.

Odoo installs a module in one transaction, so whatever it locks stays locked until its end: nobody writes an
invoice meanwhile. Here every statement is a transaction of its own that waits for nobody longer than a moment,
columns are filled in batches and indexes built concurrently. What is to be made is read from the classes of the
models, so there is nothing to list; only what rows from before shall have in a computed field is given as a
`Fill`. What an installation that failed leaves behind is empty columns and indexes, which the next one uses.
"""
import contextlib
import logging
import time
from collections.abc import Callable
from typing import NamedTuple

from psycopg2 import errors

from odoo.models import Constraint, Index, MetaModel
from odoo.tools import SQL, sql

MODULE = "kundekartotek_addon"
BATCH, LAST_ID = 2_000, 2**31 - 1  # rows that one statement fills
LOCK_TIMEOUT = "1s"  # others queue behind whoever waits for a lock: not longer than this
INDEX_TIMEOUT = "60s"  # for transactions older than the index: nobody queues meanwhile
PAUSES = (0.2, 0.5, 1, 2, 3, 5, 5, 5, 10, 10)  # seconds before the next attempt
IN_USE = (errors.LockNotAvailable, errors.DeadlockDetected, errors.SerializationFailure)

_logger = logging.getLogger(__name__)


class Fill(NamedTuple):
    """Values of computed columns for the rows that are there when the addon is installed.

    ``statement(first, last, anew)`` gives the UPDATE of the rows with ids from ``first`` to ``last``: of those
    without a value; ``anew``, of every row whose value is not as computed. None: such rows stay empty.
    """
    model: str
    columns: tuple[str, ...]
    statement: Callable[[int, int, bool], SQL] | None = None


def prepare(env, fills):
    """Make columns, their values and indexes. Commits, as Odoo itself does after each module: its transaction
    may hold locks that ours would wait for. Computed columns without a `Fill` are left to Odoo, which computes
    them row by row.
    """
    env.cr.commit()
    filled = {(fill.model, name) for fill in fills for name in fill.columns}
    with _autocommit(env) as cr:
        for model, field in added_columns(env):
            computed = field.compute and (model._name, field.name) not in filled
            if not computed and not sql.column_exists(cr, model._table, field.name):
                _add_column(cr, model, field)
        for name, table, definition in added_checks(env):
            _add_check(cr, name, table, definition)
        for fill in fills:
            if fill.statement:
                cr.execute(SQL("SELECT coalesce(max(id), 0) FROM %s", SQL.identifier(env[fill.model]._table)))
                for first in range(1, cr.fetchone()[0] + 1, BATCH):
                    _patiently(cr, fill.statement(first, first + BATCH - 1, True))
        for name, table, definition, comment in added_indexes(env):
            _build_index(cr, name, table, definition, comment)


def complete(env, fills):
    """Give rows that others made meanwhile their values, and all rows the fields' defaults, which Odoo gives only
    to columns it makes itself."""
    for model, field in added_columns(env):
        if field.default and not field.compute:
            model._init_column(field.name)
    for fill in fills:
        if fill.statement:
            env.cr.execute(fill.statement(1, LAST_ID, False))


def is_installing(env):
    """Whether Odoo is just making the addon's tables for the first time."""
    return env.context.get("module") == MODULE and env.registry._is_install


def added_columns(env):
    """:return: a list of (model, field) of the stored fields that the addon adds to models of other modules"""
    definitions = {}
    for definition, model in _extensions(env):
        for field in _field_definitions(definition):
            definitions.setdefault((model, field.name), []).append(field)
    merged = [(model, _merge(model, fields)) for (model, _name), fields in definitions.items()]
    return [
        (model, field) for model, field in merged
        if field.store and field.column_type and not field.related and field.name not in _fields_of_others(model)
    ]


def added_indexes(env):
    """:return: a list of (name, table, definition, comment) of the indexes that the addon adds to tables of other
        modules, as Odoo would name, make and mark them"""
    found = []
    for definition, model in _extensions(env):
        for item in definition._table_object_definitions:
            if isinstance(item, Index):
                made = item.get_definition(env.registry)
                found.append((item.full_name(model), model._table, made, made))
    for model, field in added_columns(env):
        if field.index in (True, "btree", "btree_not_null") and not field.company_dependent:
            name, table = sql.make_index_name(model._table, field.name), model._table
            where = f' WHERE "{field.name}" IS NOT NULL' if field.index == "btree_not_null" else ""
            found.append((name, table, f'INDEX USING btree ("{field.name}"){where}', None))
    return found


def added_checks(env):
    """:return: a list of (name, table, definition) of the checks that the addon adds to tables of other modules"""
    return [
        (item.full_name(model), model._table, item.get_definition(env.registry))
        for definition, model in _extensions(env)
        for item in definition._table_object_definitions
        if isinstance(item, Constraint) and item.get_definition(env.registry).startswith("CHECK")
    ]


def _extensions(env):
    """:return: a list of (class of the addon, model) for the models of other modules that it extends"""
    return [
        (definition, env[definition._name])
        for definition in MetaModel._module_to_models__[MODULE]
        if definition._name in definition._inherit and definition._name in env
        and env[definition._name]._original_module != MODULE
        and env[definition._name]._auto and not env[definition._name]._abstract
    ]


def _field_definitions(definition):
    """The fields of a class and of the addon's own mixins that it inherits."""
    found = list(definition._field_definitions)
    for parent in definition._inherit:
        for mixin in MetaModel._module_to_models__[MODULE]:
            if mixin._name == parent != definition._name and parent not in mixin._inherit:
                found += _field_definitions(mixin)
    return found


def _merge(model, definitions):
    """A field as several classes define it, each adding to those before, as Odoo does it."""
    field = type(definitions[-1])(_base_fields__=tuple(definitions))
    field._setup_attrs__(type(model), definitions[0].name)
    return field


def _fields_of_others(model):
    """The stored fields that other modules define, also where the addon is already there."""
    return {
        name for name, field in model._fields.items()
        if field.store and field._modules and field._modules[0] != MODULE
    }


def _add_column(cr, model, field):
    """Add a column. The same choice for every row that is there costs PostgreSQL nothing while it is added, and a
    long UPDATE afterwards."""
    names = {"table": SQL.identifier(model._table), "column": SQL.identifier(field.name)}
    value = field.default(model) if field.type == "selection" and field.default else None
    _patiently(cr, SQL(
        "ALTER TABLE %(table)s ADD COLUMN %(column)s %(type)s %(default)s", **names,
        type=SQL(field.column_type[1]), default=SQL("DEFAULT %s", value) if value else SQL()))
    if value:
        _patiently(cr, SQL("ALTER TABLE %(table)s ALTER COLUMN %(column)s DROP DEFAULT", **names))


def _add_check(cr, name, table, definition):
    """Add a check, and look at the rows that are there only then, while others write."""
    if sql.constraint_definition(cr, table, name):
        return
    names = {"table": SQL.identifier(table), "name": SQL.identifier(name)}
    _patiently(cr, SQL(
        "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s %(check)s NOT VALID", **names,
        check=SQL(definition.replace("%", "%%"))))
    _patiently(cr, SQL("ALTER TABLE %(table)s VALIDATE CONSTRAINT %(name)s", **names))
    _patiently(cr, SQL("COMMENT ON CONSTRAINT %(name)s ON %(table)s IS %(definition)s", **names, definition=definition))


def _build_index(cr, name, table, definition, comment):
    """Build an index while others write. Where old transactions do not end, it is left to Odoo's own transaction."""
    cr.execute(SQL(
        "SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
        " WHERE c.relname = %s AND c.relnamespace = current_schema::regnamespace", name))
    if valid := cr.fetchone():
        if valid[0]:
            return
        _patiently(cr, SQL("DROP INDEX %s", SQL.identifier(name)))  # an attempt that was broken off
    unique, definition = definition.split("INDEX ", 1)
    try:
        cr.execute(SQL("SET lock_timeout = %s", INDEX_TIMEOUT))
        cr.execute(SQL(
            "CREATE %sINDEX CONCURRENTLY %s ON %s %s", SQL(unique), SQL.identifier(name), SQL.identifier(table),
            SQL(definition.replace("%", "%%"))), log_exceptions=False)
    except (*IN_USE, errors.UniqueViolation):
        _logger.info("Index %s is built within the installation: it could not be beforehand.", name)
        _patiently(cr, SQL("DROP INDEX IF EXISTS %s", SQL.identifier(name)))
    else:
        if comment:
            cr.execute(SQL("COMMENT ON INDEX %s IS %s", SQL.identifier(name), comment))


def _patiently(cr, statement):
    """Execute a statement; where others are in the way, let them pass and try again."""
    cr.execute(SQL("SET lock_timeout = %s", LOCK_TIMEOUT))
    for pause in PAUSES:
        try:
            return cr.execute(statement, log_exceptions=False)
        except IN_USE:
            time.sleep(pause)
    return cr.execute(statement)


@contextlib.contextmanager
def _autocommit(env):
    """A cursor on a connection of its own, on which every statement is a transaction."""
    with env.registry.cursor() as cr:
        cr.rollback()  # whatever opening it began
        cr._cnx.autocommit = True
        try:
            yield cr
        finally:
            cr._cnx.autocommit = False
