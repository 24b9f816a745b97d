# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a database holds, to see what an addon leaves behind when it is removed."""

from __future__ import annotations

from dev.postgres import Server

Snapshot = dict[str, set[str]]

# Each kind of thing that an addon can leave behind: a query of one column of text. All that
# Odoo keeps as records is there with its id, so that nothing hides behind a name in use.
STRUCTURE = {
    "column": "SELECT concat_ws(' ', table_name, column_name, udt_name, is_nullable, column_default)"
    " FROM information_schema.columns WHERE table_schema = current_schema",
    "relation": "SELECT concat_ws(' ', relkind, relname) FROM pg_class"
    " WHERE relnamespace = current_schema::regnamespace",
    "index": "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema",
    # Core declares the link of rules and groups from both sides, with different rules of deletion: the side
    # that an addon extends last wins.
    "constraint": "SELECT concat_ws(' ', conrelid::regclass, conname, CASE conname"
    " WHEN 'rule_group_rel_group_id_fkey' THEN 'FOREIGN KEY' ELSE pg_get_constraintdef(oid) END)"
    " FROM pg_constraint WHERE connamespace = current_schema::regnamespace",
    "trigger": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "function": "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = current_schema::regnamespace",
    "type": "SELECT typname FROM pg_type WHERE typnamespace = current_schema::regnamespace AND typtype IN ('e', 'd')",
    "extension": "SELECT extname FROM pg_extension",
    "external id": "SELECT concat_ws('.', module, name) FROM ir_model_data",
    "model": "SELECT model FROM ir_model",
    "field": "SELECT concat_ws('.', model, name) FROM ir_model_fields",
    "constraint known to Odoo": "SELECT name FROM ir_model_constraint",
    "relation known to Odoo": "SELECT name FROM ir_model_relation",
    "job": "SELECT concat_ws(' ', id, cron_name) FROM ir_cron",
    "parameter": "SELECT key FROM ir_config_parameter",
    **{
        kind: f"SELECT concat_ws(' ', id, {column}) FROM {table}"  # noqa: S608
        for kind, table, column in (
            ("group", "res_groups", "name"),
            ("privilege", "res_groups_privilege", "name"),
            ("access", "ir_model_access", "name"),
            ("rule", "ir_rule", "name"),
            ("default", "ir_default", "json_value"),
            ("sequence", "ir_sequence", "name"),
            ("menu", "ir_ui_menu", "name"),
            ("view", "ir_ui_view", "name"),
            ("action", "ir_actions", "name"),
            ("filter", "ir_filters", "name"),
            ("asset", "ir_asset", "path"),
            ("activity type", "mail_activity_type", "name"),
            ("message subtype", "mail_message_subtype", "name"),
            ("mail template", "mail_template", "name"),
            ("paper format", "report_paperformat", "name"),
        )
    },
    **{
        f"{kind} on records of": f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL"  # noqa: S608
        for kind, table, column in (
            ("message", "mail_message", "model"),
            ("file", "ir_attachment", "res_model"),
            ("task", "mail_activity", "res_model"),
            ("follower", "mail_followers", "res_model"),
        )
    },
}
KEPT_TABLES = (
    "res_partner",
    "res_users",
    "account_move",
    "account_move_line",
    "account_payment",
    "account_partial_reconcile",
    "sale_order",
    "sale_order_line",
    "product_template",
)
NOT_COMPARED = ("write_date", "write_uid")


def structure(server: Server, database: str) -> Snapshot:
    """Everything of each kind in STRUCTURE."""
    return {kind: {row[0] for row in server.query(sql, database)} for kind, sql in STRUCTURE.items()}


def columns(server: Server, database: str) -> dict[str, list[str]]:
    """The columns of the tables that must be kept."""
    names: dict[str, list[str]] = {}
    for table in KEPT_TABLES:
        rows = server.query(
            "SELECT column_name FROM information_schema.columns WHERE table_name = :'table' ORDER BY 1",
            database,
            table=table,
        )
        names[table] = [name for [name] in rows if name not in NOT_COMPARED]
    return names


def records(server: Server, database: str, of: dict[str, list[str]]) -> Snapshot:
    """The rows of the kept tables, those columns only, as text."""
    found: Snapshot = {}
    for table, names in of.items():
        values = ", ".join(f'"{name}"' for name in names)
        rows = server.query(f"SELECT id || ' ' || md5(ROW({values})::text) FROM {table}", database)  # noqa: S608
        found[table] = {row[0] for row in rows}
    return found


def left_behind(before: Snapshot, after: Snapshot) -> list[str]:
    """What has come or gone, one text each."""
    changes = []
    for kind, things in before.items():
        changes += [f"left behind: {kind} {thing}" for thing in sorted(after[kind] - things)]
        changes += [f"gone: {kind} {thing}" for thing in sorted(things - after[kind])]
    return changes


def lost(before: Snapshot, after: Snapshot) -> list[str]:
    """Rows that are gone or changed, one text each; new rows are no loss."""
    return [f"lost or changed: {table} {row}" for table, rows in before.items() for row in sorted(rows - after[table])]
