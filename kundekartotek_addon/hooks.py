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
    _forget_inherited_selections(env)
    _forget_parameters(env)


def _drop_number_counters(env):
    """The PostgreSQL sequences that customer numbers are drawn from."""
    for name, in env.execute_query(SQL(
            """SELECT relname FROM pg_class
                WHERE relkind = 'S' AND relnamespace = current_schema::regnamespace
                  AND starts_with(relname, %s)""", SEQUENCE_PREFIX)):
        env.cr.execute(SQL("DROP SEQUENCE %s", SQL.identifier(name)))


def _forget_inherited_selections(env):
    """Odoo files the choices of a field that a model of ours has from ``mail`` under ``mail``, and forgets them
    there when the model goes."""
    env.cr.execute(SQL(
        "DELETE FROM ir_model_data WHERE model = 'ir.model.fields.selection' AND module <> 'kundekartotek_addon'"
        " AND starts_with(name, 'selection__kundekartotek_')"))


def _forget_parameters(env):
    """What Settings has stored: modes and addresses of the outside world, which no file of ours makes."""
    env.cr.execute(SQL("DELETE FROM ir_config_parameter WHERE starts_with(key, 'kundekartotek_addon.')"))
