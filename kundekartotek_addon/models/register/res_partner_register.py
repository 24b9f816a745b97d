# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_date, format_datetime

from ...tools import orgnr
from .register_entry import CUSTOMER_NUMBER, STATUSES

GONE = [("unknown", "Unknown to the Register"), ("withdrawn", "Withdrawn by the Register"), ("pending", "Not Checked")]
HOLD = ("winding_up", "compulsory_winding_up", "bankrupt", "deleted")  # no more credit by itself
OF_ENTRY = {"compute": "_compute_register", "groups": "base.group_user"}


class ResPartner(models.Model):
    """How a customer stands in the register: read from the entry of its number, stored nowhere else."""

    _inherit = "res.partner"

    register_status = fields.Selection(
        STATUSES + GONE, string="Brønnøysund", **OF_ENTRY, search="_search_register_status",
        help="How the unit with this organisation number stands in Enhetsregisteret.")
    register_checked = fields.Datetime(**OF_ENTRY)
    register_unreachable_since = fields.Datetime(**OF_ENTRY)
    register_line = fields.Char(string="Status in Brønnøysund", **OF_ENTRY)
    register_line_level = fields.Char(**OF_ENTRY)
    register_hold_reason = fields.Char(**OF_ENTRY)
    register_vat_registered = fields.Boolean(string="Registered for VAT", **OF_ENTRY)
    register_legal_form = fields.Char(string="Legal Form", **OF_ENTRY)
    register_industry = fields.Char(string="Industry (NACE)", **OF_ENTRY)
    register_sector = fields.Char(string="Sector", **OF_ENTRY)
    register_employees = fields.Char(string="Employees", **OF_ENTRY)
    register_parent = fields.Char(string="Parent Unit", **OF_ENTRY)

    # It depends on the entry too, which is another record: the entry invalidates it when it is written.
    @api.depends("commercial_partner_id", "country_id", *orgnr.FIELDS)
    @api.depends_context("lang", "tz")
    def _compute_register(self):
        Entry = self.env["kundekartotek.register.entry"]
        numbers = {partner: partner.commercial_partner_id._get_organisation_number() for partner in self}
        entries = Entry._of_numbers(set(numbers.values()))
        for partner, number in numbers.items():
            entry = entries.get(number) or Entry.sudo()
            partner.update({
                "register_status": entry._get_status() if entry else False,
                "register_checked": entry.fetched,
                "register_unreachable_since": entry.unreachable_since,
                "register_line": entry._describe_line() if entry else False,
                "register_line_level": entry._get_level() if entry else False,
                "register_hold_reason": entry._get_hold_reason() if entry else False,
                "register_vat_registered": entry.vat_registered,
                "register_legal_form": entry.legal_form_name,
                "register_industry": " ".join(filter(None, (entry.industry_code, entry.industry_name))),
                "register_sector": entry.sector,
                "register_employees": entry.employees,
                "register_parent": entry.parent_number,
            })

    def _search_register_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        gone = {
            "unknown": SQL("answer = 'unknown'"), "withdrawn": SQL("answer = 'withdrawn'"),
            "pending": SQL("answer IS NULL"),
        }  # fmt: skip
        statuses = [each for each in value if each in dict(STATUSES)]
        known = SQL("answer IN ('found', 'deleted') AND status = ANY(%s)", statuses)
        condition = SQL(" OR ").join([known, *(gone[each] for each in value if each in gone)])
        found = self._register_domain(condition)
        return found | ~self._register_domain(SQL("TRUE")) if False in value else found

    @api.model
    def _register_domain(self, condition):
        """Partners whose commercial partner's number has an entry for which the condition holds."""
        self.env["kundekartotek.register.entry"].flush_model()
        self.flush_model([*orgnr.FIELDS, "country_id", "commercial_partner_id"])
        owners = SQL(
            """(SELECT res_partner.id FROM res_partner
                  LEFT JOIN res_country country ON country.id = res_partner.country_id
                 WHERE commercial_partner_id = res_partner.id
                   AND coalesce(country.code, 'NO') = ANY(%s)
                   AND %s IN (SELECT number FROM kundekartotek_register_entry WHERE %s))""",
            list(orgnr.NORWEGIAN_COUNTRIES), CUSTOMER_NUMBER, condition)
        return Domain.custom(to_sql=lambda model, alias, query: SQL(
            "%s IN %s", SQL.identifier(alias, "commercial_partner_id"), owners))

    def _get_register_entry(self):
        """:return: the entry of this customer's number, with superuser rights (see ``_of_numbers``), or empty"""
        self.ensure_one()
        number = self.commercial_partner_id._get_organisation_number()
        Entry = self.env["kundekartotek.register.entry"]
        return Entry._of_numbers([number]).get(number) or Entry.sudo()

    # -- hooks of the rooms above ----------------------------------------------------------------------------

    def _find_customer_type(self):
        """What the register knows goes before what is seen from here. A person is a consumer still."""
        found = super()._find_customer_type()
        if found == "consumer":
            return found
        number = self._get_organisation_number()
        entry = self.env["kundekartotek.register.entry"]._of_numbers([number]).get(number) if number else None
        return entry.customer_type if entry and entry.customer_type else found

    def _customer_hold_reasons(self):
        return super()._customer_hold_reasons() + self._register_hold_reasons()

    def _register_hold_reasons(self):
        """Why the register keeps this commercial partner from buying on credit.

        :return: list of texts, empty when nothing does
        """
        self.ensure_one()
        reason = self.sudo().register_hold_reason  # the field: read at once for all customers of a list
        return [reason] if reason else []

    def _become_customer(self):
        super()._become_customer()
        self._enqueue_register()

    def write(self, vals):
        """What is known of a person goes with the last customer that has its number."""
        if vals.keys().isdisjoint({*orgnr.FIELDS, "country_id"}):
            return super().write(vals)
        before = self._get_customer_numbers()
        # sudo: whoever may write the number need not see what was decided
        kept = {partner: partner._get_organisation_number() for partner in self.sudo() if partner.register_kept}
        result = super().write(vals)
        for partner, number in kept.items():
            if partner._get_organisation_number() != number:
                partner.register_kept = False  # it was kept beside what another unit says
        self.filtered("is_customer")._enqueue_register()
        self.env["kundekartotek.register.entry"]._forget_persons(before - self._get_customer_numbers())
        return result

    def unlink(self):
        numbers = self._get_customer_numbers()
        result = super().unlink()
        self.env["kundekartotek.register.entry"]._forget_persons(numbers)
        return result

    def _get_customer_numbers(self):
        """:return: set of the organisation numbers of those of these partners that are customers"""
        return {partner._get_organisation_number() for partner in self if partner.is_customer} - {None}

    def _enqueue_register(self):
        """Have customers validated, whichever way they came: queued, for saving must not wait."""
        numbers = [partner._get_organisation_number() for partner in self if partner.commercial_partner_id == partner]
        self.env["kundekartotek.register.entry"]._enqueue(numbers)

    def _follow_register(self):
        """Let what depends on the register be found anew for these customers."""
        if not self:
            return
        self._forget_register()
        self.env.add_to_compute(self._fields["customer_type"], self.filtered(lambda p: not p.customer_type_locked))
        self._apply_category_rules()

    def _forget_register(self):
        """What was read from an entry that is written now is read again."""
        names = [name for name in self._fields if name.startswith("register_")]
        self.env["res.partner"].invalidate_model([*names, "customer_on_hold", "customer_hold_reason"])

    # -- buttons --------------------------------------------------------------------------------------------

    def action_refresh_register(self):
        """Ask the register now."""
        self.ensure_one()
        self.check_access("write")
        self._check_register_is_on()
        service = self.env["kundekartotek.register.service"]
        partner = self.commercial_partner_id
        number = partner._get_organisation_number()
        if not number:
            raise UserError(self.env._("The customer has no valid Norwegian organisation number to ask for."))
        if not service._may_look_up():
            raise UserError(self.env._("That was many look-ups in a minute. Wait a little."))
        outcome = service._fetch_one(number)  # before anything is written
        stored = partner._store_register_outcome(number, outcome)
        message = service._explain(outcome) if stored else self.env._(
            "Somebody else fetches it at this moment. Look again in a little while.")
        return {
            "type": "ir.actions.client", "tag": "display_notification",
            "params": {
                "message": message or self.env._("Fetched from Brønnøysund."),
                "type": "warning" if message else "success",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }  # fmt: skip

    @api.model
    def _store_register_outcome(self, number, outcome):
        """sudo: whoever may write the customer may refresh what the register says of it.

        :return: the entry, empty if somebody else holds it
        """
        Entry = self.env["kundekartotek.register.entry"].sudo()
        entry = Entry._of_numbers([number]).get(number) or Entry.create({"number": number})
        stored = entry._store({number: outcome})
        self._forget_register()
        return stored

    def _check_case_worker(self):
        if not self.env.user.has_group("kundekartotek_addon.group_case_worker"):
            raise AccessError(self.env._("Only case workers validate customers against the register."))

    @api.model
    def _check_register_is_on(self):
        """:raise UserError: if the register may not be asked"""
        if not self.env["kundekartotek.register.service"]._is_on():
            raise UserError(self.env._("Look-ups in Brønnøysund are switched off in Settings."))

    def action_validate_in_register(self):
        """Validate the selected customers against the register, in the background."""
        self._check_case_worker()
        self._check_register_is_on()
        self.check_access("read")
        customers = self.commercial_partner_id.filtered("is_customer")
        if not customers:
            raise UserError(self.env._("None of the selected contacts is a customer."))
        return self.env["kundekartotek.register.run"]._start(customers)._get_records_action()


class RegisterEntry(models.Model):
    """How an entry is told of on the customer."""

    _inherit = "kundekartotek.register.entry"

    @api.model
    def _forget_persons(self, numbers):
        """Delete the entries of sole proprietors among these numbers that no customer has any more. sudo: who
        deletes a customer deletes what was kept for it."""
        if not numbers:
            return
        persons = self.sudo().search([("number", "in", list(numbers)), ("is_person", "=", True)])
        used = persons._find_customers()
        persons.filtered(lambda entry: entry.number not in used).unlink()

    def _get_status(self):
        self.ensure_one()
        return self.status if self.answer in ("found", "deleted") else self.answer or "pending"

    def _get_level(self):
        """:return: Bootstrap's name of how grave the status is"""
        status = self._get_status()
        if status in (*HOLD, "unknown", "withdrawn"):
            return "danger"
        return "warning" if status in ("foreign_insolvency", "reconstruction") or self.unreachable_since else (
            "muted" if status == "pending" else "success")

    def _get_hold_reason(self):
        """:return: why nothing is sold on credit to this unit, in words; nothing where that is not so"""
        if self._get_status() not in HOLD:
            return False
        status = self._get_status_label()
        if not self.status_date:
            return self.env._("Brønnøysund: %(status)s", status=status)
        return self.env._(
            "Brønnøysund: %(status)s since %(date)s", status=status, date=self._format(self.status_date))

    def _get_status_label(self):
        labels = dict(self.env["res.partner"]._fields["register_status"]._description_selection(self.env))
        return labels[self._get_status()]

    def _describe_line(self):
        """:return: the status with its dates, on one line"""
        self.ensure_one()
        status = self._get_status()
        text = self._get_status_label().lower()
        if self.status_date and status == self.status and status != "active":
            text = self.env._("%(status)s since %(date)s", status=text, date=self._format(self.status_date))
        if self.fetched:
            text = self.env._("%(status)s, checked %(date)s", status=text, date=self._format(self.fetched))
        if self.unreachable_since:
            text += self.env._(
                " – not reached since %(time)s",
                time=format_datetime(self.env, self.unreachable_since, dt_format="dd.MM.yyyy HH:mm"))
        return text

    def _format(self, date):
        if hasattr(date, "hour"):
            date = fields.Datetime.context_timestamp(self, date).date()
        return format_date(self.env, date, date_format="dd.MM.yyyy")

