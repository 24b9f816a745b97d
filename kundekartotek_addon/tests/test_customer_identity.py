# SPDX-License-Identifier: LGPL-3.0-or-later
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import SQL

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from ..tools import orgnr
from .common import KundekartotekCase
from .test_orgnr import spellings, valid_numbers, with_check_digit

NUMBER, OTHER = "923609016", "974760673"


class IdentityCase(KundekartotekCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Partner = cls.env["res.partner"]
        cls.sweden = cls.env.ref("base.se")

    def stored(self, partner):
        return tuple(partner[field] or None for field in orgnr.FIELDS)

    def make_dirty(self, name="Gammel Kunde AS", **vals):
        """A customer as it may lie in a database from before the rules: written past them."""
        partner = self.make_customer(
            name, **{key: vals.pop(key) for key in list(vals) if key not in orgnr.FIELDS}
        )
        self.env.flush_all()
        for field, text in vals.items():
            self.env.cr.execute(
                SQL("UPDATE res_partner SET %s = %s WHERE id = %s", SQL.identifier(field), text, partner.id)
            )
        self.env.invalidate_all()
        return partner

    def assertRefused(self, *texts):
        return self.assertRaisesRegex(ValidationError, "(?s)" + ".*".join(texts))


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
class TestCustomerNumberShared(IdentityCase):
    """One customer per number and company scope."""

    def test_refused_in_whatever_spelling_and_field(self):
        for dirty in [
            {"vat": "NO 923 609 016 MVA"},
            {"vat": "923609016"},
            {"company_registry": "923.609.016"},
            {"l10n_no_bronnoysund_number": NUMBER},
            {"company_registry": "ukjent", "vat": "no923609016mva"},
            {"company_registry": "923609017", "vat": "923609016MVA"},
            {"vat": NUMBER, "country_id": False},
            {"vat": NUMBER, "active": False},
        ]:
            with self.subTest(dirty), self.env.cr.savepoint() as savepoint:
                self.make_dirty("Bjørk Bygg AS", **dirty)
                for typed in ({"company_registry": "923 609 016"}, {"vat": f"NO{NUMBER}MVA"}):
                    with self.assertRefused(NUMBER, "Bjørk Bygg AS", "branch"), self.env.cr.savepoint():
                        self.make_customer("Ny AS", **typed)
                    customer = self.make_customer("Ny AS")
                    with self.assertRefused("Bjørk Bygg AS"), self.env.cr.savepoint():
                        customer.write(typed)
                    customer.invalidate_recordset()
                savepoint.rollback()

    def test_shown_while_typing(self):
        other = self.make_dirty("Bjørk Bygg AS", vat="NO 923 609 016 MVA", active=False)
        new = self.Partner.new(
            {"country_id": self.norway.id, "is_company": True, "company_registry": "923609016"}
        )
        self.assertEqual(new.same_company_registry_partner_id, other)
        with Form(self.Partner.with_context(default_is_company=True)) as form:
            form.name = "Ny AS"
            form.country_id = self.norway
            form.vat = "923 609 016"
            self.assertEqual(form.same_company_registry_partner_id, other)
            form.is_branch = True
            self.assertFalse(form.same_company_registry_partner_id)
            self.assertFalse(form.same_vat_partner_id)
        self.assertFalse(self.make_customer(company_registry=OTHER).same_company_registry_partner_id)

    def test_core_s_warning_for_foreigners_stays(self):
        denmark = self.env.ref("base.dk")
        first = self.make_customer(country_id=denmark.id, vat="DK12345674")
        second = self.make_customer(country_id=denmark.id, vat="12345674")
        self.assertEqual(second.same_vat_partner_id, first)

    def test_branches(self):
        head = self.make_customer("Hovedkontor AS", company_registry=NUMBER)
        branch = self.make_customer("Avdeling Bergen", company_registry=NUMBER, is_branch=True)
        with self.assertRefused("Hovedkontor AS"), self.env.cr.savepoint():
            self.make_customer(company_registry=NUMBER)
        with self.assertRefused("Hovedkontor AS"), self.env.cr.savepoint():
            branch.is_branch = False
        self.env.invalidate_all()
        head.is_branch = True
        branch.is_branch = False

    def test_a_company_below_another_is_its_branch(self):
        head = self.make_customer("Konsern ASA", company_registry=NUMBER)
        below = self.make_customer("Konsern ASA avd. Oslo", parent_id=head.id, company_registry=NUMBER)
        self.make_customer("Konsern ASA avd. Moss", parent_id=below.id, company_registry=NUMBER)
        self.assertFalse(below.same_company_registry_partner_id)

    def test_who_leaves_a_company_leaves_its_number(self):
        head = self.make_customer("Hovedkontor AS", company_registry=NUMBER)
        below = self.make_customer("Datter AS", parent_id=head.id, company_registry=NUMBER)
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": head.id, "customer_rank": 1})
        for partner in (below, contact):
            with self.subTest(partner=partner.name):
                with self.assertRefused("Hovedkontor AS"), self.env.cr.savepoint():
                    partner.parent_id = False
                self.env.invalidate_all()
                partner.write({"parent_id": False, "company_registry": False, "vat": False})
                self.assertEqual(self.stored(partner), (None, None, None))

    def test_suppliers_are_shown_but_not_refused(self):
        supplier = self.make_customer(
            "Leverandør AS", customer_rank=0, supplier_rank=1, company_registry=NUMBER
        )
        customer = self.make_customer(company_registry=NUMBER)
        self.assertEqual(customer.same_company_registry_partner_id, supplier)
        with self.assertRefused("Fjellbekk"), self.env.cr.savepoint():
            supplier.customer_rank = 1

    def test_companies(self):
        """Partners of two companies that share none may be the same customer."""
        one, two = self.env["res.company"].create([{"name": "Selskap 1"}, {"name": "Selskap 2"}])
        below_one = self.env["res.company"].create({"name": "Selskap 1 avd.", "parent_id": one.id})
        first = self.make_customer("Kunde av 1", company_id=one.id, company_registry=NUMBER)
        second = self.make_customer("Kunde av 2", company_id=two.id, company_registry=NUMBER)
        for company in (self.env["res.company"], one, below_one):
            with self.subTest(company=company.name), self.assertRefused("Kunde av"), self.env.cr.savepoint():
                self.make_customer(company_id=company.id, company_registry=NUMBER)
        with self.assertRefused("Kunde av 1"), self.env.cr.savepoint():
            second.company_id = False
        second.invalidate_recordset()
        user = new_test_user(
            self.env,
            "kundekartotek_selskap_2",
            "base.group_user,base.group_partner_manager",
            company_id=two.id,
            company_ids=[(6, 0, two.ids)],
        )
        second.company_registry = OTHER
        with self.assertRaises(ValidationError) as refused, self.env.cr.savepoint():
            self.Partner.with_user(user).create(
                {
                    "name": "Delt",
                    "is_company": True,
                    "customer_rank": 1,
                    "country_id": self.norway.id,
                    "vat": NUMBER,
                }
            )
        self.assertNotIn(first.name, str(refused.exception))
        self.assertIn("no access", str(refused.exception))
        shown = self.Partner.with_user(user).new(
            {"is_company": True, "country_id": self.norway.id, "vat": NUMBER}
        )
        self.assertFalse(shown.same_company_registry_partner_id)

    def test_doubles_within_one_batch(self):
        with self.assertRefused(NUMBER, "To"):
            self.Partner.create(
                [
                    {
                        "name": name,
                        "is_company": True,
                        "customer_rank": 1,
                        "country_id": self.norway.id,
                        "vat": vat,
                    }
                    for name, vat in [("En", "923609016"), ("To", "NO 923 609 016 MVA")]
                ]
            )

    def test_one_query_for_a_batch(self):
        numbers = filter(None, (with_check_digit(eight) for eight in range(91000000, 91000100)))
        vals_list = [
            {
                "name": number,
                "is_company": True,
                "customer_rank": 1,
                "country_id": self.norway.id,
                "vat": number,
            }
            for number in numbers
        ]
        searches = []
        search = type(self.Partner)._search_organisation_numbers

        def counted(model, numbers, customers_only):
            searches.append(len(numbers))
            return search(model, numbers, customers_only)

        self.patch(type(self.Partner), "_search_organisation_numbers", counted)
        customers = self.Partner.create(vals_list)
        self.assertEqual(searches, [len(vals_list)])
        customers.write({"company_id": self.env.company.id})
        self.assertEqual(searches, [len(vals_list)] * 2)
        customers.write({"comment": "Ingen nummer", "customer_rank": 2})
        self.assertEqual(searches, [len(vals_list)] * 2)
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.assertFalse(customers.with_prefetch()._find_same_organisation_number(customers_only=True))

    def test_old_data_block_nobody(self):
        bad = self.make_dirty("Feil AS", vat="923609017", company_registry="tja")
        first, second = (
            self.make_dirty("En AS", vat=NUMBER),
            self.make_dirty("To AS", company_registry="923 609 016"),
        )
        for customer in bad + first + second:
            customer.write(
                {
                    "name": f"{customer.name}!",
                    "phone": "55 55 55 55",
                    "comment": "ok",
                    "ref": f"X{customer.id}",
                }
            )
            self.Partner.create({"name": "Kontakt", "parent_id": customer.id})
        second.company_registry = NUMBER  # only the spelling
        self.assertEqual(self.stored(second), (NUMBER, NUMBER, None))
        with self.assertRefused("En AS!"), self.env.cr.savepoint():
            second.company_id = self.env.company
        second.invalidate_recordset()

    def test_a_sale_makes_a_customer_of_old_data(self):
        self.make_customer(company_registry=NUMBER)
        lead = self.make_dirty("Dublett AS", vat=NUMBER, customer_rank=0)
        lead._increase_rank("customer_rank")
        self.assertTrue(lead.is_customer)
        contact_of_old = self.make_dirty("Dublett 2 AS", vat=NUMBER, customer_rank=0)
        self.Partner.create({"name": "Kari", "parent_id": contact_of_old.id, "customer_rank": 1})
        self.assertTrue(contact_of_old.is_customer)
        self.assertEqual((lead + contact_of_old).mapped("data_issue"), ["duplicate", "duplicate"])

    def test_a_copy_has_no_number(self):
        customer = self.make_customer(vat=f"{NUMBER}MVA")
        copy = customer.with_context(res_partner_search_mode="customer").copy()
        self.assertTrue(copy.is_customer)
        self.assertEqual(self.stored(copy), (None, None, None))
        self.assertEqual(customer.copy({"vat": OTHER}).vat, OTHER)

    def test_merging(self):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        first = self.make_dirty("En AS", vat="NO 923 609 016 MVA")
        second = self.make_dirty("To AS", company_registry="923 609 016")
        third = self.make_dirty("Tre AS")
        wizard._merge((first + third).ids, third)
        self.assertFalse(first.exists())
        self.assertEqual(third.vat, f"NO{NUMBER}MVA")
        self.assertEqual(third.data_issue, "duplicate")
        wizard._merge((second + third).ids, second)
        self.assertFalse(third.exists())
        self.assertEqual(self.stored(second), (NUMBER, NUMBER, f"NO{NUMBER}MVA"))
        self.assertFalse(second.data_issue)


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
class TestDataToMend(IdentityCase):
    def kinds(self, *partners):
        """What the list says of these, searched and computed: both must agree."""
        partners = self.Partner.concat(*partners)
        computed = {partner: partner.data_issue for partner in partners}
        for kind in [*dict(self.Partner._fields["data_issue"].selection), False]:
            found = self.Partner.with_context(active_test=False).search(
                [("data_issue", "=", kind), ("id", "in", partners.ids)]
            )
            self.assertEqual(
                set(found), {partner for partner, issue in computed.items() if issue == kind}, kind
            )
        return [computed[partner] for partner in partners]

    def test_kinds(self):
        good = [
            self.make_customer(f"God {i}", **vals)
            for i, vals in enumerate(
                [
                    {},
                    {"company_registry": NUMBER},
                    {"vat": "/"},
                    {"country_id": self.sweden.id, "company_registry": "tja"},
                    {"customer_rank": 0, "is_company": False},
                ]
            )
        ]
        branch = self.make_customer(
            "Avdeling", is_branch=True, company_registry="810000007", vat=f"{NUMBER}MVA"
        )
        self.assertEqual(self.kinds(*good, branch), [False] * 6)
        dirty = [
            ({"vat": "923609017"}, "bad_number"),
            ({"company_registry": "tja"}, "bad_number"),
            ({"company_registry": "81000006", "vat": "NO810000058MVA"}, "bad_number"),
            ({"company_registry": "810000015", "vat": "NO810000058MVA"}, "two_numbers"),
            ({"company_registry": "810000066", "l10n_no_bronnoysund_number": "810000090"}, "two_numbers"),
            ({"vat": OTHER, "active": False}, "misplaced"),
            ({"company_registry": "810 000 104"}, "misplaced"),
            ({"l10n_no_bronnoysund_number": "810000112"}, "misplaced"),
            (
                {
                    "company_registry": "810000120",
                    "l10n_no_bronnoysund_number": "810000120",
                    "vat": "NO 810000120 mva",
                },
                "misplaced",
            ),
            ({"company_registry": "-", "vat": " "}, False),
            ({"vat": NUMBER}, "duplicate"),
        ]
        partners = [self.make_dirty(f"Gammel {i}", **vals) for i, (vals, _kind) in enumerate(dirty)]
        self.assertEqual(self.kinds(*partners), [kind for _vals, kind in dirty])
        self.assertEqual(good[1].data_issue, "duplicate")
        self.assertIn("Gammel 10", good[1].data_issue_text)
        self.assertIn("923609017", partners[0].data_issue_text)
        self.assertIn(f"Organisation number {OTHER}, VAT number {OTHER}", partners[5].data_issue_text)

    def test_shared_number_by_company_branch_and_family(self):
        one, two = self.env["res.company"].create([{"name": "Selskap 1"}, {"name": "Selskap 2"}])
        below_one = self.env["res.company"].create({"name": "Selskap 1 avd.", "parent_id": one.id})
        first = self.make_customer(company_id=one.id, company_registry=NUMBER)
        second = self.make_customer(company_id=two.id, company_registry=NUMBER)
        branch = self.make_customer(company_id=two.id, company_registry=NUMBER, is_branch=True)
        below = self.make_customer(company_id=two.id, company_registry=NUMBER, parent_id=second.id)
        self.assertEqual(self.kinds(first, second, branch, below), [False] * 4)
        third = self.make_dirty(company_id=below_one.id, vat=NUMBER)
        self.assertEqual(
            self.kinds(first, second, branch, below, third), ["duplicate", False, False, False, "duplicate"]
        )
        shared = self.make_dirty(vat=NUMBER, country_id=False)
        self.assertEqual(
            self.kinds(first, second, branch, below, third, shared),
            ["duplicate", "duplicate", False, "duplicate", "duplicate", "duplicate"],
        )

    @settings(deadline=None, max_examples=10, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    field: st.one_of(
                        st.sampled_from(
                            [
                                "",
                                "/",
                                "NO",
                                "923609016",
                                "NO 923609016 MVA",
                                "974.760.673",
                                "923609017",
                                "tja",
                            ]
                        ),
                        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12),
                    )
                    for field in ("company_registry", "vat")
                }
                | {
                    "l10n_no_bronnoysund_number": st.sampled_from(["", "923609016", "974760673", "1"]),
                    "is_branch": st.booleans(),
                },
            ),
            min_size=1,
            max_size=4,
        )
    )
    def test_search_and_compute_agree_on_any_data(self, rows):
        with self.env.cr.savepoint() as savepoint:
            self.kinds(*[self.make_dirty(f"Kunde {i}", **vals) for i, vals in enumerate(rows)])
            savepoint.rollback()

    def test_correcting_the_spelling(self):
        harmless = self.make_dirty("En AS", vat="NO 923 609 016 MVA")
        bad = self.make_dirty("To AS", vat="974760674")
        reader, case_worker = self.make_user("reader"), self.make_user("case_worker")
        with self.assertRaises(AccessError):
            (harmless + bad).with_user(reader).action_spell_organisation_numbers()
        self.assertIn(f"NO{NUMBER}MVA", harmless.with_user(reader).data_issue_text)
        (harmless + bad).with_user(case_worker).action_spell_organisation_numbers()
        self.assertEqual(self.stored(harmless), (NUMBER, NUMBER, f"NO{NUMBER}MVA"))
        self.assertFalse(harmless.data_issue)
        self.assertEqual(bad.vat, "974760674")

    def test_correcting_the_spelling_of_doubles_is_never_refused(self):
        doubles = self.make_dirty("En AS", vat="NO 923 609 016 MVA") + self.make_dirty(
            "To AS", company_registry="923 609 016"
        )
        self.assertEqual(doubles.mapped("data_issue"), ["duplicate"] * 2)
        doubles.action_spell_organisation_numbers()
        self.assertEqual([partner.company_registry for partner in doubles], [NUMBER] * 2)

    def test_the_list_opens(self):
        dirty = self.make_dirty(vat="923609017")
        action = self.env.ref("kundekartotek_addon.res_partner_action_data_issue")._get_action_dict()
        self.assertIn(dirty, self.Partner.search([("data_issue", "!=", False)]))
        self.assertEqual(action["views"][0][1], "list")


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
