# SPDX-License-Identifier: LGPL-3.0-or-later
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.tests import Form, tagged
from odoo.tools import SQL

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from ..tools import orgnr
from .identity_case import NUMBER, OTHER, IdentityCase
from .test_orgnr import spellings, valid_numbers


@tagged("post_install", "-at_install")
class TestCustomerNumberSpelling(IdentityCase):
    """What is typed in any of the three fields, and what is stored."""

    @settings(deadline=None, max_examples=30, suppress_health_check=list(HealthCheck))
    @given(st.data(), valid_numbers, st.sampled_from(orgnr.FIELDS))
    def test_any_spelling_gives_the_same_triple(self, data, digits, field):
        text, says_mva = data.draw(spellings(digits))
        vat = f"NO{digits}MVA" if says_mva else digits if field == "vat" else None
        with self.env.cr.savepoint() as savepoint:
            self.assertEqual(self.stored(self.make_customer(**{field: text})), (digits, digits, vat), text)
            savepoint.rollback()
            written = self.make_customer()
            written.write({field: text})
            self.assertEqual(self.stored(written), (digits, digits, vat), text)
            savepoint.rollback()

    @settings(deadline=None, max_examples=20, suppress_health_check=list(HealthCheck))
    @given(valid_numbers, st.integers(0, 8), st.integers(1, 9), st.sampled_from(orgnr.FIELDS))
    def test_any_mistyped_digit_is_refused(self, digits, position, by, field):
        wrong = digits[:position] + str((int(digits[position]) + by) % 10) + digits[position + 1 :]
        with self.assertRefused(wrong, "check digit"), self.env.cr.savepoint():
            self.make_customer(**{field: wrong})

    def test_messages_name_number_and_customer(self):
        customer = self.make_customer("Fjord Fisk AS")
        for text, said in [("923609017", "mistyped"), ("12345", "nine digits"), ("tja", "not a Norwegian")]:
            for field in ("company_registry", "vat"):
                with self.subTest(text=text, field=field), self.assertRefused(text, "Fjord Fisk AS", said):
                    customer[field] = text
        with self.assertRefused("different units"):
            customer.write({"company_registry": NUMBER, "vat": f"{OTHER}MVA"})

    def test_the_field_typed_takes_the_other_along(self):
        customer = self.make_customer(vat=f"NO{NUMBER}MVA")
        customer.company_registry = "974 760 673"
        self.assertEqual(self.stored(customer), (OTHER, OTHER, f"NO{OTHER}MVA"))
        customer.vat = NUMBER
        self.assertEqual(self.stored(customer), (NUMBER, NUMBER, NUMBER))
        customer.company_registry = f"{NUMBER} MVA"
        self.assertEqual(customer.vat, f"NO{NUMBER}MVA")

    def test_not_subject_to_vat(self):
        customer = self.make_customer(company_registry=NUMBER, vat="/")
        self.assertEqual(self.stored(customer), (NUMBER, NUMBER, "/"))

    def test_a_program_may_send_a_number_as_one(self):
        """As Odoo takes a number for any text."""
        customer = self.make_customer(company_registry=int(NUMBER))
        self.assertEqual(self.stored(customer)[:2], (NUMBER, NUMBER))
        customer.write({"vat": int(NUMBER)})
        self.assertEqual(self.stored(customer), (NUMBER, NUMBER, NUMBER))
        other = self.make_customer("Uten Land AS", country_id=False, company_registry=int(NUMBER) + 1)
        self.assertEqual(other.company_registry, str(int(NUMBER) + 1))

    def test_foreigners_are_left_alone(self):
        for country, vat, registry in [
            ("base.dk", "DK12345674", "12 34 56 74"),
            ("base.se", "SE556036079301", "556036-0793"),
            ("base.fr", "FR23334175221", "552 100 554"),
        ]:
            customer = self.make_customer(
                country_id=self.env.ref(country).id, vat=vat, company_registry=registry
            )
            self.assertEqual((customer.vat, customer.company_registry), (vat, registry))
            self.assertFalse(customer.l10n_no_bronnoysund_number)

    def test_without_a_country_the_spelling_decides(self):
        no_country = {"country_id": False}
        self.assertEqual(
            self.stored(self.make_customer(vat="NO 923 609 016 mva", **no_country)),
            (NUMBER, NUMBER, f"NO{NUMBER}MVA"),
        )
        bare = self.make_customer(company_registry="974 760 674", **no_country)  # nobody says it is Norwegian
        self.assertEqual(self.stored(bare), ("974 760 674", None, None))
        with self.assertRefused("974760674"):
            self.make_customer(vat="NO974760674MVA", **no_country)
        with self.assertRefused("974 760 674"):
            bare.country_id = self.norway

    def test_default_country_counts(self):
        customer = self.Partner.with_context(default_country_id=self.norway.id).create(
            {"name": "Uten land", "vat": "923.609.016"}
        )
        self.assertEqual(self.stored(customer), (NUMBER, NUMBER, NUMBER))

    def test_svalbard_is_in_the_same_register(self):
        customer = self.make_customer(country_id=self.env.ref("base.sj").id, vat="923 609 016 MVA")
        self.assertEqual(self.stored(customer), (NUMBER, NUMBER, f"NO{NUMBER}MVA"))

    def test_moving_abroad_and_back(self):
        customer = self.make_customer(vat=f"{NUMBER} MVA")
        customer.country_id = self.sweden
        self.assertEqual(self.stored(customer), (NUMBER, None, f"NO{NUMBER}MVA"))
        customer.country_id = self.norway
        self.assertEqual(self.stored(customer), (NUMBER, NUMBER, f"NO{NUMBER}MVA"))
        swede = self.make_customer(country_id=self.sweden.id, company_registry="556036-0793")
        with self.assertRefused("556036-0793", "nine digits"):
            swede.country_id = self.norway
        swede.write({"country_id": self.norway.id, "company_registry": False})
        self.assertFalse(swede.company_registry)

    def test_leaving_norway_with_a_bad_number(self):
        """Neither way out of Norway asks for the number; core itself still checks a VAT number's country."""
        bad = self.make_dirty(company_registry="tja", l10n_no_bronnoysund_number="923609017")
        bad.country_id = False
        bad.country_id = self.sweden
        self.assertEqual(self.stored(bad), ("tja", None, None))

    def test_pushes_from_outside_may_skip_the_check(self):
        Partner = self.Partner.with_context(no_vat_validation=True)
        partner = Partner.create({"name": "Fra kassa", "country_id": self.norway.id, "vat": "923609017"})
        self.assertEqual(partner.vat, "923609017")
        partner.write({"vat": "923 609 016 mva"})
        self.assertEqual(self.stored(partner), (NUMBER, NUMBER, f"NO{NUMBER}MVA"))

    def test_contacts_follow_their_company_and_write_up(self):
        company = self.make_customer(vat=f"{NUMBER}MVA")
        contact = self.Partner.create({"name": "Kari", "parent_id": company.id})
        self.assertEqual(self.stored(contact), (NUMBER, NUMBER, f"NO{NUMBER}MVA"))
        abroad = self.Partner.create(
            {"name": "Sven", "parent_id": company.id, "type": "other", "country_id": self.sweden.id}
        )
        contact.vat = "974 760 673 mva"
        for partner in company + contact + abroad:
            self.assertEqual(self.stored(partner), (OTHER, OTHER, f"NO{OTHER}MVA"), partner.name)
        with self.assertRefused("974760674"):
            contact.vat = "974760674"

    def test_peppol_endpoint(self):
        """EHF reads the number of Brønnøysund only (EAS 0192)."""
        for field, text in [
            ("company_registry", "923 609 016"),
            ("vat", f"NO{NUMBER}MVA"),
            ("vat", "923.609.016"),
        ]:
            with self.subTest(field=field, text=text), self.env.cr.savepoint() as savepoint:
                customer = self.make_customer(**{field: text})
                self.assertEqual((customer.peppol_eas, customer.peppol_endpoint), ("0192", NUMBER))
                savepoint.rollback()

    def test_several_records_in_one_write(self):
        norwegian, swede = self.make_customer(), self.make_customer(country_id=self.sweden.id)
        (norwegian + swede).write({"vat": f"NO {NUMBER} MVA"})
        self.assertEqual(self.stored(norwegian), (NUMBER, NUMBER, f"NO{NUMBER}MVA"))
        self.assertFalse(swede.l10n_no_bronnoysund_number)

    def test_form_shows_what_will_be_stored(self):
        with Form(self.Partner.with_context(default_is_company=True, default_customer_rank=1)) as form:
            form.name = "Fjellbekk AS"
            form.country_id = self.norway
            form.company_registry = "923 609 016 mva"
            self.assertEqual((form.company_registry, form.vat), (NUMBER, f"NO{NUMBER}MVA"))
            form.vat = "974.760.673"
            self.assertEqual((form.company_registry, form.vat), (OTHER, OTHER))
        self.assertEqual(self.stored(form.record), (OTHER, OTHER, OTHER))

    def test_form_warns_at_once(self):
        values = {"country_id": self.norway.id, "vat": "923609017", "company_registry": False, "name": "X"}
        spec = {
            name: {}
            for name in self.Partner.get_view(view_type="form")["models"]["res.partner"]
            if self.Partner._fields[name].type not in ("one2many", "many2many")
        }
        result = self.Partner.onchange(values, ["vat"], spec)
        self.assertIn("923609017", result["warning"]["message"])

    def test_import_of_a_file(self):
        result = self.Partner.with_context(import_file=True).load(
            ["name", "country_id/id", "vat", "company_registry"],
            [["En AS", "base.no", "923 609 016 mva", ""], ["To AS", "base.no", "", "974 760 673"]],
        )
        self.assertEqual(
            [self.stored(partner) for partner in self.Partner.browse(result["ids"])],
            [(NUMBER, NUMBER, f"NO{NUMBER}MVA"), (OTHER, OTHER, None)],
        )
        result = self.Partner.load(["name", "country_id/id", "vat"], [["Tre AS", "base.no", "923609017"]])
        self.assertIn("923609017", result["messages"][0]["message"])

    def test_portal_check_reads_every_spelling(self):
        """The address form of portal and web shop asks core on a record that is never saved."""
        address = self.Partner.new({"country_id": self.norway.id, "vat": "923.609.016\u00a0mva"})
        address._check_vat()
        self.assertEqual(address.vat, f"NO{NUMBER}MVA")
        with self.assertRefused("923609017", "mistyped"):
            self.Partner.new({"country_id": self.norway.id, "vat": "923609017"})._check_vat()

    def test_documents_that_are_imported(self):
        vat, code = self.Partner._run_vat_checks(self.norway, "NO 923 609 016 MVA", validation="setnull")
        self.assertEqual((vat, code), (f"NO{NUMBER}MVA", "NO"))
        self.assertEqual(self.Partner._run_vat_checks(self.norway, "923609017", validation="setnull")[0], "")

    def test_label(self):
        self.assertEqual(self.make_customer().company_registry_label, "Org.nr.")


