# SPDX-License-Identifier: LGPL-3.0-or-later
import random
from datetime import date, timedelta

from odoo import Command

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

TODAY = date(2026, 11, 23)


class CustomerLedgerCase(AccountTestInvoicingCommon):
    """Four customers, each with a contact person, and a ledger in which anything has happened to the last
    three: in a Norwegian company with a branch, and in another company that keeps its books in euro.
    Freeze time at ``TODAY``."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("no")
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.euro = cls.setup_other_currency("EUR", rates=[("2020-01-01", 0.1), ("2026-06-01", 0.08)])
        cls.other_company_data = cls.setup_other_company(name="Datter AS", currency_id=cls.euro.id)
        cls.other_company = cls.other_company_data["company"]
        cls.branch = cls.env["res.company"].create({"name": "Avdeling", "parent_id": cls.company.id})
        cls.env.cr.precommit.run()  # gives the branch its chart of accounts
        cls.env.user.company_ids |= cls.other_company + cls.branch
        cls.env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.company.ids})
        cls.bank_journal = cls.company_data["default_journal_bank"]
        cls.customers = cls.env["res.partner"].create(
            [{"name": f"Kunde {number} AS", "is_company": True, "customer_rank": 1} for number in range(4)]
        )
        cls.contacts = cls.env["res.partner"].create(
            [{"name": f"Kontakt {customer.name}", "parent_id": customer.id} for customer in cls.customers]
        )
        cls.fill_ledger(seed=2026, documents=60)

    # ---- a ledger to order -------------------------------------------------------------------------

    @classmethod
    def invoice(cls, partner, amount=1000.0, day=TODAY, due=None, company=None, **vals):
        """A posted invoice of ``amount`` without VAT, due 14 days later unless ``due`` says otherwise."""
        company = company or cls.company
        data = cls.other_company_data if company == cls.other_company else cls.company_data
        invoice = (
            cls.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "company_id": company.id,  # core would take the journal's, which a branch has of its company
                    "partner_id": partner.id,
                    "invoice_date": day,
                    "invoice_date_due": due or day + timedelta(14),
                    "invoice_payment_term_id": False,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "Vare",
                                "price_unit": amount,
                                "tax_ids": [],
                                "account_id": data["default_account_revenue"].id,
                            }
                        )
                    ],
                    **vals,
                }
            )
        )
        invoice.action_post()
        return invoice

    @classmethod
    def pay(cls, invoice, amount=None, day=TODAY):
        values = {"payment_date": day, "journal_id": cls.bank_journal.id}
        return cls._register_payment(invoice, **values, **({"amount": amount} if amount else {}))

    @classmethod
    def prepay(cls, partner, amount, day=TODAY):
        """A payment that nobody has matched with an invoice."""
        payment = cls.env["account.payment"].create(
            {
                "payment_type": "inbound",
                "partner_type": "customer",
                "partner_id": partner.id,
                "amount": amount,
                "date": day,
                "journal_id": cls.bank_journal.id,
                "payment_method_line_id": cls.inbound_payment_method_line.id,
            }
        )
        payment.action_post()
        return payment

    @classmethod
    def from_bank(cls, partner, amount, day=TODAY):
        """A bank transaction booked straight on the receivable account: its item has no due date."""
        transaction = cls.env["account.bank.statement.line"].create(
            {
                "journal_id": cls.bank_journal.id,
                "date": day,
                "payment_ref": "Innbetaling",
                "amount": amount,
                "partner_id": partner.id,
            }
        )
        _liquidity, suspense, _other = transaction._seek_for_lines()
        suspense.account_id = cls.company_data["default_account_receivable"]
        suspense.date_maturity = False
        return transaction

    @classmethod
    def adjust(cls, partner, amount, day=TODAY):
        """A journal entry that debits (or credits) the receivable of exactly this partner."""
        receivable, revenue = (
            cls.company_data[f"default_account_{kind}"] for kind in ("receivable", "revenue")
        )
        entry = cls.env["account.move"].create(
            {
                "date": day,
                "line_ids": [
                    Command.create(
                        {"account_id": receivable.id, "partner_id": partner.id, "balance": amount}
                    ),
                    Command.create({"account_id": revenue.id, "balance": -amount}),
                ],
            }
        )
        entry.action_post()
        return entry

    @classmethod
    def fill_ledger(cls, seed, documents):
        """Anything that may happen to a customer, in an order that ``seed`` decides. The first customer has
        no documents."""
        rng = random.Random(seed)
        invoices = []
        for _number in range(documents):
            partner = rng.choice(cls.customers[1:] + cls.contacts[1:])
            day = TODAY - timedelta(rng.randrange(120))
            amount = rng.randrange(100, 500000) / 100
            match rng.randrange(9):
                case 0 | 1:
                    invoices.append(cls.invoice(partner, amount, day, day + timedelta(rng.randrange(90))))
                case 2:
                    invoices.append(cls.invoice(partner, amount, day, currency_id=cls.euro.id))
                case 3 if unpaid := [invoice for invoice in invoices if invoice.amount_residual]:
                    cls.pay(rng.choice(unpaid), amount, day)
                case 4 if invoices:
                    cls._reverse_invoice(rng.choice(invoices), post=True, date=day)
                case 5:
                    cls.prepay(partner.commercial_partner_id, amount, day)
                case 6:
                    cls.from_bank(partner, amount, day)
                case 7:
                    cls.adjust(partner, rng.choice((amount, -amount)), day)
                case _:
                    company = rng.choice((cls.other_company, cls.branch))
                    cls.invoice(partner, amount, day, company=company)
        cls.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": partner.id, "invoice_date": TODAY}
        )
        for customer, limit in zip(cls.customers, (0, 5000, 0, 100000), strict=True):
            customer.credit_limit = limit

