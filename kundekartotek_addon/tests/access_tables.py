# SPDX-License-Identifier: LGPL-3.0-or-later
"""Who may go through which door. Whatever a class of this addon defines must stand in one of these tables; all of
it is tried by ``test_access_methods``."""
from base64 import b64encode

from odoo import Command, fields

from .common import ROLES

SECRET = "Hemmelig"  # stands in every record that is tried, and in no answer to who may not see it

# Who may call. A role that is not named gets a refusal, whatever the arguments.
NOBODY = set()
ROLE = set(ROLES)  # whoever has any role of this addon
WORKERS = {"case_worker", "credit_manager", "administrator"}
MANAGERS = {"credit_manager", "administrator"}
ADMINISTRATOR = {"administrator"}
SELLERS = WORKERS | {"salesperson"}
TRAIL = {"privacy_officer", "auditor"}  # not those whom it watches
EMPLOYEES = ROLE | {"internal", "salesperson", "bookkeeper"}  # gives away nothing that they cannot read anyway
LEDGER = ROLE | {"salesperson", "bookkeeper"}  # whoever Odoo lets read invoices; which ones, record rules say

# {model: {public method: who}}, or (who, arguments) where it has some. Sorted; one line per method.
# Reports on customers, shown as a table.
TABLES = (
    "kundekartotek.customer.claim", "kundekartotek.customer.cohort", "kundekartotek.customer.product",
    "kundekartotek.customer.ranking", "kundekartotek.kpi.report", "kundekartotek.overview.report",
    "kundekartotek.sales.season")
