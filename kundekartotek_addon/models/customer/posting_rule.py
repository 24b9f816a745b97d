# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import ormcache


class KundekartotekPostingRule(models.Model):
    """Which income account an invoice line gets, by the customer's category and the product's category.

    A rule also fits what lies below its categories; without a category it fits all. Of the rules that fit,
    the most specific wins: first the one whose customer category is nearest to the customer's own, then the
    one whose product category is nearest to the product's own, then that of the nearest company, then the
    order of the list. Without a rule that fits, the product's own account stands."""

    _name = "kundekartotek.posting.rule"
    _description = "Posting Rule"
    _inherit = ["kundekartotek.cached.configuration", "kundekartotek.audit.mixin"]
    _order = "sequence, id"
    _check_company_auto = True
    _check_company_domain = models.check_company_domain_parent_of

    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, index=True, ondelete="cascade", default=lambda self: self.env.company)
    customer_category_id = fields.Many2one(
        "kundekartotek.category", index="btree_not_null", ondelete="cascade", help="Empty: every customer.")
    product_category_id = fields.Many2one(
        "product.category", index="btree_not_null", ondelete="cascade",
        help="Empty: every product, and lines without a product.")
    account_id = fields.Many2one(
        "account.account", string="Income Account", required=True, check_company=True, ondelete="restrict",
        domain="[('account_type', 'not in', ('asset_receivable', 'liability_payable', 'asset_cash', "
               "'liability_credit_card', 'off_balance'))]")

    @api.depends("customer_category_id", "product_category_id", "account_id")
    def _compute_display_name(self):
        for rule in self:
            rule.display_name = self.env._(
                "%(customers)s × %(products)s: %(account)s",
                customers=rule.customer_category_id.display_name or self.env._("every customer"),
                products=rule.product_category_id.display_name or self.env._("every product"),
                account=rule.account_id.display_name)

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "sequence", "active", "company_id", "customer_category_id", "product_category_id", "account_id"]

    @api.model
    @ormcache("company_id")
    def _get_accounts(self, company_id):
        """The rules of a company and the companies above it, as a table to look up in.

        sudo: invoices are also made by those who may not read rules.

        :return: ``{(customer category id or False, product category id or False): account ids, best first}``
        """
        rules = self.sudo().with_context(active_test=True).search([("company_id", "parent_of", company_id)])
        accounts = {}
        for rule in rules.sorted(lambda rule: -len(rule.company_id.parent_ids)):
            key = (rule.customer_category_id.id, rule.product_category_id.id)
            accounts.setdefault(key, []).append(rule.account_id.id)
        return accounts

    @api.model
    def _find_account(self, company, customer_category, product_category):
        """The account that the rules give, before the fiscal position; empty where no rule fits. An archived
        account counts as no rule. sudo: as in ``_get_accounts``.

        :param company: the company of the invoice
        :param customer_category: ``kundekartotek.category``, or empty
        :param product_category: ``product.category``, or empty
        """
        accounts = self._get_accounts(company.id)
        Account = self.env["account.account"].sudo()
        if accounts:
            products = _get_path(product_category)
            for customer_id in _get_path(customer_category):
                for product_id in products:
                    for account in Account.browse(accounts.get((customer_id, product_id), ())):
                        if account.active:
                            return account.sudo(self.env.su)
        return self.env["account.account"]


def _get_path(category):
    """:return: ids of a category and those above it, nearest first, then False for *any*"""
    return [int(key) for key in reversed((category.sudo().parent_path or "").split("/")[:-1])] + [False]
