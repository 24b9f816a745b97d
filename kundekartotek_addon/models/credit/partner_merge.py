# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import models

from .res_partner_credit import BLOCK_FIELDS, MERGING

TERMS = ("credit_own_mode", "credit_limit", "credit_review_date", *BLOCK_FIELDS)
STRICTEST_FIRST = ("cash_only", "limited", "unlimited")


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """Whoever merges customers decides nothing on their credit: core would give the one that stays whatever it
    lacks of the other's, an unlimited mode as well, and move payers in plain SQL."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _merge(self, partner_ids, dst_partner=None, extra_checks=True):
        partners = self.env["res.partner"].sudo().browse(partner_ids).exists()
        companies = self.env["res.company"].sudo().search([])
        terms = {
            (company, partner.id): {name: partner[name] for name in TERMS}
            for company in companies for partner in partners.with_company(company)}
        payers = partners._credit_payers()
        running = self.env.cr.precommit.data
        running[MERGING] = True
        try:
            result = super()._merge(partner_ids, dst_partner, extra_checks)
        finally:
            running.pop(MERGING, None)
        kept = partners.exists()
        if len(kept) != 1 or len(partners) == 1:
            return result
        for company in companies:
            kept.with_company(company)._credit_keep_terms(
                terms[company, kept.id], [terms[company, gone] for gone in partners.ids if gone != kept.id])
        self.env["kundekartotek.credit.group"].sudo().search([("partner_ids", "in", kept.ids)])._check_members()
        self.env["res.partner"]._credit_test_payers(  # a customer that is gone was the same one
            {order: payer for order, payer in payers.items() if payer.exists()})
        for company in companies:
            kept._queue_credit_recheck(company)
        return result


class ResPartner(models.Model):
    _inherit = "res.partner"

    def _credit_keep_terms(self, mine, others):
        """Decide anew what holds for this partner in the current company, after others were merged into it: its own
        limit, where one was decided, else the strictest of the others'; and every block.

        :param mine, others: values of ``TERMS`` before
        """
        fallback = self._fields["credit_limit"].get_company_dependent_fallback(self)
        decided = [each for each in others if each["credit_own_mode"] or each["credit_limit"] not in (0, fallback)]
        if not (mine["credit_own_mode"] or mine["credit_limit"] not in (0, fallback)) and decided:
            limits = min(decided, key=lambda each: (
                STRICTEST_FIRST.index(each["credit_own_mode"] or "limited"), each["credit_limit"]))
        else:
            limits = mine
        blocked = [each for each in (mine, *others) if each["credit_block"]]
        blocks = {each["credit_block"] for each in blocked}
        values = {name: limits[name] for name in TERMS[:3]} | {
            "credit_block": (blocks.pop() if len(blocks) == 1 else "all") if blocked else False,
            "credit_block_reason": " / ".join(
                dict.fromkeys(each["credit_block_reason"] for each in blocked)) or False}
        if changed := {name: value for name, value in values.items() if self[name] != value}:
            self.write(changed)
