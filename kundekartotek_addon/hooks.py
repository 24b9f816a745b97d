# SPDX-License-Identifier: LGPL-3.0-or-later
"""What must happen around installing and uninstalling, in SQL, because a ledger may be large."""
from odoo.tools import SQL, sql

from .models.audit.audit_sql import drop_all


def pre_init_hook(env):
    """Create and fill stored columns before the ORM does, or it would compute them one by one in Python."""
    _fill_customer_type(env)
    _add_empty_columns(env)


def uninstall_hook(env):
    """Remove what the ORM does not know of."""
    drop_all(env.cr)


def _fill_customer_type(env):
    """Companies are businesses, other partners consumers; a contact has the type of its commercial partner."""
    if sql.column_exists(env.cr, "res_partner", "customer_type"):
        return
    sql.create_column(env.cr, "res_partner", "customer_type", "varchar")
    env.cr.execute(SQL("""
        UPDATE res_partner p
           SET customer_type = CASE WHEN c.is_company THEN 'business' ELSE 'consumer' END
          FROM res_partner c
         WHERE c.id = coalesce(p.commercial_partner_id, p.id)"""))


def _add_empty_columns(env):
    """Orders and invoices from before the addon have no agreement and no buyer's reference."""
    for table, column, column_type in (
        ("sale_order", "agreement_id", "int4"), ("account_move", "agreement_id", "int4"),
        ("account_move", "buyer_reference", "varchar"),
    ):
        if not sql.column_exists(env.cr, table, column):
            sql.create_column(env.cr, table, column, column_type)
