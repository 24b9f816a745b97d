# SPDX-License-Identifier: LGPL-3.0-or-later
"""Every door of the addon, tried from outside with every key: public methods over both RPC protocols, reports,
routes and server actions. Who may do what stands in ``access_tables``."""
import json
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import MissingError
from odoo.http import Controller
from odoo.service.model import get_public_method
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..models.audit import audit_looks
from ..models.register.postal_import import MODE_KEY
from .access_tables import METHODS, ORM, REPORTS, ROUTES, SAMPLES, SECRET, SERVER_ACTIONS
from .common import ROLES, KundekartotekCase
from .test_access_matrix import OUTSIDERS

MODULE = "kundekartotek_addon"

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
                                  "tests/access_tables.py names:\n" + "\n".join(missing) +
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
                self.assertEqual(names, set(table), f"add to {where} of tests/access_tables.py, or remove")
        self.assertEqual(self._routes(), set(ROUTES), "add to ROUTES of tests/access_tables.py, or remove")

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
        of_nothing = self.env[model]._abstract and model != "base" and not hasattr(method, "_api_model")
        return callable(method) and not isinstance(method, type) and not of_nothing

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
            try:
                return records.with_user(user).with_context(allowed_company_ids=user.company_ids.ids).has_access(who)
            except MissingError:  # a line over other companies' ledgers
                return False
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
        self.assertTrue(record, f"Nothing to call on: add {model!r} to SAMPLES of tests/access_tables.py")
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
