# SPDX-License-Identifier: LGPL-3.0-or-later
# Runs in Odoo's shell on the demo database: the demo company is the stage that the handbook's pictures need.
# ruff: noqa: F821
from odoo import fields

from odoo.addons.kundekartotek_addon.tools import orgnr

TODAY = fields.Date.today()

env = env(context={**env.context, "allowed_company_ids": env["res.company"].search([]).ids})
customers = env["res.partner"].search([("is_customer", "=", True)])
invoices = env["account.move"].search([("move_type", "=", "out_invoice"), ("state", "=", "posted")])
credits = env["account.move"].search_count([("move_type", "=", "out_refund"), ("state", "=", "posted")])
norwegian = customers.filtered(lambda customer: customer.country_id.code == "NO" and customer.company_registry)
oldest, newest = min(invoices.mapped("invoice_date")), max(invoices.mapped("invoice_date"))
hers = env(user=env.ref("kundekartotek_addon.demo_user_selger"), context={})
late = invoices.filtered(lambda move: move.amount_residual and move.invoice_date_due < TODAY)
facts = {
    "sixty customers": len(customers) == 60,
    "of every type": {"business", "consumer", "public"} == set(customers.mapped("customer_type")),
    "many have organisation numbers": len(norwegian) > 20,
    "with valid check digits": all(orgnr.parse(customer.company_registry) for customer in norwegian),
    "two companies": len(invoices.company_id) == 2,
    "a customer in a foreign currency": any(move.currency_id != move.company_id.currency_id for move in invoices),
    "two years of invoices": 650 < (newest - oldest).days < 760,
    "relative to today": 0 <= (TODAY - newest).days < 45,
    "partial payments": "partial" in invoices.mapped("payment_state"),
    "paid ones": invoices.mapped("payment_state").count("paid") > 100,
    "credit notes": credits > 0,
    "slow payers": len(late.commercial_partner_id) >= 3,
    "a promise and a dispute": bool(invoices.filtered("promise_date")) and bool(invoices.filtered("dispute_since")),
    "orders on hold": env["sale.order"].search_count([("credit_state", "=", "hold")]) == 3,
    "a bank account that waits": env["res.partner.bank"].search_count([("approval_pending", "=", True)]) == 1,
    "spreadsheets can be imported": "base_import.import" in env,
    "export by right, which one has": env["res.company"].search([("customer_export_restricted", "=", True)])
    and env["res.users"].search([("login", "=", "kreditt")]).has_group("kundekartotek_addon.group_customer_export"),
    "a salesperson who sees her own customers and their invoices, and no others": all(
        0 < len(each.with_env(hers)._filtered_access("read")) < len(each) for each in (customers, invoices)),
    "a trail that is sealed": bool(env["kundekartotek.audit.seal"].search([("event_count", ">", 0)])),
    "two factors can be had": env["res.users"]._two_factor_possible(),
    "every customer is numbered": not customers.filtered(lambda customer: not customer.ref),
}
missing = [fact for fact, holds in facts.items() if not holds]
assert not missing, f"the demo company lacks: {', '.join(missing)}"
