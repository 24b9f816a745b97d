# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who looked at what. A look never slows or fails the reading: it is written after the response has
been sent, through a cursor of its own, because the reading one may be read-only and on a replica."""

import json
import logging
from collections import defaultdict
from functools import partial
from typing import NamedTuple

from odoo import SUPERUSER_ID, api, models
from odoo.fields import Domain
from odoo.http import request
from odoo.sql_db import db_connect
from odoo.tools import SQL

from .audit_author import Author, author_of, describe, remote_method

_logger = logging.getLogger(__name__)

GROUPING = {
    "formatted_read_group", "formatted_read_grouping_sets", "read_group", "read_progress_bar", "web_read_group",
}  # fmt: skip
LISTING = GROUPING | {"web_search_read", "search_read", "web_name_search", "name_search"}
SEARCHING = {"name_search", "search", "search_count", "web_name_search"}  # which tell little but whether
NAMES = {"complete_name", "display_name", "id", "name", "write_date"}
WINDOW = "10 minutes"  # one look per user, record and this time
LOCK = 0x6B756E64  # the class of advisory locks that keep two looks of one user apart


class Look(NamedTuple):
    author: Author
    kind: str
    model: str
    ids: tuple  # of the records; none where it is a list
    text: str | None = None
    details: dict | None = None


def note_look(records, kind, ids=(), text=None, details=None):
    """Have a look recorded: after the response; outside a request in this transaction, if it can."""
    env = records.env
    look = Look(author_of(env), kind, records._name, tuple(ids), text, details)
    if request:
        request.__dict__.setdefault("kundekartotek_looks", []).append(look)
    elif look.author.web or env.cr.readonly:
        write_looks(env.cr.dbname, [look])
    else:
        env["kundekartotek.audit.event"].sudo()._record_looks([look])


def write_looks(dbname, looks):
    """Write looks in a transaction of their own. Whatever goes wrong is logged, not raised."""
    try:
        with own_cursor(dbname) as cr:
            cr.execute("SET LOCAL lock_timeout = '2s'")
            for user_id in sorted({look.author.uid or 0 for look in looks}):
                cr.execute(SQL("SELECT pg_advisory_xact_lock(%s, %s)", LOCK, user_id))
            api.Environment(cr, SUPERUSER_ID, {})["kundekartotek.audit.event"]._record_looks(looks)
    except Exception:
        _logger.exception("%d looks at customers could not be recorded: %s", len(looks), looks)


def own_cursor(dbname):
    """A connection that can write. Not the registry's cursor: by now that is no request's any more."""
    return db_connect(dbname).cursor()


def remote_call():
    """:return: (model, method) that the client called; (None, None) in a request that is no such call;
    None where no client is waiting"""
    if not request:  # core takes the request away from XML-RPC
        call = remote_method()
        return tuple(call.rsplit(".", 1)) if call else None
    path, params = request.httprequest.path, request.params
    if path.startswith("/json/2/"):
        return params["__model__"], params["__method__"]
    if path.startswith("/web/dataset/call_"):
        return params["model"], params["method"]
    return None, None  # other routes take from the client what they do not know


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _post_dispatch(cls, response):
        super()._post_dispatch(response)
        if looks := request.__dict__.pop("kundekartotek_looks", None):
            response.call_on_close(partial(write_looks, request.db, looks))


class AuditEvent(models.Model):
    _inherit = "kundekartotek.audit.event"

    @api.model
    def _record_looks(self, looks):
        """Write the looks that are not repetitions within the last ten minutes."""
        events, known = [], set()
        for look in looks:
            for event in self._look_events(look):
                key = (
                    event["kind"], event["user_res_id"], look.model, event["res_id"], look.text, str(look.details)
                )  # fmt: skip
                if look.kind == "exported" or key not in known:
                    known.add(key)
                    events.append(event)
        self._record(events)

    def _look_events(self, look):
        base = {
            **describe(self.env, look.author),
            "kind": look.kind,
            "res_model": look.model,
            "new_value": look.text,
            "details": look.details,
        }
        if not look.ids:
            fresh = look.kind == "exported" or self._fresh(base, [0])
            return [{**base, "res_id": 0, "company_res_id": look.author.company_id}] if fresh else []
        rows = self._look_rows(look)
        fresh = self._fresh(base, [row["id"] for row in rows])
        return [
            {
                **base,
                "res_id": row["id"],
                "res_name": row["name"],
                "customer_res_id": row["customer"],
                "company_res_id": row["company"] or look.author.company_id,
            }
            for row in rows
            if row["id"] in fresh
        ]

    def _fresh(self, event, ids):
        """:return: set of those ids that the user has no such event for in the last ten minutes"""
        rows = self.env.execute_query(
            SQL(
                """SELECT res_id FROM kundekartotek_audit_event
                WHERE user_res_id = %s AND res_model = %s AND res_id = ANY(%s) AND kind = %s
                  AND new_value IS NOT DISTINCT FROM %s AND details IS NOT DISTINCT FROM %s::jsonb
                  AND date > clock_timestamp() AT TIME ZONE 'UTC' - %s::interval""",
                event["user_res_id"],
                event["res_model"],
                list(ids),
                event["kind"],
                event["new_value"],
                json.dumps(event["details"]) if event["details"] else None,
                WINDOW,
            )
        )
        return set(ids) - {res_id for (res_id,) in rows}

    def _look_rows(self, look):
        """id, name, customer and company of the records looked at, in batch."""
        model = self.env[look.model].with_context(active_test=False)
        if hasattr(model, "_audit_rows"):
            return model._audit_rows(look.ids, [])
        return [
            {
                "id": record.id,
                "name": record.display_name,
                "customer": record.partner_id.commercial_partner_id.id if "partner_id" in record else None,
                "company": record.company_id.id if "company_id" in record else None,
            }
            for record in model.browse(look.ids).exists()
        ]


class AuditMixin(models.AbstractModel):
    _inherit = "kundekartotek.audit.mixin"

    _audit_looks = False  # whether reading a record is recorded

    @api.model
    def _audit_sensitive_fields(self):
        """:return: names of fields that to search by is itself recorded"""
        return []

    @api.readonly
    def read(self, fields=None, load="_classic_read"):
        result = super().read(fields, load=load)
        self._note_read(fields)
        return result

    def copy_data(self, default=None):
        if remote_call() == (self._name, "copy_data"):
            self._note_read(None)
        return super().copy_data(default)

    def _format_web_search_read_results(self, domain, records, offset=0, limit=None, count_limit=None):
        self._note_listed("web_search_read", domain, rows=len(records), offset=offset)
        return super()._format_web_search_read_results(domain, records, offset, limit, count_limit)

    @api.model
    @api.readonly
    def web_name_search(self, name, specification, domain=None, operator="ilike", limit=100):
        result = super().web_name_search(name, specification, domain, operator, limit)
        if self._tells_more_than_names(specification):
            searched = Domain("display_name", operator, name) & Domain(domain or [])
            self._note_listed("web_name_search", searched, rows=len(result))
        return result

    @api.model
    @api.readonly
    def search_read(self, domain=None, fields=None, offset=0, limit=None, order=None, **read_kwargs):
        result = super().search_read(domain, fields, offset, limit, order, **read_kwargs)
        self._note_listed("search_read", domain, rows=len(result), offset=offset)
        return result

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """Note what is grouped, and who tries out what is sensitive: all ways to do so end here."""
        call = remote_call() if self._audit_looks and not self.env.su else None
        if call and call[0] == self._name and (
            call[1] in GROUPING or (call[1] in SEARCHING and self._audit_sensitive_in(domain))
        ):
            self._note_listed(call[1], domain)
        return super()._search(domain, offset, limit, order, **kwargs)

    def _read_group_groupby(self, alias, groupby_spec, query):
        """Note what another model's records are grouped by: what stands behind the link is ours."""
        call = remote_call() if self._audit_looks and not self.env.su else None
        if call and call[0] not in (None, self._name) and self._tells_more_than_names([groupby_spec.split(":")[0]]):
            note_look(self, "seen", text=call[0], details={"method": call[1], "groupby": groupby_spec})
        return super()._read_group_groupby(alias, groupby_spec, query)

    @api.model
    def _audit_sensitive_in(self, domain):
        """:return: sorted list of the sensitive fields that a domain asks for"""
        conditions = Domain(domain or []).iter_conditions()
        searched = {condition.field_expr.split(".")[0] for condition in conditions}
        return sorted(searched.intersection(self._audit_sensitive_fields()))

    @api.model
    def _tells_more_than_names(self, names):
        fields = [self._fields[name] for name in set(names or self._fields) - NAMES if name in self._fields]
        return any(field.type not in ("binary", "boolean") for field in fields)

    def _note_read(self, names):
        """Note that a person read these records: by opening a card or through the API; not as rows of their own
        list, which is noted with its domain. By way of another model, whatever is more than their names is
        noted: with each record where a card is read, as one look where a list is."""
        ids = self._origin._ids  # a form that is asked to compute shows a card too
        call = remote_call() if self._audit_looks and ids else None
        if not call:
            return
        model, method = call
        other = model not in (None, self._name)
        if other and not self._tells_more_than_names(names):
            return
        if method not in LISTING:
            note_look(self, "seen", ids)
        elif other or method in GROUPING:  # opened groups; which records, because pages are alike in all else
            note_look(self, "seen", text=model, details={"method": method, "rows": len(ids), "ids": ids})

    def _note_listed(self, method, domain, **details):
        """Note that a person listed or grouped records: the domain, not each row."""
        call = remote_call() if self._audit_looks else None
        if not call or call[0] not in (None, self._name):
            return
        text = str(Domain(domain or []))
        sensitive = self._audit_sensitive_in(domain)
        details |= {"method": method, "domain": text, "sensitive": sensitive}
        note_look(self, "searched" if sensitive else "seen", text=text, details=details)


