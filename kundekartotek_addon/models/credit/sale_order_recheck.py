# SPDX-License-Identifier: LGPL-3.0-or-later
import logging

from psycopg2 import OperationalError

from odoo import api, models
from odoo.exceptions import UserError

from .credit_document import PAYER

_logger = logging.getLogger(__name__)
BATCH = 50
LINE_VALUED = {"price_unit", "quantity", "discount", "tax_ids", "product_uom_id", "move_id"}
VALUED = PAYER | {"currency_id", "invoice_currency_rate"}
WAITING = [("credit_state", "=", "hold"), ("state", "!=", "cancel")]


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _queue_credit_recheck(self, company):
        """Something has happened that may end these customers' holds in a company: have the job look at them.
        sudo: it is the program that tests them, whoever registers a payment."""
        customers = self.commercial_partner_id
        root = company.sudo().root_id
        if not customers or not root.credit_control:
            return
        groups = self.env["kundekartotek.credit.group"].sudo().search(
            [("company_id", "=", root.id), ("partner_ids", "in", customers.ids)])
        orders = self.env["sale.order"].sudo().search([
            *WAITING, ("credit_recheck", "=", False),
            ("partner_invoice_id.commercial_partner_id", "in", (customers | groups.sudo().partner_ids).ids),
            ("company_id", "child_of", root.id)])
        if orders:
            orders.credit_recheck = True
            self.env.ref("kundekartotek_addon.credit_recheck_cron").sudo()._trigger()


class AccountPartialReconcile(models.Model):
    """What comes from the bank is posted before anybody knows who has paid: allocating it tells."""

    _inherit = "account.partial.reconcile"

    @api.model_create_multi
    def create(self, vals_list):
        partials = super().create(vals_list)
        items = partials.sudo().debit_move_id.filtered(lambda item: item.account_type == "asset_receivable")
        for company, mine in items.grouped("company_id").items():
            mine.partner_id._queue_credit_recheck(company)
        return partials


class CreditDocument(models.AbstractModel):
    """What is cancelled, deleted, a draft again or another customer's, counts no longer, which may end the holds of
    other orders."""

    _inherit = "kundekartotek.credit.document"

    def write(self, vals):
        leaving = (
            vals.get("state", self._credit_passed_state) != self._credit_passed_state
            or not vals.keys().isdisjoint(VALUED))
        counted = self._credit_counted() if leaving else []
        result = super().write(vals)
        if vals.get("state") == "cancel":
            self.sudo().filtered(lambda each: each._credit_is_stopped())._credit_clear()
        for company, customers in counted:
            customers._queue_credit_recheck(company)
        return result

    def unlink(self):
        counted = self._credit_counted()
        result = super().unlink()
        for company, customers in counted:
            customers._queue_credit_recheck(company)
        return result

    def _credit_counted(self):
        """:return: [(company, customers)] of those of these that the exposure knows"""
        counted = self.sudo().filtered(lambda each: each._credit_counts())
        return [(company, each._credit_customers()) for company, each in counted.grouped("company_id").items()]


class AccountMoveLine(models.Model):
    """Nor do the lines that leave a draft invoice, or grow smaller."""

    _inherit = "account.move.line"

    def write(self, vals):
        drafts = self.browse() if vals.keys().isdisjoint(LINE_VALUED) else self.filtered(
            lambda line: line.parent_state == "draft")
        counted = drafts.move_id._credit_counted()
        result = super().write(vals)
        for company, customers in counted:
            customers._queue_credit_recheck(company)
        return result

    def unlink(self):
        counted = self.filtered(lambda line: line.parent_state == "draft").move_id._credit_counted()
        result = super().unlink()
        for company, customers in counted:
            customers._queue_credit_recheck(company)
        return result


class SaleOrder(models.Model):
    """Orders on hold are tested again when something has happened, and each night."""

    _inherit = "sale.order"

    def _credit_leave_payer(self, **values):
        """It waits on, without the other's figures, until it is tested on whoever pays now: or changing the payer
        there and back would take it off the worklist."""
        if self.credit_state != "hold" or not self.company_id._has_credit_control():
            return super()._credit_leave_payer(**values)
        self._credit_record("cleared", **values)
        words = self._in_company_language().env._(
            "Another customer or company pays now: this is tested again in a moment")
        self.write({"credit_words": words, "credit_figures": False, "credit_recheck": True})
        self._credit_record("held", words=words)
        self.env.ref("kundekartotek_addon.credit_recheck_cron")._trigger()
        return None

    @api.model
    def _cron_credit_recheck_all(self):
        """What depends on the day: a limit raised from today, a release that has expired."""
        self.search([*WAITING, ("credit_recheck", "=", False)]).credit_recheck = True
        self.env.ref("kundekartotek_addon.credit_recheck_cron")._trigger()

    @api.model
    def _cron_credit_recheck(self):
        domain = [("credit_recheck", "=", True)]
        self.env["ir.cron"]._commit_progress(remaining=self.search_count(domain))
        for order in self.search(domain, order="credit_since, id", limit=BATCH):
            order = order.browse(order.id)._in_company_language().try_lock_for_update()
            if not order:
                continue
            try:
                order._credit_test_again()
                order.flush_recordset()
            except OperationalError:  # somebody else has decided on its customer meanwhile: it comes again
                self.env.cr.rollback()
            except Exception as error:  # what other modules do when an order is confirmed is not known
                self.env.cr.rollback()
                order._note_failed_recheck(error)
            if not self.env["ir.cron"]._commit_progress(1):
                break

    def _note_failed_recheck(self, error):
        """This order stays on hold, and is looked at again at night; the others go on."""
        self.credit_recheck = False
        if isinstance(error, UserError):
            why = str(error)
            _logger.info("Order %s on hold could not be tested again: %s", self.id, why)
        else:
            why = self.env._("an unexpected error, see the server's log")
            _logger.exception("Order %s on hold could not be tested again", self.id)
        self.message_post(body=self.env._("Credit control could not test this again: %(why)s", why=why))

    def _credit_test_again(self):
        """Confirm this order if it breaks no rule any more and the policy says so, else tell its salesperson."""
        self.ensure_one()
        order = self.with_company(self.company_id.root_id)
        self.credit_recheck = False
        if self.state == "sale":  # confirmed, then changed: its own amount is in the exposure already
            result = order._credit_test({order: order._credit_worth()}).get(order)
            if not result or not order._credit_stops(*result, order._credit_worth()):
                self._credit_clear()
            return
        result = order._credit_test().get(order)
        if result and order._credit_stops(*result, order._credit_worth()):
            customer = order._credit_customers()._in_company_language()
            self.write({"credit_words": customer._credit_words(result[0]),
                        "credit_figures": customer._credit_figures_text(result[0])})
        elif not result or result[2].policy.releases_itself:
            self.with_context(send_email=self.credit_sends_email).action_confirm()
            self.message_post(body=self.env._("Confirmed: the order breaks no credit rule any more."))
        else:
            self._credit_clear()
            self.activity_schedule(
                "mail.mail_activity_data_todo", user_id=(self.user_id or self.env.user).id,
                summary=self.env._("Credit control no longer holds this order: confirm it"))
