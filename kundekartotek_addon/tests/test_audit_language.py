# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.fields import Domain
from odoo.tests import tagged

from .common import KundekartotekCase

NBSP = "\N{NO-BREAK SPACE}"


@tagged("post_install", "-at_install")
class TestAuditLanguage(KundekartotekCase):
    """What is recorded and sealed knows no language for dates and amounts; who reads it does."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in ("en_US", "nb_NO"):
            cls.env["res.lang"]._activate_lang(code)
        cls.env["ir.module.module"]._load_module_terms(["base", "account", "kundekartotek_addon"], ["nb_NO"])
        cls.env.company.partner_id.lang = "en_US"
        cls.Event = cls.env["kundekartotek.audit.event"]
        cls.auditor = cls.make_user("auditor", tz="Europe/Oslo")
        cls.worker = cls.make_user("case_worker", name="Kari Saksbehandler")
        cls.customer = cls.make_customer()
        cls.env.cr.flush()

    def event(self, kind="changed", **values):
        """An event of Kari's."""
        self.Event._record([{
            "kind": kind, "origin": "user", "user_name": self.worker.name, "company_res_id": self.env.company.id,
            "res_model": "res.partner", "res_id": self.customer.id, "res_name": self.customer.name, **values}])
        return self.last()

    def last(self, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        return self.Event.search(domain, order="id desc", limit=1)

    def read_as(self, event, lang):
        return event.with_user(self.auditor).with_context(lang=lang, tz="Europe/Oslo")

    def texts(self, event, lang):
        event = self.read_as(event, lang)
        return event.old_text, event.new_text

    def assertReads(self, field, recorded, english, norwegian, model="res.partner"):
        event = self.event(res_model=model, field_name=field, old_value=None, new_value=recorded)
        self.assertEqual(event.new_value, recorded, "what is sealed stays")
        self.assertEqual(self.texts(event, "en_US"), (False, english), field)
        self.assertEqual(self.texts(event, "nb_NO"), (False, norwegian), field)
        self.assertIn(f"→ {norwegian}", self.read_as(event, "nb_NO").summary)

    def test_by_type(self):
        agreement, company = "kundekartotek.agreement", "res.company"
        self.assertReads("date_to", "2026-11-18", "11/18/2026", "18.11.2026", agreement)
        self.assertReads("discount", "12.5", "12.5", "12,5", agreement)
        self.assertReads("credit_limit", "17 937.50 NOK", "17,937.50 NOK", f"17{NBSP}937,50 NOK")
        self.assertReads("credit_limit", "-1 017 937.50 SEK", "-1,017,937.50 SEK", f"-1{NBSP}017{NBSP}937,50 SEK")
        self.assertReads("credit_review_date", "2026-03-29", "03/29/2026", "29.03.2026")
        self.assertReads("is_company", "Yes", "Yes", "Ja")
        self.assertReads("is_company", "Nei", "No", "Nei")
        self.assertReads("trust", "Bad Debtor", "Bad Debtor", "Dårlig debitor.")
        self.assertReads("trust", "Dårlig debitor.", "Bad Debtor", "Dårlig debitor.")
        self.assertReads("audit_change_years", "10", "10", "10", company)

    def test_moments_are_the_reader_s(self):
        """UTC when recorded; summer and winter where the reader is."""
        for recorded, norwegian in (
            ("2026-07-01 22:30:00", "02.07.2026 00:30:00"),
            ("2026-12-31 23:30:00.123456", "01.01.2027 00:30:00"),
        ):
            self.assertReads("changed_on", recorded, f"{norwegian[3:5]}/{norwegian[:2]}/{norwegian[6:10]} "
                             f"{'12:30:00 AM'}", norwegian, "res.partner.bank")

    def test_what_is_no_value_stays_as_recorded(self):
        """Names and texts that look like a date or an amount, and what the field no longer means."""
        for field in ("name", "ref", "street", None, "no_such_field"):
            self.assertReads(field, "2026-11-18", "2026-11-18", "2026-11-18")
            self.assertReads(field, "Yes", "Yes", "Yes")
        for field in ("credit_limit", "credit_review_date", "trust", "is_company"):
            for recorded in ("x", "<b>1</b>", "2026-13-45", '{"x": 1}', "{", "\u202e2026-11-18"):
                self.assertReads(field, recorded, recorded, recorded)
        self.assertReads("name", "2026-11-18", "2026-11-18", "2026-11-18", "no.such.model")

    def test_raw_sql(self):
        """PostgreSQL knows neither the field's currency nor which company it is for by name."""
        company = self.env.company
        amount = f"{company.name}: 80{NBSP}000,00 {company.currency_id.name}"
        self.assertEqual(self.texts(self.event(
            field_name="credit_limit", old_value=f'{{"{company.id}": 80000.0}}',
            new_value='{"99999999999999": 1}'), "nb_NO"), (amount, '{"99999999999999": 1}'))

    def test_real_changes(self):
        """As the journal records them, in the language of the company."""
        for lang in ("en_US", "nb_NO"):
            self.env.company.partner_id.lang = lang
            partner = self.customer.with_user(self.worker).sudo()
            partner.write({
                "credit_limit": 0, "trust": "normal", "is_company": True, "credit_review_date": False})
            self.env.cr.flush()
            partner.write({
                "credit_limit": 17937.5, "trust": "bad", "is_company": False, "credit_review_date": "2026-11-18"})
            self.env.cr.flush()
            currency = self.env.company.currency_id.name
            for field, norwegian, english in (
                ("credit_limit", f"17{NBSP}937,50 {currency}", f"17,937.50 {currency}"),
                ("trust", "Dårlig debitor.", "Bad Debtor"),
                ("is_company", "Nei", "No"),
                ("credit_review_date", "18.11.2026", "11/18/2026"),
            ):
                event = self.last(field_name=field)
                self.assertEqual(self.texts(event, "nb_NO")[1], norwegian)
                self.assertEqual(self.texts(event, "en_US")[1], english)

    def test_what_was_made_and_deleted(self):
        """Several values, each under its label in the reader's language."""
        for lang in ("en_US", "nb_NO"):
            self.env.company.partner_id.lang = lang
            gone = self.make_customer("Dag: 2026-11-18", credit_limit=17937.5, trust="bad")
            self.env.cr.flush()
            created = self.last(kind="created", res_id=gone.id)
            gone.unlink()
            currency = self.env.company.currency_id.name
            company = self.env.company.name
            for text in (self.texts(created, "nb_NO")[1], self.texts(self.last(kind="deleted"), "nb_NO")[0]):
                lines = text.splitlines()
                self.assertIn("Navn: Dag: 2026-11-18", lines)
                self.assertIn(f"Kredittgrense ({company}): 17{NBSP}937,50 {currency}", lines)
                self.assertIn("Er et firma: Ja", lines)
                self.assertIn("Dårlig debitor.", text)

    def test_search_as_it_is_read(self):
        event = self.event(field_name="credit_limit", old_value="17 937.50 NOK", new_value="80 000.00 NOK")
        date = self.event(field_name="credit_review_date", new_value="2026-11-18")
        name = self.event(field_name="name", new_value="18.11.2026")

        def found(text, field="new_text", lang="nb_NO"):
            return self.read_as(self.Event, lang).search([(field, "ilike", text), ("id", "in", all_ids)], order="id")
        all_ids = (event + date + name).ids
        self.assertEqual(found("80 000,00"), event)
        self.assertEqual(found(f"80{NBSP}000,00"), event)
        self.assertEqual(found("17 937,50 NOK", "old_text"), event)
        self.assertEqual(found("18.11.2026"), date + name)
        self.assertEqual(found("11/18/2026", lang="en_US"), date)
        self.assertEqual(found("80,000.00", lang="en_US"), event)
        self.assertEqual(found("2026-11-18"), date)

    def test_the_trail_is_exported_as_it_is_read(self):
        self.auditor.group_ids += self.env.ref("base.group_allow_export")
        event = self.event(field_name="credit_limit", old_value="17 937.50 NOK", new_value="80 000.00 NOK")
        [[old, new]] = self.read_as(event, "nb_NO").export_data(["old_text", "new_text"])["datas"]
        self.assertEqual((old, new), (f"17{NBSP}937,50 NOK", f"80{NBSP}000,00 NOK"))

    def listed(self, domain, lang="nb_NO", kind="seen", **details):
        """The sentence on a list that Kari read, after her name."""
        text = str(Domain(domain))
        details = {"method": "web_search_read", "domain": text, **details}
        event = self.event(kind, res_id=0, res_name=None, new_value=text, details=details)
        self.assertTrue(self.read_as(event, lang).summary.startswith("Kari Saksbehandler "))
        return self.read_as(event, lang).summary.removeprefix("Kari Saksbehandler ")

    def test_lists_in_words(self):
        tag = self.env["res.partner.category"].create({"name": "Stamkunde"})
        for domain, norwegian in (
            ([], "alle"),
            ([("name", "ilike", "fjell")], "Navn inneholder «fjell»"),
            ([("is_company", "=", True), ("parent_id", "=", False)], "Er et firma = Ja og Relatert firma er tomt"),
            ([("is_company", "in", [True])], "Er et firma = Ja"),
            ([("parent_id", "!=", False)], "Relatert firma er ikke tomt"),
            (["|", ("city", "=", "Oslo"), "&", ("city", "=", "Bergen"), ("zip", "=like", "50%")],
             "Sted = Oslo eller (Sted = Bergen og Postnummer ser ut som «50%»)"),
            (["!", ("city", "=", "Oslo")], "Sted ≠ Oslo"),
            ([("customer_type", "in", ["business", "public"])], "Kundetype er en av Bedrift, Offentlig"),
            ([("create_date", ">=", "2026-11-18")], "Opprettet ≥ 18.11.2026"),
            ([("create_date", ">=", "today")], "Opprettet ≥ i dag"),
            ([("create_date", "<", "now -1d")], "Opprettet < nå -1d"),
            ([("create_date", "<", "2026-11-18 23:30:00")], "Opprettet < 19.11.2026 00:30:00"),
            ([("credit_limit", ">", 17937.5)], f"Kredittgrense > 17{NBSP}937,50"),
            ([("category_id", "=", tag.id)], "Etiketter = Stamkunde"),
            ([("category_id", "in", [tag.id, 2**40])], f"Etiketter er en av Stamkunde, {2**40}"),
            ([("parent_id.country_id", "=", self.norway.id)], "Relatert firma/Land = Norge"),
            ([("child_ids", "any", [("city", "=", "Oslo")])], "Kontakt med (Sted = Oslo)"),
            ([("no_such_field", "=", 1)], "no_such_field = 1"),
        ):
            with self.subTest(domain=domain):
                self.assertEqual(self.listed(domain), f"listet kontakter: {norwegian}")
        self.assertEqual(self.listed([], rows=1200), f"listet kontakter: alle (rader: 1{NBSP}200)")
        in_oslo = [("city", "=", "Oslo")]
        self.assertEqual(self.listed(in_oslo, "en_US", rows=2), "listed contacts: City = Oslo (rows: 2)")
        self.assertEqual(
            self.listed([("credit_limit", ">", 5)], kind="searched", rows=1),
            "søkte i kontakter etter sensitive data: Kredittgrense > 5 (rader: 1)")

    def test_lists_that_have_no_words(self):
        """What does not read as a domain, and what would break a list, is shown as recorded."""
        for text in (
            "[('a', '=', OrderedSet([1]))]", "x", "[" * 200, "[('name', '=')]", "['&', ('name', '=', 'x')]", "[5]",
        ):
            event = self.event("seen", res_id=0, res_name=None, new_value=text, details={"method": "x", "domain": text})
            self.assertEqual(self.read_as(event, "nb_NO").summary, f"Kari Saksbehandler listet kontakter: {text}")

    def test_other_lists_and_exports(self):
        through = self.event(
            "seen", res_id=0, res_name=None, new_value="sale.order", details={"method": "web_search_read", "rows": 3})
        self.assertEqual(
            self.read_as(through, "nb_NO").summary, "Kari Saksbehandler så kontakter gjennom Salgsordre (rader: 3)")
        exported = self.event(
            "exported", res_id=0, res_name=None, new_value="2 records: Name, Tags/Name",
            details={"ids": [1, 2], "fields": ["name", "category_id/name"]})
        self.assertEqual(
            self.read_as(exported, "nb_NO").summary,
            "Kari Saksbehandler eksporterte kontakter: 2 poster: Navn, Etiketter/Navn")

    def test_in_a_sentence(self):
        """A label is no name: customers go by their names, what else there is also by what it is."""
        bank = self.event("created", res_model="res.partner.bank", res_name="8601 11 17947")
        limit = self.event(
            field_name="credit_limit", old_value="50 000.00 NOK", new_value="80 000.00 NOK", reason="økt kjøp")
        number = self.event(field_name="vat", new_value="NO 1")
        gone = self.event("deleted", res_model="no.such.model", res_name="X")
        amounts = f"50{NBSP}000,00 NOK → 80{NBSP}000,00 NOK"
        for event, norwegian in (
            (bank, "opprettet bankkonto 8601 11 17947"),
            (limit, f"endret kredittgrense på {self.customer.name}: {amounts}, «økt kjøp»"),
            (number, "endret skatt ID på Fjellbekk Bakeri AS: tomt → NO 1"),
            (gone, "slettet no.such.model X"),
        ):
            self.assertEqual(self.read_as(event, "nb_NO").summary, f"Kari Saksbehandler {norwegian}")
