# SPDX-License-Identifier: LGPL-3.0-or-later
"""What must happen around installing and uninstalling, in SQL, because a ledger may be large."""
from odoo.tools import SQL

from . import schema
from .models.audit.audit_sql import drop_all
from .models.customer.column_values import FILLS as CUSTOMER_FILLS
from .models.customer.number_counter import SEQUENCE_PREFIX

# What each room's computed columns hold for the rows that are there before the addon.
FILLS = [*CUSTOMER_FILLS]


def pre_init_hook(env):
    """Make columns and indexes before Odoo does, which would lock the ledger until the installation's end."""
    schema.prepare(env, FILLS)


def post_init_hook(env):
    """The last before Odoo commits: what locks a table until then is short."""
    schema.complete(env, FILLS)
    env["kundekartotek.audit.mixin"]._watch_all_raw_changes()


def uninstall_hook(env):
    """Remove what the ORM does not know of."""
    drop_all(env.cr)
    _drop_number_counters(env)
    _forget_records(env)


def _drop_number_counters(env):
    """The PostgreSQL sequences that customer numbers are drawn from."""
    for name, in env.execute_query(SQL(
            """SELECT relname FROM pg_class
                WHERE relkind = 'S' AND relnamespace = current_schema::regnamespace
                  AND starts_with(relname, %s)""", SEQUENCE_PREFIX)):
        env.cr.execute(SQL("DROP SEQUENCE %s", SQL.identifier(name)))


def _forget_records(env):
    """What Odoo itself would leave: the ids that it files under other modules, of the choices and parents that models
    of ours have from them; its notes of foreign keys, which go with their columns; saved searches; and what
    Settings has stored, which no file of ours makes."""
    for statement in (
        """DELETE FROM ir_model_data
            WHERE model IN ('ir.model.fields.selection', 'ir.model.inherit') AND module <> 'kundekartotek_addon'
              AND name ~ '^(selection|model_inherit)__kundekartotek_'""",
        """DELETE FROM ir_model_constraint
            WHERE type = 'f' AND module = (SELECT id FROM ir_module_module WHERE name = 'kundekartotek_addon')""",
        "DELETE FROM ir_filters WHERE starts_with(model_id, 'kundekartotek.')",
        "DELETE FROM ir_config_parameter WHERE starts_with(key, 'kundekartotek_addon.')",
    ):
        env.cr.execute(SQL(statement))
