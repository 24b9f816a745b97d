# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.tools import format_date


class KundekartotekAgreementDocument(models.AbstractModel):
    """An order or an invoice: it takes the agreement in force on its date when its customer is chosen, and
    says so when another one should apply. Prices never change by themselves: *Update Prices* does it."""

    _name = "kundekartotek.agreement.document"
    _description = "Document Priced by an Agreement"

    agreement_id = fields.Many2one(
        "kundekartotek.agreement",
        string="Discount Agreement",
        compute="_compute_agreement_id",
        store=True,
        readonly=False,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The agreement that gives the prices of this document.",
    )
    agreement_notice = fields.Char(compute="_compute_agreement_notice")

    def _compute_agreement_id(self):
        """To be decorated by each document; ``_is_open_to_agreement`` says which ones may still change."""
        documents = self.filtered(lambda document: document._is_open_to_agreement())
        found = documents._find_agreements()
        for document in documents:
            document.agreement_id = found[document]

    def _compute_agreement_notice(self):
        self.agreement_notice = False
        documents = self.filtered(lambda document: document._is_priced_by_agreement())
        found = documents._find_agreements()
        for document in documents:
            current, right = document.agreement_id, found[document]
            if current._origin == right:
                continue
            date = format_date(self.env, document._get_agreement_date())
            document.agreement_notice = (
                self.env._(
                    "On %(date)s the discount agreement %(name)s applies.",
                    date=date,
                    name=right.sudo().name,
                )
                if right
                else self.env._(
                    "The discount agreement %(name)s does not apply on %(date)s.",
                    date=date,
                    name=current.sudo().name,
                )
            )

    def _follow_date_while_empty(self):
        """For the date's onchange: as long as nothing is priced, the agreement follows the date.

        :return: whether it did
        """
        if not self._is_open_to_agreement() or self._is_priced_by_agreement():
            return False
        self.agreement_id = self._find_agreements()[self]
        return True

    def _find_agreements(self):
        """:return: ``{document: agreement in force on its date}``"""
        keys = {
            document: (document.partner_id._origin, document.company_id, document._get_agreement_date())
            for document in self
            if document.partner_id and document.company_id
        }
        found = self.env["kundekartotek.agreement"]._find_in_force(keys.values())
        return {
            document: found.get(keys.get(document), self.env["kundekartotek.agreement"]) for document in self
        }

    def _get_agreement_date(self):
        """The date of the document, or today where it has none yet."""
        raise NotImplementedError

    def _is_open_to_agreement(self):
        """Whether the agreement may still change with the customer."""
        raise NotImplementedError

    def _is_priced_by_agreement(self):
        """Whether the document has lines whose prices an agreement may decide."""
        raise NotImplementedError
