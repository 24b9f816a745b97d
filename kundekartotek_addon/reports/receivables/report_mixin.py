# SPDX-License-Identifier: LGPL-3.0-or-later
import contextlib
import json
import tempfile
from itertools import count
from urllib.parse import urlencode

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, file_path, get_lang, json_default

from ...models.audit.audit_looks import note_look
from ...tools.pdf_sheet import Notation, write_pdf
from ...tools.sheet import write_sheet

FONTS = tuple(f"web/static/fonts/google/Open_Sans/Open_Sans-{style}.ttf" for style in ("Regular", "Bold"))
FETCH = 2000  # rows that a streamed query keeps in memory
KINDS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
_numbers = count(1)


class ReportMixin(models.AbstractModel):
    """A report that can be taken away as a workbook or on paper, both made of the same lines.

    A report inherits this, gives itself ``_report_name`` (its place in the URL) and defines::

        _report_title(options)          -> str
        _report_columns(options)        -> list[Column]              tools.sheet
        _report_rows(options)           -> iterator of tuples, or of Line where one is a heading or a total
        _report_totals(options)         -> iterable of the same, asked for when all rows are written
        _report_heading(options)        -> super() and what else is printed above: [(label, value)]
        _report_options(options)        -> what the user asked for, cleaned, with its defaults; it comes from
                                           a URL: trust nothing, parse dates, and search what ids it holds
        _report_subject(options)        -> the customers it is about, for the audit trail; none: all

    Rows should be a generator over ``self._stream(SQL)``, a cursor in the database: then memory does not
    grow with the report. Everything runs on a read-only cursor.

    A button returns ``self._download_report("xlsx", options)``. Everything that a client can call guards
    itself with ``self._check_report_access(kind)``; the download does.
    """

    _name = "kundekartotek.report.mixin"
    _description = "Report to Take Away"

    _report_name = None
    _report_group = "kundekartotek_addon.group_reader"

    # ---- what a report defines -----------------------------------------------------------------------

    @api.model
    def _report_title(self, options):
        raise NotImplementedError

    @api.model
    def _report_columns(self, options):
        raise NotImplementedError

    @api.model
    def _report_rows(self, options):
        raise NotImplementedError

    @api.model
    def _report_totals(self, options):
        return ()

    @api.model
    def _report_options(self, options):
        return options

    @api.model
    def _report_subject(self, options):
        return self.env["res.partner"]

    @api.model
    def _report_heading(self, options):
        """Whose figures, made when and by whom."""
        now = fields.Datetime.context_timestamp(self, fields.Datetime.now())
        return [
            (self.env._("Company"), ", ".join(self.env.companies.mapped("name"))),
            (self.env._("Prepared"), f"{self._notation().write(now.date(), None)} {now:%H:%M}"),
            (self.env._("Prepared by"), self.env.user.name),
        ]

    # ---- what the mixin does with it -------------------------------------------------------------------

    @api.model
    def _check_report_access(self, kind):
        """Reports hold amounts: only for those with a role in this addon. A workbook takes customers away."""
        if not self.env.su and not self.env.user.has_group(self._report_group):
            raise AccessError(self.env._("Reports on receivables are for users with a role in Kundekartotek."))
        if kind == "xlsx" and not self.env.su:
            self.env["res.partner"]._check_customer_export()

    @api.model
    def _find_report(self, name):
        """:return: the model of the report at this place in the URL, None if there is none"""
        for model_name in self.env.registry.descendants(["kundekartotek.report.mixin"], "_inherit"):
            if self.env[model_name]._report_name == name:
                return self.env[model_name]
        return None

    @api.model
    def _download_report(self, kind, options):
        """:return: the action that has the client fetch the report, for the companies chosen now"""
        self._check_report_access(kind)
        query = {"options": _to_json(options), "companies": ",".join(map(str, self.env.companies.ids))}
        return {
            "type": "ir.actions.act_url",
            "url": f"/kundekartotek/report/{self._report_name}.{kind}?{urlencode(query)}",
            "target": "download",
        }

    @api.model
    def _write_report(self, kind, options, stream):
        """Write the report to a file that is open for writing.

        :param kind: "xlsx" or "pdf"
        :return: number of rows
        """
        self._check_report_access(kind)
        options = self._report_options(options)
        report = {
            "title": self._report_title(options),
            "heading": self._report_heading(options),
            "columns": self._report_columns(options),
            "rows": self._report_rows(options),
            "totals": _later(self._report_totals, options),
            "page_label": self.env._("Page"),
        }
        if kind == "pdf":
            report |= {"notation": self._notation(), "fonts": tuple(map(file_path, FONTS))}
        written = (write_pdf if kind == "pdf" else write_sheet)(stream, **report)
        self._note_export(f"{report['title']}.{kind}", options, written)
        return written

    @api.model
    def _note_export(self, filename, options, rows):
        """Tell the audit trail who took what, also beside a read-only cursor."""
        customers = self._report_subject(options)
        details = {"report": self._report_name, "options": json.loads(_to_json(options)), "rows": rows}
        note_look(customers or self, "exported", customers.ids, text=filename, details=details)

    @api.model
    def _report_file(self, kind, options):
        """:return: (file name, file open for reading, removed when closed)"""
        stream = tempfile.TemporaryFile()  # noqa: SIM115 - the caller's to close
        try:
            self._write_report(kind, options, stream)
        except BaseException:
            stream.close()
            raise
        stream.seek(0)
        return f"{self._report_title(self._report_options(options))}.{kind}".replace("/", "-"), stream

    @api.model
    def _notation(self):
        """How the user's language writes numbers and days."""
        lang = get_lang(self.env)
        return Notation(lang.decimal_point, lang.thousands_sep or "", lang.date_format)

    @api.model
    def _stream(self, query):
        """The rows of a SELECT as tuples, a few thousand at a time in memory."""
        cr = self.env.cr
        self.env.flush_query(query)
        name = SQL.identifier(f"kundekartotek_report_{next(_numbers)}")
        # All rows are wanted, so plan for all; a cursor is otherwise planned for its first tenth.
        cr.execute("SET LOCAL cursor_tuple_fraction = 1")
        cr.execute(SQL("DECLARE %s NO SCROLL CURSOR FOR %s", name, query))
        while True:
            cr.execute(SQL("FETCH %s FROM %s", FETCH, name))
            rows = cr.fetchall()
            if not rows:
                break
            yield from rows
        with contextlib.suppress(Exception):
            cr.execute(SQL("CLOSE %s", name))


def _to_json(options):
    """Days as text, domains within domains as lists: what a client sends."""
    return json.dumps(options, default=json_default)


def _later(function, options):
    """What a function returns, asked for at the first look at it."""
    yield from function(options)
