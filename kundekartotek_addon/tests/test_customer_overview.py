# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tests import HttpCase, new_test_user, tagged

from ..models.audit import audit_looks
from ..models.customer import overview
from ..models.customer.overview import Tile
from .common import KundekartotekCase


@tagged("post_install", "-at_install")
class TestCustomerOverview(KundekartotekCase, HttpCase):
    """What the opening page counts is what its tiles open."""

    def tiles(self, user=None):
        """{key: (count, records that the tile opens)} as this user sees them."""
        page = self.env["kundekartotek.overview"].with_user(user or self.env.user)
        found = {}
        for tile in page.get_tiles():
            action = tile["action"]
            self.assertEqual(action["display_name"], tile["title"], "what the client writes above the list")
            model = page.env[action["res_model"]].with_context(**action["context"])
            found[tile["key"]] = page.count_tile(tile["key"]), model.search(action["domain"])
        return found

    def test_counts_are_what_the_tiles_open(self):
        self.env.user.group_ids += self.env.ref("kundekartotek_addon.group_reader")
        self.env.user.group_ids += self.env.ref("account.group_account_readonly")
        before = self.tiles()
        self.assertEqual(list(before)[:2], ["customers", "incomplete"])
        bare, numbered, archived = (
            self.make_customer("Mangler AS"), self.make_customer("Nummer AS", ref="9001"),
            self.make_customer("Arkiv AS", active=False))
        archived.with_context(no_vat_validation=True).company_registry = "123456789"
        after = self.tiles()
        for key, (count, records) in after.items():
            self.assertEqual(count, len(records), key)
        grown = {key: after[key][1] - before[key][1] for key in after}
        self.assertEqual(grown["customers"], bare + numbered)
        self.assertEqual(grown["incomplete"], bare + numbered)
        self.assertEqual(grown["no_number"], bare)
        self.assertEqual(grown["data_issue"], archived, "the list of data to mend shows archived ones too")

    def test_amounts_are_counted_for_those_who_see_them(self):
        """A tile for which a user has no right is not there, and cannot be counted either."""
        reader = self.make_user("reader")
        self.assertIn("overdue", self.tiles(reader))
        self.patch(overview, "AMOUNT_GROUPS", "base.group_system")
        tiles = self.tiles(reader)
        self.assertIn("customers", tiles)
        self.assertTrue({"overdue", "over_limit"}.isdisjoint(tiles))
        self.make_customer()
        self.assertEqual(self.env["kundekartotek.overview"].with_user(reader).count_tile("overdue"), 0)

    def test_others_have_no_overview(self):
        page = self.env["kundekartotek.overview"].with_user(new_test_user(self.env, "kundekartotek_none"))
        for call in (page.get_tiles, lambda: page.count_tile("customers")):
            with self.assertRaises(AccessError):
                call()

    def test_a_room_adds_a_tile(self):
        def _overview_tiles(page):
            return original(page) + [
                Tile("moss", "Moss", "kundekartotek_addon.res_partner_action", Domain("city", "=", "Moss"))]

        original = self.registry["kundekartotek.overview"]._overview_tiles
        self.patch(self.registry["kundekartotek.overview"], "_overview_tiles", _overview_tiles)
        self.env.user.group_ids += self.env.ref("kundekartotek_addon.group_reader")
        customer = self.make_customer(city="Moss")
        self.assertIn(customer, self.tiles()["moss"][1])

    def test_in_the_browser(self):
        # What the test has not committed is visible through the test's cursor only.
        self.startPatcher(patch.object(audit_looks, "own_cursor", lambda dbname: self.registry.cursor()))
        self.env["res.lang"]._activate_lang("en_US")
        self.make_user("reader", lang="en_US")
        self.make_customer("Mangler Mye AS")
        self.start_tour("/odoo/kundekartotek-overview", "kundekartotek_overview", login="kundekartotek_reader")
