# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import fields
from odoo.tests import freeze_time, tagged
from odoo.tools import SQL, file_open, mute_logger

from ..tools import brreg
from .register_case import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterEntry(RegisterCase):
    """What is kept of an answer, whose it is, and how a customer shows it."""

    def customer(self, name, **vals):
        """A customer with the number that the stand-in has for a name of the demo company."""
        known = self.server.register.known
        number = next(number for number, firm in known.items() if firm.get("navn") == name.upper())
        return self.make_customer(name, company_registry=number, **vals)

    def test_creating_a_customer_queues_its_number(self):
        customer = self.make_customer(company_registry="310410004")
        entry = self.Entry.search([("number", "=", "310410004")])
        self.assertTrue(entry.next_due <= fields.Datetime.now())
        self.assertFalse(entry.fetched)
        self.assertEqual(customer.register_status, "pending")
        self.assertFalse(self.server.log.requests)

    def test_every_way_of_becoming_a_customer(self):
        contact = self.env["res.partner"].create(
            {"name": "Kontakt AS", "is_company": True, "country_id": self.norway.id, "vat": "NO310410004MVA"})
        self.assertFalse(self.Entry.search([]))
        contact._increase_rank("customer_rank")
        self.assertEqual(self.Entry.search([]).number, "310410004")
        later = self.make_customer("Senere AS")
        later.company_registry = self.firms(lambda firm: True)[0]
        self.assertEqual(len(self.Entry.search([])), 2)
        rows = [["Import AS", "1", "1", "base.no", self.firms(lambda firm: True, 2)[1]]]
        self.env["res.partner"].load(["name", "is_company", "customer_rank", "country_id/id", "company_registry"], rows)
        self.assertEqual(len(self.Entry.search([])), 3)

    def test_nothing_is_queued_when_switched_off(self):
        self.env["ir.config_parameter"].set_param("kundekartotek_addon.register_mode", "off")
        self.make_customer(company_registry="310410004")
        self.assertFalse(self.Entry.search([]))

    def test_neutralised_copy_asks_nobody(self):
        with file_open("kundekartotek_addon/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.registry.clear_cache()
        self.assertFalse(self.service._is_on())
        self.env["ir.config_parameter"].search([("key", "=", "kundekartotek_addon.register_mode")]).unlink()
        self.assertTrue(self.service._is_on())

    def test_demo_asks_nobody_but_the_stand_in(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("kundekartotek_addon.register_mode", "demo")
        self.assertEqual(self.service._get_mode(), "demo")
        parameters.set_param("kundekartotek_addon.register_url", False)
        self.assertEqual(self.service._get_mode(), "off")

    def test_one_entry_for_many_customers(self):
        self.customer("Fjellbekk Bakeri AS")
        self.customer("Fjellbekk Bakeri AS", is_branch=True)
        self.assertEqual(len(self.Entry.search([])), 1)

    @freeze_time("2026-11-23 10:00:00")
    def test_active(self):
        customer = self.customer("Fjellbekk Bakeri AS")
        entry = self.fetch(customer)
        self.assertRecordValues(entry, [{
            "status": "active", "name": "FJELLBEKK BAKERI AS", "legal_form": "AS", "last_outcome": "found",
            "fetched": fields.Datetime.now(), "next_due": fields.Datetime.now() + timedelta(days=90), "attempts": 0}])
        self.assertTrue(entry.payload_hash)
        self.assertTrue(entry.industry_code and entry.industry_standard)
        self.assertEqual(customer.register_status, "active")
        self.assertEqual(customer.register_line, "active, checked 23.11.2026")
        self.assertFalse(customer.customer_on_hold)
        self.assertFalse(self.env["kundekartotek.register.change"].search([]))

    def test_bankrupt_is_told_at_the_first_answer(self):
        customer = self.customer("Blåskjell Restaurant AS")
        self.fetch(customer)
        self.assertEqual(customer.register_status, "bankrupt")
        self.assertTrue(customer.customer_on_hold)
        self.assertIn("Bankrupt", customer.customer_hold_reason)
        change = self.env["kundekartotek.register.change"].search([])
        self.assertRecordValues(change, [{"partner_id": customer.id, "kind": "insolvency", "new_text": "Bankrupt"}])

    def test_deleted(self):
        customer = self.customer("Flintøksa Antikk ENK")
        self.fetch(customer)
        self.assertEqual(customer.register_status, "deleted")
        self.assertTrue(customer._register_hold_reasons())

    def test_why_the_customers_of_a_list_are_on_hold_is_asked_at_once(self):
        sound = self.firms(lambda unit: "navn" in unit and not unit.get("konkurs"), 12)
        bankrupt = self.firms(lambda unit: unit.get("konkurs"), 4)
        sound, held = (self.env["res.partner"].union(*(
            self.make_customer(f"Kunde {number} AS", company_registry=number) for number in numbers))
            for numbers in (sound, bankrupt))
        customers = sound + held
        self.fetch(*customers)

        def statements(some):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.mapped("customer_on_hold")
            return self.env.cr.sql_log_count - before

        statements(customers)  # what is cached for all
        self.assertEqual(statements(customers), statements(customers[:2]))
        self.assertEqual(statements(held), statements(held[:1]))
        self.assertEqual(customers.filtered("customer_on_hold"), held)

    def test_contact_shows_its_company(self):
        customer = self.customer("Fjellbekk Bakeri AS")
        contact = self.env["res.partner"].create({"name": "Sunniva", "parent_id": customer.id})
        self.fetch(customer)
        self.assertEqual(contact.register_status, "active")

    def test_unknown_number(self):
        from dev.brreg_firms import number
        unknown = next(made for prefix in range(99000000, 99000100) if (made := number(prefix)))
        customer = self.make_customer("Feil AS", company_registry=unknown)
        self.fetch(customer)
        self.assertEqual(customer.register_status, "unknown")
        self.assertEqual(self.env["kundekartotek.register.change"].search([]).kind, "unknown")

    def test_withdrawn_deletes_the_copy_and_tells(self):
        customer = self.customer("Fjellbekk Bakeri AS")
        entry = self.fetch(customer)
        self.server.publish(entry.number, "withdrawn")
        self.fetch(customer)
        copied = {name: entry[name] for name in entry._get_copied_fields() if name != "deleted_date"}
        self.assertFalse({name: value for name, value in copied.items() if value})
        self.assertEqual(customer.register_status, "withdrawn")
        self.assertEqual(self.env["kundekartotek.register.change"].search([]).kind, "withdrawn")
        self.assertEqual(customer.name, "Fjellbekk Bakeri AS")  # the card is ours

    def test_sole_proprietor_is_kept_only_while_used(self):
        customer = self.customer("Eldhug Smie ENK")
        entry = self.fetch(customer)
        self.assertTrue(entry.is_person)
        customer.unlink()
        self.assertFalse(entry.exists())

    def test_sole_proprietor_goes_with_its_number(self):
        customer, other = self.customer("Eldhug Smie ENK"), self.customer("Fjellbekk Bakeri AS")
        twin = self.make_customer("Tvilling", company_registry=customer.company_registry, is_branch=True)
        person, firm = self.fetch(customer), self.fetch(other)
        (customer + other).write({"company_registry": False, "vat": False})
        self.assertTrue(person.exists() and firm.exists())
        twin.write({"company_registry": False, "vat": False})
        self.assertFalse(person.exists())
        self.assertTrue(firm.exists())  # no person: forgotten at night

    def test_what_was_copied_of_a_person_is_forgotten_too(self):
        """In the monitoring list it stays known that something happened, not what."""
        customer = self.customer("Eldhug Smie ENK")
        number = customer.company_registry
        self.fetch(customer)
        self.server.publish(number, "moved")
        self.fetch(customer)
        customer._keep_card("address")
        change = self.env["kundekartotek.register.change"].search([("kind", "=", "address")])
        self.assertTrue(change.new_value and customer.register_kept)
        customer.write({"company_registry": False, "vat": False})
        self.assertFalse(self.Entry.search([("number", "=", number)]))
        self.assertRecordValues(change, [{"old_value": False, "new_value": False, "number": number, "kind": "address"}])
        self.assertFalse(customer.register_kept)

    def test_what_was_copied_of_a_withdrawn_unit_is_forgotten_too(self):
        customer = self.customer("Fjellbekk Bakeri AS", email="")
        self.fetch(customer)
        self.server.publish("310410004", values={"navn": "FJELLBEKK BRØD AS"})
        self.fetch(customer)
        customer._keep_card("name")
        change = self.env["kundekartotek.register.change"].search([("kind", "=", "name")])
        self.assertTrue(change.new_value and customer.register_kept)
        self.server.publish("310410004", "withdrawn")
        self.fetch(customer)
        self.assertFalse(change.old_value or change.new_value or customer.register_kept)

    def test_persons_are_not_browsed(self):
        """Firms are open data, whosever customers they are; of a person only the card tells, to who may see it."""
        person, firm = self.customer("Eldhug Smie ENK"), self.customer("Fjellbekk Bakeri AS")
        entries = self.fetch(person, firm)
        for role, seen in (("reader", firm), ("case_worker", firm), ("credit_manager", firm),
                           ("privacy_officer", person + firm), ("auditor", person + firm),
                           ("administrator", person + firm)):
            user = self.make_user(role)
            with self.subTest(role):
                self.assertEqual(set(self.Entry.with_user(user).search([("id", "in", entries.ids)]).mapped("number")),
                                 set(seen.mapped("company_registry")))
                self.assertEqual(person.with_user(user).register_status, "active")

    def test_found_again(self):
        customer = self.customer("Fjellbekk Bakeri AS")
        entry = self.fetch(customer)
        entry._store({entry.number: brreg.Unknown(entry.number)})
        self.env.invalidate_all()
        self.assertEqual(customer.register_status, "unknown")
        self.fetch(customer)
        self.assertEqual(customer.register_status, "active")
        self.assertRecordValues(self.env["kundekartotek.register.change"].search([]), [
            {"kind": "restored", "old_text": "Unknown to the Register", "new_text": "Active"},
            {"kind": "unknown", "old_text": "Active", "new_text": ""}])

    def test_number_that_nobody_has_is_forgotten_at_night(self):
        customer = self.customer("Fjellbekk Bakeri AS")
        other = self.customer("Lyngmyr Elektro AS")
        self.fetch(customer, other)
        customer.company_registry = False
        customer.vat = False
        self.assertEqual(self.Entry._forget_unused(), 1)
        self.assertEqual(self.Entry.search([]).number, other.company_registry)

    def test_number_behind_one_that_is_none_is_not_forgotten(self):
        """From before the rules: the register field holds a mistyped number, the VAT field the right one."""
        customer = self.customer("Fjellbekk Bakeri AS")
        self.fetch(customer)
        customer.flush_recordset()
        self.env.cr.execute(SQL(
            "UPDATE res_partner SET company_registry = '310410005', l10n_no_bronnoysund_number = NULL,"
            " vat = 'NO310410004MVA' WHERE id = %s", customer.id))
        self.env.invalidate_all()
        self.assertEqual(customer.register_status, "active")
        self.Entry._forget_unused()
        self.env.invalidate_all()
        self.assertEqual(customer.register_status, "active")

    def test_hidden_employees_and_postal_address(self):
        number, = self.firms(lambda firm: firm.get("harRegistrertAntallAnsatte") and "antallAnsatte" not in firm)
        customer = self.make_customer("Liten AS", company_registry=number)
        self.assertEqual(self.fetch(customer).employees, "1–4")
        self.assertEqual(customer.register_employees, "1–4")

    def test_search(self):
        bankrupt, active = self.customer("Blåskjell Restaurant AS"), self.customer("Fjellbekk Bakeri AS")
        none, waiting = self.make_customer("Uten AS"), self.customer("Lyngmyr Elektro AS")
        contact = self.env["res.partner"].create({"name": "Sunniva", "parent_id": active.id})
        self.fetch(bankrupt, active)
        mine = [("id", "in", (bankrupt + active + none + waiting + contact).ids)]
        Partner = self.env["res.partner"]
        for value, expected in (
            ("bankrupt", bankrupt), ("active", active + contact), ("pending", waiting), (False, none),
        ):
            with self.subTest(value=value):
                self.assertEqual(Partner.search([*mine, ("register_status", "=", value)], order="id"),
                                 expected.sorted("id"))
        self.assertEqual(Partner.search([*mine, ("register_status", "!=", "active")], order="id"),
                         (bankrupt + none + waiting).sorted("id"))

    def test_type_follows_the_register(self):
        customer = self.customer("Fjærvoll kommune")
        self.assertEqual(customer.customer_type, "business")
        self.fetch(customer)
        self.assertEqual(customer.customer_type, "public")
        person = self.make_customer("Person", is_company=False)
        self.assertEqual(person.customer_type, "consumer")

    def test_chosen_type_stays(self):
        customer = self.customer("Fjærvoll kommune", customer_type="business")
        self.fetch(customer)
        self.assertEqual(customer.customer_type, "business")

    @freeze_time("2026-11-23 10:00:00")
    def test_not_reached_says_since_when(self):
        customer = self.customer("Fjellbekk Bakeri AS")
        entry = self.fetch(customer)
        self.server.fail("503")
        self.fetch(customer)
        self.assertEqual(entry.status, "active")
        self.assertEqual(customer.register_line, "active, checked 23.11.2026 – not reached since 23.11.2026 10:00")
        self.assertEqual(entry.last_outcome, "unavailable")
        self.assertEqual(entry.attempts, 1)
        self.server.reset()
        self.fetch(customer)
        self.assertFalse(entry.unreachable_since)

    def test_unchanged_answer_writes_little(self):
        customer = self.customer("Fjellbekk Bakeri AS")
        entry = self.fetch(customer)
        entry.name = "SOMETHING ELSE"  # would be written over, were the answer read again
        self.fetch(customer)
        self.assertEqual(entry.name, "SOMETHING ELSE")

    def test_rule_reads_the_register(self):
        category = self.env["kundekartotek.category"].create({"name": "Konkurs"})
        self.env["kundekartotek.category.rule"].create({
            "name": "Konkurs", "category_id": category.id, "company_id": self.env.company.id,
            "domain": "[('register_status', '=', 'bankrupt')]"})
        customer = self.customer("Blåskjell Restaurant AS")
        self.assertFalse(customer.customer_category_id)
        self.fetch(customer)
        self.assertEqual(customer.customer_category_id, category)

    def test_one_bad_customer_stops_no_other(self):
        first, second = self.customer("Blåskjell Restaurant AS"), self.customer("Flintøksa Antikk ENK")
        entries = self.Entry.search([])
        outcomes = self.service._fetch(entries.mapped("number"))
        tell = type(first)._tell_of_register

        def break_one(partner, changes):
            if partner == first:
                raise ValueError("broken")
            return tell(partner, changes)

        self.patch(type(first), "_tell_of_register", break_one)
        with mute_logger("odoo.addons.kundekartotek_addon.models.register.outside_queue"):
            entries._store_or_skip(outcomes)
        self.env.invalidate_all()
        self.assertEqual(second.register_status, "deleted")
        entry = first._get_register_entry()
        self.assertEqual((entry.last_outcome, entry.attempts), ("broken", 1))
        self.assertIn("broken", entry.last_message)

    def test_since_when(self):
        since = self.server.register.firms.today - timedelta(days=21)
        self.assertEqual(self.fetch(self.customer("Kvernhuset Kafé DA")).status_date, since)
