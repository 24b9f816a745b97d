# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .register_case import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterRun(RegisterCase):
    """Many at once: in the background, resumed where it was stopped, with a result for each."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.job = cls.env.ref("kundekartotek_addon.ir_cron_register_fetch")
        known = {firm.get("navn"): number for number, firm in cls.server.register.known.items()}
        cls.customers = cls.env["res.partner"]
        for name in ("Fjellbekk Bakeri AS", "Blåskjell Restaurant AS", "Flintøksa Antikk ENK", "Kvernhuset Kafé DA"):
            firm = cls.server.register.known[known[name.upper()]]
            address = firm.get("forretningsadresse") or {}
            cls.customers += cls.make_customer(
                name, company_registry=firm["organisasjonsnummer"], zip=address.get("postnummer"),
                vat=f"NO{firm['organisasjonsnummer']}MVA" if firm.get("registrertIMvaregisteret") else False,
                street=(address.get("adresse") or [""])[0], city=address.get("poststed"))
        cls.differing = cls.make_customer("Et annet navn AS", company_registry=known["LYNGMYR ELEKTRO AS"])
        cls.unnumbered = cls.make_customer("Uten nummer AS")
        cls.customers += cls.differing + cls.unnumbered

    def work(self):
        with self.enter_registry_test_mode():
            self.job.method_direct_trigger()
        self.env.invalidate_all()

    def validate_all(self):
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.ir_cron_register_validate").method_direct_trigger()
        self.env.invalidate_all()

    def start(self, customers=None):
        action = (customers or self.customers).action_validate_in_register()
        return self.env[action["res_model"]].browse(action["res_id"])

    def results(self, run):
        return {line.partner_name: line.result for line in run.line_ids}

    def test_results(self):
        run = self.start()
        self.assertEqual((run.total, run.done), (6, 1))
        self.assertFalse(run.finished)
        self.work()
        self.assertEqual(self.results(run), {
            "Fjellbekk Bakeri AS": "ok", "Blåskjell Restaurant AS": "insolvent", "Flintøksa Antikk ENK": "deleted",
            "Kvernhuset Kafé DA": "insolvent", "Et annet navn AS": "differs", "Uten nummer AS": "no_number"})
        self.assertRecordValues(run, [{
            "done": 6, "progress": 100, "ok_count": 1, "differs_count": 1, "insolvent_count": 2, "deleted_count": 1,
            "no_number_count": 1}])
        self.assertTrue(run.finished)
        differing = run.line_ids.filtered(lambda line: line.result == "differs")
        self.assertIn("Name", differing.message)

    def test_few_requests_for_many(self):
        self.start()
        self.server.log.reset()
        self.work()
        # one list of main units, one of sub-units for what no list found, and the deleted one alone
        self.assertLessEqual(self.server.log.requests, 4)

    def test_unreachable_is_tried_again_by_itself(self):
        number = self.differing.company_registry
        run = self.start()
        self.server.fail("503")
        self.work()
        self.assertEqual(self.results(run)["Et annet navn AS"], "unreachable")
        self.assertFalse(run.finished)
        self.assertEqual(run.unreachable_count, 5)
        self.assertFalse(self.Entry.search([("next_due", "<=", fields.Datetime.now())]))
        self.server.reset()
        self.service._get_client().breaker.succeeded()
        with freeze_time(fields.Datetime.now() + timedelta(minutes=6)):
            self.work()
        self.assertEqual(self.results(run)["Et annet navn AS"], "differs")
        self.assertTrue(run.finished)
        self.assertFalse(self.Entry.search([("number", "=", number)]).unreachable_since)

    def test_later_and_later(self):
        entry = self.Entry.search([("number", "=", self.differing.company_registry)])
        self.server.fail("503")
        waits = []
        for _attempt in range(10):
            self.service._get_client().breaker.succeeded()
            self.fetch(self.differing)
            waits.append(entry.next_due - fields.Datetime.now())
        minutes = [round(wait.total_seconds() / 60) for wait in waits]
        self.assertEqual(minutes, [5, 10, 20, 40, 80, 160, 320, 640, 720, 720])

    def test_register_that_is_down_is_left_alone(self):
        self.server.fail("503")
        self.start()
        self.work()
        self.work()
        self.assertLessEqual(self.server.log.requests, 8)  # retries of one list, until the breaker opens

    def test_register_says_when(self):
        self.server.fail("429", seconds=600)
        entry = self.fetch(self.differing)
        self.assertGreater(entry.next_due, fields.Datetime.now() + timedelta(minutes=8))

    def test_stopped_by_time_and_resumed(self):
        run = self.start()
        entries = self.registry["kundekartotek.register.entry"]
        with patch.object(entries, "_queue_batch", 2), self.time_is_up() as env:
            env["kundekartotek.register.entry"]._cron_fetch()
        self.assertEqual(run.done, 3)
        self.server.log.reset()
        self.work()
        self.assertEqual(run.done, 6)
        fetched = self.server.log.summary()["numbers"]
        self.assertEqual(len(fetched), 3)

    def test_all_customers(self):
        other = self.env["res.company"].create({"name": "Annen AS"})
        elsewhere = self.make_customer("Annet AS", company_id=other.id)
        foreign = self.make_customer("GmbH", country_id=self.env.ref("base.de").id)
        person = self.make_customer("Person", is_company=False)
        archived = self.make_customer("Arkivert AS", active=False)
        self.env["kundekartotek.register.run"].action_start_all()
        run = self.env["kundekartotek.register.run"].search([], limit=1)
        self.assertLessEqual(self.customers, run.line_ids.partner_id)
        self.assertFalse(run.line_ids.partner_id & (elsewhere + foreign + person + archived))

    def test_regular_run_reports_to_the_credit_manager(self):
        manager = self.make_user("credit_manager", lang="en_US")
        self.env.company.register_credit_user_id = manager
        self.validate_all()
        self.validate_all()  # not a second one beside it
        run = self.env["kundekartotek.register.run"].search([("kind", "=", "regular")])
        self.assertEqual(len(run), 1)
        self.work()
        self.assertTrue(run.finished)
        activity = run.activity_ids.filtered(lambda activity: activity.user_id == manager)
        self.assertIn("customers", activity.note)

    def test_one_that_cannot_be_kept_holds_no_report_back(self):
        manager = self.make_user("credit_manager", lang="en_US")
        self.env.company.register_credit_user_id = manager
        act_on = type(self.env["kundekartotek.register.change"])._act_on

        def break_down(change, renewed, changes):
            if self.differing.company_registry in renewed.mapped("number"):
                raise ValueError("a rule of somebody's")
            return act_on(change, renewed, changes)

        self.patch(type(self.env["kundekartotek.register.change"]), "_act_on", break_down)
        self.validate_all()
        run = self.env["kundekartotek.register.run"].search([("kind", "=", "regular")])
        with mute_logger("odoo.addons.kundekartotek_addon.models.register.outside_queue"):
            self.work()
            line = run.line_ids.filtered(lambda line: line.partner_id == self.differing)
            self.assertEqual(line.result, "unreachable")
            self.assertIn("a rule of somebody's", line.message)
            self.assertFalse(run.finished)
            with freeze_time(fields.Datetime.now() + timedelta(days=31)):
                self.work()
        self.assertTrue(run.finished)
        self.assertIn("1 not reached", run.activity_ids.filtered(lambda activity: activity.user_id == manager).note)

    def test_who_may_start(self):
        for role in ("reader", "auditor"):
            customers = self.customers.with_user(self.make_user(role))
            with self.assertRaises(AccessError):
                customers.action_validate_in_register()
            with self.assertRaises(AccessError):
                customers.env["kundekartotek.register.run"].action_start_all()
        run = self.customers.with_user(self.make_user("case_worker")).action_validate_in_register()
        self.assertTrue(run["res_id"])
        with self.assertRaises(UserError):
            self.env["res.partner"].create({"name": "Ingen kunde"}).action_validate_in_register()

    def test_another_company_does_not_see_it(self):
        run = self.start()
        other = self.env["res.company"].create({"name": "Annen AS"})
        user = self.make_user("reader", company_id=other.id, company_ids=[fields.Command.set(other.ids)])
        self.assertFalse(run.with_user(user).search([("id", "=", run.id)]))
        self.assertFalse(run.line_ids.with_user(user).search([("run_id", "=", run.id)]))
        run.sudo().company_id = False
        self.unnumbered.company_id = self.env.company
        seen = run.line_ids.with_user(user).search([("run_id", "=", run.id)])
        self.assertNotIn("Uten nummer AS", seen.mapped("partner_name"))

    def test_deleted_customer_leaves_the_run(self):
        run = self.start(self.differing + self.customers[0])
        self.differing.unlink()
        self.work()
        self.assertTrue(run.finished)
        self.assertEqual(run.total, 1)

    def test_run_that_hangs_hinders_no_other(self):
        runs = self.env["kundekartotek.register.run"]
        self.validate_all()
        self.validate_all()
        self.assertEqual(runs.search_count([("kind", "=", "regular")]), 1)
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            self.validate_all()
        self.assertEqual(runs.search_count([("kind", "=", "regular")]), 2)

    def test_quarterly_run_a_second_time(self):
        runs = self.env["kundekartotek.register.run"]
        for turn in range(2):
            with freeze_time(fields.Datetime.now() + timedelta(days=91 * turn)):
                self.validate_all()
                run = runs.search([("kind", "=", "regular")], order="id desc", limit=1)
                self.server.log.reset()
                self.work()
                self.assertTrue(run.finished and run.activity_ids)
                self.assertTrue(self.server.log.requests)
                self.assertEqual(run.insolvent_count, 2)
        self.assertEqual(runs.search_count([("kind", "=", "regular")]), 2)

    def test_customer_that_loses_its_number_leaves_no_run_open(self):
        run = self.start()
        self.differing.write({"company_registry": False, "vat": False})
        self.Entry._forget_unused()
        self.work()
        self.assertTrue(run.finished)
        self.assertEqual(self.results(run)["Et annet navn AS"], "no_number")

    def test_nothing_is_started_that_cannot_run(self):
        self.env["ir.config_parameter"].set_param("kundekartotek_addon.register_mode", "off")
        for call in (self.customers.action_validate_in_register, self.customers[0].action_refresh_register,
                     self.env["kundekartotek.register.run"].action_start_all,
                     self.env["kundekartotek.register.feed"].action_monitor_now):
            with self.assertRaisesRegex(UserError, "switched off"):
                call()
        self.assertFalse(self.env["kundekartotek.register.run"].search([("finished", "=", False)]))

    def test_messages_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("nb_NO")
        run = self.start()
        self.server.fail("503")
        self.work()
        line = run.line_ids.filtered(lambda line: line.partner_name == "Et annet navn AS")
        entry = self.differing._get_register_entry()
        for record, field in ((line, "message"), (entry, "last_message")):
            self.assertIn("cannot be reached", record[field])
            self.assertIn("kan ikke nås", record.with_context(lang="nb_NO")[field])
        self.server.reset()
        self.service._get_client().breaker.succeeded()
        with freeze_time(fields.Datetime.now() + timedelta(minutes=6)):
            self.work()
        self.assertIn("Name", line.message)
        self.assertIn("Navn", line.with_context(lang="nb_NO").message)
        bankrupt = run.line_ids.filtered(lambda line: line.partner_name == "Blåskjell Restaurant AS")
        self.assertEqual((bankrupt.message, bankrupt.with_context(lang="nb_NO").message), ("Bankrupt", "Konkurs"))

    def test_sole_proprietor_that_is_a_person_on_the_card(self):
        number, = self.firms(lambda firm: firm["organisasjonsform"]["kode"] == "ENK" and "navn" in firm
                             and "slettedato" not in firm and not firm.get("konkurs"))
        firm = self.server.register.get(number)
        person = self.make_customer(firm["navn"].title(), is_company=False, company_registry=number)
        consumer = self.make_customer("Uten nummer", is_company=False)
        run = self.start(person + consumer)
        self.work()
        self.assertEqual(run.line_ids.partner_id, person)
        self.assertNotIn("customer_type", {each.field for each in person._find_register_differences()})

    def test_due_by_age(self):
        self.env["ir.config_parameter"].set_param("kundekartotek_addon.register_interval_days", "30")
        self.work()
        self.server.log.reset()
        self.work()
        self.assertFalse(self.server.log.requests)
        with freeze_time(fields.Datetime.now() + timedelta(days=31)):
            self.work()
        self.assertTrue(self.server.log.requests)
