# SPDX-License-Identifier: LGPL-3.0-or-later
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import chain, islice

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ...tools.sheet import as_line
from ..receivables.report_mixin import KINDS

METRICS = "kundekartotek.customer.metrics"
ON_SCREEN = 200  # lines; whoever wants more takes the report away


class InsightSource(models.AbstractModel):
    """What the reports on customers have in common: the legal entity of the current company, its day, and which
    customers one wants to see."""

    _name = "kundekartotek.insight.source"
    _description = "Source of Reports on Customers"
    _inherit = ["kundekartotek.report.mixin"]

    @api.model
    def _entity(self):
        """The root company. sudo: the figures are the legal entity's, also for users of a branch."""
        return self.env.company.root_id.sudo()

    @api.model
    def _day(self):
        return fields.Date.context_today(self)

    @api.model
    def _companies(self):
        return self.env[METRICS]._tree_ids(self._entity())

    @api.model
    def _invoice_fields(self):
        move = self.env["account.move"]._fields
        return [move[name] for name in (
            "amount_untaxed_signed", "commercial_partner_id", "company_id", "invoice_date", "move_type", "state")]

    # ---- on the screen -----------------------------------------------------------------------------------

    _table_records = None  # external id of the action that shows what the report adds up

    @api.model
    @api.readonly
    def get_table(self, options=None):
        """The report as it is printed, for the screen.

        :param options: as in the URL of a download
        :return: dict of plain values: title, note, heading, columns, rows, more (whether some were left out) and the
            actions downloads, choose and records
        """
        self._check_report_access("screen")
        if not self._report_name:
            raise AccessError(self.env._("Choose a report."))
        options = self._report_options(options or {})
        lines = list(islice(self._report_rows(options), ON_SCREEN + 1))
        more = len(lines) > ON_SCREEN
        return {
            "title": self._report_title(options),
            "note": self._table_note(),
            "heading": [(label, str(value)) for label, value in self._report_heading(options)[:-1]],
            "columns": [{"label": column.label, "kind": column.kind, "digits": column.digits}
                        for column in self._report_columns(options)],
            "rows": [{"values": [_plain(value) for value in line.values], "style": line.style}
                     for line in map(as_line, chain(lines[:ON_SCREEN], self._report_totals(options)))] if lines else [],
            "more": more,
            "downloads": self._table_downloads(options),
            "choose": {
                **self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.insight_report_action"),
                "context": {"default_report": self._name, **{
                    f"default_{name}": ids for name, ids in options.items()}}},
            "records": self._table_records and {
                **self.env["ir.actions.act_window"]._for_xml_id(self._table_records),
                "domain": self._report_domain(options)},
        }

    @api.model
    def _table_downloads(self, options):
        """:return: {kind: action} of what the user may take away"""
        actions = {}
        for kind in KINDS:
            with suppress(AccessError):
                actions[kind] = self._download_report(kind, options)
        return actions

    @api.model
    def _table_note(self):
        """What one must know to read the figures."""
        return ""

    @api.model
    def _show_table(self, options):
        """:return: the action that shows the report on the screen"""
        return {"type": "ir.actions.client", "tag": "kundekartotek_report_table", "name": self._report_title(options),
                "params": {"model": self._name, "options": options}}

    # ---- to take away ------------------------------------------------------------------------------------

    @api.model
    def _report_options(self, options):
        """The customers and the category asked for, of those that the user may see."""
        cleaned = {}
        for name, model in (("partner_ids", "res.partner"), ("category_ids", "kundekartotek.category"),
                            ("product_category_ids", "product.category")):
            asked = options.get(name)
            ids = [each for each in asked if isinstance(each, int)] if isinstance(asked, list) else []
            domain = [("id", "child_of" if name != "partner_ids" else "in", ids)]
            cleaned[name] = self.env[model].search(domain).ids if ids else []
        return cleaned

    @api.model
    def _report_subject(self, options):
        return self.env["res.partner"].browse(options.get("partner_ids") or [])

    @api.model
    def _report_heading(self, options):
        heading = [
            (self.env._("Company"), self._entity().name), *super()._report_heading(options)[1:],
            (self.env._("Day of the figures"), self._day())]
        for name, model, label in (
            ("partner_ids", "res.partner", self.env._("Customers")),
            ("category_ids", "kundekartotek.category", self.env._("Category")),
            ("product_category_ids", "product.category", self.env._("Product category")),
        ):
            if options.get(name):
                records = self.env[model].browse(options[name][:10])
                heading.append((label, ", ".join(records.mapped("display_name"))))
        return heading

    @api.model
    def _report_domain(self, options):
        domain = [("company_id", "=", self._entity().id)]
        if options.get("partner_ids"):
            commercial = self.env["res.partner"].browse(options["partner_ids"]).commercial_partner_id
            domain.append(("partner_id", "in", commercial.ids))
        if options.get("category_ids"):
            domain.append(("partner_id.customer_category_id", "in", options["category_ids"]))
        if options.get("product_category_ids") and "product_category_id" in self._fields:
            domain.append(("product_category_id", "in", options["product_category_ids"]))
        return domain

    @api.model
    def _stream_columns(self, options, names, order):
        """The columns ``names`` of this model, row by row from the database, with the customer's number and name
        before them."""
        query = self._search(self._report_domain(options), order=order)
        customer = query.left_join(self._table, "partner_id", "res_partner", "id", "customer")
        columns = [SQL.identifier(customer, "ref"), SQL.identifier(customer, "complete_name")]
        return self._stream(query.select(*columns, *(self._field_to_sql(self._table, name, query) for name in names)))


def _plain(value):
    """As JSON has it."""
    if isinstance(value, Decimal):
        return float(value)
    return fields.Date.to_string(value) if isinstance(value, date) else value
