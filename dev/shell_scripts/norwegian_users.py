# SPDX-License-Identifier: LGPL-3.0-or-later
# Runs in Odoo's shell: everybody reads Bokmål and lives in Oslo, now and later.
for field, value in (("lang", "nb_NO"), ("tz", "Europe/Oslo")):
    env["ir.default"].set("res.partner", field, value)  # noqa: F821
    env["res.users"].with_context(active_test=False).search([]).partner_id[field] = value  # noqa: F821
env.cr.commit()  # noqa: F821
