# SPDX-License-Identifier: LGPL-3.0-or-later
{
    "name": "Kundekartotek",
    "summary": "The Norwegian customer file: who the customers are, what they owe, and who saw and changed what",
    "version": "19.0.1.0.0",
    "category": "Accounting/Accounting",
    "author": "Kundekartotek",
    "license": "LGPL-3",
    "depends": ["account", "contacts", "l10n_no", "sale"],
    "external_dependencies": {"python": ["python-stdnum", "requests"]},
    "data": [
        # the tables are there: let go of them
        "data/schema.xml",
        # groups and access
        "security/groups.xml",
        "security/ir.model.access.csv",
        "security/rules.xml",
        "security/insight_rules.xml",
        # data
        "data/customer_category_cron.xml",
        "data/audit_cron.xml",
        "data/customer_contact_role.xml",
        "data/customer_agreement_cron.xml",
        "data/customer_number_scheme.xml",
        "data/insight_cron.xml",
        "data/postal_cron.xml",
        # views: settings, first, because every room adds to them
        "views/res_config_settings_views.xml",
        # wizards
        "wizards/audit/audit_verify_views.xml",
        "wizards/audit/audit_archive_views.xml",
        "wizards/customer/apply_defaults_views.xml",
        "wizards/customer/renumber_views.xml",
        "wizards/receivables/followup_note_views.xml",
        "wizards/receivables/ledger_report_views.xml",
        "wizards/register/postal_import_views.xml",
        # views: audit
        "views/audit/audit_event_views.xml",
        "views/audit/res_partner_views.xml",
        "views/audit/res_config_settings_views.xml",
        # views: customer
        "views/customer/account_move_line_views.xml",
        "views/customer/res_partner_views.xml",
        "views/customer/posting_rule_views.xml",
        "views/customer/category_rule_views.xml",
        "views/customer/category_views.xml",
        "views/customer/res_partner_category_views.xml",
        "views/customer/agreement_views.xml",
        "views/customer/contact_role_views.xml",
        "views/customer/res_partner_identity_views.xml",
        "views/customer/customer_number_views.xml",
        "views/customer/number_scheme_views.xml",
        "views/customer/overview_views.xml",
        # views: receivables
        "views/receivables/account_move_views.xml",
        "views/receivables/ledger_entry_views.xml",
        "views/receivables/balance_list_views.xml",
        "views/receivables/res_partner_views.xml",
        # views: register
        "views/register/postal_code_views.xml",
        "views/register/postal_settings_views.xml",
        "views/register/res_partner_address_views.xml",
        # menus, last
        "views/menus.xml",
    ],
    "demo": ["demo/kundekartotek_demo.xml"],
    "assets": {
        "web.assets_backend": ["kundekartotek_addon/static/src/**/*"],
        "web.assets_tests": ["kundekartotek_addon/static/tests/tours/**/*"],
    },
    "pre_init_hook": "pre_init_hook",
    "post_init_hook": "post_init_hook",
    "uninstall_hook": "uninstall_hook",
    "application": True,
}
