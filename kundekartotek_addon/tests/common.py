# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo.tests import TransactionCase, new_test_user

ROLES = ("reader", "case_worker", "credit_manager", "privacy_officer", "auditor", "administrator")
AS_A_BROWSER = {  # what Odoo wants to see before it gives a session a page under /json/1
    "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "none", "Sec-Fetch-User": "?1"}


class KundekartotekCase(TransactionCase):
    """A Norwegian company without a ledger, and customers to order. What needs invoices derives from
    ``AccountTestInvoicingCommon`` with ``setup_country("no")`` instead."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True, "no_reset_password": True})
        cls.norway = cls.env.ref("base.no")
        # Whether the company numbers its customers depends on what else is installed: here it does not.
        cls.env.company.write({"country_id": cls.norway.id, "customer_number_scheme_id": False})

    @classmethod
    def make_customer(cls, name="Fjellbekk Bakeri AS", **vals):
        """A customer: a company in Norway unless ``vals`` say otherwise."""
        return cls.env["res.partner"].create({
            "name": name, "is_company": True, "customer_rank": 1, "country_id": cls.norway.id, **vals})

    @classmethod
    def make_user(cls, role, **vals):
        """A user with one role of this addon, and nothing else."""
        return new_test_user(cls.env, login=f"kundekartotek_{role}", groups=f"kundekartotek_addon.group_{role}", **vals)
