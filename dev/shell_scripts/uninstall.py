# SPDX-License-Identifier: LGPL-3.0-or-later
# Runs in Odoo's shell: removes the addon as the Apps page does.
env["ir.module.module"].search([("name", "=", "kundekartotek_addon")]).button_immediate_uninstall()  # noqa: F821
