# SPDX-License-Identifier: LGPL-3.0-or-later
"""Every door of the addon, tried from outside with every key: public methods over both RPC protocols, reports,
routes and server actions. Whatever a class of this addon defines must stand in one of the tables below."""
import json
from base64 import b64encode
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.http import Controller
from odoo.service.model import get_public_method
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..models.audit import audit_looks
from ..models.register.postal_import import MODE_KEY
from .common import ROLES, KundekartotekCase
from .test_access_matrix import OUTSIDERS

MODULE = "kundekartotek_addon"

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
    "account.payment": {
        "action_post": {"bookkeeper"},
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
    "kundekartotek.credit.dialog": {
        "action_post": {"bookkeeper"},
        "action_release": NOBODY,
        "action_request": NOBODY,
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
    "read": ("read", {"fields": ["display_name"]}),
    "search_read": ("read", {"domain": [], "fields": ["display_name"]}),
    "unlink": ("unlink", {}),
    "web_search_read": ("read", {"domain": [], "specification": {"display_name": {}}}),
    "write": ("write", {"vals": {"display_name": "x"}}),
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

SECRET = "Hemmelig"  # stands in every record that is tried, and in no answer to who may not see it
# Written at any call: who signed in from where, and what a wizard or a cache keeps for its own user.
NOISE = {"kundekartotek_audit_event"}  # a refused call may be recorded


@tagged("post_install", "-at_install")
class TestAccessMethods(KundekartotekCase, HttpCase):
    """All doors × all users × both protocols."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Dører AS", "country_id": cls.norway.id})
        cls.env.user.company_ids += cls.company
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.company.ids})
        cls.company = cls.company.with_env(cls.env)
        cls.env["account.chart.template"]._load("no", cls.company, install_demo=False)
        cls.account = cls.env["account.account"].search([("account_type", "=", "income")], limit=1)
        cls.scheme = cls.env.ref(f"{MODULE}.number_scheme_type")
        cls.company.customer_number_scheme_id = cls.scheme
        cls.env["ir.config_parameter"].set_param(MODE_KEY, "off")  # nobody outside is asked
        cls.category = cls.env["kundekartotek.category"].create({"name": "Bedrift"})
        cls.customer = cls.make_customer(
            f"{SECRET} kunde AS", company_id=cls.company.id, email="hemmelig@kunde.example", comment=SECRET,
            customer_category_id=cls.category.id)
        cls.category.credit_limit = 1234
        cls.invoice = cls.env["account.move"].create({
            "move_type": "out_invoice", "partner_id": cls.customer.id, "company_id": cls.company.id,
            "invoice_line_ids": [Command.create({"name": SECRET, "price_unit": 10, "tax_ids": False})]})
        cls.invoice.action_post()
        cls.users, cls.keys = {}, {}
        for name in (*ROLES, *(set(OUTSIDERS) - {"public"}), "foreign"):
            cls._make_caller(name)

    @classmethod
    def _make_caller(cls, name):
        """A user with the password that the login is, and an API key. The foreign one has every role, elsewhere."""
        company = cls.company
        groups = OUTSIDERS.get(name) or f"{MODULE}.group_{name}"
        if name == "foreign":
            company = cls.env["res.company"].create({"name": "Fremmed AS", "country_id": cls.norway.id})
            groups = ",".join([*(f"{MODULE}.group_{role}" for role in ROLES), "account.group_account_manager",
                               "sales_team.group_sale_manager"])
        user = new_test_user(cls.env, login=f"door_{name}", password=f"door_{name}", groups=groups,
                             company_id=company.id, company_ids=[Command.set(company.ids)])
        keys = cls.env["res.users.apikeys"].with_user(user).sudo()
        cls.users[name] = user
        cls.keys[name] = keys._generate(None, "door", fields.Datetime.now() + timedelta(hours=1))

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(audit_looks, "write_looks", lambda dbname, looks: None))

    # -- the tables are complete ----------------------------------------------------------------------

    def test_every_public_method_is_in_the_table(self):
        missing = [
            f'"{model}": add a line "{name}": WORKERS,  (or ROLE, EMPLOYEES, TRAIL, NOBODY …: who may call it)'
            if not hasattr(type(self.env["base"]), name)
            else f"ORM: add a line for {name!r}, which {model} extends"
            for model, names in self._public_methods().items() for name in names
            if name not in METHODS.get(model, ()) and name not in ORM]
        self.assertFalse(missing, "Public methods that anyone with a login can call, and that no table of "
                                  "tests/test_access_methods.py names:\n" + "\n".join(missing) +
                                  "\nOr make them private: a leading underscore, or @api.private.")

    def test_no_entry_is_stale(self):
        public = self._public_methods()
        stale = [f"{model}.{name}" for model, names in METHODS.items() for name in names
                 if name not in public.get(model, ())]
        self.assertFalse(stale, "Nothing of this addon defines these any more")

    def test_other_doors_are_in_the_tables(self):
        for model, table, where in (("ir.actions.report", REPORTS, "REPORTS"),
                                    ("ir.actions.server", SERVER_ACTIONS, "SERVER_ACTIONS")):
            found = self.env["ir.model.data"].search([("module", "=", MODULE), ("model", "=", model)])
            crons = self.env["ir.cron"].with_context(active_test=False).search([]).ir_actions_server_id
            names = {data.name for data in found if model != "ir.actions.server" or data.res_id not in crons.ids}
            with self.subTest(where):
                self.assertEqual(names, set(table), f"add to {where} of tests/test_access_methods.py, or remove")
        self.assertEqual(self._routes(), set(ROUTES), "add to ROUTES of tests/test_access_methods.py, or remove")

    def _public_methods(self):
        """:return: {model: names} of what RPC can call and a class of this addon defines"""
        found = {}
        for name, model in self.env.registry.items():
            for cls in model.mro():
                if getattr(cls, "_module", None) != MODULE or (name != "base" and cls._name == "base"):
                    continue  # what every model has is tried on partners
                for method in vars(cls):
                    if not method.startswith("_") and self._is_public(name, method):
                        found.setdefault(name, set()).add(method)
        return {name: sorted(methods) for name, methods in found.items()}

    def _is_public(self, model, name):
        try:
            method = get_public_method(self.env[model], name)
        except Exception:  # private, or no method
            return False
        return callable(method) and not isinstance(method, type)

    def _routes(self):
        return {f"{cls.__name__}.{name}" for cls in Controller.children_classes.get(MODULE, ())
                for name, method in vars(cls).items() if hasattr(method, "original_routing")}

    # -- trying them ----------------------------------------------------------------------------------

    def test_methods(self):
        self._try_all((model, name, entry if isinstance(entry, tuple) else (entry, {}))
                      for model, methods in METHODS.items() for name, entry in methods.items())

    def test_orm(self):
        public = self._public_methods()
        public["res.partner"] = sorted({*public["res.partner"], *public.pop("base")})
        values = {"account.move.line": {"move_id": self.invoice.id}}  # without which core stumbles
        self._try_all((model, name, ORM[name] if name != "create" else (
            "create", {"vals_list": [values.get(model, {})]})) for model, names in public.items() for name in names
                      if name in ORM and not self.env[model]._abstract)

    def _try_all(self, doors):
        doors = list(doors)
        for caller in ("public", *self.users):
            if caller != "public":
                self.authenticate(f"door_{caller}", f"door_{caller}")
            else:
                self.authenticate(None, None)
            for model, name, (who, arguments) in doors:
                self._try(caller, model, name, who, arguments)

    def _try(self, caller, model, name, who, arguments):
        with self.env.cr.savepoint() as savepoint:
            record = self._sample(model, caller)
            may = self._may(caller, record, who)
            if may and isinstance(who, str):
                savepoint.rollback()  # the ORM's own business
                return
            self.env.flush_all()
            before = self._digest()
            for protocol in (self._call_kw, self._json2):
                with self.subTest(method=f"{model}.{name}", caller=caller, protocol=protocol.__name__):
                    with self.env.cr.savepoint() as inner:
                        outcome, text = protocol(caller, record, name, arguments)
                        self.env.invalidate_all()
                        changed = self._digest() ^ before if not may else set()
                        inner.rollback()
                    self.assertNotEqual(outcome, "crash", text[:2000])
                    if may:
                        self.assertNotEqual(outcome, "refused", f"{caller} may call it, says the table: {text[:500]}")
                        continue
                    lists = who == "read" and hasattr(get_public_method(record, name), "_api_model")
                    if who and caller != "foreign" and not lists:  # a list is of what one may see
                        refused = ("refused", "business") if isinstance(who, str) else ("refused",)
                        self.assertIn(outcome, refused, f"not in the table for {caller}, and yet: {text[:500]}")
                    self.assertNotIn(SECRET, text)
                    self.assertFalse(changed, "refused, and yet something changed")
            savepoint.rollback()

    def _may(self, caller, record, who):
        if isinstance(who, str):
            records = record.browse() if who == "create" else record
            if not who or caller == "public":
                return False
            user = self.users[caller]
            return records.with_user(user).with_context(allowed_company_ids=user.company_ids.ids).has_access(who)
        return caller != "foreign" and caller in who

    def make_entry(self, env):
        """A posted entry of a customer that settles itself."""
        account = env["account.account"].search([
            ("account_type", "=", "asset_receivable"), ("company_ids", "in", self.company.ids)], limit=1)
        entry = env["account.move"].create({"company_id": self.company.id, "line_ids": [Command.create({
            "account_id": account.id, "partner_id": self.customer.id, "name": SECRET, "balance": balance,
        }) for balance in (100, -100)]})
        entry.action_post()
        entry.line_ids.reconcile()
        env.cr.precommit.run()  # what waits for the end of the transaction is no answer to the call
        return entry

    def sample(self, model, env):
        """A record to call on. A wizard belongs to who made it."""
        if model in SAMPLES:
            return SAMPLES[model](self, env).with_env(self.env)
        record = env[model].create({}) if env[model]._transient else env[model].search([], limit=1)
        if not record and not model.startswith("kundekartotek."):
            record = env[model].browse(1)  # one of Odoo's: who may not, is refused before anybody looks for it
        self.assertTrue(record, f"Nothing to call on: add {model!r} to SAMPLES of tests/test_access_methods.py")
        return record.with_env(self.env)

    def make_decision(self, env):
        decisions = env["kundekartotek.credit.decision"]
        decisions._record([{
            "decision": "held", "company_res_id": self.company.id, "customer_res_id": self.customer.id,
            "customer_name": SECRET}])
        return decisions.search([], limit=1)

    def open_item(self, env):
        """:return: the environment, in which the customer owes something"""
        items = [(account_type, amount) for account_type, amount in (("asset_receivable", 10), ("income", -10))]
        accounts = {kind: env["account.account"].search([("account_type", "=", kind)], limit=1) for kind, _sum in items}
        env["account.move"].create({"company_id": self.company.id, "line_ids": [Command.create(
            {"account_id": accounts[kind].id, "partner_id": self.customer.id, "balance": amount})
            for kind, amount in items]}).action_post()
        env.cr.precommit.run()  # what waits for the end of the transaction is no answer to the call
        return env

    def _sample(self, model, caller):
        own = (self.env[model]._transient and caller not in ("public", "foreign")
               and self.env[model].with_user(self.users[caller]).has_access("read"))
        return self.sample(model, self.env(user=self.users[caller], su=True) if own else self.env)

    def _digest(self):
        """What is in the database, as seen from this transaction: table, rows, and the last writer of them."""
        if not hasattr(type(self), "tables"):
            tables = {model._table for model in self.env.registry.values() if model._auto and not model._abstract
                      and any(getattr(cls, "_module", None) == MODULE and cls._name != "base" for cls in model.mro())}
            type(self).tables = [
                SQL("SELECT %s, count(*), max(xmin::text::bigint) FROM %s", name, SQL.identifier(name))
                for name in sorted(tables - NOISE | {"res_groups_users_rel", "mail_message", "ir_attachment"})]
        return set(self.env.execute_query(SQL(" UNION ALL ").join(self.tables)))

    def _call_kw(self, caller, record, name, arguments):
        is_model = hasattr(get_public_method(record, name), "_api_model")
        with mute_logger("odoo.http", "odoo.sql_db"):
            response = self.url_open(f"/web/dataset/call_kw/{record._name}/{name}", json={"params": {
                "model": record._name, "method": name, "kwargs": {},
                "args": [*([] if is_model else [record.ids]), *arguments.values()]}})
        answer = response.json()
        error = answer.get("error")
        if not error:
            return "ok", response.text
        return self._judge(error["data"]["name"], error["data"]["message"])

    def _json2(self, caller, record, name, arguments):
        is_model = hasattr(get_public_method(record, name), "_api_model")
        key = self.keys.get(caller, "0" * 40)
        with mute_logger("odoo.http", "odoo.sql_db"):
            response = self.url_open(
                f"/json/2/{record._name}/{name}",  # without any argument it would be a GET
                json={"context": {}, **({} if is_model else {"ids": record.ids}), **arguments},
                headers={"Authorization": f"bearer {key}"}, cookies={})
        if response.status_code == 200:
            return "ok", response.text
        if response.status_code == 401:
            return "refused", response.text
        error = response.json()
        return self._judge(error["name"], error["message"])

    def _judge(self, error, message):
        if error in ("odoo.exceptions.AccessError", "odoo.exceptions.AccessDenied", "odoo.http.SessionExpiredException",
                     "odoo.exceptions.MissingError"):
            return "refused", message
        business = error in ("odoo.exceptions.UserError", "odoo.exceptions.ValidationError",
                             "odoo.exceptions.RedirectWarning")
        return "business" if business else "crash", f"{error}: {message}"

    # -- reports, actions, routes ---------------------------------------------------------------------

    def test_reports(self):
        for name, who in REPORTS.items():
            report = self.env.ref(f"{MODULE}.{name}")
            for caller in ("public", *self.users):
                record = self._sample(report.model, caller)
                self._open(caller, f"/report/html/{report.report_name}/{record.id}", name, who)

    def test_routes(self):
        for name, (who, address) in ROUTES.items():
            for caller in ("public", *self.users):
                self._open(caller, address(self, self.users.get(caller)), name, who)

    def test_downloads(self):
        """An archive is for who made it: neither others nor those without the role get the file."""
        archive = self.env["kundekartotek.audit.archive"].with_user(self.users["auditor"]).create(
            {"company_id": self.company.id, "file": "SGVtbWVsaWc=", "file_name": "a.zip"})
        self.env.flush_all()
        for caller in ("public", *self.users):
            self._open(caller, f"/web/content/kundekartotek.audit.archive/{archive.id}/file", "archive", {"auditor"})

    def _open(self, caller, address, name, who):
        self.authenticate(*(None, None) if caller == "public" else (f"door_{caller}",) * 2)
        with self.subTest(door=name, caller=caller), mute_logger("odoo.http", "odoo.addons.web.controllers.report"):
            response = self.url_open(address, allow_redirects=False)
            if caller in who:
                self.assertEqual(response.status_code, 200, response.text[:500])
            else:
                self.assertNotEqual(response.status_code, 200)
                self.assertNotIn(SECRET, response.text)

    def test_server_actions(self):
        for name, who in SERVER_ACTIONS.items():
            action = self.env.ref(f"{MODULE}.{name}")
            for caller in ("public", *self.users):
                self.authenticate(*(None, None) if caller == "public" else (f"door_{caller}",) * 2)
                record = self._sample(action.model_id.model, caller)
                self.env.flush_all()
                with self.subTest(action=name, caller=caller), self.env.cr.savepoint() as savepoint:
                    before = self._digest()
                    with mute_logger("odoo.http", "odoo.addons.base.models.ir_actions"):
                        answer = self.url_open("/web/action/run", json={"params": {
                            "action_id": action.id, "context": {"active_model": record._name, "active_id": record.id,
                                                                "active_ids": record.ids}}}).json()
                    changed = self._digest() ^ before
                    savepoint.rollback()
                    if caller in who:
                        error = answer.get("error", {"data": {"name": "", "message": ""}})["data"]
                        self.assertNotIn(self._judge(error["name"], error["message"])[0], ("refused", "crash") if
                                         error["name"] else (), json.dumps(answer)[:500])
                    else:
                        self.assertFalse(changed)
                        self.assertNotIn(SECRET, json.dumps(answer))
                        self.assertIn("error", answer)
