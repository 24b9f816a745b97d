# SPDX-License-Identifier: LGPL-3.0-or-later
import threading
from contextlib import contextmanager
from unittest.mock import patch

from odoo import SUPERUSER_ID, Command, api
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, get_db_name, tagged

PATIENCE = "100ms"


@tagged("post_install", "-at_install")
class TestInsightConcurrent(BaseCase):
    """Real connections: somebody posts while all customers are measured, and the other way round. PostgreSQL itself
    ends whoever waits for a lock longer than ``PATIENCE``. Nothing but a customer and its order is committed, and
    both are removed afterwards."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # The test runner's thread holds the lock for the whole run; our thread needs the registry too.
        self.enterContext(patch.object(Registry, "_lock", threading.RLock()))
        self.addCleanup(self.clean)
        with self.connection() as env:
            customer = env["res.partner"].create({"name": "Målt Kunde AS", "is_company": True, "customer_rank": 1})
            order = env["sale.order"].create({"partner_id": customer.id, "company_id": env.company.id})
            order.action_confirm()
            self.customer, self.order = customer.id, order.id
            env.cr.commit()

    def clean(self):
        with self.connection() as env:
            order = env["sale.order"].browse(self.order)
            order._action_cancel()
            order.unlink()
            env["res.partner"].browse(self.customer).unlink()
            env.cr.execute("DELETE FROM kundekartotek_metrics_dirty WHERE partner_res_id = %s", [self.customer])
            env.cr.commit()

    @contextmanager
    def connection(self):
        """A connection of its own, rolled back unless it is committed."""
        with self.registry.cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = %s", [PATIENCE])
            yield api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
            cr.rollback()

    def measure(self, env):
        metrics, company = env["kundekartotek.customer.metrics"], env.company.root_id
        self.assertTrue(metrics._lock())
        metrics._refresh(company)
        metrics._classify(company)
        env["kundekartotek.kpi"]._keep(company)
        self.assertTrue(metrics.search([("partner_id", "=", self.customer)]))

    def draft(self, env):
        if not env.company.chart_template:
            env["account.chart.template"].try_loading("no", env.company, install_demo=False)
        return env["account.move"].create({
            "move_type": "out_invoice", "partner_id": self.customer, "invoice_date": "2026-11-23",
            "invoice_line_ids": [Command.create({"name": "Vare", "price_unit": 100, "tax_ids": []})]})

    def post(self, env, invoice):
        invoice.action_post()
        env.cr.flush()  # and with it what is noted for the queue
        self.assertEqual(invoice.state, "posted")

    def test_posting_does_not_wait_for_the_run(self):
        with self.connection() as job, self.connection() as user:
            invoice = self.draft(user)
            self.measure(job)
            self.post(user, invoice)
            user["res.partner"].browse(self.customer).phone = "22 00 00 00"
            user.flush_all()

    def test_the_run_does_not_wait_for_posting(self):
        with self.connection() as user, self.connection() as job:
            self.post(user, self.draft(user))
            self.measure(job)

    def test_two_postings_for_one_customer_do_not_wait_for_the_queue(self):
        with self.connection() as one, self.connection() as other:
            queue = one["kundekartotek.metrics.dirty"]
            queue._note(queue.env["res.partner"].browse(self.customer), one.company)
            one.cr.flush()
            queue = other["kundekartotek.metrics.dirty"]
            queue._note(queue.env["res.partner"].browse(self.customer), other.company)
            other.cr.flush()

    def test_one_writer_at_a_time(self):
        """The queue's job passes by while the nightly run writes."""
        with self.connection() as night, self.connection() as queue:
            self.measure(night)
            self.assertFalse(queue["kundekartotek.customer.metrics"]._lock())
