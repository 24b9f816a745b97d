# SPDX-License-Identifier: LGPL-3.0-or-later
from typing import NamedTuple

from markupsafe import Markup

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools import orgnr

OUR_PAGE = "kundekartotek"


class CompletenessRule(NamedTuple):
    """One thing that a customer must have before it can be invoiced."""

    key: str
    message: str  # names the field and says where it is filled in
    missing: Domain  # the customers that lack it; searched by PostgreSQL and tested in Python alike
    fields: tuple  # what ``missing`` reads
    field: str = ""  # where it is filled in, in the form: the field,
    page: str = ""  # and the page of the notebook; none at the top of the card


class ResPartner(models.Model):
    """What a customer lacks for a lawful invoice that can be delivered, in the active company."""

    _inherit = "res.partner"

    customer_completeness = fields.Selection(
        [("incomplete", "Incomplete"), ("complete", "Complete")],
        string="Completeness",
        compute="_compute_customer_completeness",
        compute_sudo=True,
        search="_search_customer_completeness",
        groups="kundekartotek_addon.group_reader",
        help="Whether the customer has all that a lawful invoice which can be delivered needs.",
    )
    customer_missing = fields.Html(
        string="Missing",
        sanitize=False,
        compute="_compute_customer_completeness",
        compute_sudo=True,
        groups="kundekartotek_addon.group_reader",
    )
    buyer_reference = fields.Char(
        string="Buyer's Reference",
        help="What the buyer wants every invoice to say, as public bodies do. Each new invoice gets it.",
    )

    def _commercial_fields(self):
        return super()._commercial_fields() + ["buyer_reference"]

    @api.model
    def _audited_fields(self):
        return super()._audited_fields() + ["buyer_reference"]

    @api.model
    def _completeness_rules(self):
        """What a customer must have. Extended by whoever knows of more.

        Buyer on the invoice: bokføringsforskriften § 5-1-2 (name, and address or organisation number);
        electronic invoices to public bodies: FOR-2019-04-01-444.

        :return: list of :class:`CompletenessRule`
        """
        domestic = Domain("country_id", "=", False) | Domain("country_id.code", "in", orgnr.NORWEGIAN_COUNTRIES)
        public = Domain("customer_type", "=", "public") & Domain("invoice_sending_method", "!=", "manual")
        address = (
            (Domain("street", "!=", False) | Domain("street2", "!=", False))
            & Domain("city", "!=", False)
            & (Domain("zip", "!=", False) | ~domestic)
        )
        address_fields = (
            "street",
            "street2",
            "zip",
            "city",
            "country_id",
            "child_ids.type",
            "child_ids.street",
            "child_ids.street2",
            "child_ids.zip",
            "child_ids.city",
            "child_ids.country_id",
        )
        no_address = ~address & ~Domain("child_ids", "any", Domain("type", "=", "invoice") & address)
        rules = [
            CompletenessRule(
                "name", self.env._("Name: at the top of the card"), Domain("name", "=", False), ("name",),
                "name",
            ),
            CompletenessRule(
                "address",
                self.env._(
                    "Address (street, postal code and city) or organisation number: at the top of the card"
                ),
                no_address & Domain("company_registry", "=", False),
                (*address_fields, "company_registry"),
                "street",
            ),
            CompletenessRule(
                "company_registry",
                self.env._("Organisation number: at the top of the card"),
                Domain("customer_type", "in", ("business", "public"))
                & domestic
                & Domain("company_registry", "=", False),
                ("customer_type", "country_id", "company_registry"),
                "company_registry",
            ),
            CompletenessRule(
                "email",
                self.env._(
                    "E-mail or invoice e-mail, because invoices are sent by e-mail: Customer File, Sending"
                ),
                Domain("invoice_sending_method", "in", (False, "email"))
                & Domain("invoice_email", "=", False)
                & Domain("email", "=", False)
                & ~Domain(
                    "child_ids",
                    "any",
                    Domain("email", "!=", False)
                    & (Domain("type", "=", "invoice") | Domain("contact_role_ids.code", "=", "invoice")),
                ),
                (
                    "invoice_sending_method",
                    "invoice_email",
                    "email",
                    "child_ids.email",
                    "child_ids.type",
                    "child_ids.contact_role_ids",
                ),
                "invoice_email",
                OUR_PAGE,
            ),
            CompletenessRule(
                "payment_term",
                self.env._("Payment terms: Customer File, Terms"),
                Domain("property_payment_term_id", "=", False),
                ("property_payment_term_id",),
                "property_payment_term_id",
                OUR_PAGE,
            ),
            CompletenessRule(
                "customer_type",
                self.env._("Customer type: Customer File, Identity"),
                Domain("customer_type", "=", False),
                ("customer_type",),
                "customer_type",
                OUR_PAGE,
            ),
            CompletenessRule(
                "buyer_reference",
                self.env._(
                    "Buyer's reference, because the customer is a public body: Customer File, Sending"
                ),
                public & Domain("buyer_reference", "=", False),
                ("customer_type", "invoice_sending_method", "buyer_reference"),
                "buyer_reference",
                OUR_PAGE,
            ),
            self._get_edi_format_rule(public, domestic),
        ]
        methods = dict(self._fields["invoice_sending_method"].selection)
        if "snailmail" in methods:
            rules.append(
                CompletenessRule(
                    "postal_address",
                    self.env._("Address, because invoices are sent by post: at the top of the card"),
                    Domain("invoice_sending_method", "=", "snailmail") & no_address,
                    ("invoice_sending_method", *address_fields),
                    "street",
                )
            )
        if "peppol" in methods and "peppol_endpoint" in self._fields:
            rules.append(
                CompletenessRule(
                    "peppol",
                    self.env._("Peppol endpoint, because invoices are sent by Peppol: Invoicing"),
                    Domain("invoice_sending_method", "=", "peppol")
                    & (Domain("peppol_eas", "=", False) | Domain("peppol_endpoint", "=", False)),
                    ("invoice_sending_method", "peppol_eas", "peppol_endpoint"),
                    "peppol_endpoint",
                    "accounting",
                )
            )
        return rules

    @api.model
    def _get_edi_format_rule(self, public, domestic):
        """Public bodies take EHF, which is Peppol BIS Billing 3. Core suggests it for Norwegian customers
        where electronic invoicing is installed, and stores only what differs from the suggestion."""
        ehf = [
            key
            for key, _label in self._fields["invoice_edi_format"].selection
            if key.startswith(("ubl_bis", "ehf"))
        ]
        if not ehf:
            return CompletenessRule(
                "edi_format",
                self.env._(
                    "EHF invoice format, because the customer is a public body: an administrator "
                    "must install electronic invoicing (UBL), or choose the sending method "
                    "Manual if EHF is sent by another program"
                ),
                public,
                ("customer_type", "invoice_sending_method"),
            )
        return CompletenessRule(
            "edi_format",
            self.env._(
                "EHF invoice format (Peppol BIS 3), because the customer is a public body: Invoicing"
            ),
            public
            & Domain("invoice_edi_format_store", "not in", ehf)
            & ~(Domain("invoice_edi_format_store", "=", False) & domestic),
            ("customer_type", "invoice_sending_method", "invoice_edi_format_store", "country_id"),
            "invoice_edi_format",
            "accounting",
        )

    @api.model
    def _completeness_fields(self):
        return sorted({"is_customer"}.union(*(rule.fields for rule in self._completeness_rules())))

    @api.depends(lambda self: self._completeness_fields())
    @api.depends_context("company", "lang")
    def _compute_customer_completeness(self):
        self.customer_completeness = self.customer_missing = False
        customers = self.filtered("is_customer")
        customers.customer_completeness = "complete"
        missing = {customer: [] for customer in customers}
        for rule in self._completeness_rules():
            for customer in customers.filtered_domain(rule.missing):
                missing[customer].append(rule)
        for customer, rules in missing.items():
            if rules:
                customer.customer_completeness = "incomplete"
                customer.customer_missing = Markup("<ul>%s</ul>") % Markup().join(map(self._link_to_place, rules))

    @api.model
    def _link_to_place(self, rule):
        """What is missing as an item of a list, which the form makes lead to the field."""
        if not rule.field:
            return Markup("<li>%s</li>") % rule.message
        return Markup('<li><a href="#" data-field="%s" data-page="%s">%s</a></li>') % (
            rule.field, rule.page, rule.message)

    def _search_customer_completeness(self, operator, value):
        if operator != "in":
            return NotImplemented
        self._check_field_access(self._fields["customer_completeness"], "read")
        domains = {
            state: Domain("id", "in", self._select_customers(state)) for state in ("incomplete", "complete")
        }
        domains[False] = Domain("is_customer", "=", False)
        return Domain.OR(domains[state] for state in value if state in domains)

    def _select_customers(self, state):
        """A sub-query of customers, archived ones included. As superuser: whether a customer is complete must
        not depend on what the user may see of it; the query around this one decides which are shown.

        OFFSET 0 keeps PostgreSQL from testing the rules as filters of the whole table: it would think them so
        costly that it spends seconds compiling them first."""
        query = self.sudo().with_context(active_test=False)._search([("is_customer", "=", True)])
        return SQL(
            "(SELECT s.id FROM (%s OFFSET 0) s WHERE s.state = %s)",
            query.select(
                SQL.identifier(query.table, "id"),
                SQL("%s AS state", self._field_to_sql(query.table, "customer_completeness", query)),
            ),
            state,
        )

    def _field_to_sql(self, alias, field_expr, query=None):
        """Lets lists and kanbans group and sort by completeness, which depends on the company and so has no
        column of its own."""
        if field_expr != "customer_completeness":
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        model = self.sudo()
        incomplete, customer = (
            domain.optimize_full(model)._to_sql(model, alias, query)
            for domain in (
                Domain.OR(rule.missing for rule in self._completeness_rules()),
                Domain("is_customer", "=", True),
            )
        )
        return SQL(
            "CASE WHEN NOT %s THEN NULL WHEN %s THEN 'incomplete' ELSE 'complete' END", customer, incomplete
        )
