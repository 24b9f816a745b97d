# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import split_every

from .statement import KINDS

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    """Whether, when and to whom statements go out by themselves."""

    _inherit = "res.company"

    statement_monthly = fields.Boolean(string="Send Statements Monthly")
    statement_day = fields.Integer(string="Day of the Month", default=1)
    statement_kind = fields.Selection(KINDS, string="Content of Statements", required=True, default="open")
    statement_overdue_only = fields.Boolean(
        string="Only Customers with Overdue Items", help="Otherwise to all who owe something.")
    statement_user_id = fields.Many2one(
        "res.users", string="Told of Failures", help="Gets a task for each customer whose address fails.")
    statement_planned_month = fields.Date(readonly=True, help="The month that statements were last planned for.")

    _statement_day_in_every_month = models.Constraint(
        "CHECK (statement_day BETWEEN 1 AND 28)", "Statements are sent on a day between 1 and 28.")

    @api.constrains("statement_user_id")
    def _check_statement_user_id(self):
        for company in self:
            if company.statement_user_id.share:
                raise ValidationError(self.env._("Only an internal user can be told of failures."))

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + [
            "statement_monthly", "statement_day", "statement_kind", "statement_overdue_only", "statement_user_id"]


class ResPartner(models.Model):
    _inherit = "res.partner"

    statement_opt_out = fields.Boolean(
        string="No Monthly Statements", copy=False,
        help="The customer gets no statement of account by itself; one can still be sent by hand.")
    statement_ids = fields.One2many(
        "kundekartotek.statement", "partner_id", string="Statements of Account",
        groups="kundekartotek_addon.group_reader")

    def _open_amounts(self, day):
        """As superuser: a statement holds all that a customer owes, whoever sends it.

        :return: {customer id: {"balance", "overdue"}} in the current company and its branches, at the end of a day
        """
        aging = self.env["kundekartotek.aging"].sudo().with_context(
            aging_date=fields.Date.to_string(day), allowed_company_ids=list(self._company_tree_ids()))
        rows = aging._read_group([("partner_id", "in", self.ids)], ["partner_id"], ["total:sum", "overdue:sum"])
        found = {customer.id: {"balance": total, "overdue": overdue} for customer, total, overdue in rows}
        return {id_: found.get(id_, {"balance": 0, "overdue": 0}) for id_ in self.ids}

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["statement_opt_out"]


class Statement(models.Model):
    """The job: plans the statements of the month, then sends what is waiting."""

    _inherit = "kundekartotek.statement"

    @api.model
    def _cron_send(self):
        """Daily, and whenever many statements are to be sent: each is committed on its own, and one that fails
        stops none of the others."""
        companies = self.env["res.company"].search([("statement_monthly", "=", True)])
        for company in companies.sorted(lambda company: bool(company.parent_id)):
            self._plan_month(company)
        waiting = self.search([("state", "=", "waiting")], order="id")
        self.env["ir.cron"]._commit_progress(remaining=len(waiting))
        for statement in waiting:
            if locked := statement.try_lock_for_update().filtered_domain([("state", "=", "waiting")]):
                try:
                    with self.env.cr.savepoint():
                        locked._send()
                except Exception as error:
                    _logger.exception("The statement %s could not be sent", statement.id)
                    statement.write({"state": "failed", "error": str(error)})
            if not self.env["ir.cron"]._commit_progress(1):
                return

    @api.model
    def _plan_month(self, company):
        """Once a month, from its day on: a waiting statement for each customer that owes the company something
        and has not declined. A statement is of a company with its branches, so one of these plans it for all. What
        is planned and the month are committed together."""
        root = company.root_id.try_lock_for_update()
        today = fields.Date.context_today(self.with_context(tz=company.partner_id.tz or "Europe/Oslo"))
        month = today.replace(day=1)
        if not root or today.day < company.statement_day or root.statement_planned_month == month:
            return
        self = self.with_company(company).with_context(allowed_company_ids=company.ids)
        Partner = self.env["res.partner"]
        rows = self.env.execute_query(Partner._customer_open_items_sql())
        owing = [partner_id for partner_id, balance, overdue in rows
                 if balance > 0 and (overdue or not company.statement_overdue_only)]
        for ids in split_every(1000, owing):
            customers = Partner.search([("id", "in", ids), ("statement_opt_out", "=", False)])
            self._make(customers, kind=company.statement_kind, is_monthly=True, date=today,
                       date_from=self._month_before(month))
        root.statement_planned_month = month

    @api.model
    def _month_before(self, month):
        return fields.Date.subtract(month, months=1)
