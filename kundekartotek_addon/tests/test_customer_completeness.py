# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from stdnum.no import orgnr

from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import new_test_user, tagged

from ..models.customer.res_partner_completeness import CompletenessRule
from .common import KundekartotekCase
from .test_customer_contact import make_contact


@tagged("post_install", "-at_install")
class TestCompleteness(KundekartotekCase):
    """What a customer lacks, rule by rule, in Python and in SQL alike."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Partner = cls.env["res.partner"]
        cls.terms = cls.env["account.payment.term"].create({"name": "14 days"})
        cls.sweden = cls.env.ref("base.se")
        cls.env["ir.default"].set("res.partner", "property_payment_term_id", False)
        cls.address = {"street": "Storgata 1", "zip": "0155", "city": "Oslo"}
        cls.numbers = [
            number for number in map(str, range(910_000_000, 910_001_000)) if orgnr.is_valid(number)
        ]
        cls.full = {
            **cls.address,
            "company_registry": "923609016",
            "email": "post@fjellbekk.example",
            "property_payment_term_id": cls.terms.id,
        }

    def missing(self, partners):
        """The keys of the rules that apply to each partner, the same from Python and from SQL."""
        self.env.flush_all()
        keys = {partner: set() for partner in partners}
        for rule in self.Partner._completeness_rules():
            by_python = partners.filtered_domain(rule.missing)
            self.assertEqual(
                by_python,
                self.Partner.search(Domain("id", "in", partners.ids) & rule.missing, order="id"),
                rule.key,
            )
            for partner in by_python:
                keys[partner].add(rule.key)
        incomplete = self.Partner.search(
            [("id", "in", partners.ids), ("customer_completeness", "=", "incomplete")], order="id"
        )
        self.assertEqual(incomplete, partners.filtered(lambda partner: keys[partner]))
        self.assertEqual(incomplete, partners.filtered(lambda p: p.customer_completeness == "incomplete"))
        self.assertEqual(incomplete, partners.filtered("customer_missing"))
        return keys[partners] if len(partners) == 1 else keys

    def test_complete(self):
        self.assertEqual(self.missing(self.make_customer(**self.full)), set())

    def test_each_rule(self):
        consumer = {"is_company": False, "company_registry": False}
        for vals, expected in [
            ({"company_registry": False}, {"company_registry"}),
            ({"company_registry": False, "country_id": False}, {"company_registry"}),
            ({"company_registry": False, "country_id": self.sweden.id}, set()),
            ({"company_registry": False, "street": False}, {"company_registry", "address"}),
            ({"street": False, "zip": False, "city": False}, set()),  # the organisation number will do
            (consumer, set()),
            ({**consumer, "city": False}, {"address"}),
            ({**consumer, "zip": False}, {"address"}),
            ({**consumer, "zip": False, "country_id": self.sweden.id}, set()),
            ({**consumer, "street": False, "street2": "Postboks 4"}, set()),
            ({"email": False}, {"email"}),
            ({"email": False, "invoice_email": "faktura@fjellbekk.example"}, set()),
            ({"email": False, "invoice_sending_method": "manual"}, set()),
            ({"email": False, "invoice_sending_method": "email"}, {"email"}),
            ({"property_payment_term_id": False}, {"payment_term"}),
            ({"customer_type": "public", "buyer_reference": "4711"}, self.edi_missing()),
            ({"customer_type": "public"}, {"buyer_reference", *self.edi_missing()}),
            ({"customer_type": "public", "invoice_sending_method": "manual"}, set()),
        ]:
            with self.subTest(vals=vals), self.env.cr.savepoint() as savepoint:
                self.assertEqual(self.missing(self.make_customer(**{**self.full, **vals})), expected)
                savepoint.rollback()

    def edi_missing(self):
        """A public customer lacks the EHF format exactly where no electronic invoicing is installed."""
        return set() if self.Partner._fields["invoice_edi_format"].selection else {"edi_format"}

    def test_ehf_with_and_without_electronic_invoicing(self):
        field = self.Partner._fields["invoice_edi_format"]
        public = {**self.full, "customer_type": "public", "buyer_reference": "4711"}
        abroad = {"country_id": self.sweden.id}
        for formats, vals, expected in [
            ([], {}, {"edi_format"}),
            ([], {"invoice_sending_method": "manual"}, set()),
            (["facturx"], {}, {"edi_format"}),
            (["ubl_bis3"], {}, set()),  # core suggests it for Norway
            (["ubl_bis3"], {"invoice_edi_format_store": "ubl_bis3"}, set()),
            (["ubl_bis3"], {"invoice_edi_format_store": "none"}, {"edi_format"}),
            (["ubl_bis3"], {"invoice_edi_format_store": "facturx"}, {"edi_format"}),
            (["ubl_bis3"], abroad, {"edi_format"}),
            (["ubl_bis3"], {**abroad, "invoice_edi_format_store": "ubl_bis3"}, set()),
        ]:
            with (
                self.subTest(formats=formats, vals=vals),
                patch.object(field, "selection", [(key, key) for key in formats]),
                self.env.cr.savepoint() as savepoint,
            ):
                self.assertEqual(self.missing(self.make_customer(**{**public, **vals})), expected)
                savepoint.rollback()

    def test_post_and_peppol_where_installed(self):
        methods = dict(self.Partner._fields["invoice_sending_method"].selection)
        if not methods.keys() & {"snailmail", "peppol"}:
            self.skipTest("neither snailmail_account nor account_peppol is installed here")
        if "snailmail" in methods:
            vals = {**self.full, "invoice_sending_method": "snailmail"}
            self.assertEqual(self.missing(self.make_customer(**vals)), set())
            self.assertEqual(
                self.missing(
                    self.make_customer(
                        "Uten gate AS",
                        **{**vals, "street": False, "ref": False, "company_registry": self.numbers[5]},
                    )
                ),
                {"postal_address"},
            )
        if "peppol" in methods:
            vals = {**self.full, "invoice_sending_method": "peppol", "company_registry": self.numbers[6]}
            customer = self.make_customer(
                "Peppol AS", **vals, peppol_eas="0192", peppol_endpoint=self.numbers[6]
            )
            self.assertEqual(self.missing(customer), set())
            customer.peppol_eas = False
            self.assertEqual(self.missing(customer), {"peppol"})

    def test_contacts_help(self):
        customer = self.make_customer(
            **{**self.full, "email": False, "company_registry": False, "street": False, "is_company": False}
        )
        self.assertEqual(self.missing(customer), {"email", "address"})
        contact = make_contact(customer, "kari@fjellbekk.example")
        self.assertEqual(
            self.missing(customer), {"email", "address"}, "a contact without the role is no help"
        )
        contact.contact_role_ids = self.env.ref("kundekartotek_addon.contact_role_invoice")
        self.assertEqual(self.missing(customer), {"address"})
        contact.action_archive()
        self.assertEqual(self.missing(customer), {"email", "address"})
        make_contact(customer, "faktura@fjellbekk.example", type="invoice", **self.address)
        self.assertEqual(self.missing(customer), set())

    def test_the_message_names_the_field_and_the_place(self):
        customer = self.make_customer()
        self.assertIn("Organisation number: at the top of the card", customer.customer_missing)
        self.assertIn("Payment terms: Customer File, Terms", customer.customer_missing)

    def test_each_line_leads_to_a_field_of_the_form(self):
        """The page and the field that a line names are in the form, on that page or above the notebook."""
        views = self.Partner.get_views([(False, "form")])
        form = etree.fromstring(views["views"]["form"]["arch"])
        for rule in self.Partner._completeness_rules():
            if not rule.field:
                continue
            with self.subTest(rule=rule.key):
                place = f"//page[@name='{rule.page}']" if rule.page else "//sheet"
                self.assertTrue(form.xpath(f"{place}//field[@name='{rule.field}']"))
        customer = self.make_customer(name="<b>Fet</b> AS")
        links = etree.fromstring(customer.customer_missing).findall("li/a")
        self.assertIn(("property_payment_term_id", "kundekartotek"),
                      [(link.get("data-field"), link.get("data-page")) for link in links])

    def test_only_customers(self):
        vendor = self.make_customer("Leverandør AS", customer_rank=0)
        customer = self.make_customer()
        contact = self.Partner.create({"name": "Kari", "parent_id": customer.id})
        every = vendor + customer + contact
        self.assertEqual(every.mapped("customer_completeness"), [False, "incomplete", False])
        for domain, expected in [
            (("=", "incomplete"), customer),
            (("=", "complete"), self.Partner),
            (("=", False), vendor + contact),
            (("!=", False), customer),
            (("!=", "incomplete"), vendor + contact),
            (("in", ["complete", "incomplete"]), customer),
        ]:
            domain = [("id", "in", every.ids), ("customer_completeness", *domain)]
            self.assertEqual(self.Partner.search(domain, order="id"), expected, domain)
            self.assertEqual(every.filtered_domain(domain), expected, domain)

    def test_group_sort_and_count(self):
        complete = self.make_customer(**self.full)
        incomplete, archived = (
            self.make_customer("Mangler AS"),
            self.make_customer("Arkivert AS", active=False),
        )
        vendor = self.make_customer("Leverandør AS", customer_rank=0)
        domain = [("id", "in", (complete + incomplete + archived + vendor).ids)]
        reader = self.make_user("reader")
        groups = self.Partner.with_user(reader).formatted_read_group(
            domain, ["customer_completeness"], ["__count"]
        )
        self.assertEqual(
            {group["customer_completeness"]: group["__count"] for group in groups},
            {"complete": 1, "incomplete": 1, False: 1},
        )
        self.assertEqual(
            self.Partner.with_context(active_test=False)._read_group(
                [*domain, ("customer_rank", ">", 0)],
                ["customer_completeness"],
                ["__count"],
                order="customer_completeness",
            ),
            [("complete", 1), ("incomplete", 2)],
        )
        self.assertEqual(
            self.Partner.search(domain, order="customer_completeness DESC")[-2:], incomplete + complete
        )
        self.assertTrue(
            self.Partner.fields_get(["customer_completeness"])["customer_completeness"]["groupable"]
        )

    def test_others_neither_see_nor_search_it(self):
        plain = new_test_user(self.env, login="kundekartotek_plain", groups="base.group_user")
        for call in (
            lambda partners: partners.search([("customer_completeness", "=", "incomplete")]),
            lambda partners: partners._read_group([], ["customer_completeness"]),
            lambda partners: partners.search([], limit=1).read(["customer_missing"]),
        ):
            with self.subTest(), self.assertRaises(AccessError):
                call(self.Partner.with_user(plain))

    def test_each_company_has_its_own_answer(self):
        other = self.env["res.company"].create({"name": "Søster AS"})
        customer = self.make_customer(**self.full)
        self.assertEqual(customer.customer_completeness, "complete")
        self.assertEqual(customer.with_company(other).customer_completeness, "incomplete")
        domain = [("id", "=", customer.id), ("customer_completeness", "=", "incomplete")]
        self.assertFalse(self.Partner.search(domain))
        self.assertEqual(self.Partner.with_company(other).search(domain), customer)

    def test_changes_show_at_once(self):
        customer = self.make_customer(**{**self.full, "email": False})
        self.assertEqual(customer.customer_completeness, "incomplete")
        make_contact(customer, "faktura@fjellbekk.example", "invoice")
        self.assertEqual(customer.customer_completeness, "complete")

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        rows=st.lists(
            st.fixed_dictionaries(
                {
                    "street": st.sampled_from([False, "", "Storgata 1"]),
                    "street2": st.sampled_from([False, "Postboks 1"]),
                    "zip": st.sampled_from([False, "0155"]),
                    "city": st.sampled_from([False, "Oslo"]),
                    "country": st.sampled_from([False, "base.no", "base.se"]),
                    "customer_type": st.sampled_from(["business", "consumer", "public"]),
                    "company_registry": st.booleans(),
                    "email": st.sampled_from([False, "", "a@b.example"]),
                    "invoice_email": st.sampled_from([False, "c@b.example"]),
                    "buyer_reference": st.sampled_from([False, "4711"]),
                    "invoice_sending_method": st.sampled_from([False, "email", "manual"]),
                    "invoice_edi_format_store": st.sampled_from([False, "none", "ubl_bis3"]),
                    "terms": st.booleans(),
                    "child": st.sampled_from([None, "plain", "invoice", "role", "archived"]),
                }
            ),
            min_size=15,
            max_size=15,
        )
    )
    def test_python_and_sql_agree(self, rows):
        """Every rule, whatever the customers look like."""
        with self.env.cr.savepoint() as savepoint:
            customers = self.Partner
            for number, row in enumerate(rows):
                child = row["child"]
                customer = self.make_customer(
                    **{
                        **{
                            key: value
                            for key, value in row.items()
                            if key not in ("country", "terms", "child")
                        },
                        "country_id": row["country"] and self.env.ref(row["country"]).id,
                        "company_registry": row["company_registry"] and self.numbers[number],
                        "property_payment_term_id": row["terms"] and self.terms.id,
                    }
                )
                if child:
                    make_contact(
                        customer,
                        "kari@b.example",
                        role="invoice" if child in ("role", "archived") else None,
                        type="invoice" if child == "invoice" else "contact",
                        active=child != "archived",
                        **self.address,
                    )
                customers += customer
            self.missing(customers)
            savepoint.rollback()

    def test_queries_do_not_grow_with_the_batch(self):
        customers = self.Partner.concat(*(self.make_customer(f"Kunde {n}") for n in range(40)))
        for customer in customers:
            make_contact(customer, "kari@b.example", "invoice")
        counts = []
        for batch in (customers[:2], customers):
            self.env.flush_all()
            self.env.invalidate_all()
            start = self.env.cr.sql_log_count
            batch.mapped("customer_missing")
            counts.append(self.env.cr.sql_log_count - start)
        self.assertEqual(*counts)

    def test_a_later_room_adds_one_entry(self):
        customer = self.make_customer(**self.full)
        rules = self.Partner._completeness_rules()
        extra = CompletenessRule("phone", "Phone: at the top", Domain("phone", "=", False), ("phone",))
        with patch.object(type(self.Partner), "_completeness_rules", lambda partners: [*rules, extra]):
            customer.invalidate_recordset()
            self.assertEqual(self.missing(customer), {"phone"})
            self.assertIn("Phone: at the top", customer.customer_missing)
