# SPDX-License-Identifier: LGPL-3.0-or-later
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import AccessError
from odoo.tests import tagged

from .identity_case import NUMBER, OTHER, IdentityCase


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
