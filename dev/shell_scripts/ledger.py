# SPDX-License-Identifier: LGPL-3.0-or-later
# Runs in Odoo's shell, before the addon and again beside it: customers of each kind with posted, paid,
# open and credited invoices in a Norwegian company. PREFIX, put before this text, makes names unique.
# ruff: noqa: F821
from odoo import Command

company, norway, nok = env.company, env.ref("base.no"), env.ref("base.NOK")
if company.chart_template != "no":
    nok.active = True
    company.write({"name": "Prøve AS", "country_id": norway.id})
    env["account.chart.template"].try_loading("no", company=company, install_demo=False)
business, person, foreign = env["res.partner"].create(
    [
        {
            "name": f"{PREFIX} Bedrift AS",
            "is_company": True,
            "country_id": norway.id,
            "company_registry": REGISTRY,
        },
        {"name": f"{PREFIX} Person", "country_id": norway.id, "email": "person@example.com"},
        {"name": f"{PREFIX} GmbH", "is_company": True, "country_id": env.ref("base.de").id},
    ]
)
env["res.partner"].create({"name": f"{PREFIX} Kontakt", "parent_id": business.id})
moves = env["account.move"].create(
    [
        {
            "move_type": "out_invoice",
            "partner_id": partner.id,
            "invoice_date": "2026-01-15",
            "invoice_line_ids": [Command.create({"name": "Vare", "quantity": 2, "price_unit": 500})],
        }
        for partner in (business, person, foreign)
    ]
)
moves.action_post()
env["account.payment.register"].with_context(active_model="account.move", active_ids=moves[0].ids).create(
    {"amount": 300}
)._create_payments()
moves[2]._reverse_moves(cancel=True)
env.cr.commit()
