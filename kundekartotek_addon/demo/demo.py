# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import Command, api, models

from .customers import BUSINESSES, CONSUMERS, CONTACTS, FOREIGN, PUBLIC, numbered
from .decisions import DemoDecisions
from .ledger import DemoLedger
from .setup import DemoSetup

ROLE_LOGINS = {
    "leser": ("Lea Leser", "group_reader"),
    "saksbehandler": ("Sander Saksbehandler", "group_case_worker"),
    "kreditt": ("Kaja Kredittansvarlig", "group_credit_manager"),
    "personvern": ("Per Personvern", "group_privacy_officer"),
    "revisor": ("Rita Revisor", "group_auditor"),
}
SELLERS = 3  # one in so many customers has the salesperson who can log in
PRODUCTS = [  # what one costs its buyer, and what it costs us
    ("Varer etter ordre", "consu", 1000, 690), ("Frakt", "service", 500, 430), ("Montering", "service", 1000, 560),
    ("Serviceavtale", "service", 500, 140),
]


class KundekartotekDemo(models.AbstractModel):
    """The demo company: two Norwegian companies with customers, two years of ledger and a user for each role.

    It makes companies of its own, so that it can be loaded beside Odoo's demo data or without it.
    """

    _name = "kundekartotek.demo"
    _description = "Demo Company of Kundekartotek"

    @api.model
    def _load(self):
        """Make the demo company once."""
        if self.env.ref("kundekartotek_addon.demo_company", raise_if_not_found=False):
            return
        for code in ("nb_NO", "en_US"):  # customers abroad get their documents in English
            self.env["res.lang"]._activate_lang(code)
        # Odoo does this when the demo is made; what is made may quote a name, as the reason for a class does.
        self.env["ir.module.module"]._load_module_terms(["kundekartotek_addon"], ["nb_NO"])
        self._point_at_stand_in()
        main = self._make_company("demo_company", "Fjordlys Handel AS", "310419990", "Kaigata 14", "5006", "Bergen")
        branch = self._make_company(
            "demo_company_service", "Fjordlys Service AS", "310419982", "Verkstedveien 3", "5039", "Bergen")
        self._make_users(main + branch)
        self = self.with_company(main).with_context(allowed_company_ids=(main + branch).ids, lang="nb_NO")
        self._open_bank_account(main)
        setup = DemoSetup(main.with_env(self.env), self._keep)
        setup.make_categories()
        plans, contacts = self._make_customers(main, setup)
        by_name = {partner.name: partner for partner, _habit, _rate, _amount in plans}
        setup.set_roles({contact.name: contact for contact in contacts})
        products = self._make_products(main + branch)
        DemoLedger(main, products, seed=1814).invoice(plans)
        DemoLedger(branch, products, seed=1905).invoice(
            [(partner, habit, rate / 3, amount / 2) for partner, habit, rate, amount in plans[::5]])
        setup.make_agreements(by_name)
        DemoDecisions(main, products, self._keep).make()
        self._measure(main + branch)
        self._keep_month_ends(main + branch)
        # when the demo has started
        self.env["kundekartotek.address.check"]._cron_check_all()
        self.env["kundekartotek.register.entry"]._insert_due(sorted(filter(None, (
            partner._get_organisation_number() for partner in by_name.values()))))

    @api.model
    def _point_at_stand_in(self):
        """The customers are invented: nobody is asked for them but the stand-in, once it runs."""
        parameters = self.env["ir.config_parameter"]
        if not parameters.get_param("kundekartotek_addon.register_mode"):
            parameters.set_param("kundekartotek_addon.register_mode", "demo")

    def _measure(self, companies):
        """Figures and classes of today, which a job would write the first night; then a rule on classes and what it
        proposes, and a class that somebody locked."""
        self.env.flush_all()
        metrics = self.env["kundekartotek.customer.metrics"]
        for company in companies.sudo():
            metrics._refresh(company)
            metrics._classify(company)
            self.env["kundekartotek.kpi"]._keep(company)
        locked = self.env.ref("kundekartotek_addon.demo_customer_vindkastseilmakerias")
        manager = self.env.ref("kundekartotek_addon.demo_user_kreditt")
        self._keep("demo_segment_lock", self.env["kundekartotek.segment.lock"].with_user(manager).create({
            "partner_id": locked.id, "company_id": companies[0].id, "abc_class": "b",
            "reason": "Ny rammeavtale fra neste kvartal"}).sudo())
        rule = self._keep("demo_segment_rule", self.env["kundekartotek.segment.rule"].create({
            "name": "Ring kunder med risiko", "company_id": companies[0].id, "payment_class": "risk",
            "effect": "activity", "note": "Ring og avtal nedbetaling"}))
        for rows in rule._propose():
            self.env["kundekartotek.segment.proposal"]._propose_to(rule, rows)

    def _keep_month_ends(self, companies):
        """What the nightly job would have kept by now."""
        snapshots = self.env["kundekartotek.aging.snapshot"]
        for company in companies:
            of_company = snapshots._for_company(company)
            for due in of_company._find_due():
                of_company._take(*due)

    def _keep(self, name, record):
        self.env["ir.model.data"]._update_xmlids([
            {"xml_id": f"kundekartotek_addon.{name}", "record": record, "noupdate": True}])
        return record

    def _make_company(self, xml_id, name, number, street, zip_code, city):
        company = self._keep(xml_id, self.env["res.company"].create({
            "name": name, "street": street, "zip": zip_code, "city": city, "country_id": self.env.ref("base.no").id,
            "currency_id": self.env.ref("base.NOK").id, "company_registry": number, "vat": f"NO{number}MVA",
            "email": "post@fjordlys.example", "website": "https://fjordlys.example",
        }))
        self.env.user.company_ids += company
        # try_loading() wants a fully loaded registry, or Odoo's own demo invoices; here is neither.
        self.env["account.chart.template"]._load("no", company, install_demo=False)
        return company

    def _open_bank_account(self, company):
        """What customers pay to."""
        journal = self.env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)
        journal.set_bank_account("1503 40 12358")
        journal.bank_account_id.allow_out_payment = True

    def _make_users(self, companies):
        admin = self.env.ref("base.user_admin")
        admin.write({"company_ids": [Command.link(company.id) for company in companies], "company_id": companies[0].id,
                     "lang": "nb_NO", "tz": "Europe/Oslo"})
        companies[0].sales_own_customers = True
        roles = dict(ROLE_LOGINS, selger=("Silje Selger", None))
        for login, (name, group) in roles.items():
            groups = [f"kundekartotek_addon.{group}"] if group else [
                "sales_team.group_sale_salesman", "base.group_partner_manager"]
            if group in ("group_case_worker", "group_credit_manager"):
                groups.append("account.group_account_invoice")
            if group == "group_credit_manager":  # the second person for bank accounts, and who may take customers out
                groups += ["account.group_validate_bank_account", "base.group_allow_export",
                           "kundekartotek_addon.group_customer_export"]
            self._keep(f"demo_user_{login}", self.env["res.users"].with_context(no_reset_password=True).create({
                "name": name, "login": login, "password": login, "email": f"{login}@fjordlys.example",
                "lang": "nb_NO", "tz": "Europe/Oslo", "company_id": companies[0].id,
                "company_ids": [Command.set((companies if group else companies[0]).ids)],
                "group_ids": [Command.set([self.env.ref(xml_id).id for xml_id in groups])],
            }))

    def _make_products(self, companies):
        products = []
        for number, (name, kind, price, cost) in enumerate(PRODUCTS):
            product = self.env["product.product"].create({
                "name": name, "type": kind, "list_price": price, "invoice_policy": "order"})
            for company in companies:
                product.with_company(company).standard_price = cost
            products.append(self._keep(f"demo_product_{number}", product))
        return products

    def _make_customers(self, company, setup):
        """:return: (list of (partner, habit, invoices a month, typical amount), contact persons)"""
        numbers = {row[0]: number for _kind, row, number in numbered()}
        seller = self.env.ref("kundekartotek_addon.demo_user_selger")
        norway, plans, by_name = self.env.ref("base.no"), [], {}
        for kind, rows in (("business", BUSINESSES), ("consumer", CONSUMERS), ("public", PUBLIC)):
            for name, street, zip_code, city, habit, rate, amount in rows:
                number = numbers.get(name, False)
                partner = by_name[name] = self._make_customer(name, street, zip_code, city, norway, {
                    "is_company": kind != "consumer", "company_registry": number,
                    "user_id": len(plans) % SELLERS == 0 and seller.id,
                    "vat": f"NO{number}MVA" if kind == "business" and not name.endswith("SA") else False,
                    **({"customer_type": "public"} if kind == "public" else {}),
                    **({"customer_category_id": category} if (category := setup.find_category(name)) else {}),
                })
                plans.append((partner, habit, rate * 0.6, amount))
        for name, country, currency, vat, street, zip_code, city, habit, rate, amount in FOREIGN:
            partner = self._make_customer(name, street, zip_code, city, self._find_country(country), {
                "is_company": True, "vat": vat, "lang": "en_US",
                "specific_property_product_pricelist": self._make_pricelist(company, currency).id,
            })
            plans.append((partner, habit, rate * 0.6, amount))
        contacts = self.env["res.partner"].create([{
            "name": name, "parent_id": by_name[customer].id, "function": position,
            "email": f"{local}@{self._make_domain(customer)}",
        } for customer, name, position, local in CONTACTS])
        return plans, contacts

    def _make_customer(self, name, street, zip_code, city, country, vals):
        return self._keep(f"demo_customer_{self._make_domain(name).split('.')[0]}", self.env["res.partner"].create({
            "name": name, "street": street, "zip": zip_code, "city": city, "country_id": country.id,
            "lang": "nb_NO", "customer_rank": 1, "email": f"post@{self._make_domain(name)}", **vals}))

    @api.model
    def _find_country(self, code):
        return self.env["res.country"].search([("code", "=", code)])

    @api.model
    def _make_domain(self, name):
        plain = name.lower().translate(str.maketrans("æøåöüß", "aoaous"))
        return "".join(letter for letter in plain if letter.isalnum()) + ".example"

    def _make_pricelist(self, company, code):
        """A price list in a foreign currency, with one rate for all time."""
        currency = self.env["res.currency"].with_context(active_test=False).search([("name", "=", code)])
        currency.active = True
        ours = [("currency_id", "=", currency.id), ("company_id", "=", company.id)]
        if not self.env["res.currency.rate"].search_count(ours):
            self.env["res.currency.rate"].create({
                "currency_id": currency.id, "company_id": company.id, "name": "2020-01-01",
                "inverse_company_rate": {"EUR": 11.6, "SEK": 1.04}[code]})
        return self.env["product.pricelist"].search(ours, limit=1) or self.env["product.pricelist"].create(
            {"name": f"Prisliste {code}", "currency_id": currency.id, "company_id": company.id})
