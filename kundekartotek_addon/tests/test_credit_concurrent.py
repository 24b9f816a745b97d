# SPDX-License-Identifier: LGPL-3.0-or-later
import threading
from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command, api
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged

OTHER = "Samtidig Datter AS"
CUSTOMERS, SHARING = 6, 3  # the first ones share a limit


class CreditConcurrentCase(BaseCase):
    """Several real connections decide at once, and commit. What was made is removed afterwards, but for the decisions,
    which nobody can remove."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # The test runner's thread holds the lock for the whole run; our threads need the registry too.
        self.enterContext(patch.object(Registry, "_lock", threading.RLock()))
        self.addCleanup(self.clean)
        self.errors = []
        with self.connection() as env:
            company = env.company
            self.company, self.before = company.id, company.credit_control
            company.credit_control = True
            customers = env["res.partner"].create([
                {"name": f"Samtidig Kunde {number} AS", "is_company": True, "customer_rank": 1}
                for number in range(CUSTOMERS)])
            companies = env["res.company"].with_context(active_test=False)
            other = companies.search([("name", "=", OTHER)]) or companies.create({"name": OTHER})
            other.write({"active": True, "credit_control": True})
            groups = env["kundekartotek.credit.group"]
            for each in company + other:
                customers.with_company(each).credit_limit = 10_000
                groups |= groups.create({
                    "name": "Samtidig konsern", "company_id": each.id, "credit_limit": 10_000,
                    "partner_ids": [Command.set(customers[:SHARING].ids)]})
            product = env["product.product"].create({"name": "Samtidig vare", "type": "service"})
            self.customers, self.product, self.other = customers.ids, product.id, other.id
            self.made = [groups, *customers, product.product_tmpl_id]

    def clean(self):
        with self.connection() as env:
            env["res.company"].browse(self.company).credit_control = self.before
            orders = env["sale.order"].search([("partner_id", "in", self.customers)])
            orders._action_cancel()
            orders.unlink()
            for record in self.made:
                record.with_env(env(context={**env.context, **record.env.context})).unlink()
            env["res.company"].browse(self.other).active = False  # which cannot be removed

    def quotations(self, env, customers, company=None):
        """Of 6,000 each: only one of a customer fits its limit."""
        company = company or self.company
        return env["sale.order"].with_company(company).create([{
            "partner_id": customer, "company_id": company, "user_id": False,
            "order_line": [Command.create({
                "product_id": self.product, "product_uom_qty": 1, "price_unit": 6_000, "tax_ids": [Command.clear()]})],
        } for customer in customers]).ids

    def invoices(self, env, number, amount):
        """Drafts for the last customer."""
        account = env["account.account"].search([("account_type", "=", "income")], limit=1)
        moves = env["account.move"].create([{
            "move_type": "out_invoice", "partner_id": self.customers[-1], "invoice_user_id": False,
            "invoice_line_ids": [Command.create({
                "name": "Vare", "price_unit": amount, "tax_ids": [Command.clear()], "account_id": account.id})],
        } for _number in range(number)])
        self.made.insert(0, moves.with_context(force_delete=True))
        return moves

    @contextmanager
    def connection(self):
        """A connection of its own; commits at the end."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})

    def at_once(self, *calls):
        """Run each function of a barrier in a thread of its own."""
        barrier = threading.Barrier(len(calls))

        def guarded(call):
            try:
                call(barrier)
            except Exception as error:  # whatever it is, the test shall see it
                barrier.abort()
                self.errors.append(error)

        threads = [threading.Thread(target=guarded, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        self.assertFalse(self.errors)


@tagged("post_install", "-at_install")
class TestCreditConcurrent(CreditConcurrentCase):
    """Two at once, each of whom has not seen what the other one did."""

    def test_two_orders_that_fit_one_by_one_but_not_together(self):
        with self.connection() as env:
            made = self.quotations(env, self.customers[-1:] * 2)

        def confirm(order_id):
            def call(barrier):
                with self.connection() as env:
                    order = env["sale.order"].browse(order_id)
                    order.read(["name"])  # our snapshot is taken: what the other one does now, we do not see
                    barrier.wait(30)
                    retrying(order.action_confirm, env)  # as Odoo's server runs a call
            return call

        self.at_once(*map(confirm, made))
        with self.connection() as env:
            orders = env["sale.order"].browse(made)
            self.assertEqual(sorted(orders.mapped("state")), ["draft", "sale"])
            self.assertEqual(sorted(orders.mapped("credit_state")), ["clear", "hold"])
            held = orders.filtered(lambda order: order.credit_state == "hold")
            decisions = env["kundekartotek.credit.decision"].search([
                ("document_model", "=", orders._name), ("document_res_id", "in", orders.ids)])
            self.assertEqual(  # what was tried again left one decision, on the figures of the other's order
                [(d.document_res_id, d.decision, d.exposure) for d in decisions], [(held.id, "held", 12_000)])

    def test_two_releases_within_the_authority_but_not_together(self):
        """Of invoices, which a release does not post: what the two managers decide must meet all the same."""
        with self.connection() as env:
            moves = self.invoices(env, 2, 600_000)
            moves.credit_state = "hold"
            made = moves.ids
            asked = [env["kundekartotek.credit.release"].create({
                "move_ids": [Command.set(move.ids)], "reason": "Avtalt"}).id for move in moves]
        refused = []

        def release(wizard_id):
            def call(barrier):
                with self.connection() as env:
                    wizard = env["kundekartotek.credit.release"].browse(wizard_id)
                    wizard.read(["reason"])  # our snapshot is taken
                    barrier.wait(30)
                    try:
                        retrying(wizard.action_decide, env)
                    except UserError as error:
                        refused.append(str(error))
            return call

        self.at_once(*map(release, asked))
        with self.connection() as env:
            self.assertEqual(
                sorted(env["account.move"].browse(made).mapped("credit_state")), ["hold", "released"])
        self.assertIn("larger authority", *refused)

    def test_two_managers_decide_on_one_proposal(self):
        """Each has seen that it waits; only one of them decides on it."""
        with self.connection() as env:
            users = env["res.users"].create([{
                "name": login, "login": login, "company_id": self.company, "company_ids": [Command.set([self.company])],
                "group_ids": [Command.link(env.ref("kundekartotek_addon.group_credit_manager").id)],
            } for login in ("samtidig_a", "samtidig_b", "samtidig_c")])
            self.made += users
            group = self.made[0][0].with_env(env)
            group.with_user(users[0]).credit_limit = 20_000
            group_id = group.id
        refused = []

        def confirm(user_id):
            def call(barrier):
                with self.registry.cursor() as cr:
                    env = api.Environment(cr, user_id, {"tracking_disable": True})
                    group = env["kundekartotek.credit.group"].browse(group_id)
                    self.assertTrue(group.proposal)  # our snapshot is taken
                    barrier.wait(30)
                    try:
                        retrying(group.action_confirm_proposal, env)
                    except UserError as error:
                        refused.append(str(error))
            return call

        self.at_once(*map(confirm, users[1:].ids))
        with self.connection() as env:
            self.assertEqual(env["kundekartotek.credit.group"].browse(group_id).credit_limit, 20_000)
            self.assertEqual(env["kundekartotek.credit.decision"].search_count([
                ("document_model", "=", "kundekartotek.credit.group"), ("document_res_id", "=", group_id),
                ("decision", "=", "approved")]), SHARING)
        self.assertEqual(len(refused), 1)