class Base(models.AbstractModel):
    _inherit = "base"

    def export_data(self, fields_to_export):
        result = super().export_data(fields_to_export)
        if self._holds_personal_data(fields_to_export):
            self._note_exported(list(fields_to_export))
        for partners, names in self._exported_partners(fields_to_export):
            partners._note_exported(names)
        return result

    def _note_exported(self, paths):
        model = self.with_context(lang=self.env.company.partner_id.lang or "en_US")
        details = {"fields": paths, "ids": self.ids}
        note_look(self, "exported", text=model._export_words(len(self), paths), details=details)

    @api.model
    def _export_words(self, count, paths):
        """:return: what an export took, in the language of the environment"""
        labels = ", ".join(map(self._export_label, paths))
        return self.env._("%(count)s records: %(fields)s", count=count, fields=labels)

    def _exported_partners(self, paths):
        """:return: list of (partners, names) of whom these paths of an export tell more than their names"""
        found = defaultdict(list)
        for path in paths:
            way, _slash, name = path.replace("/.id", "/id").rpartition("/")
            if way and name not in NAMES:
                found[way].append(name)
        return [
            (partners, names)
            for way, names in found.items()
            if (partners := self.mapped(way.replace("/", "."))) and partners._name == "res.partner"
        ]

    @api.model
    def _export_label(self, path):
        """An export path as a person reads it."""
        name, _slash, rest = path.replace(".id", "id").partition("/")
        field = self._fields.get(name)
        if field is None:
            return path
        label = field._description_string(self.env)
        return f"{label}/{self.env[field.comodel_name]._export_label(rest)}" if rest and field.comodel_name else label

    def _holds_personal_data(self, paths):
        """Whether one of these export paths leads to a partner, or starts from a model that is watched."""
        if getattr(self, "_audit_looks", False):
            return True
        roots = (self._fields.get(path.split("/")[0].split(".")[0]) for path in paths)
        return any(field is not None and field.comodel_name == "res.partner" for field in roots)


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _pre_render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        result = super()._pre_render_qweb_pdf(report_ref, res_ids=res_ids, data=data)
        self._note_printed(report_ref, res_ids)
        return result

    @api.model
    def _render_qweb_html(self, report_ref, docids, data=None):
        result = super()._render_qweb_html(report_ref, docids, data=data)
        self._note_printed(report_ref, docids)
        return result

    @api.model
    def _render_qweb_text(self, report_ref, docids, data=None):
        result = super()._render_qweb_text(report_ref, docids, data=data)
        self._note_printed(report_ref, docids)
        return result

    @api.model
    def _note_printed(self, report_ref, res_ids):
        """Note reports on partners and on what belongs to one: invoices, orders …"""
        report = self._get_report(report_ref).sudo()
        model = self.env.get(report.model)
        ids = [res_ids] if isinstance(res_ids, int) else [id_ for id_ in res_ids or () if id_]
        if model is None or not ids:
            return
        if getattr(model, "_audit_looks", False) or "partner_id" in model._fields:
            lang = self.env.company.partner_id.lang or "en_US"
            note_look(model, "printed", ids, text=report.with_context(lang=lang).name)
