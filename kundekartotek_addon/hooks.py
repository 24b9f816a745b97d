# SPDX-License-Identifier: LGPL-3.0-or-later
"""What must happen around installing and uninstalling, in SQL, because a ledger may be large."""
from odoo.tools import SQL, sql

from .models.audit.audit_sql import drop_all
from .models.customer.number_counter import SEQUENCE_PREFIX
from .tools.region import ABROAD, DOMESTIC_COUNTRIES, POSTAL_CODE_REGEX, POSTAL_RANGES


def pre_init_hook(env):
    """Create and fill stored columns before the ORM does, or it would compute them one by one in Python."""
    _fill_partner_columns(env)
    _add_empty_columns(env)


def uninstall_hook(env):
    """Remove what the ORM does not know of."""
    drop_all(env.cr)
    _drop_number_counters(env)
    _forget_inherited_selections(env)


def _add_empty_columns(env):
    """Orders and invoices from before the addon have no agreement, no buyer's reference, and no promise or
    dispute noted on them."""
    for table, column, column_type in (
        ("sale_order", "agreement_id", "int4"), ("account_move", "agreement_id", "int4"),
        ("account_move", "buyer_reference", "varchar"), ("account_move", "promise_date", "date"),
        ("account_move", "promise_amount", "numeric"), ("account_move", "dispute_reason", "varchar"),
        ("account_move", "dispute_since", "date"),
    ):
        if not sql.column_exists(env.cr, table, column):
            sql.create_column(env.cr, table, column, column_type)


def _fill_partner_columns(env):
    """Type and region of every partner, as ``_compute_customer_type`` and ``_compute_customer_region`` say, in
    one statement: the table has many indexes, and each row is written once. A contact has the type of its
    commercial partner."""
    columns = [name for name in ("customer_type", "customer_region")
               if not sql.column_exists(env.cr, "res_partner", name)]
    if not columns:
        return
    for name in columns:
        sql.create_column(env.cr, "res_partner", name, "varchar")
    env.cr.execute(SQL(
        """WITH known AS (
               SELECT p.id, owner.is_company, c.code IS NOT NULL AND c.code <> ALL(%(domestic)s) AS abroad,
                      substring(p.zip from %(regex)s)::int AS postal_code
                 FROM res_partner p
                 JOIN res_partner owner ON owner.id = coalesce(p.commercial_partner_id, p.id)
                 LEFT JOIN res_country c ON c.id = p.country_id)
           UPDATE res_partner p
              SET customer_type = CASE WHEN k.is_company THEN 'business' ELSE 'consumer' END,
                  customer_region = CASE WHEN k.abroad THEN %(abroad)s ELSE r.region END
             FROM known k
             LEFT JOIN unnest(%(firsts)s::int[], %(lasts)s::int[], %(regions)s::varchar[])
                       AS r(first, last, region) ON k.postal_code BETWEEN r.first AND r.last
            WHERE p.id = k.id""",
        domestic=list(DOMESTIC_COUNTRIES), regex=POSTAL_CODE_REGEX, abroad=ABROAD,
        firsts=[int(first) for first, _last, _region in POSTAL_RANGES],
        lasts=[int(last) for _first, last, _region in POSTAL_RANGES],
        regions=[region for _first, _last, region in POSTAL_RANGES]))


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