METHODS = {
    "account.move": {
        "action_credit_decisions": ROLE,
        "action_credit_release": MANAGERS,
        "action_post": {"bookkeeper"},
        "action_note_followup": WORKERS,
        "action_update_agreement_prices": {"bookkeeper"},
    },
    "kundekartotek.aging": {
        "action_open_items": ROLE,
        "action_open_items_of": (ROLE, {"domain": []}),
        "action_take_away": (ROLE, {"kind": "xlsx"}),
        "tie_out": (ROLE, {"domain": []}),
    },
    "kundekartotek.aging.item": {
        "action_open_document": ROLE,
    },
    "kundekartotek.communication": {
        "action_open_document": ROLE,
    },
    "kundekartotek.agreement": {
        "action_view_invoices": ROLE,
        "action_view_orders": ROLE,
    },
    "kundekartotek.apply.defaults": {
        "action_apply": WORKERS,
    },
    "kundekartotek.apply.defaults.line": {
        "action_view_customers": WORKERS,
    },
    "kundekartotek.audit.archive": {
        "action_make": TRAIL,
        "action_verify": TRAIL,
    },
    "kundekartotek.audit.verify": {
        "action_verify": TRAIL,
    },
    "kundekartotek.balance.list": {
        "action_open_entries": ROLE,
    },
    "kundekartotek.category": {
        "action_apply_defaults": ROLE,
        "action_view_accounts": ROLE,
        "action_view_customers": ROLE,
    },
    "kundekartotek.category.rule": {
        "action_view_matching": ROLE,
        "action_view_moving": ROLE,
    },
    "kundekartotek.customer.metrics": {
        "action_lock_class": MANAGERS,
        "action_open_customer": ROLE,
        "action_view_changes": ROLE,
    },
    **{model: {"get_table": ROLE} for model in TABLES},
    "kundekartotek.insight.source": {
        "get_table": NOBODY,
    },
    "kundekartotek.insight.report": {
        "action_pdf": ROLE,
        "action_show": ROLE,
        "action_xlsx": ROLE,
    },
    "kundekartotek.followup.note": {
        "action_clear": WORKERS,
        "action_save": WORKERS,
    },
    "kundekartotek.ledger.entry": {
        "action_open_document": ROLE,
        "action_open_voucher": ROLE,
    },
    "kundekartotek.ledger.report": {
        "action_pdf": ROLE,
        "action_show": ROLE,
        "action_xlsx": ROLE,
    },
    "kundekartotek.overview": {
        "count_tile": (ROLE, {"key": "customers"}),
        "get_insight": ROLE,
        "get_tiles": ROLE,
    },
    "kundekartotek.payment.rule": {
        "action_view_customers": ROLE,
    },
    "kundekartotek.postal.import": {
        "action_import": ADMINISTRATOR,
    },
    "kundekartotek.register.change": {
        "action_open_customer": ROLE,
    },
    "kundekartotek.register.compare": {
        "action_accept_all": WORKERS,
    },
    "kundekartotek.register.compare.line": {
        "action_accept": WORKERS,
        "action_keep": WORKERS,
    },
    "kundekartotek.register.feed": {
        "action_monitor_now": WORKERS,
        "action_publish_demo_change": ADMINISTRATOR,
    },
    "kundekartotek.register.run": {
        "action_start_all": WORKERS,
        "action_view_lines": ROLE,
    },
    "kundekartotek.register.run.line": {
        "action_open_customer": ROLE,
    },
    "kundekartotek.renumber": {
        "action_preview": ADMINISTRATOR,
        "action_renumber": ADMINISTRATOR,
    },
    "kundekartotek.segment.proposal": {
        "action_accept": MANAGERS,
        "action_decline": MANAGERS,
    },
    "kundekartotek.segment.rule": {
        "action_view_proposals": ROLE,
    },
    "kundekartotek.statement": {
        "action_open_document": ROLE,
        "action_send": WORKERS,
    },
    "kundekartotek.statement.send": {
        "action_print": WORKERS,
        "action_send": WORKERS,
    },
    "res.config.settings": {
        "action_credit_limits_from_category": NOBODY,
        "action_fetch_postal_codes": NOBODY,  # of these: it takes who may open the settings
        "action_test_address_search": NOBODY,
        "action_test_register": NOBODY,
    },
    "res.partner": {
        "action_accept_address": WORKERS,
        "action_credit_decisions": ROLE,
        "action_credit_request": SELLERS,
        "action_assign_customer_numbers": WORKERS,
        "action_audit_seen": TRAIL,
        "action_audit_timeline": TRAIL,
        "action_open_communication": ROLE,
        "action_check_address": WORKERS,
        "action_compare_register": EMPLOYEES,
        "action_open_customer_items": LEDGER,
        "action_open_last_invoice": LEDGER - {"salesperson"},  # it is another one's
        "action_open_last_payment": LEDGER,
        "action_open_metrics": ROLE,
        "action_open_ledger": ROLE,
        "action_open_overdue_items": LEDGER,
        "action_refresh_register": WORKERS,
        "action_spell_organisation_numbers": WORKERS,
        "action_use_postal_town": WORKERS,
        "action_validate_in_register": WORKERS,
        "action_view_agreements": ROLE,
        "search_in_register": (WORKERS, {"text": "x"}),
    },
    "sale.order": {
        "action_confirm": {"bookkeeper"},  # a salesperson that of an own order
        "action_credit_decisions": ROLE,
        "action_credit_prepayment": MANAGERS,
        "action_credit_reject": MANAGERS,
        "action_credit_release": MANAGERS,
        "action_credit_request": WORKERS,
    },
    "kundekartotek.credit.decision": {
        "action_open_document": ROLE,
    },
    "kundekartotek.credit.approval": {
        "action_decide": MANAGERS,
    },
    "kundekartotek.credit.dialog": {
        "action_post": {"bookkeeper"},
        "action_release": NOBODY,
        "action_request": NOBODY,
    },
    "kundekartotek.credit.group": {
        "action_confirm_proposal": MANAGERS,
        "action_decline_proposal": MANAGERS,
        "action_withdraw_proposal": MANAGERS,
    },
    "kundekartotek.credit.security": {
        "action_confirm_proposal": MANAGERS,
        "action_decline_proposal": MANAGERS,
        "action_withdraw_proposal": MANAGERS,
    },
    "kundekartotek.credit.release": {
        "action_decide": MANAGERS,
    },
    "kundekartotek.credit.request": {
        "action_approve": MANAGERS,
        "action_decline": MANAGERS,
        "action_withdraw": ROLE,
    },
    "res.partner.bank": {
        "action_approve_bank_account": NOBODY,  # those with Odoo's right to validate bank accounts
        "action_reject_bank_account": NOBODY,
    },
}

