# SPDX-License-Identifier: LGPL-3.0-or-later
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon


@tagged("post_install", "-at_install")
class TestCustomerPostingRule(AccountTestInvoicingCommon):
    """What a category does in the ledger: income accounts by posting rules, and the receivable account."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("kundekartotek_addon.group_administrator")
        cls.env.user.group_ids += cls.env.ref("sales_team.group_sale_salesman_all_leads")
        cls.company = cls.env.company
        cls.second = cls.setup_other_company(name="Second")
        cls.Rule = cls.env["kundekartotek.posting.rule"]
        revenue = cls.company_data["default_account_revenue"]
        cls.accounts = [
            cls.copy_account(revenue, {"name": f"Revenue {number}"}) for number in range(4)]
        cls.wide, cls.narrow, cls.abroad, cls.own = cls.accounts
        cls.receivable = cls.company_data["default_account_receivable"]
        cls.other_receivable = cls.copy_account(cls.receivable, {"name": "Receivable, related parties"})
        cls.business, cls.household = cls.env["kundekartotek.category"].create(
            [{"name": "Business"}, {"name": "Household"}])
        cls.wholesale = cls.env["kundekartotek.category"].create(
            {"name": "Wholesale", "parent_id": cls.business.id})
        cls.goods = cls.env["product.category"].create(
            {"name": "Goods", "property_account_income_categ_id": revenue.id})
        cls.fish = cls.env["product.category"].create(
            {"name": "Fish", "parent_id": cls.goods.id, "property_account_income_categ_id": revenue.id})
        cls.cod = cls.env["product.product"].create(
            {"name": "Cod", "categ_id": cls.fish.id, "lst_price": 100}
        )
        cls.customer, cls.other = cls.env["res.partner"].create([
            {"name": "Fjellbekk AS", "customer_rank": 1, "customer_category_id": cls.wholesale.id},
            {"name": "Kari Hagen", "customer_rank": 1, "customer_category_id": cls.household.id}])
        cls.revenue = revenue

    def make_rule(self, account, customer_category=None, product_category=None, **vals):
        return self.Rule.create({
            "account_id": account.id, "customer_category_id": customer_category and customer_category.id,
            "product_category_id": product_category and product_category.id, **vals})

    def make_invoice(self, partner=None, move_type="out_invoice", **line_vals):
        return self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": (partner or self.customer).id,
                "invoice_date": "2026-01-15",
                "invoice_line_ids": [
                    Command.create({"product_id": self.cod.id, "price_unit": 100, **line_vals})
                ],
            }
        )

    def account_of(self, invoice):
        return invoice.invoice_line_ids.account_id

    # Which rule

    def test_most_specific_rule(self):
        self.assertEqual(self.account_of(self.make_invoice()), self.revenue, "the product's own account")
        self.make_rule(self.wide)
        self.assertEqual(self.account_of(self.make_invoice()), self.wide)
        self.make_rule(self.own, None, self.fish)
        self.assertEqual(self.account_of(self.make_invoice()), self.own)
        self.make_rule(self.narrow, self.business)
        self.assertEqual(self.account_of(self.make_invoice()), self.narrow, "the customer counts first")
        self.make_rule(self.abroad, self.business, self.goods)
        self.assertEqual(self.account_of(self.make_invoice()), self.abroad)
        self.make_rule(self.wide, self.wholesale)
        self.assertEqual(self.account_of(self.make_invoice()), self.wide, "the nearest customer category")
        self.assertEqual(self.account_of(self.make_invoice(self.other)), self.own)
        contact = self.env["res.partner"].create({"name": "Ola", "parent_id": self.customer.id})
        self.assertEqual(self.account_of(self.make_invoice(contact)), self.wide)

    def test_sequence_between_equals_and_what_is_out_of_use(self):
        second = self.make_rule(self.wide, self.wholesale, sequence=20)
        first = self.make_rule(self.narrow, self.wholesale, sequence=10)
        self.assertEqual(self.account_of(self.make_invoice()), self.narrow)
        second.sequence = 5
        self.assertEqual(self.account_of(self.make_invoice()), self.wide)
        second.active = False
        self.assertEqual(self.account_of(self.make_invoice()), self.narrow)
        first.account_id.active = False
        self.assertEqual(self.account_of(self.make_invoice()), self.revenue, "an archived account is no rule")
        first.account_id.active = True
        first.unlink()
        self.assertEqual(self.account_of(self.make_invoice()), self.revenue)

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def test_against_an_oracle(self, data):
        """Random trees and rules against the definition, spelt out over every rule."""
        trees = {}
        for model in ("kundekartotek.category", "product.category"):
            nodes = []
            for number, parent in enumerate(data.draw(st.lists(st.integers(-1, 4), min_size=1, max_size=5))):
                nodes.append(self.env[model].create({
                    "name": f"n{number}", "parent_id": nodes[parent].id if 0 <= parent < number else False}))
            trees[model] = nodes
        customers, products = trees.values()
        picks = st.tuples(
            st.integers(-1, len(customers) - 1), st.integers(-1, len(products) - 1), st.integers(0, 3),
            st.integers(1, 3))
        self.Rule.search([]).unlink()
        rules = self.Rule.create([
            {"customer_category_id": customer >= 0 and customers[customer].id,
             "product_category_id": product >= 0 and products[product].id,
             "account_id": self.accounts[account].id, "sequence": sequence}
            for customer, product, account, sequence in data.draw(st.lists(picks, max_size=8))])

        def depth(category):
            return 1 + depth(category.parent_id) if category else 0

        def lies_in(category, other):
            return not other or (bool(category) and (category == other or lies_in(category.parent_id, other)))

        customer = data.draw(st.sampled_from([self.env["kundekartotek.category"], *customers]))
        product = data.draw(st.sampled_from([self.env["product.category"], *products]))
        fitting = rules.filtered(lambda rule: lies_in(customer, rule.customer_category_id)
                                 and lies_in(product, rule.product_category_id))
        best = fitting.sorted(lambda rule: (
            -depth(rule.customer_category_id), -depth(rule.product_category_id), rule.sequence, rule.id))[:1]
        self.assertEqual(self.Rule._find_account(self.company, customer, product), best.account_id)

    def test_each_company_its_rules(self):
        other = self.second
        self.make_rule(self.wide)
        rule = self.Rule.with_company(other["company"]).create(
            {"company_id": other["company"].id, "account_id": other["default_account_revenue"].copy().id})
        self.assertEqual(self.account_of(self.make_invoice()), self.wide)
        move = self.env["account.move"].with_company(other["company"]).create({
            "move_type": "out_invoice", "partner_id": self.customer.id,
            "invoice_line_ids": [Command.create({"product_id": self.cod.id, "price_unit": 100})]})
        self.assertEqual(move.company_id, other["company"])
        self.assertEqual(self.account_of(move), rule.account_id)
        with self.assertRaises(UserError):
            self.make_rule(other["default_account_revenue"])
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.assertEqual(self.Rule._find_account(branch, self.wholesale, self.fish), self.wide)
        self.make_rule(self.own, company_id=branch.id, sequence=99)
        self.assertEqual(self.Rule._find_account(branch, self.wholesale, self.fish), self.own)
        self.assertEqual(self.Rule._find_account(self.company, self.wholesale, self.fish), self.wide)

    # Which lines

    def test_fiscal_position_maps_what_the_rule_gives(self):
        self.make_rule(self.wide, self.wholesale)
        position = self.env["account.fiscal.position"].create({"name": "Export", "account_ids": [
            Command.create({"account_src_id": self.wide.id, "account_dest_id": self.abroad.id})]})
        self.customer.property_account_position_id = position
        self.assertEqual(self.account_of(self.make_invoice()), self.abroad)

    def test_credit_notes_receipts_and_bills(self):
        self.make_rule(self.wide, self.wholesale)
        invoice = self.make_invoice()
        invoice.invoice_line_ids.account_id = self.own
        invoice.action_post()
        self.assertEqual(self.account_of(invoice._reverse_moves()), self.own, "back where it was posted")
        for move_type, account in [("out_refund", self.wide), ("out_receipt", self.wide)]:
            self.assertEqual(self.account_of(self.make_invoice(move_type=move_type)), account)
        self.assertEqual(self.account_of(self.make_invoice(move_type="in_invoice")).internal_group, "expense")

    def test_lines_without_a_product(self):
        self.make_rule(self.narrow, None, self.goods)
        self.assertNotEqual(self.account_of(self.make_invoice(product_id=False, name="Work")), self.narrow)
        self.make_rule(self.wide, self.wholesale)
        self.assertEqual(self.account_of(self.make_invoice(product_id=False, name="Work")), self.wide)

    def test_a_person_s_account_stays(self):
        self.make_rule(self.wide, self.wholesale)
        invoice = self.make_invoice(account_id=self.own.id)
        self.assertEqual(self.account_of(invoice), self.own)
        invoice.invoice_line_ids.quantity = 3
        invoice.partner_id = self.other
        self.assertEqual(self.account_of(invoice), self.own)
        invoice.partner_id = self.customer
        invoice.action_post()
        self.assertEqual(self.account_of(invoice), self.own)
        copied = invoice.copy()
        self.assertEqual(self.account_of(copied), self.own)
        invoice.button_draft()
        invoice.action_post()
        self.assertEqual(self.account_of(invoice), self.own)

    def test_accounts_follow_when_the_customer_of_a_draft_changes(self):
        self.make_rule(self.wide, self.wholesale)
        invoice = self.make_invoice()
        invoice.write({"invoice_line_ids": [
            Command.create({"product_id": self.cod.id, "account_id": self.own.id})]})
        invoice.partner_id = self.other
        self.assertEqual(invoice.invoice_line_ids.mapped("account_id"), self.revenue + self.own)
        invoice.partner_id = self.customer
        self.assertEqual(invoice.invoice_line_ids.mapped("account_id"), self.wide + self.own)
        invoice.write({"partner_id": self.other.id, "invoice_line_ids": [
            Command.update(invoice.invoice_line_ids[0].id, {"account_id": self.narrow.id})]})
        self.assertEqual(invoice.invoice_line_ids.mapped("account_id"), self.narrow + self.own)

    def test_accounts_follow_through_fiscal_positions(self):
        self.make_rule(self.wide, self.wholesale)
        position = self.env["account.fiscal.position"].create({"name": "Export", "account_ids": [
            Command.create({"account_src_id": self.wide.id, "account_dest_id": self.abroad.id})]})
        self.customer.property_account_position_id = position
        invoice = self.make_invoice()
        self.assertEqual(self.account_of(invoice), self.abroad)
        invoice.partner_id = self.other
        self.assertEqual(self.account_of(invoice), self.revenue)

    def test_in_the_form(self):
        self.make_rule(self.wide, self.wholesale)
        form = Form(self.env["account.move"].with_context(default_move_type="out_invoice"))
        with form.invoice_line_ids.new() as line:
            line.product_id = self.cod
            self.assertEqual(line.account_id, self.revenue)
        with form.invoice_line_ids.new() as line:
            line.product_id = self.cod
            line.account_id = self.own
        form.partner_id = self.customer
        invoice = form.save()
        self.assertEqual(invoice.invoice_line_ids.mapped("account_id"), self.wide + self.own)

    def test_through_a_sale_order(self):
        self.make_rule(self.wide, self.wholesale)
        order = self.env["sale.order"].create({
            "partner_id": self.customer.id,
            "order_line": [Command.create({"product_id": self.cod.id, "product_uom_qty": 2})]})
        order.action_confirm()
        order.order_line.qty_delivered = 2
        self.assertEqual(self.account_of(order._create_invoices()), self.wide)

    def test_without_our_groups(self):
        self.make_rule(self.wide, self.wholesale)
        biller = new_test_user(
            self.env, login="biller", groups="account.group_account_invoice", company_id=self.company.id)
        invoice = self.make_invoice().with_user(biller)
        self.assertEqual(self.account_of(invoice), self.wide)
        made = self.env["account.move"].with_user(biller).create({
            "move_type": "out_invoice", "partner_id": self.customer.id,
            "invoice_line_ids": [Command.create({"product_id": self.cod.id, "price_unit": 100})]})
        self.assertEqual(self.account_of(made), self.wide)
        made.partner_id = self.other
        self.assertEqual(self.account_of(made), self.revenue)

    def test_queries_do_not_grow_with_the_invoices(self):
        self.make_rule(self.wide, self.wholesale)
        self.make_rule(self.narrow, None, self.fish)

        def count_lookups(invoices):
            lines = invoices.invoice_line_ids
            self.env.flush_all()
            self.env.invalidate_all()
            lines.move_id.mapped("company_id.name"), lines.mapped("display_type")
            before = self.env.cr.sql_log_count
            for line in lines:
                self.assertTrue(line._is_posted_by_rules())
                self.assertEqual(line._find_posting_account(), self.wide)
            return self.env.cr.sql_log_count - before

        few = self.env["account.move"].union(*(self.make_invoice() for _i in range(2)))
        many = self.env["account.move"].union(*(self.make_invoice() for _i in range(12)))
        count_lookups(few)  # fill the caches of the process
        self.assertEqual(count_lookups(many), count_lookups(few))

    # Preview

    def test_preview_on_the_category(self):
        self.make_rule(self.wide, self.business, self.fish)
        position = self.env["account.fiscal.position"].create({"name": "Export", "account_ids": [
            Command.create({"account_src_id": self.wide.id, "account_dest_id": self.abroad.id})]})
        action = self.wholesale.action_view_accounts()

        def preview():
            categories = (self.fish + self.goods).with_context(**action["context"])
            return categories.mapped(
                lambda category: (category.customer_posting_account_id, category.customer_posting_by_rule))

        self.assertEqual(preview(), [(self.wide, True), (self.revenue, False)])
        self.business.fiscal_position_id = position
        self.env.invalidate_all()
        self.assertEqual(preview(), [(self.abroad, True), (self.revenue, False)])

    # Receivable account

    def test_receivable_account_follows_the_category(self):
        self.business.receivable_account_id = self.other_receivable
        customer = self.env["res.partner"].create({
            "name": "Ny kunde", "customer_rank": 1, "customer_category_id": self.wholesale.id})
        self.assertEqual(customer.property_account_receivable_id, self.other_receivable)
        customer.customer_category_id = self.household
        self.assertEqual(customer.property_account_receivable_id, self.receivable)
        customer.customer_category_id = self.business
        self.assertEqual(customer.property_account_receivable_id, self.other_receivable)
        customer.customer_category_id = False
        self.assertEqual(customer.property_account_receivable_id, self.receivable)
        by_hand = self.copy_account(self.receivable)
        customer.property_account_receivable_id = by_hand
        customer.customer_category_id = self.business
        self.assertEqual(customer.property_account_receivable_id, by_hand)
        self.assertEqual(
            self.customer.property_account_receivable_id, self.receivable, "those who are there stay")

    def test_open_items_hold_the_receivable_account(self):
        self.household.receivable_account_id = self.other_receivable
        invoice = self.make_invoice(tax_ids=[])
        invoice.action_post()
        with self.assertRaises(UserError) as refusal:
            self.customer.customer_category_id = self.household
        self.assertIn("Fjellbekk AS: 1 open items", str(refusal.exception))
        self.assertIn("100", str(refusal.exception))
        self.assertIn("Move to Account", str(refusal.exception))
        self.assertEqual(self.customer.customer_category_id, self.wholesale)

        seller = new_test_user(
            self.env, login="kundekartotek_plain", company_id=self.company.id,
            groups="sales_team.group_sale_salesman,base.group_partner_manager")
        with self.assertRaises(UserError) as refusal:
            self.customer.with_user(seller).customer_category_id = self.household.id
        self.assertNotIn("100", str(refusal.exception), "amounts are not for everyone")

        self._register_payment(invoice)
        self.customer.customer_category_id = self.household
        self.assertEqual(self.customer.property_account_receivable_id, self.other_receivable)
        self.customer.customer_category_id = self.wholesale
        self.assertEqual(self.customer.property_account_receivable_id, self.receivable)

    def test_the_way_out_works(self):
        """Moved to the new account as the message says, the items hold nothing back."""
        self.household.receivable_account_id = self.other_receivable
        invoice = self.make_invoice(tax_ids=[])
        invoice.action_post()
        items = invoice.line_ids.filtered(lambda line: line.account_id == self.receivable)
        action = items.action_automatic_entry("change_account")
        wizard = self.env["account.automatic.entry.wizard"].with_context(**action["context"]).create({
            "destination_account_id": self.other_receivable.id, "date": "2026-01-20",
            "journal_id": self.company_data["default_journal_misc"].id})
        wizard.do_action()
        self.customer.customer_category_id = self.household
        self.assertEqual(self.customer.property_account_receivable_id, self.other_receivable)

    def test_rules_leave_customers_with_open_items_where_they_are(self):
        self.household.receivable_account_id = self.other_receivable
        invoice = self.make_invoice(tax_ids=[])
        invoice.action_post()
        (self.customer + self.other).write(
            {"customer_category_id": self.wholesale.id, "customer_category_locked": False})
        rule = self.env["kundekartotek.category.rule"].create({
            "name": "All", "category_id": self.household.id,
            "domain": f"[('id', 'in', {(self.customer + self.other).ids})]"})
        self.assertEqual((rule.match_count, rule.move_count, rule.held_count), (2, 2, 1))
        rule._apply_to(self.customer + self.other)
        self.assertEqual(self.customer.customer_category_id, self.wholesale)
        self.assertEqual(self.other.customer_category_id, self.household)
        self.customer.city = "Oslo"  # never in the way of saving

    def test_apply_defaults_passes_over_those_held(self):
        self.make_invoice(tax_ids=[]).action_post()
        self.env["res.partner"].create({
            "name": "Free", "customer_rank": 1, "customer_category_id": self.wholesale.id})
        self.business.write({"receivable_account_id": self.other_receivable.id, "credit_limit": 1000})
        wizard = self.env["kundekartotek.apply.defaults"].create({"category_ids": self.business.ids})
        self.assertCountEqual(
            wizard.line_ids.mapped(lambda line: (line.field_label, line.count, line.held)),
            [("Credit Limit", 2, False), ("Receivable Account", 1, False), ("Receivable Account", 1, True)],
        )
        held = wizard.line_ids.filtered("held")
        self.assertEqual(
            self.env["res.partner"].search(held.action_view_customers()["domain"]), self.customer
        )
        wizard.action_apply()
        self.assertRecordValues(self.customer, [
            {"credit_limit": 1000.0, "property_account_receivable_id": self.receivable.id}])

    def test_a_company_without_the_account(self):
        other = self.second
        self.business.receivable_account_id = self.other_receivable
        customer = self.env["res.partner"].create({
            "name": "Delt kunde", "customer_rank": 1, "customer_category_id": self.wholesale.id})
        self.assertEqual(customer.with_company(other["company"]).property_account_receivable_id,
                         other["default_account_receivable"])
        with self.assertRaises(UserError):
            self.business.with_company(other["company"]).receivable_account_id = self.other_receivable
        # an account that left the company, or was archived, is passed over
        self.other_receivable.active = False
        customer = self.env["res.partner"].create({
            "name": "Enda en", "customer_rank": 1, "customer_category_id": self.wholesale.id})
        self.assertEqual(customer.property_account_receivable_id, self.receivable)

    def test_open_items_in_another_company_count_there(self):
        other = self.second
        account = other["default_account_receivable"].copy()
        self.household.with_company(other["company"]).receivable_account_id = account
        self.make_invoice(tax_ids=[]).action_post()
        self.customer.customer_category_id = self.household
        self.assertEqual(self.customer.with_company(other["company"]).property_account_receivable_id, account)
        self.assertEqual(self.customer.property_account_receivable_id, self.receivable)
