# SPDX-License-Identifier: LGPL-3.0-or-later
import base64
import doctest
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.pdf import PdfFileReader

from ..tools import archive
from .test_audit_seal import AuditSealCase


@tagged("post_install", "-at_install")
class TestAuditArchive(AuditSealCase):
    """A period as a file that proves itself."""

    def setUp(self):
        super().setUp()
        self.env.user.company_ids += self.company
        self.auditor = self.make_user(
            "auditor", company_ids=[(6, 0, self.company.ids)], company_id=self.company.id
        )
        self.customer = self.make_customer(
            "<img src=x onerror=alert(1)> & Sønn AS", company_id=self.company.id
        )
        self.env.cr.flush()
        self.ids = self.add("a", "b") + self.add("c", kind="seen")
        self.old_look = self.add("d", kind="seen")
        self.age(self.old_look, fields.Datetime.now() - timedelta(days=400))
        self.seal()

    def make(self, **values):
        wizard = (
            self.env["kundekartotek.audit.archive"]
            .with_user(self.auditor)
            .create({"company_id": self.company.id, **values})
        )
        wizard.action_make()
        return wizard

    def rewrite(self, content, name, change, honest_manifest=True):
        """The archive with one part changed, and, by a clever forger, its hashes in the manifest too."""
        source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
        parts = {each: source.read(each) for each in source.namelist()}
        parts[name] = change(parts[name])
        if not honest_manifest:
            manifest = json.loads(parts["manifest.json"])
            for part in manifest["parts"]:
                part["sha256"] = archive.digest(parts[part["name"]])
            parts["manifest.json"] = json.dumps(manifest).encode()
            parts["manifest.json.sha256"] = archive.digest(parts["manifest.json"]).encode()
        with zipfile.ZipFile(target, "w") as out:
            for each, data in parts.items():
                out.writestr(each, data)
        target.seek(0)
        return target

    def test_made_and_verified(self):
        wizard = self.make()
        content = base64.b64decode(wizard.file)
        result = archive.verify(io.BytesIO(content), self.verify()["last"])
        self.assertGreaterEqual(result.events, 3)
        self.assertEqual(result.last_seal, self.verify()["last"])
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            self.assertTrue(file.read("report.pdf").startswith(b"%PDF"))
            customers = [json.loads(line) for line in file.read("customers.jsonl").splitlines()]
            self.assertIn(self.customer.name, [values["name"] for values in customers])
        wizard.action_verify()
        self.assertIn("unbroken", wizard.message)
        made = self.Event.search([("kind", "=", "exported"), ("res_model", "=", "res.company")], limit=1)
        self.assertIn(wizard.file_name, made.new_value)
        self.assertEqual(made.user_res_id, self.auditor.id)

    def test_every_change_is_found(self):
        content = base64.b64decode(self.make().file)

        def without(position):
            return lambda data: b"".join(
                line for i, line in enumerate(data.splitlines(True)) if i != position
            )

        changes = [
            ("events.jsonl", lambda data: data.replace(b'"new_value": "b"', b'"new_value": "x"')),
            ("events.jsonl", without(1)),
            ("events.jsonl", lambda data: data + data.splitlines(True)[0].replace(b'"id": ', b'"id": 9')),
            ("seals.jsonl", lambda data: data.replace(b'event_count\\": ', b'event_count\\": 1')),
            ("seals.jsonl", without(0)),
        ]
        for name, change in changes:
            for honest in (True, False):
                with self.subTest(name=name, honest=honest), self.assertRaises(archive.ArchiveError):
                    archive.verify(self.rewrite(content, name, change, honest))
        for name in ("customers.jsonl", "report.pdf", "manifest.json"):
            with self.assertRaisesRegex(archive.ArchiveError, "altered"):
                archive.verify(self.rewrite(content, name, lambda data: data + b" "))
        with self.assertRaisesRegex(archive.ArchiveError, "not in the archive"):
            archive.verify(io.BytesIO(content), "0" * 64)
        for damaged in (b"", b"PK", content[:-30]):
            with self.assertRaises(archive.ArchiveError):
                archive.verify(io.BytesIO(damaged))

    def test_a_damaged_byte_is_told_in_words(self):
        """Anywhere in the file, compressed as it is kept; some bytes, as the time of a part, mean nothing."""
        content = base64.b64decode(self.make().file)
        broken = 0
        for position in range(0, len(content), 13):
            damaged = bytearray(content)
            damaged[position] ^= 0xFF
            try:
                archive.verify(io.BytesIO(damaged))
            except archive.ArchiveError:
                broken += 1
        self.assertGreater(broken, len(content) // 13 // 2)
        listed = io.BytesIO()
        with zipfile.ZipFile(listed, "w") as out:
            out.writestr(archive.MANIFEST, "[]")
        with self.assertRaises(archive.ArchiveError):
            archive.verify(listed)

    def test_the_wizard_speaks_the_reader_s_language(self):
        self.env["res.lang"]._activate_lang("nb_NO")
        self.env["ir.module.module"]._load_module_terms(["kundekartotek_addon"], ["nb_NO"])
        wizard = self.make().with_context(lang="nb_NO")
        content = base64.b64decode(wizard.file)
        for file, words in (
            (self.rewrite(content, "events.jsonl", lambda data: data.replace(b'"b"', b'"x"'), False).read(),
             f"Hendelse {self.ids[1]}, under segl 1, er endret."),
            (self.rewrite(content, "report.pdf", lambda data: data + b" ").read(), "report.pdf er endret."),
            (b"PK", "Dette er ikke et arkiv fra et kundekartotek, eller det er skadet."),
        ):
            wizard.file = base64.b64encode(file)
            wizard.action_verify()
            self.assertEqual((wizard.state, wizard.message), ("broken", words))

    def test_the_report_is_in_the_reader_s_language(self):
        self.env["res.lang"]._activate_lang("nb_NO")
        self.auditor.lang = "nb_NO"
        year = fields.Date.today().year
        wizard = self.make(date_from=f"{year}-01-01")
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(wizard.file))) as file:
            [page] = PdfFileReader(io.BytesIO(file.read("report.pdf"))).pages
        self.assertIn(f"01.01.{year} – {wizard.date_to:%d.%m.%Y}", page.extract_text())

    def test_command_needs_no_database(self):
        content = base64.b64decode(self.make().file)
        with tempfile.NamedTemporaryFile(suffix=".zip") as file:
            file.write(content)
            file.flush()
            command = [sys.executable, "-I", str(Path(archive.__file__)), file.name]
            good = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual((good.returncode, good.stdout[:8]), (0, "UNBROKEN"), good.stderr)
            file.seek(0)
            file.write(self.rewrite(content, "events.jsonl", lambda data: data[:-9], False).read())
            file.flush()
            bad = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual((bad.returncode, bad.stdout[:6]), (1, "BROKEN"), bad.stdout + bad.stderr)

    def test_expired_events_are_accounted_for(self):
        """An archive made after retention holds the tombstone instead."""
        self.expire()
        content = io.BytesIO(base64.b64decode(self.make().file))
        archive.verify(content)
        with zipfile.ZipFile(content) as file:
            events = [json.loads(line)["id"] for line in file.read("events.jsonl").splitlines()]
            seals = [json.loads(json.loads(line)["content"]) for line in file.read("seals.jsonl").splitlines()]
        self.assertLess(set(self.ids), set(events))
        self.assertNotIn(self.old_look[0], events)
        self.assertEqual([seal["event_ids"] for seal in seals if seal["kind"] == "tombstone"], [self.old_look])

    def test_forged_tombstone(self):
        """An event taken out, and a tombstone for it put in, with every hash made anew."""
        content = base64.b64decode(self.make().file)
        now = fields.Datetime.now()
        for date, cutoff in ((now, now - timedelta(days=400)), (now + timedelta(days=7300),) * 2):
            forged = json.dumps({
                "kind": "tombstone", "number": 99, "company_res_id": self.company.id, "event_ids": self.ids[:1],
                "date": date.isoformat(), "newest": (cutoff - timedelta(days=1)).isoformat(),
                "oldest": "2020-01-01T00:00:00", "details": {"cutoff": cutoff.isoformat(), "kinds": ["seen"]}})
            line = json.dumps(
                {"content": forged, "seal": archive.digest(forged.encode()), "outside": True, "leaves": []})
            file = self.rewrite(content, "seals.jsonl", lambda data, line=line: data + line.encode() + b"\n", False)
            file = self.rewrite(file.read(), "events.jsonl", lambda data: b"".join(
                line for line in data.splitlines(True) if json.loads(line)["id"] != self.ids[0]), False)
            with self.assertRaisesRegex(archive.ArchiveError, f"Event {self.ids[0]}, .* is missing"):
                archive.verify(file)

    def test_access_and_input(self):
        with self.assertRaises(UserError):
            self.make(date_from="2026-02-01", date_to="2026-01-01")
        with self.assertRaisesRegex(UserError, "sealed"):
            self.make(date_from="2001-01-01", date_to="2001-01-31")
        with self.assertRaises(UserError):
            self.make(company_id=self.other.id)
        wizard = self.env["kundekartotek.audit.archive"].with_user(self.make_user("administrator")).new({})
        for method in ("action_make", "action_verify"):
            with self.assertRaises(AccessError):
                getattr(wizard, method)()

    def test_doctests(self):
        self.assertEqual(doctest.testmod(archive).failed, 0)
