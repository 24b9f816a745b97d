# SPDX-License-Identifier: LGPL-3.0-or-later
import json

from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wsgi import wrap_file

from odoo.http import Controller, Response, content_disposition, request, route

from ..reports.receivables.report_mixin import KINDS


class ReceivablesReports(Controller):
    """Reports as files. They are written to a temporary file row by row and sent from there, so that the
    process does not grow with the report; nothing is written to the database but who took it."""

    @route(
        "/kundekartotek/report/<string:name>.<any(xlsx, pdf):kind>",
        type="http", auth="user", methods=["GET"], readonly=True, save_session=False,
    )  # fmt: skip
    def download(self, name, kind, options="{}", companies="", **_parameters):
        try:
            options = json.loads(options)
            company_ids = [int(company_id) for company_id in companies.split(",") if company_id]
        except ValueError as error:
            raise BadRequest from error
        if not isinstance(options, dict):
            raise BadRequest
        if company_ids:
            request.update_context(allowed_company_ids=company_ids)
        report = request.env["kundekartotek.report.mixin"]._find_report(name)
        if report is None:
            raise NotFound
        report._check_report_access(kind)
        try:
            report._report_options(options)
        except (TypeError, ValueError) as error:
            raise BadRequest(request.env._("This address asks for something that the report does not have.")) from error
        filename, stream = report._report_file(kind, options)
        length = stream.seek(0, 2)
        stream.seek(0)
        headers = [
            ("Content-Type", KINDS[kind]),
            ("Content-Disposition", content_disposition(filename)),
            ("Content-Length", str(length)),
            ("Cache-Control", "no-store"),
        ]
        # Not passed through to the server as it is: then nobody would learn that it is sent.
        response = Response(wrap_file(request.httprequest.environ, stream), headers=headers)
        response.call_on_close(stream.close)
        return response
