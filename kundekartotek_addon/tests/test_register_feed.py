# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from lxml import etree

from odoo import Command, fields
from odoo.tests import freeze_time, new_test_user, tagged

from ..tools import brreg
from .register_case import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterFeed(RegisterCase):
    """Monitoring: what the register publishes reaches whom it concerns."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Change = cls.env["kundekartotek.register.change"]
        cls.Feed = cls.env["kundekartotek.register.feed"]
        cls.Feed.search([]).unlink()
        cls.salesperson = new_test_user(
            cls.env, "register_sales", groups="sales_team.group_sale_salesman", lang="en_US")
        cls.manager = cls.make_user("credit_manager", lang="en_US")
        cls.env.company.register_credit_user_id = cls.manager
        cls.customer = cls.make_customer(
            "Fjellbekk Bakeri AS", company_registry="310410004", user_id=cls.salesperson.id)
        cls.other = cls.make_customer("Lyngmyr Elektro AS", company_registry=next(
            number for number, firm in cls.server.register.known.items() if firm.get("navn") == "LYNGMYR ELEKTRO AS"))

    def night(self):
        """The nightly job, and the fetching that it starts."""
        with self.enter_registry_test_mode():
            self.env.ref("kundekartotek_addon.ir_cron_register_monitor").method_direct_trigger()
            self.env.ref("kundekartotek_addon.ir_cron_register_fetch").method_direct_trigger()
        self.env.invalidate_all()

    def published(self, change="", **values):
        self.server.publish("310410004", change, values or None)
        self.server.log.reset()
        self.night()
        return self.Change.search([("partner_id", "=", self.customer.id)])

    def test_only_what_changed_is_fetched(self):
        self.night()
        self.published("bankrupt")
        self.assertEqual(list(self.server.log.summary()["numbers"]), ["310410004"])
        self.assertEqual(self.customer.register_status, "bankrupt")
        self.assertEqual(self.other.register_status, "active")

    def test_everything_that_a_bankruptcy_starts(self):
        self.night()
        change = self.published("bankrupt")[-1:]
        self.assertRecordValues(change, [{
            "kind": "insolvency", "old_text": "Active", "new_text": "Bankrupt", "number": "310410004"}])
        self.assertTrue(self.customer.customer_on_hold)
        self.assertIn("Bankrupt", self.customer.customer_hold_reason)
        told = self.customer.activity_ids
        self.assertEqual(told.user_id, self.salesperson + self.manager)
        self.assertIn("Bankrupt", told[0].note)
        self.assertIn("Bankrupt", self.customer.message_ids[0].body)
        events = self.env["kundekartotek.audit.event"].search(
            [("customer_res_id", "=", self.customer.id), ("field_name", "=", "register_status")])
        self.assertEqual((events[0].old_value, events[0].new_value), ("Active", "Bankrupt"))

    def test_who_is_told_what(self):
        self.night()
        company = self.env.company
        for setting, kind in (
            ("register_vat_to", "vat"), ("register_details_to", "name"), ("register_gone_to", "deleted"),
            ("register_insolvency_to", "insolvency"),
        ):
            for choice, expected in (("credit", self.manager), ("sales", self.salesperson),
                                     ("both", self.manager + self.salesperson), ("nobody", self.env["res.users"])):
                company[setting] = choice
                with self.subTest(setting=setting, choice=choice):
                    self.assertEqual(self.customer._find_register_recipients(kind), expected)
        company.register_vat_to = "credit"
        self.published("vat_off")
        self.assertEqual(self.customer.activity_ids.user_id, self.manager)

    def test_without_a_salesperson_the_credit_manager_gets_it(self):
        self.customer.user_id = False
        self.assertEqual(self.customer._find_register_recipients("name"), self.manager)

    def test_salesperson_who_left(self):
        self.salesperson.active = False
        self.assertEqual(self.customer._find_register_recipients("insolvency"), self.manager)

    def test_each_company_that_invoices_the_customer(self):
        other = self.env["res.company"].create({"name": "Annen AS", "register_insolvency_to": "credit"})
        theirs = self.make_user("administrator", company_id=other.id, company_ids=[Command.set(other.ids)])
        other.register_credit_user_id = theirs
        self.customer.company_id = other
        self.assertEqual(self.customer._find_register_recipients("insolvency"), theirs)

    def test_name_address_and_vat(self):
        self.night()
        kinds = set(self.published("renamed").mapped("kind")) | set(self.published("moved").mapped("kind"))
        kinds |= set(self.published("vat_off").mapped("kind"))
        self.assertEqual(kinds, {"name", "address", "vat"})
        self.assertFalse(self.customer.register_vat_registered)
        self.assertEqual(self.customer.name, "Fjellbekk Bakeri AS")

    def test_back_again(self):
        self.night()
        self.published("bankrupt")
        self.assertEqual(self.published("active")[0].kind, "restored")
        self.assertFalse(self.customer.customer_on_hold)

    def test_page_by_page(self):
        self.published("renamed")
        feed = self.Feed.search([("kind", "=", "unit")])
        for number in self.firms(lambda firm: "forretningsadresse" in firm, 25):
            self.server.publish(number, values={"telefon": "22 00 00 00"})
        self.server.publish("310410004", "bankrupt")
        client = self.service._get_client()
        self.server.log.reset()
        whole = client.feed_from
        self.patch(client, "feed_from", lambda start, size=10, **more: whole(start, 10, **more))
        self.night()
        self.assertEqual(self.customer.register_status, "bankrupt")
        self.assertEqual(len([path for path in self.server.log.paths if "oppdateringer/enheter" in path]), 3)
        self.assertEqual(feed.events, 26)
        self.assertEqual(feed.matched, 1)

    def test_id_goes_on_from_the_last(self):
        self.published("renamed")
        self.published("moved")
        feed = self.Feed.search([("kind", "=", "unit")])
        last = self.server.register.published["enheter"][-1]["oppdateringsid"]
        self.assertEqual(feed.last_event_id, last)
        self.server.log.reset()
        self.night()
        asked = [path for path in self.server.log.paths if "oppdateringsid" in path]
        self.assertIn(f"oppdateringsid={last + 1}", asked[0])
        self.assertFalse(self.server.log.summary()["numbers"])

    def test_first_reading_is_by_time(self):
        self.night()
        self.assertTrue(any("dato=" in path for path in self.server.log.paths))

    def test_sub_units_too(self):
        number, = self.firms(lambda firm: firm.get("beliggenhetsadresse"))
        branch = self.make_customer("Avdeling", company_registry=number)
        self.night()
        self.server.publish(number, "renamed")
        self.night()
        self.assertEqual(self.Change.search([("partner_id", "=", branch.id)]).kind, "name")

    def test_gap_ends_in_a_catch_up(self):
        self.published("renamed")
        self.server.publish("310410004", "bankrupt")
        last = self.server.register.published["enheter"][-1]["oppdateringsid"]
        self.server.register.kept_from = last + 1  # forgotten before we read it
        self.addCleanup(setattr, self.server.register, "kept_from", 0)
        later = fields.Datetime.now() + timedelta(days=12)
        event = self.server.publish(self.other.company_registry, "renamed")
        event["dato"] = f"{later:%Y-%m-%dT%H:%M:%S}.000Z"
        with freeze_time(later + timedelta(hours=1)):
            self.night()
        run = self.env["kundekartotek.register.run"].search([("kind", "=", "catch_up")])
        self.assertTrue(run.finished)
        self.assertEqual(self.customer.register_status, "bankrupt")

    def test_feed_that_refuses_where_we_stopped(self):
        self.published("renamed")
        feed = self.Feed.search([("kind", "=", "unit")])
        feed._note_failure(brreg.Refused("too old"))
        self.assertFalse(feed.last_event_id)
        self.assertTrue(self.env["kundekartotek.register.run"].search([("kind", "=", "catch_up")]))

    def test_down_for_a_while(self):
        self.published("renamed")
        feed = self.Feed.search([("kind", "=", "unit")])
        self.server.publish("310410004", "bankrupt")
        self.server.fail("503")
        self.night()
        self.assertTrue(feed.problem and feed.unreachable_since)
        self.assertEqual(self.customer.register_status, "active")
        self.server.reset()
        self.service._get_client().breaker.succeeded()
        self.night()
        self.assertFalse(feed.problem or feed.unreachable_since)
        self.assertEqual(self.customer.register_status, "bankrupt")

    def test_down_it_is_tried_again_soon(self):
        self.server.fail("503")
        self.night()
        trigger = self.env["ir.cron.trigger"].search(
            [("cron_id", "=", self.env.ref("kundekartotek_addon.ir_cron_register_monitor").id)],
            order="call_at desc", limit=1)
        wait = trigger.call_at - fields.Datetime.now()
        self.assertTrue(timedelta(minutes=28) < wait <= timedelta(minutes=31), wait)

    def test_lasting_fault_is_told_once(self):
        self.night()
        feed = self.Feed.search([("kind", "=", "unit")])
        feed.activity_unlink(["mail.mail_activity_data_todo"])
        self.server.fail("503")
        self.night()
        self.assertFalse(feed.activity_ids)
        for days in (1.1, 2):
            with freeze_time(fields.Datetime.now() + timedelta(days=days)):
                self.service._get_client().breaker.succeeded()
                self.night()
        told = self.Feed.search([]).activity_ids.filtered(lambda activity: activity.user_id == self.manager)
        self.assertEqual(len(told), 1)
        self.assertIn("have not been read since", told.summary)
        self.assertIn("cannot be reached", told.note)
        self.server.reset()
        self.service._get_client().breaker.succeeded()
        self.night()
        self.assertFalse(feed.activity_ids)

    def test_problem_in_the_readers_language(self):
        self.env["res.lang"]._activate_lang("nb_NO")
        self.server.fail("503")
        self.night()
        feed = self.Feed.search([("kind", "=", "unit")])
        self.assertIn("cannot be reached", feed.problem)
        self.assertIn("kan ikke nås", feed.with_context(lang="nb_NO").problem)

    def test_stops_when_the_time_is_up_and_goes_on(self):
        self.published("renamed")
        feed = self.Feed.search([("kind", "=", "unit")])
        start = feed.last_event_id
        for number in self.firms(lambda firm: "forretningsadresse" in firm, 25):
            self.server.publish(number, values={"telefon": "22 00 00 00"})
        client = self.service._get_client()
        whole = client.feed_from
        self.patch(client, "feed_from", lambda start, size=10, **more: whole(start, 10, **more))
        with self.time_is_up() as env:
            env["kundekartotek.register.feed"]._cron_monitor()
        last = self.server.register.published["enheter"][-1]["oppdateringsid"]
        self.assertTrue(start < feed.last_event_id < last)
        self.night()
        self.assertEqual(feed.last_event_id, last)

    def test_first_reading_begins_with_the_oldest_copy(self):
        self.fetch(self.customer, self.other)
        oldest = fields.Datetime.now() - timedelta(days=20)
        self.Entry.search([("number", "=", "310410004")]).fetched = oldest
        self.night()
        asked = next(path for path in self.server.log.paths if "dato=" in path)
        self.assertIn(f"dato={oldest - timedelta(days=1):%Y-%m-%d}", asked)

    def test_a_quiet_weekend_is_no_gap(self):
        """What was read to its end is known, however long nothing happened."""
        self.night()
        last = fields.Datetime.now() + timedelta(days=4)
        with freeze_time(last):
            self.night()
        event = self.server.publish("310410004", "bankrupt")
        event["dato"] = f"{last + timedelta(hours=9):%Y-%m-%dT%H:%M:%S}.000Z"
        with freeze_time(last + timedelta(days=1)):
            self.night()
        self.assertFalse(self.env["kundekartotek.register.run"].search([("kind", "=", "catch_up")]))

    def test_forgotten_customers_go_though_switched_off(self):
        self.fetch(self.customer, self.other)
        self.customer.company_registry = self.customer.vat = False
        self.env["ir.config_parameter"].set_param("kundekartotek_addon.register_mode", "off")
        self.night()
        self.assertEqual(self.Entry.search([]).number, self.other.company_registry)

    def test_customers_from_before_are_entered(self):
        self.Entry.search([]).unlink()
        self.night()
        self.assertEqual(self.customer.register_status, "active")

    def test_one_query_a_page_however_many_customers(self):
        self.night()
        feed = self.Feed.search([("kind", "=", "unit")])
        now, strangers = fields.Datetime.now(), 900_000_000
        for place, unmatched in enumerate((0, 10, 1000)):  # customers of ours that the page does not tell of
            self.Entry._enqueue([f"{800_000_000 + number}" for number in range(unmatched)])
            first = 30_000_000 + 10_000 * place
            events = [brreg.Event(first + event, now, f"{strangers + event}", "change") for event in range(9_999)]
            events.append(brreg.Event(first + 9_999, now, "310410004", "change"))
            page = brreg.FeedPage(tuple(events), events[-1].id, False)
            self.env.flush_all()
            feed.fetch(["last_event_id", "last_event_time"])
            self.patch(type(self.Entry), "_wake", lambda entries, at=None: None)  # costs the same, whatever is matched
            # the match, and where the reading has come to
            with self.subTest(unmatched=unmatched), self.assertQueryCount(2):
                self.assertEqual(feed._take(page), ["310410004"])
                self.env.flush_all()

    def test_switched_off(self):
        self.env["ir.config_parameter"].set_param("kundekartotek_addon.register_mode", "off")
        self.night()
        self.assertFalse(self.server.log.requests)

    def test_texts_in_the_language_of_who_is_told(self):
        self.env["res.lang"]._activate_lang("nb_NO")
        self.manager.lang = self.salesperson.lang = "nb_NO"
        self.night()
        self.published("bankrupt")
        self.assertIn("konkurs", self.customer.activity_ids[0].note.lower())
        self.assertIn("konkurs", self.customer.message_ids[0].body.lower())

    def test_every_list_opens(self):
        """As the web client reads it, with the fields of its view, for who may see it."""
        self.night()
        self.published("bankrupt")
        reader = self.env(user=self.make_user("reader"))
        for name in ("change", "entry", "feed", "run", "run.line"):
            model = reader[f"kundekartotek.register.{name}"]
            arch = etree.fromstring(model.get_view(view_type="list")["arch"])
            spec = {node.get("name"): {} for node in arch.iter("field")}
            with self.subTest(name):
                self.assertEqual(model.web_search_read([], spec)["length"], model.search_count([]))
                self.assertTrue(model.search_count([]) or name.startswith("run"))

    def test_changes_of_other_companies_are_not_seen(self):
        self.night()
        change = self.published("bankrupt")[:1]
        company = self.env["res.company"].create({"name": "Annen AS"})
        user = self.make_user("reader", company_id=company.id, company_ids=[Command.set(company.ids)])
        self.assertTrue(change.with_user(user).search([("id", "=", change.id)]))  # a shared customer
        change.sudo().company_id = self.env.company
        self.assertFalse(change.with_user(user).search([("id", "=", change.id)]))

    def test_change_outlives_its_customer(self):
        self.night()
        change = self.published("bankrupt")[:1]
        self.customer.unlink()
        self.assertRecordValues(change, [{"partner_id": False, "partner_name": "Fjellbekk Bakeri AS"}])
