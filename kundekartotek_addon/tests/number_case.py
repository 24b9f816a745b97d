# SPDX-License-Identifier: LGPL-3.0-or-later
from .common import KundekartotekCase


class NumberCase(KundekartotekCase):
    """A company that numbers its customers by one scheme of this test's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.scheme = cls.make_scheme("T-{seq:03}")
        cls.env.company.write({
            "customer_number_scheme_id": cls.scheme.id, "customer_number_scheme_business_id": False,
            "customer_number_scheme_consumer_id": False, "customer_number_scheme_public_id": False})
        cls.register = cls.env["kundekartotek.customer.number"]

    @classmethod
    def make_scheme(cls, pattern, **vals):
        return cls.env["kundekartotek.number.scheme"].create({"name": pattern, "pattern": pattern, **vals})

    @classmethod
    def make_company(cls, name="Nordlys Service AS"):
        return cls.env["res.company"].create({
            "name": name, "country_id": cls.norway.id, "customer_number_scheme_id": cls.scheme.id})

    def rows(self, number):
        return self.register.search([("number", "=", number)])
