# SPDX-License-Identifier: LGPL-3.0-or-later
import ast
import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from .customer_metrics import PAYMENT_CLASSES

_logger = logging.getLogger(__name__)


class KundekartotekPaymentRule(models.Model):
    """What makes a customer a slow payer, a risk …: the first rule, in the order of the list, whose conditions fit
    its measures. The conditions may also ask about the customer itself, such as its status in the register. A
    customer that no rule fits is normal."""

    _name = "kundekartotek.payment.rule"
    _description = "Payment Behaviour Rule"
    _inherit = ["kundekartotek.audit.mixin"]
    _order = "sequence, id"

    sequence = fields.Integer(default=10)
    name = fields.Char(
        string="In Words", required=True, translate=True,
        help="Read by everyone who asks why a customer has its class.")
    active = fields.Boolean(default=True)
    payment_class = fields.Selection(PAYMENT_CLASSES, string="Class", required=True)
    company_id = fields.Many2one("res.company", index="btree_not_null", ondelete="cascade")
    domain = fields.Char(string="Conditions", required=True, default="[]")
    problem = fields.Char(compute="_compute_problem", help="Why the rule cannot be used; the others go on.")
    customer_count = fields.Integer(string="Customers", compute="_compute_customer_count")

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        self._search_metrics()._measure_soon()
        return rules

    def write(self, vals):
        result = super().write(vals)
        self._search_metrics()._measure_soon()
        return result

    def unlink(self):
        result = super().unlink()
        self._search_metrics()._measure_soon()
        return result

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["name", "sequence", "active", "payment_class", "company_id", "domain"]

    @api.depends("domain")
    def _compute_problem(self):
        for rule in self:
            try:
                with self.env.cr.savepoint():
                    rule._search_metrics().search(rule._get_conditions(), limit=1)
                rule.problem = False
            except Exception as error:  # whatever a domain can do wrong
                rule.problem = str(error)

    def _compute_customer_count(self):
        counts = dict(self.env["kundekartotek.customer.metrics"]._read_group(
            [("payment_rule_id", "in", self.ids)], ["payment_rule_id"], ["__count"]))
        for rule in self:
            rule.customer_count = counts.get(rule, 0)

    @api.constrains("domain")
    def _check_domain(self):
        """A rule works when it is saved, for the one who saves it."""
        for rule in self:
            try:
                with self.env.cr.savepoint():
                    # constraints run as superuser: go back to the user's own rights
                    self.env["kundekartotek.customer.metrics"].sudo(False).search(rule._get_conditions(), limit=1)
            except Exception as error:  # whatever a domain can do wrong
                raise ValidationError(self.env._(
                    "The conditions of rule %(rule)s cannot be used: %(error)s",
                    rule=rule.name, error=error)) from error

    def _get_conditions(self):
        """:return: the conditions as written, read as data and never run"""
        try:
            return Domain(ast.literal_eval(self.domain or "[]"))
        except (SyntaxError, TypeError) as error:
            raise ValueError(self.env._(
                "only fixed values are allowed; write dates as in 'today -30d'")) from error

    @api.model
    def _search_metrics(self):
        """All metrics, whoever asks. sudo: rules give every customer its class."""
        return self.env["kundekartotek.customer.metrics"].sudo()

    @api.model
    def _find_conditions(self, company):
        """The rules of a root company in order, each with its condition on a row of its metrics; one that cannot be
        used is passed over.

        :return: [(rule, SQL)]
        """
        metrics, found = self._search_metrics().with_company(company), []
        for rule in self.sudo().search([("company_id", "in", (False, company.id))]):
            try:
                with self.env.cr.savepoint():
                    query = metrics._search(rule._get_conditions())
                    self.env.cr.execute(SQL("SELECT FROM (%s) rule LIMIT 0", query.select()))
            except Exception as error:  # whatever a domain can do wrong
                _logger.info("Payment rule %s cannot be used: %s", rule.id, error)
                continue
            is_plain = query.from_clause == SQL.identifier(metrics._table)
            found.append((rule, query.where_clause or SQL("TRUE") if is_plain else SQL("id IN %s", query.subselect())))
        return found

    def action_view_customers(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("kundekartotek_addon.customer_metrics_action")
        return {**action, "display_name": self.name, "domain": [("payment_rule_id", "=", self.id)], "context": {}}
