# SPDX-License-Identifier: LGPL-3.0-or-later
"""What an administrator sets up: categories with defaults, rules that choose them, posting rules, agreements."""
from dateutil.relativedelta import relativedelta

from odoo import Command, fields

# Category: name, parent, code, payment term in days, credit limit, domain of the rule that chooses it.
CATEGORIES = [
    ("business", "Bedrift", None, "B", 30, 100_000, "[('customer_type', '=', 'business')]"),
    ("construction", "Bygg og industri", "business", "BI", 0, 250_000, None),
    ("hospitality", "Servering og reiseliv", "business", "SR", 15, 40_000, None),
    ("public", "Offentlig", None, "O", 30, 0, "[('customer_type', '=', 'public')]"),
    ("consumer", "Privat", None, "P", 15, 10_000, "[('customer_type', '=', 'consumer')]"),
    ("abroad", "Utland", None, "U", 30, 75_000, "[('country_id.code', '!=', 'NO')]"),
]
CATEGORY_OF = {
    "construction": ("Tverrelva Maskin AS", "Gråberget Entreprenør AS", "Lyngmyr Elektro AS", "Steinrøysa Pukkverk AS",
                     "Tangrand Verft AS", "Ulvedalen Sag AS", "Trollfoss Kraftservice AS", "Nordlyset Rør og Varme AS"),
    "hospitality": ("Blåskjell Restaurant AS", "Kvernhuset Kafé DA", "Knausen Hotell AS", "Havgløtt Reiser AS"),
}
# Agreement: name, customer or category, percentage, start and end in months from today.
AGREEMENTS = [
    ("Rammeavtale oppdrett", "Storskarven Oppdrett AS", 12.5, -10, 14),
    ("Volumrabatt verft", "Tangrand Verft AS", 8.0, -11, 1),
    ("Kommuneavtale", "category:public", 5.0, -6, 6),
    ("Vårkampanje servering", "category:hospitality", 10.0, -9, -6),
    ("Prøveavtale", "Fjellbekk Bakeri AS", 4.0, 1, 13),
]


class DemoSetup:
    """Makes records in one company through the ORM; ``keep(xml_id, record)`` remembers them."""

    def __init__(self, company, keep):
        self.company, self.env, self.keep = company, company.env, keep
        self.categories = {}

    def make_categories(self):
        terms = {0: False, 15: self.env.ref("account.account_payment_term_15days").id,
                 30: self.env.ref("account.account_payment_term_30days").id}
        for key, name, parent, code, days, limit, _domain in CATEGORIES:
            self.categories[key] = self.keep(f"demo_category_{key}", self.env["kundekartotek.category"].create({
                "name": name, "code": code, "parent_id": parent and self.categories[parent].id,
                "payment_term_id": terms[days], "credit_limit": limit,
            }))
        public = self._copy_account("1500", "1510", "Kundefordringer, offentlig")
        self.categories["public"].receivable_account_id = public
        for sequence, (key, name, _parent, _code, _days, _limit, domain) in enumerate(reversed(CATEGORIES)):
            if domain:
                self.keep(f"demo_category_rule_{key}", self.env["kundekartotek.category.rule"].create({
                    "name": name, "category_id": self.categories[key].id, "domain": domain, "sequence": sequence}))
        abroad = self._find_account("3105")
        if abroad:
            self.keep("demo_posting_rule_abroad", self.env["kundekartotek.posting.rule"].create({
                "customer_category_id": self.categories["abroad"].id, "account_id": abroad.id,
                "company_id": self.company.id}))
        self.company.customer_number_scheme_id = self.env.ref("kundekartotek_addon.number_scheme_type")
        self.categories["abroad"].number_scheme_id = self.env.ref("kundekartotek_addon.number_scheme_region")

    def find_category(self, name):
        """:return: id of the category that a person chose for this customer, or False: the rules choose"""
        return next((self.categories[key].id for key, names in CATEGORY_OF.items() if name in names), False)

    def make_agreements(self, customers):
        today = fields.Date.context_today(self.company)
        for number, (name, whose, discount, start, end) in enumerate(AGREEMENTS):
            kind, _colon, key = whose.rpartition(":")
            self.keep(f"demo_agreement_{number}", self.env["kundekartotek.agreement"].create({
                "name": name, "discount": discount, "company_id": self.company.id,
                "date_from": today + relativedelta(months=start), "date_to": today + relativedelta(months=end, days=-3),
                "user_id": self.env.ref("kundekartotek_addon.demo_user_saksbehandler").id,
                **({"category_id": self.categories[key].id} if kind else {"partner_id": customers[key].id}),
            }))

    def set_roles(self, contacts):
        """:param contacts: {name: partner} of contact persons"""
        for name, role in (("Fakturamottak", "invoice"), ("Anbjørg Notstad", "reminder"),
                           ("Bergitte Merdø", "purchasing"), ("Ellinor Paragrafmo", "invoice")):
            found = self.env["kundekartotek.contact.role"].search([("code", "=", role)])
            contacts[name].contact_role_ids = [Command.set(found.ids)]

    def _find_account(self, code):
        return self.env["account.account"].search(
            [("code", "=", code), ("company_ids", "in", self.company.ids)], limit=1)

    def _copy_account(self, code, new_code, name):
        return self._find_account(new_code) or self.env["account.account"].create({
            "code": new_code, "name": name, "account_type": self._find_account(code).account_type, "reconcile": True,
            "company_ids": [Command.set(self.company.ids)],
        })
