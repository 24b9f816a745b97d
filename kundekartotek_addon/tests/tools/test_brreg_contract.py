# SPDX-License-Identifier: LGPL-3.0-or-later
"""The client's parsing against answers of the register itself, recorded from 2018 to 2026, and a few written here."""

import datetime
import json
import unittest
from dataclasses import fields
from pathlib import Path

from tools import brreg, brreg_outcome
from tools.brreg import Status

RECORDED = Path(__file__).parents[4] / "shared" / "data" / "brreg"
TODAY = datetime.date(2026, 11, 25)
KNOWN = {
    "enhet_ASA_923609016_equinor_2026-09-03.json", "enhet_AS_ikke_mva_929616359_2022_v1.json",
    "enhet_ENK_mva_2026-09_PSEUDONYMISERT.json", "enhet_NUF_DK_920164064_2018_v1.json",
    "enhet_ORGL_974760673_registerenheten_2026-09-03.json", "enhet_UTLA_DK_920162665_2018_v1.json",
    "enhet_slettet_ASA_981276957_dnb_2026-09-08.json", "error_400_docs.json",
    "error_400_updatedBefore_2026-09-08.json", "error_404_ukjent_orgnr.empty",
    "error_404_ukjent_sti_2026-09-27.json", "error_500_docs.json", "gone_410_936127088_2026-09-08.json",
    "lastned_underenheter_2stk_2020_v1.json", "oppdateringer_enheter_includeChanges_2026-09-08.json",
    "oppdateringer_enheter_tom_2026-09-08.json", "sok_enheter_ASA_side0_2026-03.json",
    "sok_enheter_ingen_treff_2025.json", "sok_enheter_sesam_side0_ca2023.json",
    "sok_underenheter_ingen_treff_2025.json", "sok_underenheter_overordnet_2025.json",
    "underenhet_BEDR_924203617_2025.json",
    # reference lists, which no client reads
    "feltprevalens_live_2026-06-17.tsv", "feltprevalens_live_2026-06-17_segmenter.tsv",
    "institusjonelle_sektorkoder_ssb.tsv", "lastned_csv_header_2026-09.csv", "organisasjonsformer_2026.tsv",
    "openapi_enhetsregisteret_1.5.0_2024-10-09.json",
}


def address(lines, code, city, municipality_code, municipality, country_code="NO", country="Norge"):
    return brreg.Address(lines, code, city, municipality_code, municipality, country_code, country)


