# SPDX-License-Identifier: LGPL-3.0-or-later
from unittest.mock import patch

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from .common import KundekartotekCase


@tagged("post_install", "-at_install")
class TestCustomerCategory(KundekartotekCase):
    """The tree of categories, and the defaults that a customer gets from it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("en_US")
        cls.env = cls.env(context={**cls.env.context, "lang": "en_US"})
        cls.Category = cls.env["kundekartotek.category"]
        cls.terms, cls.other_terms = cls.env["account.payment.term"].create(
            [{"name": "14 days"}, {"name": "45 days"}]
        )
        cls.business = cls.Category.create({
            "name": "Business", "code": "B", "payment_term_id": cls.terms.id, "credit_limit": 50000})
        cls.wholesale = cls.Category.create(
            {
                "name": "Wholesale",
                "code": "W",
                "parent_id": cls.business.id,
                "invoice_sending_method": "email",
            }
        )

    # The tree

    def test_names_and_codes(self):
        self.assertEqual(self.wholesale.display_name, "Business / Wholesale")
        self.business.name = "Firms"
        self.assertEqual(self.wholesale.complete_name, "Firms / Wholesale")
        self.assertEqual(self.Category.name_search("W", operator="=")[0][0], self.wholesale.id)
        self.assertEqual(self.business.copy().name, "Firms (copy)")
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.Category.create({"name": "Other", "code": "w"})

    def test_no_cycle(self):
        with self.assertRaises(UserError):
            self.business.parent_id = self.wholesale

    def test_customer_count_takes_in_what_lies_below(self):
        customer = self.make_customer(customer_category_id=self.wholesale.id)
        self.env["res.partner"].create({"name": "Kari", "parent_id": customer.id})
        self.make_customer(customer_category_id=self.business.id)
        self.make_customer(customer_category_id=self.business.id, active=False)
        self.assertEqual((self.business + self.wholesale).mapped("customer_count"), [2, 1])
        action = self.business.action_view_customers()
        self.assertEqual(self.env["res.partner"].search_count(action["domain"]), 2)

    def test_a_used_category_is_archived_not_deleted(self):
        customer = self.make_customer(customer_category_id=self.wholesale.id, active=False)
        with self.assertRaisesRegex(UserError, "1 contacts"):
            self.wholesale.unlink()
        with self.assertRaisesRegex(UserError, "below it"):
            self.business.unlink()
        self.wholesale.action_archive()
        self.assertEqual(customer.customer_category_id, self.wholesale)
        customer.customer_category_id = False
        (self.business + self.wholesale).unlink()

    # Defaults

    def test_defaults_fill_only_what_is_empty(self):
        customer = self.make_customer(
            customer_category_id=self.wholesale.id, property_payment_term_id=self.other_terms.id)
        self.assertRecordValues(customer, [{
            "property_payment_term_id": self.other_terms.id, "credit_limit": 50000.0,
            "invoice_sending_method": "email"}])
        later = self.make_customer(name="Later")
        later.customer_category_id = self.business
        self.assertRecordValues(
            later,
            [
                {
                    "property_payment_term_id": self.terms.id,
                    "credit_limit": 50000.0,
                    "invoice_sending_method": False,
                }
            ],
        )

    def test_what_the_company_gives_everyone_counts_as_empty(self):
        self.env["ir.default"].set("res.partner", "credit_limit", 1000.0, company_id=self.env.company.id)
        customer = self.make_customer()
        self.assertEqual(customer.credit_limit, 1000)
        customer.customer_category_id = self.business
        self.assertEqual(customer.credit_limit, 50000)

    def test_salesperson_and_pricelist(self):
        seller = new_test_user(
            self.env, login="kundekartotek_seller", groups="sales_team.group_sale_salesman"
        )
        pricelist = self.env["product.pricelist"].create({"name": "Trade"})
        self.business.write({"user_id": seller.id, "pricelist_id": pricelist.id})
        customer = self.make_customer(customer_category_id=self.wholesale.id)
        self.assertRecordValues(customer, [{
            "user_id": seller.id, "specific_property_product_pricelist": pricelist.id}])
        # what can no longer be used is passed over, and the rest still comes
        seller.active = False
        pricelist.active = False
        customer = self.make_customer(customer_category_id=self.wholesale.id)
        self.assertRecordValues(customer, [{
            "user_id": False, "specific_property_product_pricelist": False, "credit_limit": 50000.0}])

    def test_inherited_defaults_are_told(self):
        self.wholesale.payment_term_id = self.other_terms
        self.assertEqual(
            self.wholesale._get_defaults(self.env.company),
            {
                "property_payment_term_id": self.other_terms,
                "credit_limit": 50000.0,
                "invoice_sending_method": "email",
            },
        )
        self.assertIn("50,000.00 (inherited from Business)", self.wholesale.inherited_defaults)
        self.assertNotIn("14 days", self.wholesale.inherited_defaults)
        self.assertFalse(self.business.inherited_defaults)

    def test_each_company_has_its_own_defaults(self):
        second, third = self.env["res.company"].create([{"name": "Second"}, {"name": "Third"}])
        self.wholesale.with_company(second).write({"payment_term_id": self.other_terms.id})
        shared = self.make_customer(customer_category_id=self.wholesale.id)
        self.assertEqual(shared.property_payment_term_id, self.terms)
        self.assertEqual(shared.with_company(second).property_payment_term_id, self.other_terms)
        self.assertFalse(shared.with_company(third).property_payment_term_id)
        self.assertEqual(shared.with_company(second).credit_limit, 0, "no limit is given in that company")
        only_second = self.env["res.partner"].with_company(second).create({
            "name": "Second only", "company_id": second.id, "customer_category_id": self.wholesale.id})
        self.assertEqual(only_second.property_payment_term_id, self.other_terms)
        self.assertFalse(only_second.with_company(self.env.company).property_payment_term_id)

    def test_contacts_have_their_company_s_category_and_give_it_no_lock_of_their_own(self):
        customer = self.make_customer()
        customer.write({"customer_category_id": self.business.id, "customer_category_locked": False})
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": customer.id})
        late = self.env["res.partner"].create({"name": "Ola"})
        late.parent_id = customer
        for person in contact + late:
            self.assertRecordValues(person, [{
                "customer_category_id": self.business.id, "customer_category_locked": False}])
        customer.customer_category_id = self.wholesale
        self.assertRecordValues(contact + late, 2 * [{
            "customer_category_id": self.wholesale.id, "customer_category_locked": True}])

    def test_choice_of_a_person_locks(self):
        customer = self.make_customer(customer_category_id=self.business.id)
        self.assertTrue(customer.customer_category_locked)
        customer.customer_category_id = False
        self.assertFalse(customer.customer_category_locked)
        copied = self.make_customer(customer_category_id=self.business.id).copy()
        self.assertTrue(copied.customer_category_locked)
        self.assertEqual(copied.property_payment_term_id, self.terms)

    # Who

    def test_case_worker_chooses_and_nobody_else_needs_our_groups(self):
        worker = self.make_user("case_worker")
        with Form(self.env["res.partner"].with_user(worker).with_context(default_customer_rank=1)) as form:
            form.name = "Fossefall AS"
            form.customer_category_id = self.wholesale
        self.assertEqual(form.record.property_payment_term_id, self.terms)
        with self.assertRaises(AccessError):
            self.wholesale.with_user(worker).name = "Mine"

        seller = new_test_user(
            self.env,
            login="kundekartotek_plain",
            groups="sales_team.group_sale_salesman,base.group_partner_manager",
        )
        customer = self.env["res.partner"].with_user(seller).create({
            "name": "Tindeskog AS", "customer_rank": 1, "customer_category_id": self.wholesale.id})
        self.assertEqual(customer.sudo().credit_limit, 50000)
        with self.assertRaises(AccessError):
            self.wholesale.with_user(seller).read(["name"])

    # Apply defaults

    def apply_wizard(self, mode="empty", **vals):
        return self.env["kundekartotek.apply.defaults"].create({"mode": mode, **vals})

    def test_apply_defaults_shows_then_does(self):
        customers = (
            self.make_customer(customer_category_id=self.business.id)
            + self.make_customer(name="Other", customer_category_id=self.wholesale.id)
            + self.make_customer(
                name="Own terms",
                customer_category_id=self.wholesale.id,
                property_payment_term_id=self.other_terms.id,
            )
        )
        self.business.write({"credit_limit": 70000, "invoice_sending_method": "manual"})
        wizard = self.apply_wizard(category_ids=self.business.ids)
        self.assertEqual(
            wizard.line_ids.mapped(
                lambda line: (line.field_label, line.old_value, line.new_value, line.count)
            ),
            [("Invoice Sending", "", "Manual", 1)],
        )
        self.assertEqual(wizard.customer_count, 1)

        wizard = self.apply_wizard("overwrite", category_ids=self.business.ids)
        self.assertCountEqual(
            wizard.line_ids.mapped(
                lambda line: (line.field_label, line.old_value, line.new_value, line.count)
            ),
            [
                ("Credit Limit", "50,000.00", "70,000.00", 3),
                ("Invoice Sending", "", "Manual", 1),
                ("Payment Term", "45 days", "14 days", 1),
            ],
        )
        self.assertEqual(wizard.customer_count, 3)
        terms_line = wizard.line_ids.filtered(lambda line: line.new_value == "14 days")
        self.assertEqual(
            self.env["res.partner"].search(terms_line.action_view_customers()["domain"]), customers[2])
        wizard.action_apply()
        self.assertEqual(customers.mapped("credit_limit"), [70000] * 3)
        self.assertEqual(customers.mapped("invoice_sending_method"), ["manual", "email", "email"])
        self.assertEqual(customers.property_payment_term_id, self.terms)
        message = self.wholesale.message_ids[0]
        self.assertEqual(message.author_id, self.env.user.partner_id)
        self.assertIn("Payment Term: 14 days: 1 customers", message.body)
        self.assertFalse(self.apply_wizard("overwrite", category_ids=self.business.ids).line_ids)
        with self.assertRaisesRegex(UserError, "nothing to change"):
            self.apply_wizard(category_ids=self.business.ids).action_apply()

    def test_many_customers_are_left_to_the_job(self):
        bad, *others = customers = self.env["res.partner"].create([
            {"name": f"c{number}", "customer_rank": 1, "customer_category_id": self.business.id}
            for number in range(5)])
        self.business.credit_limit = 70000
        worker = self.make_user("case_worker", lang="en_US")  # the log is in the language of who asked
        wizard = self.apply_wizard("overwrite", category_ids=self.business.ids).with_user(worker)
        wizard = wizard.create({"mode": "overwrite", "category_ids": self.business.ids})
        path = "odoo.addons.kundekartotek_addon.wizards.customer.apply_defaults"
        write = type(customers).write

        def refuse(partners, vals):
            if bad in partners and "credit_limit" in vals:
                raise ValueError("No!")
            return write(partners, vals)

        with patch(f"{path}.AT_ONCE", 2), patch(f"{path}.BATCH", 2):
            wizard.action_apply()
            self.assertEqual(wizard.state, "waiting")
            self.assertEqual(set(customers.mapped("credit_limit")), {50000})
            with patch.object(type(customers), "write", refuse), self.enter_registry_test_mode():
                self.env.ref("kundekartotek_addon.cron_apply_defaults").method_direct_trigger()
        self.assertEqual(wizard.state, "done")
        self.assertEqual(customers.mapped("credit_limit"), [50000] + [70000] * 4)
        message = self.business.message_ids[0]
        self.assertEqual(message.author_id, worker.partner_id)
        self.assertIn("4 customers", message.body)
        self.assertIn("c0: No!", message.body)
        events = self.env["kundekartotek.audit.event"].search([("res_id", "=", others[0].id)], order="id")
        self.assertEqual(events[-1].reason, "Category defaults applied")

    def test_apply_defaults_refuses_a_company_that_is_not_the_user_s(self):
        second = self.env["res.company"].create({"name": "Second"})
        customer = self.make_customer(customer_category_id=self.business.id)
        self.business.with_company(second).credit_limit = 9000
        worker = self.make_user("case_worker")
        Wizard = self.env["kundekartotek.apply.defaults"].with_user(worker)
        vals = {"category_ids": self.business.ids, "mode": "overwrite"}
        with self.assertRaisesRegex(AccessError, "Second"):
            Wizard.create({**vals, "company_id": second.id}).line_ids.read()
        with self.assertRaisesRegex(AccessError, "Second"):
            Wizard.onchange({**vals, "company_id": second.id}, ["company_id"], {"customer_count": {}})
        wizard = Wizard.create(vals)
        with self.assertRaisesRegex(AccessError, "Second"):
            wizard.write({"company_id": second.id})
            wizard.read(["customer_count"])
        worker.company_ids += second
        wizard = Wizard.create({**vals, "company_id": second.id})
        self.assertTrue(wizard.line_ids)
        worker.company_ids -= second
        for act in (wizard.action_apply, wizard.line_ids[0].action_view_customers):
            with self.assertRaisesRegex(AccessError, "Second"):
                act()
        self.assertFalse(customer.with_company(second).credit_limit)

    def test_apply_defaults_keeps_its_own_account(self):
        """What the wizard works out, and how far it has come, is not for the user to say."""
        Wizard = self.env["kundekartotek.apply.defaults"].with_user(self.make_user("case_worker"))
        wizard = Wizard.create({"category_ids": self.business.ids})
        for name, value in {
            "state": "waiting", "written": {str(self.business.id): {}}, "failures": {"1": "No"}, "last_id": 9,
            "locked_ids": [1], "customer_count": 7, "line_ids": [Command.create({"key": "[]"})],
        }.items():
            with self.subTest(name):
                with self.assertRaisesRegex(AccessError, name):
                    wizard.write({name: value})
                with self.assertRaisesRegex(AccessError, name):
                    Wizard.create({"category_ids": self.business.ids, name: value})
                with self.assertRaisesRegex(AccessError, name):
                    Wizard.with_context(**{f"default_{name}": value}).create({"category_ids": self.business.ids})

    def run_job(self, seconds=0):
        """Run the job, with so many seconds left after each batch.

        :return: customers remaining, as reported each time"""
        reports = []

        def commit_progress(_cron, processed=0, *, remaining=None):
            reports.append(reports[-1] - processed if remaining is None else remaining)
            return seconds if processed else 1

        with (
            patch.object(type(self.env["ir.cron"]), "_commit_progress", commit_progress),
            patch("odoo.addons.kundekartotek_addon.wizards.customer.apply_defaults.BATCH", 2),
        ):
            self.env["kundekartotek.apply.defaults"]._cron_apply()
        return reports

    def make_waiting(self, count, user, **vals):
        """:return: the wizard waiting for the job, and its customers, of which only the last would change"""
        customers = self.env["res.partner"].create([
            {"name": f"c{count - number}", "customer_rank": 1, "customer_category_id": self.business.id}
            for number in range(count)])
        company = self.env["res.company"].browse(vals.get("company_id", self.env.company.id))
        for customer in customers.with_company(company):
            customer.credit_limit = 70000
        customers[-1].with_company(company).credit_limit = 1
        self.business.with_company(company).credit_limit = 70000
        wizard = self.env["kundekartotek.apply.defaults"].with_user(user).create(
            {"mode": "overwrite", "category_ids": self.business.ids, **vals})
        with patch("odoo.addons.kundekartotek_addon.wizards.customer.apply_defaults.AT_ONCE", 0):
            wizard.action_apply()
        self.assertEqual((wizard.state, wizard.customer_count), ("waiting", 1))
        return wizard, customers

    def test_the_job_goes_on_from_where_it_stopped(self):
        wizard, customers = self.make_waiting(5, self.make_user("case_worker", lang="en_US"))
        self.assertEqual(self.run_job(), [5, 3])
        self.assertEqual(wizard.last_id, customers[1].id)
        customers[0].credit_limit = 2  # by somebody, after the job was there
        self.assertEqual(self.run_job(), [3, 1])
        self.assertEqual(wizard.state, "waiting")
        self.assertEqual(self.run_job(), [1, 0])
        self.assertEqual(wizard.state, "done")
        self.assertEqual(customers.mapped("credit_limit"), [2, 70000, 70000, 70000, 70000])
        self.assertIn("1 customers", self.business.message_ids[0].body)
        self.assertEqual(self.run_job(), [0])

    def test_the_job_comes_back_to_customers_in_use(self):
        wizard, customers = self.make_waiting(3, self.make_user("case_worker"))
        customers[0].credit_limit = 1
        lock = type(customers).try_lock_for_update
        with patch.object(
            type(customers), "try_lock_for_update", lambda partners: lock(partners - customers[0])
        ):
            self.assertEqual(self.run_job(seconds=1), [3, 2, 1])
        self.assertEqual(wizard.state, "waiting")
        self.assertEqual(customers.mapped("credit_limit"), [1, 70000, 70000])
        self.assertEqual(self.run_job(), [1, 0])
        self.assertEqual(wizard.state, "done")
        self.assertEqual(customers.mapped("credit_limit"), [70000] * 3)

    def test_the_job_ends_what_its_user_may_no_longer_do(self):
        second = self.env["res.company"].create({"name": "Second"})
        worker = self.make_user("case_worker", lang="en_US")
        worker.company_ids += second
        wizard, customers = self.make_waiting(3, worker, company_id=second.id)
        worker.company_ids -= second
        self.assertEqual(self.run_job(), [0])
        self.assertEqual(wizard.sudo().state, "done")
        self.assertEqual(customers.with_company(second).mapped("credit_limit"), [70000, 70000, 1])
        self.assertIn(f"{worker.name} no longer works in Second", self.business.message_ids[0].body)

    def test_the_forms(self):
        """What the screens do: a new category below another, and the wizard opened from it."""
        administrator = self.make_user("administrator")
        with Form(self.Category.with_user(administrator)) as form:
            form.name = "Cash and carry"
            form.parent_id = self.wholesale
            self.assertIn("14 days", form.inherited_defaults)
            with form.posting_rule_ids.new() as line:
                line.account_id = self.env["account.account"].create({
                    "name": "Cash sales", "code": "309900", "account_type": "income"})
        category = form.record
        customer = self.make_customer(customer_category_id=category.id)
        customer.credit_limit = 0
        action = category.with_user(administrator).action_apply_defaults()
        form = Form(self.env[action["res_model"]].with_user(administrator).with_context(**action["context"]))
        self.assertEqual(form.customer_count, 1)
        form.mode = "overwrite"
        self.assertEqual(len(form.line_ids), 1)
        form.save().action_apply()
        self.assertEqual(customer.credit_limit, 50000)
        with Form(self.env["kundekartotek.category.rule"].with_user(administrator)) as form:
            form.name, form.category_id, form.domain = "Oslo", category, "[('city', '=', 'Oslo')]"
        self.assertEqual(form.record.match_count, 0)

    def test_apply_defaults_to_chosen_customers(self):
        customer, other = (
            self.make_customer(name=name, customer_category_id=self.wholesale.id) for name in "ab"
        )
        (customer + other).credit_limit = 0
        contact = self.env["res.partner"].create({"name": "Kari", "parent_id": customer.id})
        self.apply_wizard(partner_ids=contact.ids).action_apply()
        self.assertEqual((customer + other).mapped("credit_limit"), [50000, 0])

    def test_apply_defaults_in_the_active_company_only(self):
        second = self.env["res.company"].create({"name": "Second"})
        customer = self.make_customer(customer_category_id=self.business.id)
        self.business.with_company(second).credit_limit = 9000
        self.env["kundekartotek.apply.defaults"].with_company(second).create(
            {"category_ids": self.business.ids}).action_apply()
        self.assertEqual(customer.with_company(second).credit_limit, 9000)
        self.assertEqual(customer.credit_limit, 50000)

    def test_apply_defaults_is_for_case_workers(self):
        customer = self.make_customer(customer_category_id=self.business.id)
        customer.credit_limit = 0
        for role in ("reader", "auditor", "privacy_officer"):
            with self.assertRaises(AccessError):
                self.env["kundekartotek.apply.defaults"].with_user(self.make_user(role)).create(
                    {"category_ids": self.business.ids})
        worker = self.make_user("case_worker")
        self.env["kundekartotek.apply.defaults"].with_user(worker).create(
            {"category_ids": self.business.ids}).action_apply()
        self.assertEqual(customer.credit_limit, 50000)
        self.assertEqual(self.business.message_ids[0].author_id, worker.partner_id)

    def test_filling_takes_a_constant_number_of_queries(self):
        customers = self.env["res.partner"].create([{"name": f"c{i}", "customer_rank": 1} for i in range(40)])

        def count_queries(batch):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            batch.write({"customer_category_id": self.wholesale.id})
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        count_queries(customers[0])
        self.assertLessEqual(count_queries(customers[10:40]), count_queries(customers[1:10]) + 3)