@tagged("post_install", "-at_install")
class TestCustomerNumberSearch(IdentityCase):
    def test_any_spelling_finds_the_customer_and_its_contacts(self):
        customer = self.make_customer(vat=f"{NUMBER}MVA")
        dirty = self.make_dirty("Gammel AS", vat="NO 974 760 673 MVA")
        self.env["res.partner"].create({"name": "Kari", "parent_id": customer.id})
        for text in (
            NUMBER,
            "923 609 016",
            "NO923609016MVA",
            "923.609.016",
            "NO 923 609 016 mva",
            "923\u00a0609\u00a0016",
            "Fjellbekk Bakeri AS, org.nr. 923 609 016 MVA",
        ):
            with self.subTest(text=text):
                found = self.Partner.browse(
                    partner_id for partner_id, _name in self.Partner.name_search(text)
                )
                self.assertEqual(found, customer + customer.child_ids)
                self.assertEqual(self.Partner.search([("display_name", "ilike", text)]), found)
        self.assertEqual(self.Partner.search([("display_name", "ilike", "974760673")]), dirty)
        self.assertIn(
            (customer.id, customer.display_name), self.Partner.name_search("923 609 016", operator="=")
        )

    def test_other_texts_are_searched_as_before(self):
        customer = self.make_customer("Kunde 974760673")  # the digits are in the name only
        for text in ("974760673", "kunde 97476", "Kunde 974760673"):
            self.assertIn(customer, self.Partner.search([("display_name", "ilike", text)]), text)
        archived = self.make_customer(company_registry=NUMBER, active=False)
        self.assertFalse(self.Partner.search([("display_name", "ilike", NUMBER)]))
        self.assertEqual(
            self.Partner.with_context(active_test=False).search([("display_name", "ilike", NUMBER)]), archived
        )
        self.assertNotIn(archived, self.Partner.search([("display_name", "not ilike", NUMBER)]))

    def test_the_indexes_are_used(self):
        """Asked of a temporary copy: fresh indexes of the real table may not be used while any transaction
        from before their making is open."""
        query = self.Partner._get_organisation_number_query([NUMBER])
        self.env.cr.execute("""
            CREATE TEMP TABLE res_partner (LIKE public.res_partner INCLUDING INDEXES) ON COMMIT DROP;
            INSERT INTO res_partner (id, commercial_partner_id, name, vat, autopost_bills)
            SELECT n, n, 'Kunde', n::text, 'ask' FROM generate_series(100000000, 100003000) n;
            ANALYZE res_partner""")
        plan = "\n".join(row[0] for row in self.env.execute_query(SQL("EXPLAIN %s", query)))
        self.env.cr.execute("DROP TABLE res_partner")
        self.assertNotIn("Seq Scan on res_partner", plan)
        self.assertNotIn("Filter", plan)  # of an index that knows nothing of the number
        self.assertEqual(plan.count("= wanted.wanted"), 3)


