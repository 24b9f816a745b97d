# SPDX-License-Identifier: LGPL-3.0-or-later
from lxml import etree

from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import ROLES, KundekartotekCase


@tagged("post_install", "-at_install")
class TestCustomerViews(KundekartotekCase):
    """Finding customers, and taking the list out and in again."""

    def test_lookup(self):
        customer = self.make_customer(
            "Fjellbekk Bakeri AS",
            ref="K-10042",
            phone="+47 22 33 44 55",
            email="post@fjellbekk.example",
            company_registry="923609016",
        )
        contact = self.env["res.partner"].create(
            {
                "name": "Åse Håkonsdatter",
                "parent_id": customer.id,
                "phone": "915 00 117",
                "email": "ase@fjellbekk.example",
            }
        )
        short = self.make_customer("Opplysningen AS", phone="02345")
        foreign = self.make_customer(
            "Havn ApS", phone="0045 33 12 34 56", country_id=self.env.ref("base.dk").id
        )
        every = customer + contact + short + foreign
        for text, expected in [
            ("fjellbekk", customer),
            ("BEKK bak", customer),
            ("10042", customer),
            ("post@fjell", customer),
            ("Håkonsdatter", customer),
            ("ase@", customer),
            ("22334455", customer),
            ("22 33 44 55", customer),
            ("+4722334455", customer),
            ("0047 22 33 44 55", customer),
            ("22.33.44.55", customer),
            ("(+47) 22-33-44-55", customer),
            ("91500117", customer),
            ("+47 915 00 117", customer),
            ("02345", short),
            ("2345", self.env["res.partner"]),
            ("+45 33123456", foreign),
            ("33 12 34 56", foreign),
            ("923609016", customer),
            ("99887766", self.env["res.partner"]),
            ("  fjellbekk ", customer),
        ]:
            with self.subTest(text=text):
                domain = [("id", "in", every.ids), ("customer_lookup", "ilike", text)]
                self.assertEqual(self.env["res.partner"].search(domain), expected)
        contact.active = False
        self.assertEqual(
            self.env["res.partner"].search([("customer_lookup", "ilike", "Håkonsdatter")]), customer
        )
        self.assertFalse(
            self.env["res.partner"].search(
                [("id", "=", customer.id), ("customer_lookup", "not ilike", "bekk")]
            )
        )
        self.assertEqual(
            every.search([("id", "in", every.ids), ("customer_lookup", "in", ["02345", "K-10042"])]),
            customer + short,
        )
        self.assertEqual(  # a program may ask with a number as one
            every.search([("id", "in", every.ids), ("customer_lookup", "=", 923609016)]), customer
        )

    def test_every_filter_and_group_works_for_every_role(self):
        self.make_customer(city="Moss", zip="1530")
        view = self.env.ref("kundekartotek_addon.res_partner_view_search")
        roles = [self.make_user(role) for role in ROLES]
        salesperson = new_test_user(self.env, login="views_sales", groups="sales_team.group_sale_salesman_all_leads")
        for user in [*roles, salesperson]:
            Partner = self.env["res.partner"].with_user(user)
            arch = etree.fromstring(Partner.get_view(view.id, "search")["arch"])
            domains = {
                node.get("name"): safe_eval(node.get("domain"), {"uid": user.id})
                for node in arch.iter("filter") if node.get("domain")}
            groups = [
                safe_eval(node.get("context"))["group_by"] for node in arch.iter("filter") if node.get("context")]
            self.assertGreater(len(domains), 5)
            self.assertGreater(len(groups), 4)
            for name, domain in domains.items():
                with self.subTest(user=user.login, filter=name):
                    Partner.search_count([("is_customer", "=", True), *domain])
            for name in groups:
                with self.subTest(user=user.login, group=name):
                    self.assertTrue(Partner.formatted_read_group([("is_customer", "=", True)], [name], ["__count"]))

    def test_the_card_has_the_words_that_odoos_bokmaal_lacks(self):
        self.env.user.group_ids += self.env.ref("base.group_multi_company")
        Partner = self.env["res.partner"].with_context(lang="nb_NO")
        card = etree.fromstring(Partner.get_view(self.env.ref("base.view_partner_form").id, "form")["arch"])
        shown = {
            "names": [node.get("placeholder") for node in card.findall(".//h1/field[@name='name']")],
            "address": card.findtext(".//span[@name='address_name']/span"),
            "vat": card.find(".//sheet/group//label[@for='vat']").get("string"),
            "company": card.find(".//page[@name='sales_purchases']//field[@name='company_id']").get("placeholder"),
            "bank": card.find(".//page[@name='accounting']//field[@name='bank_ids']").get("string"),
            "tags": card.find(".//sheet/group//field[@name='category_id']").get("placeholder"),
            "state": card.find(".//sheet/group//field[@name='state_id']").get("placeholder"),
        }
        self.assertEqual(shown, {
            "names": ["f.eks. Fjellbekk Bakeri AS", "f.eks. Kari Nordmann"],
            "address": "Adresse", "vat": "Mva-nr.", "company": "Synlig for alle", "bank": "Bankkontoer",
            "tags": "f.eks. «B2B», «VIP», «Rådgivning»", "state": "Delstat"})
        customer = self.make_customer().with_context(lang="nb_NO")
        self.assertIn("Kunde registrert", customer._creation_message())
        self.assertEqual(customer.partner_vat_placeholder, "NO999999999MVA, hvis mva-registrert")
        contact = self.env["res.partner"].create({"name": "Leverandøren AS"})
        self.assertNotIn("Customer", contact._creation_message())

    def test_export_comes_back_unchanged(self):
        customers = self.make_customer(
            "Ett AS", ref="90001", phone="22334455", city="Moss", customer_type="public"
        )
        customers += self.make_customer(
            "To AS", ref="90002", email="to@example.com", user_id=self.env.user.id
        )
        header = ["id", *self.exported_fields()]
        rows = customers.export_data(header)["datas"]
        before = customers.read()
        result = self.env["res.partner"].load(header, [list(map(self.as_text, row)) for row in rows])
        self.assertFalse(result["messages"])
        self.assertEqual(result["ids"], customers.ids)
        self.env.invalidate_all()
        changing = {"write_date", "__last_update"}
        self.assertEqual(
            *(
                [{k: v for k, v in values.items() if k not in changing} for values in read]
                for read in (before, customers.read())
            )
        )

    def exported_fields(self):
        """The columns of our list that an import can write."""
        Partner = self.env["res.partner"]
        view = Partner.get_view(self.env.ref("kundekartotek_addon.res_partner_view_list").id, "list")
        names = [node.get("name") for node in etree.fromstring(view["arch"]).iter("field")]
        description = Partner.fields_get(names)
        return [
            name if description[name]["type"] not in ("many2one", "many2many") else f"{name}/id"
            for name in names
            if not description[name]["readonly"] and name != "active"
        ]

    @staticmethod
    def as_text(value):
        return "" if value in (False, None) else str(value)
