# SPDX-License-Identifier: LGPL-3.0-or-later
import doctest
from itertools import pairwise
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..models.customer.column_values import _type_and_region
from ..tools import region
from ..tools.region import POSTAL_RANGES, REGIONS, region_of_postal_code
from .common import KundekartotekCase

SHARED = Path(__file__).parents[3] / "shared" / "data" / "postal"


@tagged("post_install", "-at_install")
class TestRegion(BaseCase):

    def test_doctests(self):
        self.assertEqual(doctest.testmod(region).failed, 0)

    def test_ranges_are_ordered_and_apart(self):
        ends = [code for first, last, _region in POSTAL_RANGES for code in (first, last)]
        self.assertEqual(ends, sorted(ends))
        for earlier, later in pairwise(POSTAL_RANGES):
            self.assertGreater(later[0], earlier[1])
        self.assertEqual({code for *_codes, code in POSTAL_RANGES}, {code for code, _name in REGIONS})

    def test_known_places(self):
        for code, expected in [("0001", "03"), ("1300", "32"), ("1601", "31"), ("3015", "33"), ("2317", "34"),
                               ("3110", "39"), ("3717", "40"), ("4006", "11"), ("4611", "42"), ("5014", "46"),
                               ("6004", "15"), ("7013", "50"), ("8006", "18"), ("9008", "55"), ("9800", "56"),
                               ("8099", "22"), ("0000", ""), ("9999", ""), ("1499", ""), ("12345", ""),
                               ("A150", "")]:
            self.assertEqual(region_of_postal_code(code), expected, code)

    def test_every_code_of_the_register(self):
        files = sorted(SHARED.glob("postnummerregister_*.tsv")) if SHARED.is_dir() else []
        if not files:
            self.skipTest("no postal code register in ../shared")
        rows = [line.split("\t") for line in files[-1].read_text("utf-8").splitlines()]
        self.assertGreater(len(rows), 5000)
        self.assertEqual([row for row in rows if region_of_postal_code(row[0]) != row[2][:2]], [])


@tagged("post_install", "-at_install")
class TestCustomerRegion(KundekartotekCase):

    def test_from_postal_code_and_country(self):
        customer = self.make_customer(zip="5014")
        self.assertEqual(customer.customer_region, "46")
        customer.zip = " no-0150 "
        self.assertEqual(customer.customer_region, "03")
        customer.zip = False
        self.assertFalse(customer.customer_region)
        customer.country_id = self.env.ref("base.se")
        self.assertEqual(customer.customer_region, "abroad")

    def test_install_fills_what_the_orm_computes(self):
        """The statement of the pre_init hook against the compute method."""
        countries = [self.env.ref(f"base.{code}").id for code in ("no", "se", "dk", "sj")] + [False]
        zips = ["0150", " N-5003", "NO 7030", "nO-9170", "n 0150", "no0150", "1500", "0000", "12", "123456",
                "2713", "x", "", False]
        partners = self.env["res.partner"].create([
            {"name": f"{country} {code}", "zip": code, "country_id": country}
            for country in countries for code in zips])
        partners[::3].is_company = True
        partners[1].parent_id = partners[0]
        computed = {partner.id: (partner.customer_type, partner.customer_region) for partner in partners}
        self.assertGreater(len(set(computed.values())), 8)
        self.env.flush_all()
        for anew, before in ((False, None), (True, "consumer")):
            with self.subTest(anew=anew):
                self.env.cr.execute("UPDATE res_partner SET customer_type = %s, customer_region = '99'", [before])
                self.env.cr.execute(_type_and_region(partners.ids[0], partners.ids[-1], anew))
                self.env.cr.execute(
                    "SELECT id, customer_type, customer_region FROM res_partner WHERE id = ANY(%s)", [partners.ids])
                filled = {key: (kind, region or False) for key, kind, region in self.env.cr.fetchall()}
                self.assertEqual(filled, computed)

    def test_what_others_made_meanwhile_is_filled_and_the_rest_left_alone(self):
        chosen, new = self.make_customer(), self.make_customer()
        chosen.customer_type = "public"
        self.env.flush_all()
        self.env.cr.execute("UPDATE res_partner SET customer_type = NULL WHERE id = %s", [new.id])
        self.env.cr.execute(_type_and_region(1, new.id, False))
        self.env.cr.execute("SELECT id, customer_type FROM res_partner WHERE id = ANY(%s)", [[chosen.id, new.id]])
        self.assertEqual(dict(self.env.cr.fetchall()), {chosen.id: "public", new.id: "business"})