@tagged("post_install", "-at_install")
class TestCustomerNumberOnInvoices(AccountTestInvoicingCommon):
    """Old data never stop an invoice, and a right number reaches the EHF file."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.norway = cls.env.ref("base.no")
        cls.partner_a.write({"country_id": cls.norway.id, "is_company": True, "vat": f"NO {NUMBER} MVA"})

    def test_an_invoice_makes_a_customer_of_old_data(self):
        self.assertFalse(self.partner_b.is_customer)
        self.partner_b.write({"country_id": self.norway.id, "is_company": True})
        for dirty in (NUMBER, "923609017"):  # partner_a's, and a mistyped one
            self.env.flush_all()
            self.env.cr.execute(
                SQL(
                    "UPDATE res_partner SET vat = %s, customer_rank = 0 WHERE id = %s",
                    dirty,
                    self.partner_b.id,
                )
            )
            self.env.invalidate_all()
            self._create_invoice_one_line(price_unit=100, partner_id=self.partner_a.id, post=True)
            invoice = self._create_invoice_one_line(price_unit=100, partner_id=self.partner_b.id, post=True)
            self.assertEqual((invoice.state, self.partner_b.is_customer), ("posted", True))
            self.assertTrue(self.partner_b.data_issue)

    def test_ehf(self):
        invoice = self._create_invoice_one_line(price_unit=100, partner_id=self.partner_a.id, post=True)
        xml, _errors = self.env["account.edi.xml.ubl_bis3"]._export_invoice(invoice)
        customer = etree.fromstring(xml).find("{*}AccountingCustomerParty/{*}Party")
        endpoint = customer.find("{*}EndpointID")
        self.assertEqual((endpoint.get("schemeID"), endpoint.text), ("0192", NUMBER))
        self.assertEqual(customer.findtext("{*}PartyTaxScheme/{*}CompanyID"), f"NO{NUMBER}MVA")