# Methods of the ORM itself, where a class of this addon extends them: whoever lacks the operation on the model
# (test_access_matrix.py) or the record is refused. {method: (operation, arguments)}
ORM = {
    "cache_invalidation_fields": ("", {}),
    "copy_data": ("read", {}),
    "create": ("create", {"vals_list": [{}]}),
    "default_get": ("", {"fields": []}),  # for all, and gives nothing away
    "export_data": ("read", {"fields_to_export": ["id"]}),
    "fields_get": ("", {}),  # what a model is made of, for whoever may read it
    "formatted_read_group": ("read", {"domain": [], "groupby": ["create_uid"], "aggregates": ["__count"]}),
    "get_mention_suggestions": ("", {"search": "x"}),  # core's own search for the names of colleagues and contacts
    "onchange": ("write", {"values": {}, "field_names": ["display_name"], "fields_spec": {"display_name": {}}}),
    "read": ("read", {"fields": ["display_name"]}),
    "search_read": ("read", {"domain": [], "fields": ["display_name"]}),
    "unlink": ("unlink", {}),
    "web_name_search": ("read", {"name": "", "specification": {"display_name": {}}}),
    "web_search_read": ("read", {"domain": [], "specification": {"display_name": {}}}),
    "write": ("write", {"vals": {"display_name": "x"}}),
}

# Fields of this addon on Odoo's own models that others than our roles read: every employee, and salespeople besides.
# What is not here is secret to them: amounts, classes, reasons with figures.
FIELDS_FOR_EMPLOYEES = {
    "digest.digest": (
        "kpi_customer_days_to_pay kpi_customer_days_to_pay_value kpi_customer_dso kpi_customer_dso_value "
        "kpi_customer_overdue kpi_customer_overdue_value"
    ),
    "product.category": "customer_posting_account_id customer_posting_by_rule",
    "res.company": (
        "aging_limits agreement_reminder_days audit_change_years audit_look_months bank_four_eyes credit_control "
        "credit_count_drafts credit_review_months credit_zero_limit customer_export_restricted "
        "customer_number_scheme_business_id customer_number_scheme_consumer_id customer_number_scheme_id "
        "customer_number_scheme_public_id insight_abc_a insight_abc_b insight_abc_basis insight_abc_hysteresis "
        "insight_new_months insight_responsible_id insight_write_trust register_credit_user_id "
        "register_details_to register_gone_to register_insolvency_to register_vat_to sales_own_customers "
        "statement_day statement_kind statement_monthly statement_overdue_only statement_planned_month "
        "statement_user_id two_factor_required"
    ),
    "res.partner": (
        "buyer_reference credit_block credit_block_reason credit_limit_mode credit_own_mode credit_review_date "
        "customer_category_id customer_category_locked customer_currency_id customer_hold_reason customer_lookup "
        "customer_municipality customer_number_issue customer_on_hold customer_region customer_type "
        "customer_type_locked data_issue data_issue_text invoice_email is_branch is_customer postal_code_issue "
        "postal_code_town postal_town_filled register_checked register_choice register_difference_count "
        "register_employees register_hold_reason register_industry register_kept register_legal_form "
        "register_line register_line_level register_offer_count register_parent register_sector register_status "
        "register_type register_unreachable_since register_vat_registered reminder_email statement_opt_out"
    ),
    "res.partner.bank": "approval_pending changed_by_id changed_on changer_ids",
}
FIELDS_FOR_SELLERS = {
    "account.move": (
        "agreement_id agreement_notice buyer_reference credit_release_company_id credit_release_partner_id "
        "credit_release_until credit_since credit_state credit_words dispute_reason dispute_since followup_note "
        "followup_paused promise_amount promise_date promise_since"
    ),
    "account.move.line": "discount",
    "sale.order": (
        "agreement_id agreement_notice credit_amount credit_currency_id credit_customer_id credit_payer_changed "
        "credit_prepayment "
        "credit_recheck credit_rejection credit_release_company_id credit_release_partner_id credit_release_until "
        "credit_sends_email credit_since credit_state credit_words"
    ),
}

# {external id of a report, server action …: who}
REPORTS = {"statement_report": ROLE}
SERVER_ACTIONS = {
    "action_accept_addresses": WORKERS,
    "action_check_addresses": WORKERS,
    "res_partner_action_assign_customer_numbers": WORKERS,
    "res_partner_action_validate_in_register": WORKERS,
}
# {"Controller.method": (who, function of the test case and user that gives the address)}
ROUTES = {
    "ReceivablesReports.download": (
        ROLE, lambda case, user: f"/kundekartotek/report/aging.xlsx?companies={case.company.id}"),
}

