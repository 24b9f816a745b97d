# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a transaction changed: the values before its first touch, compared with those at its commit."""

import json
from functools import partial

from odoo import Command
from odoo.tools import SQL

from .audit_author import author_of, describe
from .audit_sql import ANNOUNCED
from .audit_values import Readable

KEY = "kundekartotek.audit"


class Journal:
    """The changes of one transaction.

    Old values are read from the database right before the ORM's first UPDATE of a column of a record;
    new ones once, right before the commit, and what differs becomes an event in the same transaction.
    So there is an event for every committed change and none without one: not for what a savepoint took
    back, not for what was changed and changed back. Values stay as PostgreSQL gives them until then.
    """

    def __init__(self):
        # Plain data, without an environment: tests copy what hangs on a cursor.
        self.before = {}  # {model: {field: {id: column value}}}
        self.created = {}  # {model: {id}}
        self.authors = {}  # {(model, id): Author}

    @classmethod
    def of(cls, env):
        """The journal of the transaction, begun if need be."""
        precommit = env.cr.precommit
        journal = precommit.data.get(KEY)
        if journal is None:
            journal = precommit.data[KEY] = cls()
            precommit.add(partial(close, env(su=True)))
        return journal

    def note_author(self, records):
        self.authors.update(
            dict.fromkeys(((records._name, id_) for id_ in records._ids), author_of(records.env))
        )

    def note_created(self, records):
        self.created.setdefault(records._name, set()).update(records._ids)
        self.note_author(records)

    def remember(self, records, names, announce):
        """Keep the values of these columns unless kept already.

        :param bool announce: tell PostgreSQL that the UPDATE that follows is the ORM's own
        """
        before = self.before.setdefault(records._name, {})
        for name in names:
            before.setdefault(name, {})
        new = self.created.get(records._name, ())
        ids = [
            id_ for id_ in records._ids if id_ not in new and any(id_ not in before[name] for name in names)
        ]
        announcement = SQL("set_config(%s, %s, true)", ANNOUNCED, records._table) if announce else SQL("NULL")
        cr = records.env.cr
        if ids:
            cr.execute(
                SQL(
                    "SELECT id, %s FROM %s CROSS JOIN (SELECT %s) AS announced WHERE id = ANY(%s)",
                    SQL(", ").join(map(SQL.identifier, names)),
                    SQL.identifier(records._table),
                    announcement,
                    ids,
                )
            )
            for id_, *values in cr.fetchall():
                for name, value in zip(names, values, strict=True):
                    before[name].setdefault(id_, value)
        elif announce:
            cr.execute(SQL("SELECT %s", announcement))

    def remember_links(self, records, field):
        """Keep the linked ids of a many2many, which the ORM writes at once."""
        kept = self.before.setdefault(records._name, {}).setdefault(field.name, {})
        new = self.created.get(records._name, ())
        ids = [id_ for id_ in records._ids if id_ not in kept and id_ not in new]
        if ids:
            kept.update(linked_ids(records.env, field, ids))

    def remember_other_side(self, records, name, values):
        """Keep the links of an audited many2many that is about to be written by the field on its other side.

        :param records: the records that are written or deleted; none where they are made
        :param values: list of what is written to their field ``name``
        """
        field = records._fields[name]
        ids = set().union(*linked_ids(records.env, field, records.ids).values(), *map(ids_in, values))
        for inverse in records.pool.field_inverses[field]:
            others = records.env[inverse.model_name].browse(ids)
            self.note_author(others)
            self.remember_links(others, inverse)


def ids_in(value):
    """:return: set of the ids that a value for a many2many names: a recordset, ids, or commands"""
    ids = set()
    for command in getattr(value, "_ids", value) or ():
        if isinstance(command, int):
            ids.add(command)
        elif command[0] == Command.SET:
            ids.update(command[2])
        elif command[0] not in (Command.CREATE, Command.CLEAR):
            ids.add(command[1])
    return ids


def close(env):
    """Write the events of the transaction: runs before every commit, and before a savepoint."""
    env.flush_all()
    journal = env.cr.precommit.data.pop(KEY, None) or Journal()
    events = []
    for model_name in dict.fromkeys([*journal.created, *journal.before]):
        events += ModelChanges(env[model_name], journal).events()
    env["kundekartotek.audit.event"]._record(events)


