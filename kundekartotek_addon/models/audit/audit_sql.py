# SPDX-License-Identifier: LGPL-3.0-or-later
"""The part of the trail that PostgreSQL itself keeps: tables that refuse changes, and changes made
behind the ORM's back."""

from odoo.tools import SQL

FORBID_CHANGE = "kundekartotek_audit_forbid_change"
RAW_CHANGE = "kundekartotek_audit_raw_change"
ANNOUNCED = "kundekartotek.announced"  # the table that the ORM is updating now, in this transaction
RETENTION = "kundekartotek.retention"  # 'on' while the retention job deletes, in this transaction


def protect_table(cr, table):
    """Let PostgreSQL refuse UPDATE, DELETE and TRUNCATE on a table, but for the retention job's DELETE.

    ALWAYS: the trigger also fires where ``session_replication_role`` is *replica*.
    """
    cr.execute(
        SQL("""
        CREATE OR REPLACE FUNCTION kundekartotek_audit_forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('kundekartotek.retention', true) = 'on' THEN
                RETURN NULL;
            END IF;
            RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
                MESSAGE = TG_OP || ' on ' || TG_TABLE_NAME || ' is refused: the audit trail is append-only';
        END $$""")
    )
    for events, name in [("UPDATE OR DELETE", "change"), ("TRUNCATE", "truncate")]:
        trigger = SQL.identifier(f"kundekartotek_forbid_{name}")
        cr.execute(
            SQL(
                """
            DROP TRIGGER IF EXISTS %(trigger)s ON %(table)s;
            CREATE TRIGGER %(trigger)s BEFORE %(events)s ON %(table)s
                FOR EACH STATEMENT EXECUTE FUNCTION %(function)s();
            ALTER TABLE %(table)s ENABLE ALWAYS TRIGGER %(trigger)s""",
                trigger=trigger,
                table=SQL.identifier(table),
                events=SQL(events),
                function=SQL.identifier(FORBID_CHANGE),
            )
        )


def watch_raw_changes(cr, table, model_name, name_column, columns, customer):
    """Record UPDATEs of the most sensitive columns that the ORM did not announce.

    :param str name_column: the column that names the record in the event
    :param list[str] columns: the columns to watch
    :param SQL customer: an expression over ``NEW`` for the id of the commercial partner
    """
    function, trigger = (
        SQL.identifier(f"{RAW_CHANGE}_{table}"),
        SQL.identifier("kundekartotek_audit_raw_change"),
    )
    cr.execute(
        SQL(
            """
        CREATE OR REPLACE FUNCTION %(function)s() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            was jsonb := to_jsonb(OLD);
            became jsonb := to_jsonb(NEW);
        BEGIN
            INSERT INTO kundekartotek_audit_event (
                date, kind, origin, origin_name, user_name, company_res_id, res_model, res_id, res_name,
                customer_res_id, field_name, old_value, new_value)
            SELECT clock_timestamp() AT TIME ZONE 'UTC', 'changed', 'sql',
                   nullif(current_setting('application_name'), ''), session_user, 0, TG_ARGV[0], NEW.id,
                   became ->> TG_ARGV[1], %(customer)s, field, was ->> field, became ->> field
              FROM unnest(string_to_array(TG_ARGV[2], ',')) AS field
             WHERE was ->> field IS DISTINCT FROM became ->> field;
            RETURN NULL;
        END $$;
        DROP TRIGGER IF EXISTS %(trigger)s ON %(table)s;
        CREATE TRIGGER %(trigger)s AFTER UPDATE OF %(columns)s ON %(table)s FOR EACH ROW
            WHEN (current_setting(%(announced)s, true) IS DISTINCT FROM %(table_name)s AND (%(changed)s))
            EXECUTE FUNCTION %(function)s(%(model)s, %(name)s, %(names)s);
        ALTER TABLE %(table)s ENABLE ALWAYS TRIGGER %(trigger)s""",
            function=function,
            trigger=trigger,
            table=SQL.identifier(table),
            table_name=table,
            model=model_name,
            announced=ANNOUNCED,
            name=name_column,
            names=",".join(columns),
            customer=customer,
            columns=SQL(", ").join(map(SQL.identifier, columns)),
            changed=SQL(" OR ").join(
                SQL("OLD.%(name)s IS DISTINCT FROM NEW.%(name)s", name=SQL.identifier(name))
                for name in columns
            ),
        )
    )


def drop_all(cr):
    """Remove the addon's functions, and with them every trigger: the ORM knows of neither."""
    cr.execute("SELECT oid::regprocedure FROM pg_proc WHERE starts_with(proname, 'kundekartotek_')")
    for (function,) in cr.fetchall():
        cr.execute(SQL("DROP FUNCTION %s CASCADE", SQL(function)))