class TestRecordedAnswers(unittest.TestCase):
    def setUp(self):
        if not RECORDED.is_dir():
            self.skipTest("no recorded answers in ../shared")

    def read(self, name):
        return (RECORDED / name).read_bytes()

    def unit(self, name):
        return brreg.parse_unit(json.loads(self.read(name)), received=TODAY)

    def check(self, unit, **expected):
        self.assertEqual({key: getattr(unit, key) for key in expected}, expected)

    def test_every_file_is_known_here(self):
        """A new recording needs a test of its own."""
        self.assertEqual({path.name for path in RECORDED.iterdir()} - KNOWN - {".gitkeep"}, set())

    def test_large_company_of_2026(self):
        unit = self.unit("enhet_ASA_923609016_equinor_2026-09-03.json")
        here = (("Forusbeen 50",), "4035", "STAVANGER", "1103", "STAVANGER")
        self.check(
            unit, number="923609016", name="EQUINOR ASA", status=Status.ACTIVE, status_date=None, legal_form="ASA",
            legal_form_name="Allmennaksjeselskap", is_subunit=False, parent="", business_address=address(*here),
            postal_address=address(("Postboks 8500",), *here[1:]), vat_registered=True, vat="NO923609016MVA",
            vat_registration_date=datetime.date(1989, 7, 1), vat_voluntary=("Utleier av bygg eller anlegg",),
            in_business_register=True, business_register_date=datetime.date(1988, 4, 28), sector_code="1120",
            sector="Statlig eide aksjeselskaper mv.", employees=21239, employees_hidden=False, language="nb",
            homepage="www.equinor.com", phone="51 99 00 00", mobile="", email="", is_group=True, is_person=False,
            founded=datetime.date(1972, 9, 18), registered=datetime.date(1995, 3, 12), deleted_on=None,
            bankrupt_on=None, last_accounts="2025",
        )
        self.assertEqual([(row.code, row.standard) for row in unit.industries],
                         [("06.100", "SN2025"), ("06.200", "SN2025"), ("19.200", "SN2025")])
        self.assertEqual([former.name for former in unit.former_names],
                         ["Den norske stats oljeselskap a.s", "STATOIL ASA", "STATOILHYDRO ASA", "STATOIL ASA"])
        self.assertEqual(unit.former_names[1].date_to, datetime.date(2007, 10, 1))
        self.assertIn("avledede produkter og tjenester", unit.purpose)  # wrapped lines are one text again
        self.assertEqual(brreg.customer_type(unit), "business")

    def test_public_body_of_2026(self):
        unit = self.unit("enhet_ORGL_974760673_registerenheten_2026-09-03.json")
        self.check(unit, legal_form="ORGL", sector_code="6100", status=Status.ACTIVE, employees=492)
        self.assertTrue(unit.parent)
        self.assertEqual(brreg.customer_type(unit), "public")

    def test_sole_proprietor_of_2026(self):
        unit = self.unit("enhet_ENK_mva_2026-09_PSEUDONYMISERT.json")
        self.check(unit, is_person=True, vat_registered=True, employees=None, employees_hidden=True, founded=None,
                   in_business_register=False, sector_code="8200")
        self.assertEqual(brreg.customer_type(unit), "business")

    def test_deleted(self):
        outcome = brreg_outcome.read_unit(self.read("enhet_slettet_ASA_981276957_dnb_2026-09-08.json"), "981276957")
        self.assertIsInstance(outcome, brreg.Deleted)
        self.check(outcome.unit, name="DNB ASA", status=Status.DELETED, status_date=datetime.date(2021, 7, 1),
                   deleted_on=datetime.date(2021, 7, 1), business_address=None, vat_registered=False)

    def test_withdrawn(self):
        outcome = brreg_outcome.withdrawn("936127088", self.read("gone_410_936127088_2026-09-08.json"))
        self.assertEqual(outcome, brreg.Withdrawn("936127088", datetime.date(2026, 9, 5)))

    def test_units_of_version_1(self):
        company = self.unit("enhet_AS_ikke_mva_929616359_2022_v1.json")
        self.check(company, name="VITAL JESSHEIM AS", employees=0, employees_hidden=False, vat_registered=False, vat="",
                   industries=(), phone="", former_names=())
        danish = self.unit("enhet_NUF_DK_920164064_2018_v1.json")
        self.assertEqual(danish.business_address, address(
            ("Rentemestervej 2B",), "2400", "KØBENHAVN NV", "", "", "DK", "Danmark"))
        other = self.unit("enhet_UTLA_DK_920162665_2018_v1.json")
        self.check(other.business_address, postal_code="8700", city="HORSENS", country_code="DK")
        self.assertTrue(other.business_address.is_foreign)
        payload = json.loads(self.read("enhet_NUF_DK_920164064_2018_v1.json"))
        unit = brreg.parse_unit(payload, received=datetime.date(2018, 1, 24))
        self.assertEqual(unit.industries[0].standard, "SN2007")

    def test_sub_units(self):
        unit = self.unit("underenhet_BEDR_924203617_2025.json")
        self.check(unit, is_subunit=True, parent="991825827", started_on=datetime.date(2020, 1, 1), employees=94)
        self.assertEqual(unit.business_address.postal_code, "8900")
        public = self.unit("enhet_ORGL_974760673_registerenheten_2026-09-03.json")
        self.assertEqual((brreg.customer_type(unit), brreg.customer_type(unit, public)), ("business", "public"))
        found, total = brreg_outcome.read_units(self.read("sok_underenheter_overordnet_2025.json"), "underenheter")
        self.assertEqual(([row.number for row in found], total), (["924203617"], 3))
        bulk = [brreg.parse_unit(row) for row in json.loads(self.read("lastned_underenheter_2stk_2020_v1.json"))]
        self.assertEqual([(row.number, row.parent, row.employees) for row in bulk],
                         [("981452984", "981090799", 3), ("981452992", "981100190", 0)])

    def test_searches(self):
        hits = brreg_outcome.read_hits(self.read("sok_enheter_ASA_side0_2026-03.json"), "enheter")
        self.assertEqual([(hit.number, hit.place, hit.legal_form) for hit in hits.hits][:2],
                         [("883603362", "OSLO", "ASA"), ("961095026", "OSLO", "ASA")])
        self.assertGreaterEqual(hits.total, len(hits.hits))
        old = brreg_outcome.read_hits(self.read("sok_enheter_sesam_side0_ca2023.json"), "enheter")
        self.assertEqual((old.hits[0].name, old.hits[0].place, old.hits[1].legal_form, old.total),
                         ("SESAM AS", "TRONDHEIM", "FLI", 3))

    def test_searches_without_hits(self):
        for kind in ("enheter", "underenheter"):
            with self.subTest(kind):
                body = self.read(f"sok_{kind}_ingen_treff_2025.json")
                self.assertEqual(brreg_outcome.read_hits(body, kind), brreg.Hits((), 0))

    def test_feed(self):
        page = brreg_outcome.read_feed(
            self.read("oppdateringer_enheter_includeChanges_2026-09-08.json"), "oppdaterteEnheter", 3)
        self.assertEqual([event.id for event in page.events], [25067148, 25083754, 25107591])
        self.assertEqual((page.last_id, page.is_last), (25107591, False))
        event = page.events[-1]
        self.assertEqual((event.number, event.kind, event.changed),
                         ("923609016", "change", ("/sisteInnsendteAarsregnskap",)))
        self.assertEqual(event.time, datetime.datetime(2026, 8, 18, 18, 0, 17, 195_000, datetime.UTC))
        empty = brreg_outcome.read_feed(self.read("oppdateringer_enheter_tom_2026-09-08.json"), "oppdaterteEnheter", 5)
        self.assertEqual(empty, brreg.FeedPage((), None, True))

    def test_errors_in_the_register_s_own_words(self):
        refused = "Feilaktig forespørsel: "
        nine_digits = "Organisasjonsnummer må være et nummer med nøyaktig 9 siffer"
        wrong_date = "Dato må være en gyldig dato og på formatet yyyy-MM-dd'T'HH:mm:ss.SSS'Z'"
        for name, message in [
            ("error_400_docs.json", refused + nine_digits + " (9ECD01011)"),
            ("error_400_updatedBefore_2026-09-08.json", refused + wrong_date + " (2026-08-13)"),
            ("error_404_ukjent_sti_2026-09-27.json", "No static resource enhetsregisteret/api/enheterX/923609016."),
            ("error_500_docs.json", "Internal Server Error"),
            ("error_404_ukjent_orgnr.empty", ""),
        ]:
            with self.subTest(name):
                self.assertEqual(brreg_outcome.message_of(self.read(name)), message)

    def test_every_dated_field_of_the_live_count_is_read(self):
        """What the register was seen to say of firms in trouble, field by field."""
        rows = (RECORDED / "feltprevalens_live_2026-06-17.tsv").read_text("utf-8").splitlines()
        paths = {row.split("\t")[2] for row in rows[1:]}
        compulsory = {path for path in paths if path.startswith("tvangs")}
        self.assertTrue(compulsory)
        for path in compulsory:
            unit = brreg.parse_unit({"organisasjonsnummer": "923609016", path: "2026-06-01",
                                     "underTvangsavviklingEllerTvangsopplosning": True})
            expected = ("compulsory_winding_up", datetime.date(2026, 6, 1))
            self.assertEqual((unit.status, unit.status_date), expected, path)
            self.assertTrue(unit.compulsory_reason)


