# SPDX-License-Identifier: LGPL-3.0-or-later
import base64
from pathlib import Path

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time, tagged

from ..models.register.postal_import import ERROR_KEY, IMPORTED_KEY, MODE_KEY, URL_KEY
from ..tools import postal
from ..tools.brreg import Breaker
from .common import KundekartotekCase
from .stand_in import BrregServer

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "postal"
ROWS = """\
0150	OSLO	0301	OSLO	G
0151	OSLO	0301	OSLO	P
2615	LILLEHAMMER	3405	LILLEHAMMER	G
4307	SANDNES	1108	SANDNES	G
5003	BERGEN	4601	BERGEN	G
6005	ÅLESUND	1508	ÅLESUND	G
7030	TRONDHEIM	5001	TRONDHEIM	G
8622	MO I RANA	1833	RANA	G
9008	TROMSØ	5501	TROMSØ	G
9170	LONGYEARBYEN	2111	SVALBARD	G
9990	BÅTSFJORD	5632	BÅTSFJORD	G
"""


class PostalCase(KundekartotekCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.codes = cls.env["kundekartotek.postal.code"]
        cls.addClassCleanup(cls.env.registry.clear_cache)

    def load(self, text=ROWS):
        return self.codes._import_rows(postal.parse(text.encode()))

    def code(self, code):
        return self.codes.search([("code", "=", code)])


@tagged("post_install", "-at_install")
class TestPostalImport(PostalCase):

    def test_first_import(self):
        self.assertEqual(self.load()[:3], (11, 0, 0))
        row = self.code("8622")
        self.assertEqual(
            (row.town, row.municipality_code, row.municipality, row.region, row.category, row.retired),
            ("Mo i Rana", "1833", "Rana", "18", "G", False))
        self.assertEqual(row.display_name, "8622 Mo i Rana")
        self.assertTrue(row.create_date and row.create_uid == self.env.user)

    def test_the_same_again_changes_nothing(self):
        self.load()
        stamp = self.code("0150").write_date
        with freeze_time("2030-01-01"):
            self.assertEqual(self.load(), (0, 0, 0, 0))
        self.assertEqual(self.code("0150").write_date, stamp)

    def test_changed_new_and_retired(self):
        self.load()
        changed = ROWS.replace("1108\tSANDNES", "1103\tSTAVANGER").replace("0151\tOSLO", "0152\tOSLO")
        with freeze_time("2026-11-23"):
            self.assertEqual(self.load(changed), (1, 1, 1, 0))
        self.assertEqual(self.code("4307").municipality, "Stavanger")
        retired = self.code("0151")
        self.assertEqual((retired.retired, str(retired.retired_on), retired.town), (True, "2026-11-23", "Oslo"))
        self.assertEqual(self.load(), (0, 2, 1, 0))  # back again
        self.assertFalse(self.code("0151").retired or self.code("0151").retired_on)
        self.assertEqual(len(self.codes.search([])), 12)

    def test_a_file_that_is_cut_off_changes_nothing(self):
        self.load()
        before = self.codes.search([]).read(["code", "retired", "write_date"])
        with self.assertRaisesRegex(UserError, "lacks 2 of the 11"):
            self.load("".join(ROWS.splitlines(True)[2:]))
        self.assertEqual(self.codes.search([]).read(["code", "retired", "write_date"]), before)

    def test_the_whole_register(self):
        files = sorted(RECORDED.glob("*.tsv")) if RECORDED.is_dir() else []
        if not files:
            self.skipTest("no postal code register in ../shared")
        text = files[-1].read_text("utf-8")
        self.assertEqual(self.load(text)[:3], (5122, 0, 0))
        self.assertEqual(self.load(text), (0, 0, 0, 0))
        self.assertFalse(self.codes.search([("region", "=", False)]))
        with self.assertQueryCount(1):
            self.env.registry.clear_cache()
            self.assertEqual([self.codes._find(code)[1] for code in ("0001", "N-9990")], ["Oslo", "Båtsfjord"])

    def test_rows_come_from_the_register_alone(self):
        self.load()
        for role in ("reader", "administrator"):
            user = self.make_user(role)
            self.assertEqual(self.code("0150").with_user(user).town, "Oslo")
            with self.assertRaises(AccessError):
                self.code("0150").with_user(user).town = "Christiania"

    def test_import_of_a_file(self):
        wizard = self.env["kundekartotek.postal.import"].with_user(self.make_user("administrator"))
        wizard.create({"file": base64.b64encode(ROWS.replace("\n", "\r\n").encode("latin-1"))}).action_import()
        self.assertEqual(self.code("6005").town, "Ålesund")
        for content, message in [(b"\r\n", "empty"), (ROWS.encode() + b"<html>", "line 12 reads “<html>”")]:
            with self.assertRaisesRegex(UserError, message):
                wizard.create({"file": base64.b64encode(content)}).action_import()
        with self.assertRaises(AccessError):
            wizard.with_user(self.make_user("case_worker")).create({"file": b"MQ=="})


@tagged("post_install", "-at_install")
class TestPostalJob(PostalCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = cls.enterClassContext(BrregServer())
        cls.parameters = cls.env["ir.config_parameter"].sudo()
        cls.parameters.set_param(MODE_KEY, "demo")
        cls.parameters.set_param(URL_KEY, cls.server.postal_url)
        cls.cron = cls.env.ref("kundekartotek_addon.ir_cron_postal_code")

    def setUp(self):
        super().setUp()
        self.server.reset()
        Breaker.shared(self.server.postal_url).succeeded()

    def run_job(self):
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()
        return self.parameters.get_param(ERROR_KEY)

    def test_fetches(self):
        self.assertFalse(self.run_job())
        self.assertGreater(self.codes.search_count([]), 50)
        self.assertTrue(self.parameters.get_param(IMPORTED_KEY))
        self.assertEqual((self.cron.interval_number, self.cron.interval_type), (1, "months"))

    def test_keeps_what_it_has_when_the_register_fails(self):
        self.run_job()
        count = self.codes.search_count([("retired", "=", False)])
        self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]).unlink()
        self.env["res.lang"]._activate_lang("nb_NO")
        for fault, message, norwegian in [
            ("404", "could not be fetched", "ikke hentes"), ("content_type", "no register of postal codes", "Linje"),
        ]:
            self.server.fail(fault)
            self.run_job()
            settings = self.env["res.config.settings"].create({})
            self.assertIn(message, settings.postal_error)
            self.assertIn(norwegian, settings.with_context(lang="nb_NO").postal_error)
            self.assertEqual(self.codes.search_count([("retired", "=", False)]), count)
        self.assertTrue(self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]))  # tomorrow again
        self.server.reset()
        self.assertFalse(self.run_job())

    def test_off_asks_nobody(self):
        self.parameters.set_param(MODE_KEY, "off")
        self.run_job()
        self.assertEqual(self.server.log.requests, 0)
        with self.assertRaisesRegex(UserError, "switched off"):
            self.env["res.config.settings"].with_user(self.env.ref("base.user_admin")).create(
                {}).action_fetch_postal_codes()

    def test_settings(self):
        settings = self.env["res.config.settings"].with_user(self.env.ref("base.user_admin"))
        self.assertFalse(settings.create({}).postal_imported)
        settings.create({}).action_fetch_postal_codes()
        after = settings.create({})
        self.assertGreater(after.postal_count, 50)
        self.assertTrue(after.postal_imported)
        self.server.fail("404")
        with self.assertRaisesRegex(UserError, "could not be fetched"):
            settings.create({}).action_fetch_postal_codes()
        with self.assertRaises(AccessError):
            settings.create({}).with_user(self.make_user("case_worker")).action_fetch_postal_codes()


