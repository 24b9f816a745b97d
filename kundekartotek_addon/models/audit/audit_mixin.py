# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models
from odoo.tools import SQL, ormcache

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from ...schema import MODULE, is_installing
from .audit_author import author_of, describe
from .audit_journal import Journal, ModelChanges, linked_ids
from .audit_sql import ANNOUNCED, watch_raw_changes


class AuditMixin(models.AbstractModel):
    """A model whose changes are recorded.

    Inherit it and return the audited fields from :meth:`_audited_fields`. Nothing else is needed: every
    way through the ORM is seen, also values that follow by computation, because the hook is where the
    ORM sends its UPDATE. What a screen asks as a reason goes in the context as ``audit_reason``.
    """

    _name = "kundekartotek.audit.mixin"
    _description = "Audited Record"

    # -- what is recorded: hooks ---------------------------------------------------------------------

    @api.model
    def _audited_fields(self):
        """:return: list of names of stored fields; names that no module defines are passed over"""
        return []

    def _audited_records(self):
        """The records whose making and deleting is recorded: all, unless the model is recorded for a few
        values that most of its records do not have. What changes is recorded for every record."""
        return self

    @api.model
    def _audited_amounts(self):
        """:return: names of float fields that are money in the company's currency"""
        return []

    @api.model
    def _audit_guarded_fields(self):
        """:return: names of columns so sensitive that PostgreSQL records UPDATEs made past the ORM"""
        return []

    @api.model
    def _audit_customer(self, alias):
        """:return: SQL expression for the id of the commercial partner that a row belongs to"""
        if "partner_id" in self._fields and self._fields["partner_id"].store:
            return SQL(
                "(SELECT coalesce(commercial_partner_id, id) FROM res_partner WHERE id = %s.partner_id)",
                alias,
            )
        return SQL("NULL::integer")

    # -- recording -----------------------------------------------------------------------------------

    def init(self):
        super().init()
        # The addon's own installation ends with it: making a trigger locks the table against writers.
        if not is_installing(self.env):
            self._watch_raw_changes()

    @api.model
    def _watch_all_raw_changes(self):
        for model in self.env.values():
            if model._auto and not model._abstract and hasattr(model, "_watch_raw_changes"):
                model._watch_raw_changes()

    @api.model
    def _watch_raw_changes(self):
        if guarded := self._audit_guarded_fields():
            watch_raw_changes(
                self.env.cr,
                self._table,
                self._name,
                self._rec_name,
                guarded,
                self._audit_customer(SQL("NEW")),
            )

    @api.model
    @ormcache()
    def _audited_names(self):
        return frozenset(
            name
            for name in self._audited_fields()
            if name in self._fields
            and self._fields[name].store
            and (self._fields[name].column_type or self._fields[name].type == "many2many")
        )

    @api.model
    def _audited_order(self):
        """The audited fields in the order of their list."""
        return [name for name in dict.fromkeys(self._audited_fields()) if name in self._audited_names()]

    @api.model
    @ormcache()
    def _audit_other_sides(self):
        """The many2many fields whose other side is audited, and they are not: who has a tag, who is in a company."""
        return frozenset(
            name
            for name, field in self._fields.items()
            if field.type == "many2many" and name not in self._audited_names()
            and any(inverse.name in self.env[inverse.model_name]._audited_names()
                    for inverse in self.pool.field_inverses[field]
                    if hasattr(self.env[inverse.model_name], "_audited_names"))
        )  # fmt: skip

    def _remember_other_sides(self, names, vals_list):
        """:param names: of fields that are about to be written, on these records or on new ones"""
        for name in self._audit_other_sides().intersection(names) if self._is_audited() else ():
            values = [vals[name] for vals in vals_list if name in vals]
            Journal.of(self.env).remember_other_side(self, name, values)

    @api.model_create_multi
    def create(self, vals_list):
        self.browse()._remember_other_sides(set().union(*vals_list), vals_list)
        records = super().create(vals_list)
        if self._audited_names() and self._is_audited() and (audited := records._audited_records()):
            Journal.of(self.env).note_created(audited)
        return records

    def write(self, vals):
        self._remember_other_sides(vals.keys(), [vals])
        names = self._audited_names() & vals.keys()
        if names and self and self._is_audited():
            journal = Journal.of(self.env)
            journal.note_author(self)
            for name in names:
                if self._fields[name].type == "many2many":
                    journal.remember_links(self, self._fields[name])
        return super().write(vals)

    def _write_multi(self, vals_list):
        names = sorted(self._audited_names().intersection(set().union(*vals_list)))
        if not names or not self._is_audited():
            return super()._write_multi(vals_list)
        announce = not self._audit_guarded().isdisjoint(names)
        Journal.of(self.env).remember(self, names, announce)
        result = super()._write_multi(vals_list)
        if announce:
            self.env.cr.execute(SQL("SELECT set_config(%s, '', true)", ANNOUNCED))
        return result

    @api.model
    @ormcache()
    def _audit_guarded(self):
        return frozenset(self._audit_guarded_fields())

    def _is_audited(self):
        """Uninstalling this addon takes the table of events away before the last records are gone. Its flag in
        the context is not enough: any client can send that."""
        return not self.env.context.get(MODULE_UNINSTALL_FLAG) or not self.env.execute_query(
            SQL("SELECT FROM ir_module_module WHERE name = %s AND state = 'to remove'", MODULE)
        )

    def unlink(self):
        audited = self._audited_records() if self and self._is_audited() else self.browse()
        events = audited._audit_deletions() if audited else []
        self._remember_other_sides(self._audit_other_sides(), [])
        result = super().unlink()
        self.env["kundekartotek.audit.event"]._record(events)
        return result

    def _audit_deletions(self):
        """The events of deleting these records and what PostgreSQL deletes with them."""
        self.env.flush_all()
        names = self._audited_order()
        rows = self._audit_rows(self.ids, names) if names else []
        changes = ModelChanges(self.sudo())
        for row in rows:
            for name in names:
                for _company_id, value in self._by_company(name, row[name]):
                    changes.readable.want(self._fields[name], value)
        author = describe(self.env, author_of(self.env)) if rows else {}
        events = [
            {
                **author,
                "kind": "deleted",
                "res_model": self._name,
                "res_id": row["id"],
                "res_name": row["name"],
                "customer_res_id": row["customer"],
                "company_res_id": row["company"] or self.env.company.id,
                "old_value": changes.summary(
                    (self._fields[name], company_id, value)
                    for name in names
                    for company_id, value in self._by_company(name, row[name])
                ),
            }
            for row in rows
        ]
        for model_name, field_name in self._audit_cascades():
            below = self.env[model_name].sudo().with_context(active_test=False)
            if below := below.search([(field_name, "in", self.ids)]):
                events += below._audit_deletions()
        return events

    def _by_company(self, name, value):
        if self._fields[name].company_dependent:
            return [(int(key), each) for key, each in (value or {}).items()]
        return [(None, value)]

    @api.model
    def _audit_cascades(self):
        """:return: [(model, field)] of audited rows that disappear with a record of this model"""
        return [
            (model._name, field.name)
            for model in self.env.values()
            if model._auto and hasattr(model, "_audit_rows")
            for field in model._fields.values()
            if field.type == "many2one" and field.store
            and field.comodel_name == self._name and field.ondelete == "cascade"
        ]  # fmt: skip

    @api.model
    def _audit_rows(self, ids, names):
        """The rows of these ids that exist now, in the order of their ids.

        :return: list of dicts: id, name, customer, company and the column values of ``names``
        """
        columns = [name for name in names if self._fields[name].column_type]
        rows = self.env.execute_query_dict(
            SQL(
                "SELECT t.id, %(name)s AS name, %(customer)s AS customer, %(company)s AS company %(columns)s "
                "FROM %(table)s t WHERE t.id = ANY(%(ids)s) ORDER BY t.id",
                name=self._audit_name(),
                customer=self._audit_customer(SQL("t")),
                table=SQL.identifier(self._table),
                company=SQL("t.company_id") if self._audit_has_company() else SQL("NULL::integer"),
                columns=SQL("").join(SQL(", t.%s", SQL.identifier(name)) for name in columns),
                ids=list(ids),
            )
        )
        for name in set(names).difference(columns):
            links = linked_ids(self.env, self._fields[name], [row["id"] for row in rows])
            for row in rows:
                row[name] = links[row["id"]]
        return rows

    def _audit_has_company(self):
        field = self._fields.get("company_id")
        return bool(field and field.store and field.column_type)

    def _audit_name(self):
        """SQL expression for the name of a row."""
        field = self._fields.get(self._rec_name or "")
        if not (field and field.store and field.column_type):
            return SQL("NULL::varchar")
        if field.translate:
            return SQL("t.%s ->> 'en_US'", SQL.identifier(field.name))
        if field.type == "many2one":
            return SQL("NULL::varchar")
        return SQL("t.%s", SQL.identifier(field.name))

    def _audit(self, kind, **values):
        """Record that something was done to these records: printed, sent, decided …

        :param str kind: a key of ``KINDS``
        :param values: further columns of the event: ``new_value``, ``reason``, ``details`` …
        """
        self.env.flush_all()
        author = describe(self.env, author_of(self.env))
        self.env["kundekartotek.audit.event"]._record(
            [
                {
                    **author,
                    "kind": kind,
                    "res_model": self._name,
                    "res_id": row["id"],
                    "res_name": row["name"],
                    "customer_res_id": row["customer"],
                    "company_res_id": row["company"] or self.env.company.id,
                    **values,
                }
                for row in self._audit_rows(self.ids, [])
            ]
        )
