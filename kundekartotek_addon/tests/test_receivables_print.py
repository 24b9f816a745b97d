# SPDX-License-Identifier: LGPL-3.0-or-later
import io
import re
from datetime import timedelta

from pypdf import PdfReader

from odoo import Command
from odoo.tests import HttpCase, freeze_time, tagged

from .customer_ledger import TODAY, CustomerLedgerCase


@tagged("post_install", "-at_install")
@freeze_time(TODAY)
class TestPrintedDocuments(CustomerLedgerCase, HttpCase):
    """Real PDF files: the programme that prints them fetches its styles from the running web server. Without
    Qt's patches it would leave out header and footer, and without the server the page's form."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("nb_NO")
        cls.env.user.group_ids += cls.env.ref("kundekartotek_addon.group_case_worker")
        cls.company.partner_id.write({"lang": "nb_NO"})
        cls.company.write({
            "external_report_layout_id": cls.env.ref("web.external_layout_standard").id,
            "report_header": "<p>Ringveien Papir, siden 1953</p>", "report_footer": "<p>Foretaksregisteret</p>"})
        cls.customer = cls.env["res.partner"].create({
            "name": "Kontoen AS", "is_company": True, "customer_rank": 1, "lang": "nb_NO", "ref": "10077"})

    def pages(self, report, record):
        """The pages of a printed document as text, with plain spaces."""
        self.env["ir.config_parameter"].set_param("report.url", self.base_url())
        reports = self.env["ir.actions.report"].with_context(force_report_rendering=True)
        content, kind = reports._render_qweb_pdf(report, record.ids)
        self.assertEqual(kind, "pdf")
        return [re.sub(r"\s+", " ", page.extract_text()) for page in PdfReader(io.BytesIO(content)).pages]

    def assert_printed(self, pages, word):
        """Each page has the company's header and footer and says which page it is of how many."""
        self.assertGreater(len(pages), 1)
        for number, text in enumerate(pages, 1):
            self.assertIn("Ringveien Papir, siden 1953", text)
            self.assertIn("Foretaksregisteret", text)
            self.assertRegex(text, rf"(Page|Side) {number} / {len(pages)}\b")  # Odoo's Bokmål may lack the word
        self.assertIn(word, pages[0])

    def test_invoice(self):
        invoice = self.env["account.move"].create({
            "move_type": "out_invoice", "partner_id": self.customer.id, "invoice_date": TODAY,
            "invoice_line_ids": [
                Command.create({"name": f"Papir nr. {number}", "price_unit": 10.0}) for number in range(60)]})
        invoice.action_post()
        pages = self.pages("account.account_invoices", invoice)
        self.assert_printed(pages, "Kontoen AS")
        self.assertIn("Papir nr. 59", " ".join(pages[1:]))

    def test_statement(self):
        for days in range(50):
            self.invoice(self.customer, 100.0 + days, TODAY - timedelta(days), TODAY)
        statement = self.env["kundekartotek.statement"]._make(self.customer)
        pages = self.pages("kundekartotek_addon.statement_report", statement)
        self.assert_printed(pages, "Kontoutskrift")
