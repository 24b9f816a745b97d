# SPDX-License-Identifier: LGPL-3.0-or-later
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...tools.credit import CENT, STOPPING, verdict
from ..customer.res_partner_figures import AMOUNT_GROUPS

CREDIT_STATES = [("clear", "Clear"), ("hold", "On hold"), ("released", "Released"), ("rejected", "Rejected")]
# Only the program writes these: releasing and rejecting have methods that ask who it is.
GUARDED = (
    "credit_state", "credit_words", "credit_figures", "credit_since", "credit_release_amount",
    "credit_release_until", "credit_release_partner_id", "credit_release_company_id", "credit_rejection",
    "credit_recheck", "credit_sends_email", "credit_prepayment",
    "credit_payer_changed",
)
PAYER = {"partner_id", "partner_invoice_id", "company_id"}
PASSED = "kundekartotek_credit_passed"


class CreditDocument(models.AbstractModel):
    """A document that can be stopped: what became of it, why, and what was released."""

    _name = "kundekartotek.credit.document"
    _description = "Document under Credit Control"

    credit_state = fields.Selection(CREDIT_STATES, string="Credit", default="clear", copy=False, readonly=True)
    credit_words = fields.Text(string="Grounds", copy=False, readonly=True, help="The reasons, in words.")
    credit_figures = fields.Text(
        string="Figures of the Hold", copy=False, readonly=True, groups=AMOUNT_GROUPS)
    credit_since = fields.Datetime(string="Waiting since", copy=False, readonly=True)
    credit_release_amount = fields.Float(
        string="Released Amount", copy=False, readonly=True, groups=AMOUNT_GROUPS,
        help="In company currency, taxes included. A larger document is tested anew.")
    credit_release_until = fields.Date(string="Released until", copy=False, readonly=True)
    credit_release_partner_id = fields.Many2one(
        "res.partner", string="Released for", copy=False, readonly=True, ondelete="set null",
        index="btree_not_null", help="Another customer's document is tested anew.")
    credit_release_company_id = fields.Many2one(
        "res.company", string="Released in", copy=False, readonly=True,
        help="The company that decided, in whose currency the amount is. Another company's document is tested anew.")
    credit_overview = fields.Json(
        compute="_compute_credit_overview", compute_sudo=True, groups=AMOUNT_GROUPS)

    # The state in which the document has passed the test, which nobody writes past it.
    _credit_passed_state = ""

    def _compute_credit_overview(self):
        for company, documents in self.grouped(lambda each: each.company_id.root_id).items():
            customers = documents._credit_customers().filtered("id").with_company(company)
            overviews = customers._credit_overviews(with_parts=True) if company and customers else {}
            additions = documents._credit_additions()
            for document in documents:
                overview = overviews.get(document._credit_customers()._origin.id, {})
                document.credit_overview = customers._credit_overview_with(overview, additions.get(document, 0.0))

    def _in_company_language(self):
        """These documents, spoken of in the company's language, and not in that of a job."""
        company = self.company_id[:1].root_id.sudo()
        return self.with_context(lang=company.partner_id.lang or self.env.lang)

    # -- hooks -----------------------------------------------------------------------------------------

    def _credit_customers(self):
        """:return: the commercial partners of the invoice addresses"""
        raise NotImplementedError

    def _credit_worth(self):
        """:return: the document's total in company currency, taxes included"""
        raise NotImplementedError

    def _credit_additions(self):
        """:return: {document: what it adds to its customer's exposure, which does not know it yet}"""
        raise NotImplementedError

    def _credit_counts(self):
        """Whether the exposure knows this document."""
        self.ensure_one()
        return self.state == self._credit_passed_state

    def _credit_exemption(self, fact):
        """:return: why the document is never stopped, in words; empty if it may be"""
        raise NotImplementedError

    def _credit_require_pass(self):
        """Test those of these drafts that have not passed in this transaction.

        :raise UserError: where the rules stop one
        """
        raise NotImplementedError

    def _prepare_credit_idle_vals(self):
        """Values that mark that nothing remains to be tested."""
        return {}

    # -- what nobody writes by hand --------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        if not self.env.su:
            vals_list = [
                {**{name: value for name, value in vals.items() if name not in GUARDED}, "credit_state": "clear"}
                for vals in vals_list]
        return super().create(vals_list)

    def write(self, vals):
        if not self.env.su and not vals.keys().isdisjoint(GUARDED):
            raise AccessError(self.env._("Holds and releases are decided in the credit worklist, never by hand."))
        if vals.get("state") == self._credit_passed_state:
            vals = self._credit_take_pass(vals)
        if vals.keys().isdisjoint(PAYER):
            return super().write(vals)
        held = {
            each: each._credit_key() for each in self
            if each._credit_is_stopped() and each.state != self._credit_passed_state}
        result = super().write(vals)
        for document, (customer, company) in held.items():
            if document._credit_key() != (customer, company):  # the hold was the other customer's
                document.sudo()._credit_leave_payer(
                    customer_res_id=customer.id, customer_name=customer.name, company_res_id=company.id,
                    reason=document._in_company_language().env._("Another customer or company"))
        return result

    def _credit_leave_payer(self, **values):
        """The grounds of the hold were another customer's, or another company's.

        :param values: of the decision
        """
        self._credit_clear(**values)

    def _credit_is_stopped(self):
        """Whether the rules stop this document, not a person."""
        return self.credit_state == "hold"

    def _credit_key(self):
        """:return: (whose risk this document is, which company decides on it): the grounds of a hold are theirs"""
        self.ensure_one()
        document = self.sudo()
        return document._credit_customers(), document.company_id.root_id

    def _credit_give_pass(self):
        """These were tested and go on."""
        self.env.cr.precommit.data.setdefault((PASSED, self._name), set()).update(self._ids)

    def _credit_take_pass(self, vals):
        """Whoever writes the state instead of confirming or posting meets the same test, as an error. What is
        written beside the state is written before, because it counts.

        :return: what remains to be written
        """
        passed = self.env.cr.precommit.data.get((PASSED, self._name), set())
        untested = self.filtered(lambda each: each.state != self._credit_passed_state and each.id not in passed)
        passed.difference_update(self._ids)
        if untested and len(vals) > 1:
            self.write({name: value for name, value in vals.items() if name != "state"})
            vals = {"state": vals["state"]}
        untested.filtered(lambda each: each.company_id._has_credit_control())._credit_require_pass()
        return vals

    # -- deciding --------------------------------------------------------------------------------------

    def _credit_by_company(self):
        """:return: these by the company that decides on them, working in it; in one order for all who decide, so
            that no two of them wait for each other"""
        groups = self.grouped(lambda each: each.company_id.root_id)
        return [groups[company].with_company(company) for company in sorted(groups, key=lambda each: each.id)]

    def _credit_stops(self, findings, picture, fact, risk):
        """Whether the findings stop this document: not where it is released or exempt."""
        return (
            verdict(findings) in STOPPING
            and not self._credit_is_released(risk)
            and not self._credit_exemption(fact)
        )

    def _credit_is_released(self, risk):
        """Whether a credit manager has released a document of this size, and the release still holds."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        return (
            self.credit_state == "released"
            and (self.credit_release_partner_id, self.credit_release_company_id) == self._credit_key()
            and self.credit_release_amount + CENT >= risk
            and bool(self.credit_release_until and self.credit_release_until >= today)
        )

    def _prepare_credit_decision(self, decision, result=None, **values):
        """A row for ``kundekartotek.credit.decision``.

        :param result: (findings, picture, facts) of the test
        """
        self.ensure_one()
        customer = self._credit_customers()
        row = {
            "decision": decision, "company_res_id": self.company_id.root_id.id, "customer_res_id": customer.id,
            "customer_name": customer.name, "document_model": self._name, "document_res_id": self.id,
            "document_name": self.display_name, "amount": self._credit_worth(), **values}
        if result:
            findings, picture, _fact = result
            customer = customer._in_company_language()
            row |= {
                "rule": ", ".join(finding.rule.kind for finding in findings), "exposure": picture.exposure,
                "limit_amount": picture.limit, "words": customer._credit_words(findings),
                "figures": {
                    "group_exposure": picture.group_exposure, "group_limit": picture.group_limit,
                    "text": customer._credit_figures_text(findings),
                    "rules": [{**finding.rule._asdict(), "figure": finding.figure, "bound": finding.bound}
                              for finding in findings]}}
        return row

    def _credit_record(self, decision, result=None, **values):
        self.env["kundekartotek.credit.decision"]._record(
            [document._prepare_credit_decision(decision, result, **values) for document in self])

    def _credit_hold(self, findings, state="hold", **values):
        """Stop this document: it keeps the reasons."""
        customer = self._credit_customers()._in_company_language()
        self.sudo().write({
            "credit_state": state, "credit_words": customer._credit_words(findings),
            "credit_figures": customer._credit_figures_text(findings),
            "credit_since": self.credit_since if self.credit_state == state else fields.Datetime.now(),
            "credit_release_amount": 0.0, "credit_release_until": False, "credit_release_partner_id": False,
            "credit_release_company_id": False, **self._prepare_credit_idle_vals(), **values})

    def _credit_release(self, amount, until, reason):
        """Let this document through, as a credit manager decided. sudo: deciding on credit gives no right to
        edit the document."""
        customer, company = self._credit_key()
        self.sudo().write({
            "credit_state": "released", "credit_release_amount": amount, "credit_release_until": until,
            "credit_release_partner_id": customer.id, "credit_release_company_id": company.id,
            **self._prepare_credit_idle_vals()})
        self._credit_record("released", reason=reason, amount=amount, date_until=until)
        self.sudo().message_post(body=self.env._("Released by credit control: %(reason)s", reason=reason))

    def _credit_clear(self, **values):
        """Nothing holds these any more. A release that was used is kept as it is.

        :param values: of the decision, where they are not the document's now
        """
        held = self.filtered(lambda each: each.credit_state not in (False, "clear", "released"))
        if held:
            held.sudo().write({
                "credit_state": "clear", "credit_words": False, "credit_figures": False, "credit_since": False,
                **self._prepare_credit_idle_vals()})
            held._credit_record("cleared", **values)

    def _credit_note(self, title, findings, partners=None):
        """Write the reasons, in words, in the document's log; and to whom it concerns."""
        words = self._credit_customers()._in_company_language()._credit_words(findings).split("\n")
        items = Markup("").join(Markup("<li>%s</li>") % word for word in words)
        self.sudo().message_post(
            body=Markup("<p>%s</p><ul>%s</ul>") % (title, items),
            partner_ids=partners.ids if partners else [], subtype_xmlid="mail.mt_note",
            message_type="notification" if partners else "comment")
