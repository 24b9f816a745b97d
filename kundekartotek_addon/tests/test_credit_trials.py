# SPDX-License-Identifier: LGPL-3.0-or-later
import itertools
import random

from psycopg2.errors import SerializationFailure

from odoo import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .test_credit_concurrent import CUSTOMERS, SHARING, CreditConcurrentCase

TRIALS, RELEASES, MIXED, WORKERS = 1000, 200, 80, 4
# What one hand has confirmed or seen held is a quotation again.
RESET = "UPDATE sale_order SET state = 'draft', credit_state = %s WHERE id = ANY(%s)"
RESET_MOVES = """
    WITH line AS (UPDATE account_move_line SET parent_state = 'draft' WHERE move_id = ANY(%(ids)s))
    UPDATE account_move SET state = 'draft', credit_state = 'clear' WHERE id = ANY(%(ids)s)"""
# How many orders of each customer, or group of them, have been confirmed in each company.
CONFIRMED = """
    SELECT company_id, CASE WHEN partner_id = ANY(%s) THEN 0 ELSE partner_id END, count(*) FROM sale_order
     WHERE id = ANY(%s) AND state = 'sale' GROUP BY 1, 2"""
# How many documents passed because they fit.
PASSED = """
    SELECT (SELECT count(*) FROM sale_order WHERE partner_id = %(who)s AND state = 'sale' AND credit_state = 'clear')
         + (SELECT count(*) FROM account_move
             WHERE partner_id = %(who)s AND state = 'posted' AND credit_state = 'clear')"""


@tagged("post_install", "-at_install", "trials")
class TestCreditTrials(CreditConcurrentCase):
    """Many at random: a deadlock would be an error. They take minutes, and run once in the suite."""

    def try_often(self, trials, decide):
        """Several workers at once, again and again.

        :param decide: function of an environment, whose transaction is committed after it, the worker's number and its
            random numbers
        :return: what it returned each time
        """
        done, again = [], []

        def work(worker):
            def call(barrier):
                chance = random.Random(worker)
                barrier.wait(30)
                for _trial in range(trials // WORKERS):
                    state = chance.getstate()
                    while True:
                        try:
                            with self.connection() as env:
                                answer = decide(env, worker, chance)
                            done.append(answer)
                            break
                        except SerializationFailure:  # another's decision was committed meanwhile
                            again.append(worker)
                            chance.setstate(state)
            return call

        self.at_once(*map(work, range(WORKERS)))
        self.assertEqual(len(done), trials)
        self.assertTrue(again, "nobody was ever in another's way")
        return done

    def decide_on_orders(self, trials, prepare, decide):
        """Each worker has orders of all customers in both companies.

        :param prepare: what the orders of a worker are before each trial
        :param decide: what is done with some of them, named in whatever order
        :return: how many orders of each customer were confirmed, after each trial
        """
        with self.connection() as env:
            mine = [
                [*self.quotations(env, random.Random(worker).sample(self.customers, CUSTOMERS)),
                 *self.quotations(env, self.customers, self.other)] for worker in range(WORKERS)]

        def trial(env, worker, chance):
            env.cr.execute(RESET, [prepare, mine[worker]])
            decide(env["sale.order"].browse(chance.sample(mine[worker], chance.randint(1, 3))))
            env.flush_all()
            env.cr.execute(CONFIRMED, [self.customers[:SHARING], [*itertools.chain(*mine)]])
            return [count for *_whose, count in env.cr.fetchall()]

        return {count for counts in self.try_often(trials, trial) for count in counts}

    def release(self, **documents):
        return {"reason": "Avtalt", **{name: [Command.set(each.ids)] for name, each in documents.items()}}

    def test_random_decisions_never_wait_for_each_other(self):
        """A thousand times, orders of customers and companies drawn at random are confirmed, in whatever order each
        names them; what the same hand confirmed before is a quotation again."""
        self.assertEqual(self.decide_on_orders(TRIALS, "clear", lambda orders: orders.action_confirm()), {1})

    def test_random_releases_never_wait_for_each_other(self):
        """Nor those who release several orders at once."""
        def release(orders):
            orders.env["kundekartotek.credit.release"].create(self.release(order_ids=orders)).action_decide()
            self.assertEqual(set(orders.mapped("state")), {"sale"})

        self.decide_on_orders(RELEASES, "hold", release)

    def test_orders_and_invoices_of_one_customer(self):
        """They are confirmed, posted and released at once; of what is not released, one fits."""
        who = self.customers[-1]
        with self.connection() as env:
            category = env["kundekartotek.category"].create({"name": "Samtidig"})
            env["res.partner"].browse(who).customer_category_id = category
            policy = env["kundekartotek.credit.policy"].create({
                "name": "Samtidig", "sequence": -1, "category_ids": [Command.set(category.ids)],
                "rule_ids": [Command.create({"kind": "limit", "checkpoint": checkpoint, "action": "hold"})
                             for checkpoint in ("order", "invoice")]})
            self.made[-1:-1] = [policy]
            self.made.append(category)
            orders = [self.quotations(env, [who] * 2) for _worker in range(WORKERS)]
            moves = [self.invoices(env, 2, 6_000) for _worker in range(WORKERS)]
            env.company.credit_control = False
            for each in moves:  # so that each has its number: Odoo's numbering is another matter
                each.action_post()
            env.company.credit_control = True
            env.flush_all()
            moves = [each.ids for each in moves]
            env.cr.execute(RESET_MOVES, {"ids": [*itertools.chain(*moves)]})

        def trial(env, worker, chance):
            with self.connection() as before:
                before.cr.execute(RESET, ["clear", orders[worker]])
                before.cr.execute(RESET_MOVES, {"ids": moves[worker]})
            order = env["sale.order"].browse(chance.choice(orders[worker]))
            move = env["account.move"].browse(chance.choice(moves[worker])).with_context(credit_dialog=True)
            for decide in chance.sample([order.action_confirm, move.action_post], 2):
                decide()
            held = {"order_ids": order, "move_ids": move}
            held = {name: each for name, each in held.items() if each.credit_state == "hold"}
            if held and chance.random() < 0.5:
                env["kundekartotek.credit.release"].create(self.release(**held)).action_decide()
                if move.state == "draft":
                    move.action_post()
            env.flush_all()
            env.cr.execute(PASSED, {"who": who})
            return env.cr.fetchone()[0], len(held)

        with mute_logger("odoo.sql_db"):  # Odoo notes on its neighbours in the numbering what it posts, and tries again
            answers = self.try_often(MIXED, trial)
        self.assertEqual({passed for passed, _held in answers}, {0, 1})
        self.assertGreater(sum(held for _passed, held in answers), MIXED)
