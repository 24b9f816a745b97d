# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.tools import SQL, ormcache


class ResPartner(models.Model):
    """How the ledger is asked for a customer's figures: one statement each, for any number of customers.

    A customer is a commercial partner with its contacts; the ledger is that of the current company's
    root and all its branches, as in core's ``credit``.
    """

    _inherit = "res.partner"

    @api.model
    def _customer_open_items_sql(self, partner_ids=None):
        """SELECT of open receivable items per commercial partner: ``partner_id``, ``balance`` and ``overdue``
        in company currency. An item without a due date counts from its date; a credit that is not matched is not
        overdue and takes nothing off what is, as in the aging.

        Items are summed by their own partner first, which is all the index knows; an item that was booked
        on a contact person then counts for its company. These sums are put in order, because to add up what comes in
        order takes much less than to keep a sum for each of all customers.

        :param partner_ids: ids of commercial partners; all of them by default
        """
        chosen = SQL(
            "item.partner_id IN (SELECT id FROM res_partner WHERE commercial_partner_id = ANY(%s))",
            partner_ids)
        return SQL(
            """
            SELECT partner_id, sum(balance) AS balance, sum(overdue) AS overdue
              FROM (SELECT coalesce(contact.commercial_partner_id, due.partner_id) AS partner_id,
                           due.balance, due.overdue
                      FROM (SELECT item.partner_id, sum(item.amount_residual) AS balance,
                                   coalesce(sum(item.amount_residual) FILTER (
                                       WHERE item.amount_residual > 0
                                         AND coalesce(item.date_maturity, item.date) < %(today)s), 0) AS overdue
                              FROM account_move_line item
                             WHERE item.account_id IN %(accounts)s AND item.company_id IN %(companies)s
                               AND item.parent_state = 'posted' AND item.amount_residual <> 0 AND %(chosen)s
                             GROUP BY item.partner_id) due
                      LEFT JOIN res_partner contact
                             ON contact.id = due.partner_id AND contact.commercial_partner_id <> contact.id
                     ORDER BY 1) due
             GROUP BY partner_id""",
            today=fields.Date.context_today(self),
            accounts=self._receivable_account_ids(),
            companies=self._company_tree_ids(),
            chosen=SQL("TRUE") if partner_ids is None else chosen,
            to_flush=self._ledger_fields(
                "account_id", "amount_residual", "company_id", "date", "date_maturity", "parent_state",
                "partner_id"),
        )

    @api.model
    def _last_invoice_sql(self, customer):
        """SELECT of the newest posted invoice: ``move_id``, ``date``, ``number``; no row if there is none.

        :param customer: SQL of the commercial partner's id
        """
        return SQL(
            """
            SELECT id AS move_id, invoice_date AS date, name AS number
              FROM account_move
             WHERE commercial_partner_id = %(customer)s AND move_type = 'out_invoice' AND state = 'posted'
               AND company_id IN %(companies)s
             ORDER BY invoice_date DESC, id DESC LIMIT 1""",
            customer=customer,
            companies=self._company_tree_ids(),
            to_flush=[self.env["account.move"]._fields[name] for name in (
                "commercial_partner_id", "company_id", "invoice_date", "move_type", "name", "state")],
        )

    @api.model
    def _last_payment_sql(self, customer):
        """SELECT of the newest payment: ``move_id``, ``date``, ``amount`` in company currency, net of what
        the same document debits the customer; no row if there is none. A bank transaction may be booked on
        a contact person, so each member of the customer is asked for its newest.

        :param customer: SQL of the commercial partner's id
        """
        return SQL(
            """
            SELECT newest.move_id, newest.date,
                   (SELECT -sum(item.balance)
                      FROM account_move_line item JOIN res_partner member ON member.id = item.partner_id
                     WHERE item.move_id = newest.move_id AND member.commercial_partner_id = %(customer)s
                       AND item.account_id IN %(accounts)s) AS amount
              FROM res_partner member
             CROSS JOIN LATERAL (
                    SELECT item.move_id, item.date
                      FROM account_move_line item
                      JOIN account_journal journal ON journal.id = item.journal_id
                     WHERE item.partner_id = member.id
                       AND item.parent_state = 'posted' AND item.balance < 0
                       AND (item.matching_number IS NOT NULL OR item.amount_residual <> 0)
                       AND item.account_id IN %(accounts)s
                       AND item.company_id IN %(companies)s
                       AND journal.type IN ('bank', 'cash', 'credit')
                     ORDER BY item.date DESC, item.move_id DESC LIMIT 1) newest
             WHERE member.commercial_partner_id = %(customer)s
             ORDER BY newest.date DESC, newest.move_id DESC LIMIT 1""",
            customer=customer,
            accounts=self._receivable_account_ids(),
            companies=self._company_tree_ids(),
            to_flush=self._ledger_fields(
                "account_id", "amount_residual", "balance", "company_id", "date", "journal_id",
                "matching_number", "move_id", "parent_state", "partner_id"),
        )

    def _read_last_documents(self):
        """Every commercial partner's newest invoice and newest payment, with one statement.

        :return: {commercial partner id: ((move id, date, number), (move id, date, amount))}, with None in place
            of what there is not
        """
        customer = SQL("customer.id")
        rows = self.env.execute_query(SQL(
            """SELECT customer.id, invoice.move_id, invoice.date, invoice.number,
                      payment.move_id, payment.date, payment.amount
                 FROM unnest(%s::int[]) AS customer(id)
                 LEFT JOIN LATERAL (%s) invoice ON TRUE
                 LEFT JOIN LATERAL (%s) payment ON TRUE""",
            self.commercial_partner_id.ids, self._last_invoice_sql(customer), self._last_payment_sql(customer)))
        return {partner_id: (tuple(row[:3]), tuple(row[3:])) for partner_id, *row in rows}

    # The ids themselves, not sub-queries: knowing them, PostgreSQL estimates well and takes our index.

    @api.model
    @ormcache()
    def _receivable_account_ids(self):
        accounts = self.env["account.account"].sudo().with_context(active_test=False)
        return accounts.search([("account_type", "=", "asset_receivable")], order="id")._ids or (0,)

    @api.model
    @ormcache("self.env.company.root_id.id")
    def _company_tree_ids(self):
        """The current company's root and all its branches, archived ones too."""
        return self._branch_ids(self.env.company.root_id.id)

    @api.model
    @ormcache("company_id")
    def _branch_ids(self, company_id):
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        return companies.search([("id", "child_of", company_id)], order="id")._ids

    @api.model
    def _ledger_fields(self, *names):
        """What must be in the database before the ledger is asked: these fields, and who belongs to whom."""
        return [self._fields["commercial_partner_id"], *map(self.env["account.move.line"]._fields.get, names)]