# How to make a record of a model for the calls, with the case and an environment: the superuser's, for wizards that
# of who calls, with access checks off. What is not here: a wizard without values, else any record that is there.
SAMPLES = {
    "account.move.line": lambda case, env: case.make_entry(env).line_ids[0],
    "account.partial.reconcile": lambda case, env: case.make_entry(env).line_ids.matched_debit_ids[0],
    "kundekartotek.customer.metrics": lambda case, env: env["kundekartotek.customer.metrics"].create(
        {"partner_id": case.customer.id, "company_id": case.company.id, "computed_at": fields.Datetime.now()}),
    "kundekartotek.payment.rule": lambda case, env: env["kundekartotek.payment.rule"].create(
        {"name": f"{SECRET} regel", "payment_class": "risk", "company_id": case.company.id}),
    "kundekartotek.segment.lock": lambda case, env: env["kundekartotek.segment.lock"].create(
        {"partner_id": case.customer.id, "company_id": case.company.id, "abc_class": "a", "reason": SECRET}),
    "kundekartotek.segment.proposal": lambda case, env: env["kundekartotek.segment.proposal"].create(
        {"partner_id": case.customer.id, "company_id": case.company.id, "effect": "trust", "trust": "bad"}),
    "kundekartotek.segment.rule": lambda case, env: env["kundekartotek.segment.rule"].create(
        {"name": SECRET, "company_id": case.company.id, "abc_class": "a", "effect": "trust", "trust": "good"}),
    "account.move": lambda case, env: env["account.move"].create(
        {"move_type": "out_invoice", "partner_id": case.customer.id, "company_id": case.company.id}),
    "kundekartotek.aging": lambda case, env: case.open_item(env)["kundekartotek.aging"].search([], limit=1),
    "kundekartotek.aging.item": lambda case, env: case.open_item(env)["kundekartotek.aging.item"].search([], limit=1),
    "kundekartotek.aging.snapshot": lambda case, env: env["kundekartotek.aging.snapshot"].create(
        {"date": "2026-10-31", "company_id": case.company.id, "partner_id": case.customer.id, "total": 1}),
    "kundekartotek.aging.trend": lambda case, env: case.sample("kundekartotek.aging.snapshot", env) and env[
        "kundekartotek.aging.trend"].search([], limit=1),
    "kundekartotek.communication": lambda case, env: env["res.partner"].browse(case.customer.id).message_post(
        body=SECRET, message_type="comment") and env["kundekartotek.communication"].search(
            [("partner_id", "=", case.customer.id)], limit=1),
    "kundekartotek.agreement": lambda case, env: env["kundekartotek.agreement"].create(
        {"name": f"{SECRET} avtale", "partner_id": case.customer.id, "company_id": case.company.id, "discount": 5}),
    "kundekartotek.apply.defaults": lambda case, env: env["kundekartotek.apply.defaults"].create(
        {"company_id": case.company.id, "category_ids": [Command.set(case.category.ids)], "mode": "overwrite"}),
    "kundekartotek.apply.defaults.line": lambda case, env: case.sample("kundekartotek.apply.defaults", env).with_env(
        env).line_ids[0],
    "kundekartotek.audit.seal": lambda case, env: env["kundekartotek.audit.seal"].browse(1),
    "kundekartotek.category": lambda case, env: case.category,
    "kundekartotek.category.rule": lambda case, env: env["kundekartotek.category.rule"].create(
        {"name": f"{SECRET} regel", "category_id": case.category.id, "company_id": case.company.id}),
    "kundekartotek.overview": lambda case, env: env["kundekartotek.overview"],
    **{model: lambda case, env, model=model: env[model] for model in (
        *TABLES, "kundekartotek.insight.source")},
    "kundekartotek.address.check": lambda case, env: env["kundekartotek.address.check"].create(
        {"partner_id": case.customer.id, "street": SECRET}),
    "kundekartotek.postal.code": lambda case, env: env["kundekartotek.postal.code"].create(
        {"code": "0150", "town": "Oslo", "municipality_code": "0301", "municipality": "Oslo", "category": "G"}),
    "kundekartotek.postal.import": lambda case, env: env["kundekartotek.postal.import"].create(
        {"file": b64encode(b"0150\tOSLO\t0301\tOSLO\tG")}),
    "kundekartotek.followup.note": lambda case, env: env["kundekartotek.followup.note"].with_context(
        active_model="account.move", active_ids=case.invoice.ids).create({}),
    "kundekartotek.posting.rule": lambda case, env: env["kundekartotek.posting.rule"].create(
        {"customer_category_id": case.category.id, "account_id": case.account.id, "company_id": case.company.id}),
    "kundekartotek.register.change": lambda case, env: env["kundekartotek.register.change"].create(
        {"number": "310410004", "partner_id": case.customer.id, "partner_name": SECRET, "kind": "name",
         "company_id": case.company.id}),
    "kundekartotek.register.compare": lambda case, env: env["kundekartotek.register.compare"].create(
        {"partner_id": case.customer.id, "line_ids": [Command.create(
            {"field_name": "name", "register_value": SECRET})]}),
    "kundekartotek.register.compare.line": lambda case, env: case.sample(
        "kundekartotek.register.compare", env).with_env(env).line_ids,
    "kundekartotek.register.entry": lambda case, env: env["kundekartotek.register.entry"].create({"number": SECRET}),
    "kundekartotek.register.feed": lambda case, env: env["kundekartotek.register.feed"].search([], limit=1) or env[
        "kundekartotek.register.feed"].create({"kind": "unit"}),
    "kundekartotek.register.run": lambda case, env: env["kundekartotek.register.run"].create(
        {"company_id": case.company.id}),
    "kundekartotek.register.run.line": lambda case, env: env["kundekartotek.register.run.line"].create(
        {"run_id": case.sample("kundekartotek.register.run", env).id, "partner_id": case.customer.id,
         "partner_name": SECRET}),
    "kundekartotek.renumber": lambda case, env: env["kundekartotek.renumber"].create(
        {"scheme_id": case.scheme.id, "partner_ids": [Command.set(case.customer.ids)], "whom": "selected"}),
    "kundekartotek.renumber.line": lambda case, env: env["kundekartotek.renumber.line"].create(
        {"renumber_id": case.sample("kundekartotek.renumber", env).id, "partner_id": case.customer.id}),
    "kundekartotek.credit.decision": lambda case, env: case.make_decision(env),
    "kundekartotek.credit.approval": lambda case, env: env["kundekartotek.credit.approval"].create(
        {"request_id": case.sample("kundekartotek.credit.request", env).id}),
    "kundekartotek.credit.dialog": lambda case, env: env["kundekartotek.credit.dialog"].create(
        {"move_id": case.sample("account.move", case.env).id}),
    "kundekartotek.credit.group": lambda case, env: env["kundekartotek.credit.group"].create(
        {"name": f"{SECRET} konsern", "company_id": case.company.id, "credit_limit": 5}),
    "kundekartotek.credit.release": lambda case, env: env["kundekartotek.credit.release"].create({"reason": "x"}),
    "kundekartotek.credit.request": lambda case, env: env["kundekartotek.credit.request"].create(
        {"partner_id": case.customer.id, "company_id": case.company.id, "amount": 5, "reason": SECRET}),
    "kundekartotek.credit.security": lambda case, env: env["kundekartotek.credit.security"].create(
        {"partner_id": case.customer.id, "company_id": case.company.id, "amount": 5, "name": f"{SECRET} ASA",
         "date_to": "2099-12-31"}),
    "sale.order.line": lambda case, env: env["sale.order.line"].create(
        {"order_id": case.sample("sale.order", env).id, "display_type": "line_note", "name": SECRET}),
    "ir.default": lambda case, env: env["ir.default"].create(
        {"field_id": env.ref("base.field_res_partner__comment").id, "json_value": f'"{SECRET}"'}),
    "kundekartotek.statement": lambda case, env: env["kundekartotek.statement"].create(
        {"partner_id": case.customer.id, "company_id": case.company.id}),
    "kundekartotek.statement.send": lambda case, env: env["kundekartotek.statement.send"].create(
        {"partner_ids": [Command.set(case.customer.ids)], "company_id": case.company.id}),
    "res.partner": lambda case, env: case.customer,
    "res.partner.bank": lambda case, env: env["res.partner.bank"].create(
        {"partner_id": case.customer.id, "acc_number": "8601 11 17947"}),
    "account.payment": lambda case, env: env["account.payment"].create(
        {"partner_id": case.customer.id, "company_id": case.company.id, "amount": 5}),
    "res.users": lambda case, env: env.ref("base.user_admin"),
    "sale.order": lambda case, env: env["sale.order"].create(
        {"partner_id": case.customer.id, "company_id": case.company.id}),
}
