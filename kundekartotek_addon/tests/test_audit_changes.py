# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import KundekartotekCase


@tagged("post_install", "-at_install")
class TestAuditChanges(KundekartotekCase):
    """Every committed change has its event, and there is no event without a change."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["kundekartotek.audit.event"]
        cls.env.company.partner_id.lang = "en_US"
        cls.customer = cls.make_customer()
        cls.env.cr.flush()

    def events(self, record, **values):
        """The events of a record since the last call, oldest first; what waits for the commit included."""
        self.env.cr.flush()
        domain = [
            ("res_model", "=", record._name),
            ("res_id", "in", record.ids),
            ("id", ">", self.__dict__.get("last", 0)),
        ]
        found = self.Event.search(
            [*domain, *((name, "=", value) for name, value in values.items())], order="id"
        )
        self.last = self.Event.search([], order="id desc", limit=1).id
        return found

    def setUp(self):
        super().setUp()
        self.events(self.customer)

    def assertChange(self, record, expected):
        """:param expected: {field: (old, new)} of everything that happened to the record"""
        found = {
            event.field_name: (event.old_value or None, event.new_value or None)
            for event in self.events(record)
        }
        self.assertEqual(found, expected)

    def test_text(self):
        self.customer.write({"ref": "10001", "email": "post@fjellbekk.example", "comment": "not audited"})
        self.assertChange(self.customer, {"ref": (None, "10001"), "email": (None, "post@fjellbekk.example")})
        self.customer.ref = "10002"
        event = self.events(self.customer)
        self.assertRecordValues(
            event,
            [
                {
                    "kind": "changed",
                    "old_value": "10001",
                    "new_value": "10002",
                    "origin": "system",
                    "field_label": "Reference",
                    "user_res_id": self.env.uid,
                    "res_name": "Fjellbekk Bakeri AS",
                    "customer_res_id": self.customer.id,
                    "company_res_id": self.env.company.id,
                }
            ],
        )

    def test_net_change_of_the_transaction(self):
        self.customer.ref = "1"
        self.customer.flush_recordset()
        self.customer.ref = "2"
        self.assertChange(self.customer, {"ref": (None, "2")})
        self.customer.ref = "3"
        self.customer.flush_recordset()
        self.customer.ref = "2"
        self.assertChange(self.customer, {})

    def test_same_value_is_no_change(self):
        self.customer.write({"name": self.customer.name, "active": True})
        self.assertChange(self.customer, {})

    def test_savepoint_takes_the_event_back(self):
        for flush in (True, False):
            with self.assertRaises(UserError), self.env.cr.savepoint(flush=flush):
                self.customer.ref = "gone"
                self.customer.flush_recordset()
                raise UserError("no")  # pylint: disable=translation-required
            self.env.invalidate_all()
            self.assertChange(self.customer, {})
            self.customer.ref = f"kept {flush}"
            self.assertEqual(self.events(self.customer).new_value, f"kept {flush}")

    def test_created_and_deleted_in_a_savepoint(self):
        with self.assertRaises(UserError), self.env.cr.savepoint(flush=False):
            ghost = self.make_customer("Ghost")
            raise UserError("no")  # pylint: disable=translation-required
        self.env.invalidate_all()
        self.assertFalse(self.events(ghost))
        with self.assertRaises(UserError), self.env.cr.savepoint(flush=False):
            self.customer.unlink()
            raise UserError("no")  # pylint: disable=translation-required
        self.env.invalidate_all()
        self.assertFalse(self.events(self.customer, kind="deleted"))

    def test_names(self):
        terms = self.env["account.payment.term"].create([{"name": "14 dager"}, {"name": "30 dager"}])
        tags = self.env["res.partner.category"].create([{"name": "Gull"}, {"name": "Sølv"}])
        other = self.make_user("case_worker", name="Kari Saksbehandler")
        self.customer.write(
            {
                "property_payment_term_id": terms[0].id,
                "category_id": [Command.set(tags.ids)],
                "user_id": other.id,
                "trust": "good",
                "is_company": True,
            }
        )
        changes = {event.field_name: event for event in self.events(self.customer)}
        self.assertEqual(changes["property_payment_term_id"].new_value, "14 dager")
        self.assertEqual(changes["category_id"].new_value, "Gull, Sølv")
        self.assertEqual(changes["category_id"].details, {"added": sorted(tags.ids), "removed": []})
        self.assertEqual(changes["user_id"].new_value, "Kari Saksbehandler")
        self.assertEqual(
            (changes["trust"].old_value, changes["trust"].new_value), ("Normal Debtor", "Good Debtor")
        )
        self.customer.write(
            {"property_payment_term_id": terms[1].id, "category_id": [Command.unlink(tags[0].id)]}
        )
        changes = {event.field_name: event for event in self.events(self.customer)}
        term = changes["property_payment_term_id"]
        self.assertEqual((term.old_value, term.new_value), ("14 dager", "30 dager"))
        self.assertEqual(term.details, {"old_id": terms[0].id, "new_id": terms[1].id})
        self.assertEqual(
            (changes["category_id"].old_value, changes["category_id"].new_value), ("Gull", False)
        )

    def test_company_dependent(self):
        """One event per company, with the company's own currency, and the fallback as what it was."""
        sweden = self.env["res.company"].create(
            {"name": "Fjällbäck AB", "currency_id": self.env.ref("base.SEK").id}
        )
        self.env.company.currency_id = self.env.ref("base.NOK")
        self.env["ir.default"].set("res.partner", "credit_limit", 1000.0, company_id=self.env.company.id)
        self.events(self.customer)
        self.customer.credit_limit = 80000
        self.customer.with_company(sweden).credit_limit = 5.5
        events = self.events(self.customer)
        self.assertRecordValues(
            events.sorted("company_res_id"),
            [
                {
                    "company_res_id": self.env.company.id,
                    "old_value": "1 000.00 NOK",
                    "new_value": "80 000.00 NOK",
                },
                {"company_res_id": sweden.id, "old_value": "0.00 SEK", "new_value": "5.50 SEK"},
            ],
        )

    def test_created(self):
        customer = self.make_customer("Ny Kunde AS", ref="77", email="ny@kunde.example")
        customer.phone = "+47 22 22 22 22"
        event = self.events(customer)
        self.assertEqual((event.kind, event.res_name), ("created", "Ny Kunde AS"))
        for line in ("Name: Ny Kunde AS", "Reference: 77", "Phone: +47 22 22 22 22", "Country: Norway"):
            self.assertIn(line, event.new_value.split("\n"))

    def test_archived_and_restored(self):
        self.customer.action_archive()
        self.assertEqual(self.events(self.customer).mapped("kind"), ["archived"])
        self.customer.action_unarchive()
        self.assertEqual(self.events(self.customer).mapped("kind"), ["restored"])

    def test_deleted_with_what_hangs_on_it(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "86011117947", "partner_id": self.customer.id}
        )
        self.customer.ref = "123"
        self.events(self.customer)
        last = self.last
        customer_id = self.customer.id
        self.customer.unlink()
        self.env.cr.flush()
        events = self.Event.search([("id", ">", last), ("kind", "=", "deleted")], order="res_model")
        self.assertRecordValues(
            events,
            [
                {"res_model": "res.partner", "res_id": customer_id, "res_name": "Fjellbekk Bakeri AS"},
                {"res_model": "res.partner.bank", "res_id": bank.id, "res_name": "86011117947"},
            ],
        )
        self.assertEqual(events.mapped("customer_res_id"), [customer_id] * 2)
        self.assertIn("Reference: 123", events[0].old_value)

    def test_created_and_deleted_at_once_leaves_only_the_deletion(self):
        ghost = self.make_customer("Ghost")
        ghost.unlink()
        self.assertEqual(self.events(ghost).mapped("kind"), ["deleted"])

    def test_bank_account(self):
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "86011117947", "partner_id": self.customer.id}
        )
        self.assertEqual(self.events(bank).mapped("kind"), ["created"])
        bank.acc_number = "15032080119"
        event = self.events(bank)
        self.assertRecordValues(
            event,
            [
                {
                    "field_name": "acc_number",
                    "old_value": "86011117947",
                    "new_value": "15032080119",
                    "customer_res_id": self.customer.id,
                    "origin": "system",
                }
            ],
        )

    def test_contact_belongs_to_its_customer(self):
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": self.customer.id})
        self.assertEqual(self.events(contact).customer_res_id, self.customer.id)

    def test_what_follows_by_computation(self):
        """Core carries commercial fields to contacts, and a computed field follows what it depends on."""
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": self.customer.id})
        both = self.customer + contact
        for change in ({"is_company": False}, {"customer_type": "public"}):
            self.events(both)
            last, before = self.last, both.mapped("customer_type")
            self.customer.write(change)
            self.env.cr.flush()
            self.env.invalidate_all()
            events = self.Event.search([("id", ">", last), ("field_name", "=", "customer_type")])
            pairs = zip(both, before, strict=True)
            changed = {partner.id for partner, value in pairs if partner.customer_type != value}
            self.assertIn(self.customer.id, changed)
            self.assertEqual(set(events.mapped("res_id")), changed)
        self.assertEqual(changed, set(both.ids))

    def test_merge(self):
        other = self.make_customer("Fjellbekk Bakeri", ref="9")
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": other.id})
        bank = self.env["res.partner.bank"].create({"acc_number": "86011117947", "partner_id": other.id})
        self.events(self.customer)
        last, other_id = self.last, other.id
        self.env["base.partner.merge.automatic.wizard"]._merge([self.customer.id, other_id], self.customer)
        self.env.cr.flush()
        events = self.Event.search([("id", ">", last)])
        kept, gone = (
            events.filtered(lambda e, id_=id_: e.kind == "merged" and e.res_id == id_)
            for id_ in (self.customer.id, other_id)
        )
        self.assertEqual(kept.new_value, f"Fjellbekk Bakeri ({other_id})")
        self.assertEqual(kept.details, {"merged_ids": [other_id]})
        self.assertEqual(gone.new_value, f"Fjellbekk Bakeri AS ({self.customer.id})")
        self.assertIn(
            "Reference: 9", events.filtered(lambda e: e.kind == "deleted" and e.res_id == other_id).old_value
        )
        self.assertEqual((contact.parent_id, bank.partner_id), (self.customer, self.customer))
        for moved, field_name in ((contact, "parent_id"), (bank, "partner_id")):  # by Odoo's wizard, in SQL
            event = events.filtered(lambda e, r=moved, n=field_name: (
                e.res_model == r._name and e.res_id == r.id and e.field_name == n))
            self.assertEqual(event.new_value, "Fjellbekk Bakeri AS")
            self.assertEqual(event.details, {"old_id": other_id, "new_id": self.customer.id})

    def test_import(self):
        result = self.env["res.partner"].load(
            ["name", "ref", "email"],
            [["Import A", "501", "a@import.example"], ["Import B", "502", "b@import.example"]],
        )
        partners = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(self.events(partners).mapped("kind"), ["created"] * 2)
        self.env["res.partner"].load(["id", "ref"], [[partners[0].export_data(["id"])["datas"][0][0], "601"]])
        self.assertRecordValues(
            self.events(partners), [{"field_name": "ref", "old_value": "501", "new_value": "601"}]
        )

    def test_sudo_and_reason(self):
        worker = self.make_user("case_worker", name="Kari")
        self.events(worker.partner_id)
        self.customer.with_user(worker).sudo().with_context(audit_reason="økt kjøp").ref = "5"
        self.assertRecordValues(
            self.events(self.customer),
            [{"user_name": "Kari", "superuser": True, "reason": "økt kjøp", "new_value": "5"}],
        )
        self.customer.with_user(worker).ref = "6"
        self.assertRecordValues(
            self.events(self.customer), [{"user_name": "Kari", "superuser": False, "reason": False}]
        )

    def test_tags_from_the_other_side(self):
        """A tag may be told who has it: made, changed, and deleted with it."""
        other = self.make_customer("Annen AS")
        self.events(self.customer + other)
        Tag = self.env["res.partner.category"]
        tag = Tag.create({"name": "Svartelistet", "partner_ids": [Command.set(self.customer.ids)]})
        self.assertChange(self.customer, {"category_id": (None, "Svartelistet")})
        tag.partner_ids = [Command.clear(), Command.link(other.id)]
        self.assertChange(self.customer + other, {"category_id": (None, "Svartelistet")})
        self.assertEqual(self.Event.search_count([
            ("res_id", "=", self.customer.id), ("field_name", "=", "category_id"),
            ("old_value", "=", "Svartelistet")]), 1)
        tag.unlink()
        [event] = self.events(other)
        self.assertEqual((event.field_name, event.details["removed"]), ("category_id", tag.ids))

    def test_companies_of_a_user_from_the_other_side(self):
        user = self.make_user("reader")
        company = self.env["res.company"].create({"name": "Annet selskap AS"})
        self.events(user)
        company.user_ids += user
        self.assertEqual(self.events(user).mapped("field_name"), ["company_ids"])

    def test_what_a_group_implies_from_the_other_side(self):
        """Otherwise everybody of one group could be given another unseen."""
        group, implied = (self.env["res.groups"].create({"name": name}) for name in ("Alle", "Mektige"))
        self.events(group)
        implied.implied_by_ids = group
        self.assertChange(group, {"implied_ids": (None, "Mektige")})

    def test_group_membership_from_both_sides(self):
        worker, group = (
            self.make_user("reader", name="Kari"),
            self.env.ref("kundekartotek_addon.group_auditor"),
        )
        self.events(worker)
        worker.write({"group_ids": [Command.link(group.id)]})
        event = self.events(worker)
        self.assertEqual(event.field_name, "group_ids")
        self.assertEqual(event.new_value, group.display_name)
        group.write({"user_ids": [Command.unlink(worker.id)]})
        event = self.events(group)
        self.assertRecordValues(event, [{"field_name": "user_ids", "old_value": "Kari", "new_value": False}])

    def test_settings(self):
        self.env.company.account_use_credit_limit = True
        self.assertChange(self.env.company, {"account_use_credit_limit": ("No", "Yes")})
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("kundekartotek_addon.something", "1")
        parameters.set_param("database.very_secret", "hunter2")
        self.env.cr.flush()
        events = self.Event.search([("res_model", "=", "ir.config_parameter")])
        self.assertEqual(set(events.mapped("res_name")), {"kundekartotek_addon.something"})

    def test_raw_sql(self):
        """PostgreSQL records what the ORM never saw, and only that."""
        bank = self.env["res.partner.bank"].create(
            {"acc_number": "86011117947", "partner_id": self.customer.id}
        )
        self.customer.write({"ref": "1", "credit_limit": 5})
        self.events(bank)
        self.assertFalse(self.Event.search([("origin", "=", "sql"), ("res_id", "=", self.customer.id)]))
        self.env.cr.execute(
            "UPDATE res_partner SET ref = '2', city = 'Oslo' WHERE id = %s", [self.customer.id]
        )
        self.env.cr.execute("UPDATE res_partner SET ref = '2' WHERE id = %s", [self.customer.id])
        self.env.cr.execute(
            "UPDATE res_partner_bank SET acc_number = '1503 20 80119' WHERE id = %s", [bank.id]
        )
        self.env.cr.execute(
            "UPDATE res_partner SET credit_limit = '{\"1\": 7}' WHERE id = %s", [self.customer.id]
        )
        self.env.invalidate_all()
        events = self.Event.search(
            [("origin", "=", "sql"), ("customer_res_id", "=", self.customer.id)], order="id"
        )
        self.assertEqual(
            [(e.res_model, e.field_name, e.old_value, e.new_value) for e in events],
            [
                ("res.partner", "ref", "1", "2"),
                ("res.partner.bank", "acc_number", "86011117947", "1503 20 80119"),
                ("res.partner", "credit_limit", events[2].old_value, '{"1": 7}'),
            ],
        )
        self.env.cr.execute("SELECT session_user")
        self.assertEqual(events[0].user_name, self.env.cr.fetchone()[0])
        self.customer.ref = "3"
        self.assertRecordValues(
            self.events(self.customer, origin="system"), [{"old_value": "2", "new_value": "3"}]
        )
