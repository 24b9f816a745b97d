# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...tools.credit import STOPPING, verdict


class SaleOrder(models.Model):
    """An order that breaks the rules is not confirmed but put on hold, whoever confirms it and however: the
    test is part of confirming, and the state cannot be written past it."""

    _name = "sale.order"
    _inherit = ["sale.order", "kundekartotek.credit.document"]

    _credit_passed_state = "sale"

    credit_rejection = fields.Char(string="Why Rejected", copy=False, readonly=True)
    credit_recheck = fields.Boolean(copy=False, readonly=True, help="Something has happened: test it again.")
    credit_sends_email = fields.Boolean(
        copy=False, readonly=True, help="The customer gets a confirmation when the order goes through.")
    credit_prepayment = fields.Boolean(
        string="Prepayment Asked For", copy=False, readonly=True,
        help="A credit manager has asked for it: the order goes through when it is paid.")
    credit_customer_id = fields.Many2one(
        "res.partner", string="Invoiced Customer", related="partner_invoice_id.commercial_partner_id")

    @api.depends("partner_invoice_id", "company_id", "amount_total", "state")
    @api.depends_context("lang", "tz")
    def _compute_credit_overview(self):
        super()._compute_credit_overview()

    # -- what a document under credit control must know ------------------------------------------------

    def _credit_customers(self):
        return self.partner_invoice_id.commercial_partner_id

    def _credit_worth(self):
        self.ensure_one()
        return self._credit_worths()[self]

    def _credit_worths(self):
        """What these bring about in all, in company currency, taxes included: their totals, or what is posted of
        them and left to invoice, if that is more. Lines are delivered beyond what was ordered, or changed after
        they were invoiced.

        Confirming a quotation gives it the rate of the day, writing its state does not: the larger counts.

        :return: {order: amount}
        """
        claims = self.filtered(
            lambda o: o.state == "sale" or any(o.order_line.mapped("qty_delivered")))._credit_claims()
        worths = {}
        for order in self:
            worth, company = order.amount_total / (order.currency_rate or 1.0), order.company_id
            billed, rest = claims.get(order.id, (0.0, 0.0))
            if order.state in ("draft", "sent"):
                billed = 0.0  # and in the exposure by itself
                if order.currency_id != company.currency_id:
                    worth = max(worth, order.currency_id._convert(
                        order.amount_total, company.currency_id, company, fields.Datetime.now().date(), round=False))
            worths[order] = max(worth, billed + rest)
        return worths

    def _credit_claims(self):
        """:return: {id of each of these orders with lines: (what is posted of it, what is left to invoice)}"""
        if not any(self._ids):  # none, or a form that is not saved
            return {}
        rows = self.env.execute_query(SQL(
            "SELECT order_id, billed, rest FROM kundekartotek_order_claims(%s, '{}')", self.ids,
            to_flush=self.env["res.partner"]._order_claims_fields()))
        return {id_: (billed, rest) for id_, billed, rest in rows}

    def _credit_additions(self):
        return self.filtered(lambda order: order.state in ("draft", "sent"))._credit_worths()

    def _credit_exemption(self, fact):
        """Paid already, or to be paid at once. An order without a payment term is neither. A term is a promise
        that whoever sells can write: it does not lift a block by hand."""
        self.ensure_one()
        if self.amount_total > 0 and self.currency_id.compare_amounts(self.amount_paid, self.amount_total) >= 0:
            return self.env._("Paid in advance")
        if fact.exempts(self.payment_term_id, "order"):
            return self.env._("Immediate payment")
        return ""

    def _credit_is_stopped(self):
        return super()._credit_is_stopped() or (self.credit_state == "rejected" and not self.credit_rejection)

    def _prepare_credit_idle_vals(self):
        return {**super()._prepare_credit_idle_vals(), "credit_recheck": False}

    # -- confirming ------------------------------------------------------------------------------------

    def action_confirm(self):
        """Confirm those that may be; put the others on hold, and tell who confirms."""
        self.check_access("write")
        stopped = self._credit_stop()
        going = self - stopped
        if stopped:
            stopped._credit_tell()
        return super(SaleOrder, going).action_confirm() if going or not self else True

    def _credit_stop(self):
        """Test quotations, and put on hold those that break a rule.

        :return: those that may not be confirmed
        """
        quotations = self.sudo().filtered(lambda o: o.state in ("draft", "sent"))
        stopped = {}
        for orders in quotations._credit_by_company():
            if orders.env.company.credit_control:
                stopped |= orders._credit_decide()
        stopped = self.browse(order.id for order in stopped)
        (self - stopped)._credit_give_pass()
        return stopped

    def _credit_decide(self):
        """Test orders of the current company, as superuser.

        :return: {order that was stopped: its result, None where a person has rejected it}
        """
        barred = self.filtered("credit_rejection")
        results = (self - barred)._credit_test()
        stopped, rows = dict.fromkeys(barred), []
        for order, result in results.items():
            findings, _picture, fact = result
            if not findings:
                continue
            action = verdict(findings)
            if order._credit_stops(*result, order._credit_worth()):
                order._credit_stop_one(action, result)
                stopped[order] = result
            elif action in STOPPING and not order._credit_is_released(order._credit_worth()):
                rows.append(order._prepare_credit_decision(
                    "exempt", result, reason=order._credit_exemption(fact)))
            elif action == "warn":
                rows.append(order._prepare_credit_decision("warned", result))
                order._credit_note(self.env._("Confirmed with a warning from credit control."), findings)
                order._credit_send(order._credit_customers()._credit_words(findings), "warning")
        self.env["kundekartotek.credit.decision"]._record(rows)
        self.filtered(lambda order: order not in stopped)._credit_clear()
        return stopped

    def _credit_test(self, additions=None):
        """:param additions: {order: what it adds}, for confirmed orders that the exposure knows already
        :return: {order: (findings, picture, facts)}"""
        worths = additions or self._credit_worths()
        entries = [(order, order._credit_customers(), worths[order], worths[order]) for order in self]
        partners = self.env["res.partner"]
        return partners._credit_check("order", entries, counted=additions is not None)

    def _credit_stop_one(self, action, result):
        refused = action == "refuse"
        seller = self.user_id.partner_id
        self._credit_hold(
            result[0], "rejected" if refused else "hold",
            credit_sends_email=bool(self.env.context.get("send_email")))
        self._credit_record("refused" if refused else "held", result)
        self._credit_note(
            self.env._("Refused by credit control.") if refused
            else self.env._("On hold: a credit manager must release this order."),
            result[0], seller if seller != self.env.user.partner_id else None)

    def _credit_tell(self):
        """Tell whoever confirms what was stopped and why, without amounts."""
        for order in self:
            words = order.credit_rejection or order.credit_words or ""
            order._credit_send(words, "danger")

    def _credit_send(self, words, kind):
        titles = {
            "danger": self.env._("%(order)s is not confirmed", order=self.display_name),
            "warning": self.env._("%(order)s: warning from credit control", order=self.display_name)}
        self.env.user._bus_send("simple_notification", {
            "type": kind, "title": titles[kind], "message": words, "sticky": kind == "danger"})

    # -- no way past -----------------------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """An order that is created confirmed is created, and then confirmed, or not at all."""
        defaults, companies = self.default_get(["state", "company_id"]), self.env["res.company"]
        here = defaults.get("company_id")
        confirmed = [
            vals.get("state", defaults.get("state")) == "sale"
            and companies.browse(vals.get("company_id") or here)._has_credit_control() for vals in vals_list]
        if not any(confirmed):
            return super().create(vals_list)
        orders = super().create([
            {**vals, "state": "draft"} if late else vals for vals, late in zip(vals_list, confirmed, strict=True)])
        orders.browse(
            order.id for order, late in zip(orders, confirmed, strict=True) if late).write({"state": "sale"})
        return orders

    def _credit_require_pass(self):
        for orders in self.sudo()._credit_by_company():
            if stopped := orders._credit_decide():
                self.env["kundekartotek.credit.decision"]._record_refusals([
                    order._prepare_credit_decision("refused", result, reason=order.credit_rejection or None)
                    for order, result in stopped.items()])
                raise UserError("\n".join(
                    self.env._("%(order)s cannot be confirmed: %(reasons)s", order=order.display_name,
                               reasons=order.credit_rejection or order.credit_words) for order in stopped))

    def _send_order_notification_mail(self, mail_template, allow_deferred_sending=True):
        """An order on hold is not confirmed to the customer, whatever module thinks it is."""
        held = self.state in ("draft", "sent") and self.credit_state in ("hold", "rejected")
        paid = self.env.ref("sale.mail_template_sale_payment_executed", raise_if_not_found=False)
        if held and mail_template != paid:
            return
        super()._send_order_notification_mail(mail_template, allow_deferred_sending)


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        """An order on hold was not confirmed by its payment: its buyer is told that the payment arrived."""
        return super()._check_amount_and_confirm_order().filtered(lambda order: order.state == "sale")


class AccountPaymentTerm(models.Model):
    _inherit = "account.payment.term"

    def _is_immediate(self):
        """Whether all is due on the date of the invoice. sudo: portal users confirm orders too."""
        lines = self.sudo().line_ids
        return bool(lines) and all(
            not line.nb_days and line.delay_type in (False, "days_after") for line in lines)
