# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .access_tables import FIELDS_FOR_EMPLOYEES, FIELDS_FOR_SELLERS
from .common import KundekartotekCase

MODULE = "kundekartotek_addon"


@tagged("post_install", "-at_install")
class TestAccessFields(KundekartotekCase):
    """What this addon adds to Odoo's own models, which others than our roles read: each field is for them because a
    table says so, or it is secret, and then by no way round."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        export = "base.group_allow_export"
        cls.users = {
            "internal": new_test_user(cls.env, "field_internal", groups=f"base.group_user,{export}"),
            "salesperson": new_test_user(cls.env, "field_seller", groups=f"sales_team.group_sale_manager,{export}"),
        }
        cls.customer = cls.make_customer(credit_limit=4711)
        cls.env.flush_all()

    def added(self):
        """:return: [(model, field)] that the addon adds to models of others"""
        return [
            (model, field) for name, model in self.env.items()
            if model._original_module != MODULE and not model._abstract and not model._transient
            for field in model._fields.values() if field._module == MODULE and not field.inherited]

    def test_fields_for_all_are_in_the_tables(self):
        employees, sellers = (
            {f"{model}.{name}" for model, names in table.items() for name in names.split()}
            for table in (FIELDS_FOR_EMPLOYEES, FIELDS_FOR_SELLERS))
        for caller, table in (("internal", employees), ("salesperson", employees | sellers)):
            found = {
                f"{model._name}.{field.name}" for model, field in self.added()
                if model.with_user(self.users[caller]).has_access("read")
                and model.with_user(self.users[caller])._has_field_access(field, "read")}
            with self.subTest(caller):
                self.assertEqual(
                    sorted(found - table), [], "give it groups=, or add it to FIELDS_FOR_… of access_tables.py")
                self.assertEqual(sorted(table - found), [], "nobody of these reads it any more")

    def test_secret_fields_by_no_way_round(self):
        tried = 0
        for caller, user in self.users.items():
            for model, field in self.added():
                records = model.with_user(user)
                if not records.has_access("read") or records._has_field_access(field, "read"):
                    continue
                tried += 1
                for way, call in self.ways(records, field.name).items():
                    with self.subTest(field=f"{model._name}.{field.name}", caller=caller, way=way):
                        self.assertTrue(self.is_refused(call))
        self.assertGreater(tried, 20)

    def is_refused(self, call):
        try:
            call()
        except (AccessError, ValueError):  # ValueError: it is no column that one could order by
            return True
        return False

    def ways(self, records, name):
        """The ways to a field's value: read it, ask for it, order and group by it, take it away in a file."""
        one = records.browse(self.customer.ids if records._name == "res.partner" else records.search([], limit=1).ids)
        field = records._fields[name]
        ways = {
            "web_read": lambda: one.web_read({name: {}}),
            "search_read": lambda: records.search_read([("id", "in", one.ids)], [name]),
            "export": lambda: one.export_data([name]),
        }
        if not one:
            ways = {}
        if field.store or field.search:
            ways["search"] = lambda: records.search_count([(name, "=", False)])
            ways["name_search"] = lambda: records.name_search("", [(name, "!=", False)])
        if field.store or field.type == "monetary":
            ways["order"] = lambda: records.search([], order=f"{name} desc", limit=1)
            ways["groups"] = lambda: records.formatted_read_group([], [name], ["__count"])
        return ways