class TestShapes(unittest.TestCase):
    """What no recording shows: every absence, wrong kinds, and the states of firms in trouble."""

    BASE = {"organisasjonsnummer": "923609016", "navn": "FJELLBEKK BAKERI AS"}
    V2 = BASE | {"konkurs": False, "underAvvikling": False, "underTvangsavviklingEllerTvangsopplosning": False,
                 "harRegistrertAntallAnsatte": True, "respons_klasse": "Enhet"}
    V1 = BASE | {"konkurs": False, "underAvvikling": False, "antallAnsatte": 0}

    def test_a_number_is_enough(self):
        unit = brreg.parse_unit({"organisasjonsnummer": "923609016"})
        empty = {field.name: getattr(unit, field.name) for field in fields(unit)}
        del empty["number"], empty["status"], empty["payload"], empty["payload_hash"]
        self.assertFalse(any(empty.values()), empty)

    def test_without_a_number_it_is_no_unit(self):
        for payload in ({}, {"navn": "X"}, {"organisasjonsnummer": None}):
            with self.assertRaises(ValueError):
                brreg.parse_unit(payload)

    def test_wrong_kinds_are_as_absent(self):
        clean = brreg.parse_unit(self.V1)
        for key in brreg_keys():
            for value in (None, [], {}, [None, 1, {}], {"x": [1]}):
                unit = brreg.parse_unit(self.V1 | {key: value})
                self.assertEqual((unit.number, unit.status), (clean.number, "active"), (key, value))

    def test_unknown_keys_are_passed_over(self):
        with_more = self.V2 | {"nyttFelt": {"a": 1}, "respons_klasse": "NyKlasse"}
        self.assertEqual(brreg.parse_unit(with_more).status, Status.ACTIVE)

    def test_status_by_precedence(self):
        said = [
            ("slettedato", {"slettedato": "2026-01-07"}, Status.DELETED, 7),
            ("konkurs", {"konkurs": True, "konkursdato": "2026-01-06"}, Status.BANKRUPT, 6),
            ("tvang", {"underTvangsavviklingEllerTvangsopplosning": True,
                       "tvangsopplostPgaManglendeRevisorDato": "2026-01-05"}, Status.COMPULSORY_WINDING_UP, 5),
            ("avvikling", {"underAvvikling": True, "underAvviklingDato": "2026-01-04"}, Status.WINDING_UP, 4),
            ("rekonstruksjon", {"underRekonstruksjonsforhandlingDato": "2026-01-03"}, Status.RECONSTRUCTION, 3),
            ("utland", {"underUtenlandskInsolvensbehandlingDato": "2026-01-02"}, Status.FOREIGN_INSOLVENCY, 2),
            ("aktiv", {}, Status.ACTIVE, None),
        ]
        for shape in (self.V1, self.V2):
            for place, (what, _keys, status, day) in enumerate(said):
                together = {key: value for _what, keys, *_rest in said[place:] for key, value in keys.items()}
                with self.subTest(what, shape=len(shape)):
                    unit = brreg.parse_unit(shape | together)
                    self.assertEqual((unit.status, unit.status_date and unit.status_date.day), (status, day))

    def test_a_flag_without_its_date_counts(self):
        for flag, status in [("konkurs", "bankrupt"), ("underAvvikling", "winding_up"),
                             ("underTvangsavviklingEllerTvangsopplosning", "compulsory_winding_up")]:
            unit = brreg.parse_unit(self.V2 | {flag: True})
            self.assertEqual((unit.status, unit.status_date), (status, None))

    def test_a_compulsory_date_that_was_lifted_does_not(self):
        unit = brreg.parse_unit(self.V2 | {"tvangsopplostPgaManglendeRegnskapDato": "2026-01-05"})
        self.assertEqual(unit.status, Status.ACTIVE)

    def test_employees(self):
        for keys, expected in [
            ({"antallAnsatte": 0}, (0, False)),
            ({"antallAnsatte": 12, "harRegistrertAntallAnsatte": True}, (12, False)),
            ({"harRegistrertAntallAnsatte": True}, (None, True)),
            ({"harRegistrertAntallAnsatte": False}, (0, False)),
            ({}, (None, False)),
        ]:
            unit = brreg.parse_unit(self.BASE | keys)
            self.assertEqual((unit.employees, unit.employees_hidden), expected, keys)

    def test_addresses(self):
        def business(**value):
            return brreg.parse_unit(self.BASE | {"forretningsadresse": value}).business_address

        blank = business(landkode="NO", postnummer="0150", poststed="OSLO", adresse=["", None, "c/o  Dahl ", "Gata 1"])
        self.assertEqual((blank.lines, blank.postal_code, blank.is_foreign), (("c/o Dahl", "Gata 1"), "0150", False))
        kept = business(landkode="US", poststed="HOUSTON, TX 77002")
        self.assertEqual((kept.postal_code, kept.city, kept.lines), ("", "HOUSTON, TX 77002", ()))
        split = business(landkode="GB", poststed="SW1Y 5EA LONDON")
        self.assertEqual((split.postal_code, split.city), ("SW1Y 5EA", "LONDON"))

    def test_the_hash_follows_what_is_registered(self):
        first = brreg.parse_unit(self.V2 | {"_links": {"self": {"href": "https://a"}}})
        same = brreg.parse_unit(dict(reversed(self.V2.items())) | {"_links": {"self": {"href": "https://b"}}})
        other = brreg.parse_unit(self.V2 | {"nyttFelt": 1})
        self.assertEqual(first.payload_hash, same.payload_hash)
        self.assertNotEqual(first.payload_hash, other.payload_hash)

    def test_customer_types(self):
        for form, sector, expected in [
            ("AS", "2100", "business"), ("ENK", "8200", "business"), ("AS", "1520", "business"), ("AS", "", "business"),
            ("ORGL", "6100", "public"), ("KOMM", "6500", "public"), ("SÆR", "6100", "public"),
            ("SÆR", "1110", "business"),
            ("KF", "1510", "business"), ("KF", "6500", "public"), ("STAT", "", "public"), ("FYLK", "", "public"),
            ("FKF", "", "public"), ("KBO", "", "business"), ("STI", "6500", "public"),
        ]:
            payload = self.BASE | {"organisasjonsform": {"kode": form}}
            if sector:
                payload["institusjonellSektorkode"] = {"kode": sector}
            unit = brreg.parse_unit(payload)
            self.assertEqual(brreg.customer_type(unit), expected, (form, sector))

    def test_feed_of_odd_events(self):
        rows = [
            {"oppdateringsid": 9, "dato": "i går", "organisasjonsnummer": "923609016", "endringstype": "Ukjent"},
            {"oppdateringsid": 7, "organisasjonsnummer": 923609016, "endringstype": "Fjernet", "endringer": None},
            {"oppdateringsid": 8, "organisasjonsnummer": "974760673", "endringstype": "Noe nytt",
             "endringer": [{}, "x"]},
            {"oppdateringsid": "x", "organisasjonsnummer": "974760673"}, {"oppdateringsid": 5}, None, "x",
        ]
        page = brreg_outcome.read_feed(json.dumps({"_embedded": {"oppdaterteEnheter": rows}}).encode(),
                                       "oppdaterteEnheter", 10)
        self.assertEqual([(event.id, event.kind, event.time, event.changed) for event in page.events],
                         [(7, "removal", None, ()), (8, "unknown", None, ()), (9, "unknown", None, ())])
        self.assertEqual((page.last_id, page.is_last), (9, True))

    def test_feed_page_without_an_event_to_follow(self):
        """Where such a page ends is not known: it is no page, not one to be passed over or read for ever."""
        for rows in ([{"oppdateringsid": "x", "organisasjonsnummer": "974760673"}], [{"oppdateringsid": 5}], [None]):
            body = json.dumps({"_embedded": {"oppdaterteEnheter": rows}, "page": {"totalPages": 3}}).encode()
            with self.subTest(rows), self.assertRaises(brreg_outcome.NotUnderstood):
                brreg_outcome.read_feed(body, "oppdaterteEnheter", 1)


def brreg_keys():
    """Every key of an answer that the parser reads."""
    from tools import brreg_unit

    return [
        *brreg_unit.TEXTS.values(), *brreg_unit.DATES.values(), *brreg_unit.FLAGS.values(), *brreg_unit.COMPULSORY,
        "navn", "organisasjonsform", "forretningsadresse", "postadresse", "naeringskode1", "institusjonellSektorkode",
        "antallAnsatte", "harRegistrertAntallAnsatte", "maalform", "historiskeNavn", "aktivitet", "overordnetEnhet",
        "vedtektsfestetFormaal", "frivilligMvaRegistrertBeskrivelser", "respons_klasse", "paategninger", "kapital",
    ]


if __name__ == "__main__":
    unittest.main()
