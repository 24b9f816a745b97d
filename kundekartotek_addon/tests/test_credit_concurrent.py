# SPDX-License-Identifier: LGPL-3.0-or-later
import random
import threading
from contextlib import contextmanager
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, tagged

TRIALS, WORKERS = 1000, 4
CUSTOMERS = range(-12, 0)  # nobody's ids


@tagged("post_install", "-at_install")
class TestCreditConcurrent(BaseCase):
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
            customer = env["res.partner"].create({"name": "Samtidig Kunde AS", "is_company": True, "customer_rank": 1})
            customer.credit_limit = 10_000
            product = env["product.product"].create({"name": "Samtidig vare", "type": "service"})
            self.made = [(customer._name, customer.id), (product._name, product.id)]
            self.orders = env["sale.order"].create([{
                "partner_id": customer.id, "company_id": self.company,
                "order_line": [Command.create({
                    "product_id": product.id, "product_uom_qty": 1, "price_unit": 6_000,
                    "tax_ids": [Command.clear()]})],
            } for _order in range(2)]).ids

    def clean(self):
        with self.connection() as env:
            env["res.company"].browse(self.company).credit_control = self.before
            orders = env["sale.order"].browse(self.orders)
            orders._action_cancel()
            orders.unlink()
            for model, record_id in self.made:
                record = env[model].browse(record_id)
                (record.product_tmpl_id if model == "product.product" else record).unlink()
            env.cr.execute("DELETE FROM kundekartotek_credit_lock WHERE key_res_id < 0")

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

    def test_two_orders_that_fit_one_by_one_but_not_together(self):
        def confirm(order_id):
            def call(barrier):
                with self.connection() as env:
                    order = env["sale.order"].browse(order_id)
                    order.read(["name"])  # our snapshot is taken: what the other one does now, we do not see
                    barrier.wait(30)
                    retrying(order.action_confirm, env)  # as Odoo's server runs a call
            return call

        self.at_once(*map(confirm, self.orders))
        with self.connection() as env:
            orders = env["sale.order"].browse(self.orders)
            self.assertEqual(sorted(orders.mapped("state")), ["draft", "sale"])
            self.assertEqual(sorted(orders.mapped("credit_state")), ["clear", "hold"])
            held = orders.filtered(lambda order: order.credit_state == "hold")
            decisions = env["kundekartotek.credit.decision"].search([
                ("document_model", "=", orders._name), ("document_res_id", "in", orders.ids)])
            self.assertEqual(  # what was tried again left one decision, on the figures of the other's order
                [(d.document_res_id, d.decision, d.exposure) for d in decisions], [(held.id, "held", 12_000)])

    def test_random_decisions_never_wait_for_each_other(self):
        """A thousand times, decisions on customers drawn at random, in whatever order each names them."""
        taken = []

        def decide(seed):
            def call(barrier):
                chance = random.Random(seed)
                barrier.wait(30)
                for _trial in range(TRIALS // WORKERS):
                    keys = [("customer", key) for key in chance.sample(CUSTOMERS, chance.randint(1, 5))]
                    while True:
                        try:
                            with self.connection() as env:
                                env["kundekartotek.credit.lock"]._take(self.company, keys)
                            break
                        except SerializationFailure:  # another's decision was committed meanwhile
                            continue
                    taken.append(keys)
            return call

        self.at_once(*map(decide, range(WORKERS)))  # a deadlock would be an error
        self.assertEqual(len(taken), TRIALS)
