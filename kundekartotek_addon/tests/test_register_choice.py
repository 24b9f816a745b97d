# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .register_case import RegisterCase


@tagged("post_install", "-at_install")
class TestRegisterChoice(RegisterCase):
    """A new customer from the register: what is typed, what is listed, what is filled."""

    def search(self, text, env=None):
        return (env or self.env)["res.partner"].search_in_register(text)

    def fill(self, *choices):
        """What the web client does: choose in an open form, once or again, and save.

        (Odoo's ``Form`` reads of a new address nothing, because the form of a contact holds contacts again.)
        """
        Partner = self.env["res.partner"].with_context(default_customer_rank=1)
        address = ("type", "street", "street2", "zip", "city", "country_id")
        spec = {name: {} for name in (
            "name", "is_company", "country_id", "street", "zip", "city", "vat", "website", "phone", "email", "lang",
            "industry_id", "company_registry", "l10n_no_bronnoysund_number", "customer_type", "customer_type_locked",
            "register_type", "register_choice")}
        spec["child_ids"] = {"fields": {name: {} for name in address}}
        values = Partner.onchange({}, [], spec)["value"]
        for choice in choices:
            values["register_choice"] = choice
            values |= Partner.onchange(values, ["register_choice"], spec)["value"]
        return Partner.create({**values, "child_ids": [
            (command, 0, value) for command, _id, value in values["child_ids"] if command == 0]})

    @mute_logger("odoo.tests.form.onchange")  # where it warns, a test of its own looks at the warning
    def new_form(self, choice, env=None):
        form = Form((env or self.env)["res.partner"].with_context(default_customer_rank=1, default_is_company=True))
        form.register_choice = choice
        return form

    def test_half_a_name(self):
        answer = self.search("fjellbekk b")
        self.assertEqual([(hit["number"], hit["name"]) for hit in answer["hits"]],
                         [("310410004", "FJELLBEKK BAKERI AS")])
        hit = answer["hits"][0]
        self.assertEqual((hit["form"], hit["place"], hit["status_label"]), ("AS", "LILLEHAMMER", "Active"))

    def test_number_in_any_spelling(self):
        for text in ("310410004", "310 410 004", "NO310410004MVA"):
            with self.subTest(text):
                self.assertEqual([hit["name"] for hit in self.search(text)["hits"]], ["FJELLBEKK BAKERI AS"])

    def test_nothing_is_asked_before_three_characters(self):
        for text in ("", "fj", "  fj  ", None, 7, "x" * 2):
            self.assertEqual(self.search(text), {"hits": [], "message": ""})
        self.assertFalse(self.server.log.requests)

    def test_no_hit_says_so(self):
        self.assertIn("No unit", self.search("finnes ikke her")["message"])

    def test_status_and_known_customers_are_seen(self):
        customer = self.make_customer("Blåskjell", company_registry=self.search("blåskjell rest")["hits"][0]["number"])
        hit = self.search("blåskjell rest")["hits"][0]
        self.assertEqual((hit["status"], hit["known"]), ("bankrupt", customer.display_name))

    def test_customer_of_another_company_is_not_told(self):
        other = self.env["res.company"].create({"name": "Annen AS"})
        self.make_customer("Hemmelig AS", company_registry="310410004", company_id=other.id)
        user = self.make_user("case_worker")
        self.assertEqual(self.search("310410004", self.env(user=user))["hits"][0]["known"], "")

    def test_who_may_look_up(self):
        portal = new_test_user(self.env, "portal_lookup", groups="base.group_portal")
        reader = self.make_user("reader")
        for user in (portal, reader):
            with self.subTest(user.login), self.assertRaises(AccessError):
                self.search("fjellbekk", self.env(user=user))
        self.assertTrue(self.search("fjellbekk", self.env(user=self.make_user("case_worker")))["hits"])

    def test_no_more_often_than_a_person_types(self):
        user = self.make_user("case_worker")
        env = self.env(user=user)
        answers = [self.search("fjellbekk", env) for _turn in range(61)]
        self.assertTrue(answers[59]["hits"])
        self.assertFalse(answers[60]["hits"])
        self.assertIn("minute", answers[60]["message"])

    def test_network_down(self):
        self.server.fail("503")
        answer = self.search("fjellbekk")
        self.assertFalse(answer["hits"])
        self.assertIn("cannot be reached", answer["message"])

    def test_switched_off(self):
        self.env["ir.config_parameter"].set_param("kundekartotek_addon.register_mode", "off")
        self.assertIn("switched off", self.search("fjellbekk")["message"])

    def test_everything_is_filled(self):
        number, = self.firms(lambda firm: firm.get("postadresse") and firm.get("telefon") and firm.get(
            "registrertIMvaregisteret") and firm.get("naeringskode1") and not firm.get("konkurs"))
        firm = self.server.register.get(number)
        self.env["res.lang"]._activate_lang("nb_NO")
        customer = self.fill(number)
        address, postal = firm["forretningsadresse"], firm["postadresse"]
        self.assertRecordValues(customer, [{
            "name": firm["navn"], "company_registry": number, "vat": f"NO{number}MVA", "is_company": True,
            "street": address["adresse"][0], "zip": address["postnummer"], "city": address["poststed"],
            "country_id": self.norway.id, "website": f"http://{firm['hjemmeside']}", "phone": firm["telefon"],
            "email": firm["epostadresse"], "customer_type": "business",
        }])
        self.assertEqual(customer.lang, "nb_NO" if firm["maalform"] == "Bokmål" else customer.lang)
        self.assertTrue(customer.industry_id)
        self.assertRecordValues(customer.child_ids, [{
            "type": "invoice", "street": postal["adresse"][0], "zip": postal["postnummer"],
            "city": postal["poststed"]}])
        self.assertFalse(customer.customer_type_locked)

    def test_public_body_gets_its_type_before_it_is_saved(self):
        number = next(hit["number"] for hit in self.search("fjærvoll kommune")["hits"]
                      if hit["name"] == "FJÆRVOLL KOMMUNE")
        with self.new_form(number) as form:
            self.assertEqual(form.customer_type, "public")
        self.assertEqual(form.record.customer_type, "public")
        self.assertFalse(form.record.customer_type_locked)

    def test_not_registered_for_vat(self):
        number, = self.firms(lambda firm: firm.get("registrertIMvaregisteret") is False and firm.get(
            "forretningsadresse", {}).get("landkode") == "NO" and "konkurs" in firm)
        with self.new_form(number) as form:
            self.assertFalse(form.vat)
        self.assertEqual(form.record.company_registry, number)

    def test_address_abroad(self):
        number, = self.firms(lambda firm: firm.get("forretningsadresse", {}).get("landkode") == "DK")
        with self.new_form(number) as form:
            self.assertEqual(form.country_id.code, "DK")
        self.assertTrue(form.record.city)

    def test_choosing_again_replaces_the_invoice_address(self):
        first, second = self.firms(lambda firm: firm.get("postadresse") and firm.get("forretningsadresse"), 2)
        customer = self.fill(first, second)
        postal = self.server.register.get(second)["postadresse"]
        self.assertRecordValues(customer.child_ids, [{"type": "invoice", "street": postal["adresse"][0]}])
        self.assertEqual(customer.company_registry, second)

    def test_nothing_is_written_while_the_form_is_open(self):
        before = self.Entry.search_count([])
        self.new_form("310410004")
        self.assertEqual(self.Entry.search_count([]), before)

    def test_choice_when_the_network_is_gone(self):
        self.server.fail("503")
        form = self.new_form("310410004")
        form.name = "Skrevet for hånd AS"
        self.assertEqual(form.save().name, "Skrevet for hånd AS")

    def test_as_salesperson(self):
        groups = "sales_team.group_sale_salesman,base.group_partner_manager"
        user = new_test_user(self.env, "sales_choice", groups=groups)
        with self.new_form("310410004", self.env(user=user)) as form:
            pass
        self.assertEqual(form.record.company_registry, "310410004")
        self.assertEqual(form.record.register_status, "pending")

    def test_bankrupt_is_warned_of(self):
        partner = self.env["res.partner"].new({"register_choice": self.search("blåskjell rest")["hits"][0]["number"]})
        warning = partner._onchange_register_choice()
        self.assertIn("Bankrupt", warning["warning"]["message"])
