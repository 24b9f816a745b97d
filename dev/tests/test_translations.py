# SPDX-License-Identifier: LGPL-3.0-or-later
import unittest

import polib

from dev import translations


def po(*terms, **more):
    file = polib.POFile()
    for source, translated in terms:
        file.append(polib.POEntry(msgid=source, msgstr=translated, **more))
    return file


class TestErrors(unittest.TestCase):
    def errors(self, file, template=None):
        return list(translations.errors(file, template))

    def test_complete(self):
        file = po(
            ("Customer", "Kunde"),
            ("%(name)s owes %s", "%s skyldes av %(name)s"),
            ("{seq:05} of", "{seq:05} av"),
        )
        self.assertEqual(self.errors(file, file), [])

    def test_gaps_fuzzy_and_obsolete(self):
        self.assertIn("not translated: 'Customer'", self.errors(po(("Customer", "")))[0])
        self.assertIn("fuzzy", self.errors(po(("Customer", "Kunde"), flags=["fuzzy"]))[0])
        self.assertIn("obsolete", self.errors(po(("Customer", "Kunde"), obsolete=True))[0])

    def test_placeholders(self):
        for source, translated in (
            ("%(name)s", "%(navn)s"),
            ("%s of %s", "%s av"),
            ("100%% of %s", "100%% av"),
            ("{year}", "{år}"),
            ("%d", "%s"),
        ):
            with self.subTest(source=source):
                self.assertIn("placeholders differ", self.errors(po((source, translated)))[0])

    def test_template(self):
        found = self.errors(po(("Old", "Gammel")), po(("New", "")))
        self.assertEqual(found, ["missing: 'New'", "no longer in the source: 'Old'"])


class TestMerge(unittest.TestCase):
    def test_keeps_translations_adds_terms_and_drops_what_is_gone(self):
        file = po(("Old", "Gammel"), ("Kept", "Beholdt"))
        translations.merge(file, po(("New", ""), ("Kept", "")))
        self.assertEqual([(entry.msgid, entry.msgstr) for entry in file], [("Kept", "Beholdt"), ("New", "")])
