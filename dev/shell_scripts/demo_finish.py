# SPDX-License-Identifier: LGPL-3.0-or-later
# Runs in Odoo's shell: everybody reads Bokmål and lives in Oslo, now and later; the trail is sealed, as every night.
# ruff: noqa: F821
for field, value in (("lang", "nb_NO"), ("tz", "Europe/Oslo")):
    env["ir.default"].set("res.partner", field, value)
    env["res.users"].with_context(active_test=False).search([]).partner_id[field] = value
env["kundekartotek.audit.seal"]._cron_seal()
env.cr.commit()