@tagged("post_install", "-at_install")
class TestPostalTown(PostalCase):

    def setUp(self):
        super().setUp()
        self.load()

    def test_the_town_is_filled_in_while_typing(self):
        form = Form(self.env["res.partner"])
        form.name, form.country_id = "Fjellbekk Bakeri AS", self.norway
        form.zip = "8622"
        self.assertEqual(form.city, "Mo i Rana")
        form.zip = "N-9990"  # a town that came from a code follows the next one
        self.assertEqual(form.city, "Båtsfjord")
        form.city = "Et annet sted"
        form.zip = "0150"
        self.assertEqual(form.city, "Et annet sted")  # a person's word stays
        self.assertEqual(form.postal_code_issue, "Postal code 0150 is Oslo, not Et annet sted.")

    def test_the_town_is_filled_in_however_the_customer_comes(self):
        self.assertEqual(self.make_customer(zip="6005").city, "Ålesund")
        self.assertEqual(self.make_customer(zip="6005", city="Aalesund").city, "Aalesund")
        self.assertEqual(self.make_customer(zip="6005", country_id=self.env.ref("base.dk").id).city, False)
        customer = self.make_customer()
        customer.zip = "5003"
        self.assertEqual(customer.city, "Bergen")
        customer.zip = "0150"
        self.assertEqual(customer.city, "Bergen")
        self.assertEqual(customer.postal_code_town, "Oslo")

    def test_without_a_country_it_is_the_company_s(self):
        """Four digits are a postal code in Denmark too, and in a dozen other countries."""
        danish = self.env["res.company"].create({"name": "Dansk A/S", "country_id": self.env.ref("base.dk").id})
        Partner = self.env["res.partner"]
        self.assertEqual(Partner.create({"name": "Her", "zip": "6005"}).city, "Ålesund")
        self.assertFalse(Partner.with_company(danish).create({"name": "Der", "zip": "6005"}).city)
        self.assertFalse(Partner.create({"name": "Deres", "zip": "6005", "company_id": danish.id}).city)

    def test_anybody_who_registers_contacts_gets_the_town(self):
        from odoo.tests import new_test_user

        user = new_test_user(self.env, login="bare_ansatt", groups="base.group_user,base.group_partner_manager")
        partner = self.env["res.partner"].with_user(user).create({
            "name": "Ny kontakt", "zip": "9008", "country_id": self.norway.id})
        self.assertEqual((partner.city, partner.customer_municipality), ("Tromsø", "5501 Tromsø"))

    def test_what_does_not_fit(self):
        self.load(ROWS.replace("0151\tOSLO\t0301\tOSLO\tP\n", ""))
        for vals, issue, town in [
            ({"zip": "2615", "city": "Lillehammer"}, False, False),
            ({"zip": "2615", "city": " LILLEHAMMER "}, False, False),
            ({"zip": "8622", "city": "mo  i rana"}, False, False),
            ({"zip": "2615", "city": "Hamar"}, "Postal code 2615 is Lillehammer, not Hamar.", "Lillehammer"),
            ({"zip": "0151", "city": "Oslo"}, "Postal code 0151 Oslo is no longer in use.", False),
            ({"zip": "6400", "city": "Molde"}, "There is no postal code 6400.", False),
            ({"zip": "x"}, "There is no postal code x.", False),
            ({"zip": False, "city": "Hamar"}, False, False),
            ({"zip": "2615", "city": "Hamar", "country_id": self.env.ref("base.se").id}, False, False),
            ({"zip": "2615", "city": "Hamar", "country_id": False}, False, False),
        ]:
            with self.subTest(vals=vals):
                customer = self.make_customer(**vals)
                self.assertEqual((customer.postal_code_issue, customer.postal_code_town), (issue, town))
                self.assertEqual(customer.data_issue, "postal_code" if issue else False)
                found = self.env["res.partner"].search([("data_issue", "=", "postal_code"), ("id", "=", customer.id)])
                self.assertEqual(bool(found), bool(issue))

    def test_nothing_is_questioned_before_the_register_is_here(self):
        customer = self.make_customer(zip="2615", city="Hamar")
        self.env.cr.execute("DELETE FROM kundekartotek_postal_code")
        self.env.registry.clear_cache()
        self.env.invalidate_all()
        self.assertFalse(customer.postal_code_issue or customer.data_issue)
        self.assertFalse(self.env["res.partner"].search([("data_issue", "=", "postal_code")]))

    def test_the_graver_issue_counts(self):
        customer = self.make_customer(zip="2615", city="Hamar", company_registry="310410004")
        self.env.cr.execute(
            "UPDATE res_partner SET company_registry = '310410005' WHERE id = %s", [customer.id])
        self.env.invalidate_all()
        self.assertEqual(customer.data_issue, "bad_number")
        self.assertIn("2615", customer.data_issue_text)
        self.assertNotIn(customer, self.env["res.partner"].search([("data_issue", "=", "postal_code")]))

    def test_using_the_town_of_the_code(self):
        wrong = self.make_customer(zip="2615", city="Hamar")
        unknown = self.make_customer(zip="6400", city="Molde")
        both = wrong + unknown
        both.with_user(self.make_user("case_worker")).action_use_postal_town()
        self.assertEqual(both.mapped("city"), ["Lillehammer", "Molde"])
        for role in ("reader", "auditor"):
            with self.assertRaises(AccessError):
                wrong.with_user(self.make_user(role)).action_use_postal_town()


