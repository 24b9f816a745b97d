# SPDX-License-Identifier: LGPL-3.0-or-later
# Runs in Odoo's shell where electronic invoicing is installed: the buyer's reference reaches the EHF file.
# ruff: noqa: F821
from lxml import etree

from odoo import Command

REFERENCE = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}BuyerReference"

company = env["res.company"].search([("chart_template", "=", "no")], limit=1) or env.company
norway, nok = env.ref("base.no"), env.ref("base.NOK")
if company.chart_template != "no":
    nok.active = True
    company = env["res.company"].create({"name": "Prøve AS", "country_id": norway.id, "currency_id": nok.id})
    env["account.chart.template"].try_loading("no", company=company, install_demo=False)
env = env(context={**env.context, "allowed_company_ids": company.ids})
company.partner_id.write({"company_registry": "999999999", "country_id": norway.id})
customer = env["res.partner"].create({
    "name": "Prøve kommune", "is_company": True, "country_id": norway.id, "company_registry": "999999980",
    "customer_type": "public", "buyer_reference": "RESSURS-4711"})
invoices = env["account.move"].create([{
    "buyer_reference": reference, "move_type": "out_invoice", "partner_id": customer.id, "company_id": company.id,
    "invoice_date": "2026-01-15",
    "invoice_line_ids": [Command.create({"name": "Vare", "price_unit": 500})],
} for reference in ("RESSURS-4711", False)])
invoices.action_post()
for builder in ("account.edi.xml.ubl_bis3", "account.edi.xml.ubl_21"):
    for invoice, expected in zip(invoices, ("RESSURS-4711", customer.ref or None), strict=True):
        content, _errors = env[builder]._export_invoice(invoice)
        found = etree.fromstring(content).findtext(REFERENCE)
        assert found == expected, f"{builder} of {invoice.name} says {found!r} instead of {expected!r}"
env.cr.rollback()
