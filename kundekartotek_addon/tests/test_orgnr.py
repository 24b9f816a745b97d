# SPDX-License-Identifier: LGPL-3.0-or-later
import doctest

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..tools import orgnr

SPACES = ["", " ", "\u00a0", "\u202f", ".", "-", "\u2013", "\u200b"]
FULLWIDTH = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


def with_check_digit(eight):
    """The nine digits that start with eight given ones, or None where no check digit fits."""
    return next(
        (
            f"{eight}{last}"
            for last in range(10)
            if sum(map(int.__mul__, (3, 2, 7, 6, 5, 4, 3, 2, 1), map(int, f"{eight}{last}"))) % 11 == 0
        ),
        None,
    )


valid_numbers = st.integers(0, 10**8 - 1).map(lambda n: with_check_digit(f"{n:08}")).filter(bool)


@st.composite
def spellings(draw, digits):
    """``digits`` as somebody may write it: (text, whether MVA is said)."""
    space = draw(st.sampled_from(SPACES))
    text = space.join([digits[:3], digits[3:6], digits[6:]])
    if draw(st.booleans()):
        text = text.translate(FULLWIDTH)
    prefix = draw(st.sampled_from(["", "NO", "no ", "Org.nr. ", "Orgnr: NO"]))
    suffix = draw(st.sampled_from(["", "MVA", " mva", "\u00a0Mva"]))
    return f"{draw(st.sampled_from(SPACES))}{prefix}{text}{suffix}", bool(suffix)


@tagged("post_install", "-at_install")
class TestOrgnr(BaseCase):
    def test_doctests(self):
        result = doctest.testmod(orgnr)
        self.assertEqual((result.failed, result.attempted > 10), (0, True))

    @settings(deadline=None)
    @given(st.data(), valid_numbers)
    def test_every_spelling_is_read(self, data, digits):
        text, says_mva = data.draw(spellings(digits))
        self.assertEqual(orgnr.parse(text), orgnr.OrganisationNumber(digits, says_mva))
        self.assertEqual(orgnr.candidates(f"Kunde AS, {text}, tlf. 12345678"), [digits])

    @settings(deadline=None)
    @given(valid_numbers, st.integers(0, 8), st.integers(1, 9))
    def test_every_single_mistyped_digit_is_refused(self, digits, position, by):
        wrong = digits[:position] + str((int(digits[position]) + by) % 10) + digits[position + 1 :]
        with self.assertRaises(orgnr.BadCheckDigit):
            orgnr.parse(wrong)
        self.assertEqual(orgnr.candidates(wrong), [])

    @settings(deadline=None)
    @given(st.text(max_size=20))
    def test_any_text_is_read_or_refused_in_kind(self, text):
        try:
            self.assertRegex(orgnr.parse(text).digits, r"\A[0-9]{9}\Z")
        except orgnr.OrganisationNumberError as error:
            self.assertEqual(error.args[0], text)

    def test_kinds_of_error(self):
        for text, kind in [
            ("12345678", orgnr.WrongLength),
            ("NO9236090160MVA", orgnr.WrongLength),
            ("923609017 MVA", orgnr.BadCheckDigit),
            ("SE556036079301", orgnr.NotAnOrganisationNumber),
            ("923609016MVAX", orgnr.NotAnOrganisationNumber),
            ("", orgnr.NotAnOrganisationNumber),
            ("\u0669\u0662\u0663\u0666\u0660\u0669\u0660\u0661\u0666", orgnr.NotAnOrganisationNumber),
        ]:
            with self.subTest(text=text), self.assertRaises(kind):
                orgnr.parse(text)

    @settings(deadline=None)
    @given(st.data(), valid_numbers, st.sampled_from(orgnr.FIELDS))
    def test_completing_twice_changes_nothing(self, data, digits, field):
        text, says_mva = data.draw(spellings(digits))
        stored = orgnr.complete({field: text}, {})
        self.assertEqual((stored["company_registry"], stored["l10n_no_bronnoysund_number"]), (digits, digits))
        self.assertEqual(
            stored.get("vat"), f"NO{digits}MVA" if says_mva else digits if field == "vat" else None
        )
        self.assertEqual(orgnr.complete(stored, stored), stored)

    def test_a_branch_has_its_owner_s_vat_number(self):
        own, owner = "974760673", "NO923609016MVA"
        with self.assertRaises(orgnr.DifferentNumbers):
            orgnr.complete({"company_registry": own, "vat": owner}, {})
        stored = orgnr.complete({"company_registry": own, "vat": owner}, {}, is_branch=True)
        self.assertEqual((stored["company_registry"], stored["vat"]), (own, owner))
        stored = orgnr.complete({"vat": owner}, {"company_registry": own}, is_branch=True)
        self.assertEqual(stored, {"vat": owner})

    def test_clearing(self):
        current = {
            "company_registry": "923609016",
            "l10n_no_bronnoysund_number": "923609016",
            "vat": "923609016",
        }
        self.assertEqual(orgnr.complete({"vat": None}, current), {"vat": None})
        self.assertEqual(
            orgnr.complete({"company_registry": ""}, current),
            {"company_registry": "", "l10n_no_bronnoysund_number": None},
        )
        self.assertEqual(
            orgnr.complete({"l10n_no_bronnoysund_number": False}, current),
            {"l10n_no_bronnoysund_number": "923609016"},
        )
        self.assertEqual(orgnr.complete({"vat": "/"}, current), {"vat": "/"})