@tagged("post_install", "-at_install")
class TestPostalRegion(PostalCase):

    def test_the_county_is_the_municipality_s(self):
        """What the register says goes before the ranges that the addon knows by itself."""
        customer = self.make_customer(zip="4307")
        self.assertEqual((customer.customer_region, customer.customer_municipality), ("11", False))
        moved = ROWS.replace("4307\tSANDNES\t1108\tSANDNES", "4307\tSANDNES\t4299\tNYKOMMUNE")
        self.assertEqual(self.load(moved).partners, 1)
        self.assertEqual((customer.customer_region, customer.customer_municipality), ("42", "4299 Nykommune"))
        self.assertEqual(self.make_customer(zip="4307").customer_region, "42")
        self.assertEqual(self.make_customer(zip="9170").customer_region, "21")
        swedish = self.make_customer(zip="4307", country_id=self.env.ref("base.se").id)
        self.assertEqual(swedish.customer_region, "abroad")

    def test_a_number_scheme_uses_it(self):
        self.load(ROWS.replace("4307\tSANDNES\t1108\tSANDNES", "4307\tSANDNES\t4299\tNYKOMMUNE"))
        scheme = self.env["kundekartotek.number.scheme"].create({"name": "Fylke", "pattern": "R{region}-{seq:03}"})
        self.env.company.customer_number_scheme_id = scheme
        self.assertEqual(self.make_customer(zip="4307").ref, "R42-001")

    def test_many_customers_cost_one_query(self):
        self.load()
        partners = self.env["res.partner"].browse([self.make_customer(zip="0150").id for _number in range(20)])
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        partners.mapped("zip"), partners.mapped("country_id.code")
        with self.assertQueryCount(1):
            partners.mapped("customer_municipality")