def linked_ids(env, field, ids):
    """:return: {id: frozenset of the ids linked to it by a many2many}, read from the database"""
    rows = env.execute_query(
        SQL(
            "SELECT %(one)s, array_agg(%(other)s) FROM %(table)s WHERE %(one)s = ANY(%(ids)s) GROUP BY 1",
            one=SQL.identifier(field.column1),
            other=SQL.identifier(field.column2),
            table=SQL.identifier(field.relation),
            ids=list(ids),
        )
    )
    found = {id_: frozenset(linked) for id_, linked in rows}
    return {id_: found.get(id_, frozenset()) for id_ in ids}


class ModelChanges:
    """The changes of a transaction to one model, as events."""

    def __init__(self, model, journal=None):
        journal = journal or Journal()
        self.model, self.env = model, model.env
        self.before = journal.before.get(model._name, {})
        self.created = journal.created.get(model._name, set())
        self.authors = journal.authors
        self.readable = Readable(model)
        self.fallbacks = {}
        self.people = {}

    def events(self):
        names = self.model._audited_order() if self.created else list(self.before)
        ids = set(self.created).union(*self.before.values())
        rows = self.model._audit_rows(ids, names)
        found = []  # [(row, [(field, company, old, new)])]
        for row in rows:
            changes = [
                (field, company_id, old, new)
                for name in names
                for field in [self.model._fields[name]]
                for company_id, old, new in self._differences(field, row)
            ]
            for field, _company, old, new in changes:
                self.readable.want(field, old, new)
            if changes or row["id"] in self.created:
                found.append((row, changes))
        return [event for row, changes in found for event in self._row_events(row, changes)]

    def _differences(self, field, row):
        """:return: a list of (company id or None, old, new) column values"""
        old = (
            None
            if row["id"] in self.created
            else self.before.get(field.name, {}).get(row["id"], row[field.name])
        )
        new = row[field.name]
        if old == new or (
            not old and not new and field.type in ("boolean", "char", "text", "html", "many2many")
        ):
            return []
        if not field.company_dependent:
            return [(None, old, new)]
        old, new = old or {}, new or {}
        return [
            (int(key), old_value, new_value)
            for key in sorted({*old, *new}, key=int)
            for old_value, new_value in [
                [values.get(key, self._fallback(field, key)) for values in (old, new)]
            ]
            if old_value != new_value
        ]

    def _fallback(self, field, company_key):
        if field not in self.fallbacks:
            default = self.env["ir.default"]
            self.fallbacks[field] = json.loads(
                default._get_field_column_fallbacks(self.model._name, field.name)
            )
        return self.fallbacks[field].get(company_key)

    def _row_events(self, row, changes):
        author = self.authors.get((self.model._name, row["id"])) or author_of(
            self.env.transaction.default_env or self.env
        )
        if author not in self.people:
            self.people[author] = describe(self.env, author)
        base = {
            **self.people[author],
            "res_model": self.model._name,
            "res_id": row["id"],
            "res_name": row["name"],
            "customer_res_id": row["customer"],
            "company_res_id": row["company"] or author.company_id,
        }
        if row["id"] in self.created:
            return [
                {
                    **base,
                    "kind": "created",
                    "new_value": self.summary(
                        (field, company_id, new) for field, company_id, _old, new in changes
                    ),
                }
            ]
        return [self._change(base, *change) for change in changes]

    def _change(self, base, field, company_id, old, new):
        event = {**base, "kind": "changed", "field_name": field.name}
        if field.name == self.model._active_name:
            event["kind"] = "restored" if new else "archived"
        if company_id:
            event["company_res_id"] = company_id
        if field.type == "many2many":
            event["details"] = {"added": sorted(new - old), "removed": sorted(old - new)}
            old, new = old - new, new - old
        elif field.type == "many2one":
            event["details"] = {"old_id": old, "new_id": new}
        event["old_value"] = self.readable.text(field, old, company_id)
        event["new_value"] = self.readable.text(field, new, company_id)
        return event

    def summary(self, values):
        """Several values as lines of text.

        :param values: (field, company id or None, column value)
        """
        lines = []
        for field, company_id, value in values:
            if value and (text := self.readable.text(field, value, company_id)):
                company = f" ({self.env['res.company'].browse(company_id).name})" if company_id else ""
                lines.append(f"{field._description_string(self.readable.env)}{company}: {text}")
        return "\n".join(lines)
