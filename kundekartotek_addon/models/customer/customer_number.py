# SPDX-License-Identifier: LGPL-3.0-or-later
from psycopg2.errors import ExclusionViolation, SerializationFailure

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL


class CustomerNumber(models.Model):
    """Every customer number ever given. A number is in use where its holder's ``ref`` still is it.

    Rows are entered by SQL in ``_give`` and never change: a number survives its customer, and a merge
    carries it to the customer that stays. Numbers differ by more than case and surrounding blanks.
    """

    _name = "kundekartotek.customer.number"
    _description = "Given Customer Number"
    _order = "id desc"
    _rec_name = "number"

    number = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", readonly=True, ondelete="cascade",
        help="The company whose customers cannot have this number any more. Empty: no company's can.")
    # Core's merge moves this column by SQL and would delete rows that a UNIQUE on it refuses: have none.
    partner_id = fields.Many2one(
        "res.partner", string="Customer", readonly=True, ondelete="set null", index="btree_not_null")
    holder_id = fields.Integer(string="Given to (ID)", readonly=True)
    holder_name = fields.Char(string="Given to", readonly=True, help="The name when the number was given.")
    in_use = fields.Boolean(compute="_compute_in_use", search="_search_in_use")
    scheme_id = fields.Many2one(
        "kundekartotek.number.scheme", readonly=True, ondelete="set null", index="btree_not_null")
    origin = fields.Selection(
        [("scheme", "Number scheme"), ("typed", "Typed"), ("import", "Import"), ("renumber", "Renumbering"),
         ("existing", "There before")],
        required=True, readonly=True)
    create_uid = fields.Many2one("res.users", string="Given by", readonly=True)
    create_date = fields.Datetime(string="Given on", readonly=True)

    # A number in one company is a point, a number in all companies a line: (hash, company) or (hash, every
    # company). What overlaps is refused, so that a shared customer's number is free in no company. The hash
    # is cut to the 53 bits that a coordinate holds; with a million numbers the odds that any two
    # different ones meet are 1 in 18,000, and then the one is merely refused.
    _number_uniq = models.Constraint("""EXCLUDE USING gist (box(
        point(hashtextextended(lower(number), 0) >> 11, coalesce(company_id, 0)),
        point(hashtextextended(lower(number), 0) >> 11, coalesce(company_id, 2147483647))) WITH &&)""")
    _number_idx = models.Index("(lower(number) text_pattern_ops)")

    @api.depends("number", "partner_id.ref")
    def _compute_in_use(self):
        for row in self:
            row.in_use = row.number.lower() == (row.partner_id.ref or "").strip().lower()

    def _search_in_use(self, operator, value):
        if operator != "in":
            return NotImplemented
        used = fields.Domain("id", "in", SQL(
            """(SELECT n.id FROM kundekartotek_customer_number n JOIN res_partner p ON p.id = n.partner_id
                 WHERE lower(n.number) = lower(btrim(%s)))""",
            self.env["res.partner"]._field_to_sql("p", "ref")))
        return fields.Domain.OR([used if wanted else ~used for wanted in set(map(bool, value))])

    # Nobody changes the register through the ORM, not even the superuser.

    @api.model_create_multi
    def create(self, vals_list):
        raise UserError(self.env._(
            "Numbers enter the register when a customer gets them. Type the number on the customer."))

    def write(self, vals):
        raise UserError(self.env._("The register of given customer numbers cannot be changed."))

    def unlink(self):
        raise UserError(self.env._("A customer number once given stays in the register."))

    # Helpers of res.partner and the schemes. They run with the rights of the system (SQL), because whoever
    # makes a customer, a salesperson or the web shop, gives a number.

    @api.model
    def _like(self, text):
        """A text for LIKE on ``lower(number)``: lower case, wildcards taken literally."""
        return text.lower().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")

    @api.model
    def _give(self, numbers, origin, scheme=None):
        """Enter numbers, first come, first served.

        :param numbers: ``{partner: number}``
        :return: the partners that hold their number now, also those that held it before
        """
        rows = {partner: number.strip() for partner, number in numbers.items() if number.strip()}
        partners = self.env["res.partner"].union(*rows)
        if not rows:
            return partners
        covered = self._own_rows(rows)
        done = {partner_id for partner_id, covers in covered.items() if covers}
        narrow = (partner for partner in rows if covered.get(partner.id) is False and not partner.company_id)
        done |= {partner.id for partner in narrow if self._widen(partner, rows[partner])}
        done |= self._enter({p: number for p, number in rows.items() if p.id not in done}, origin, scheme)
        partners.invalidate_recordset(["customer_number_ids", "customer_number_issue"])
        return partners.filtered(lambda partner: partner.id in done)

    @api.model
    def _values(self, rows):
        """Rows of ``{partner: number}`` for FROM: v(partner_id, number, company_id, name)."""
        return SQL(
            "unnest(%s::int[], %s::varchar[], %s::int[], %s::varchar[])"
            " AS v(partner_id, number, company_id, name)",
            [p.id for p in rows], list(rows.values()), [p.company_id.id or None for p in rows],
            [p.name or "" for p in rows])

    @api.model
    def _own_rows(self, rows):
        """Which of these partners once got that same number.

        :return: ``{partner id: whether it got it for the company it belongs to now}``
        """
        return dict(self.env.execute_query(SQL(
            """SELECT v.partner_id,
                      bool_or(n.company_id IS NULL OR coalesce(n.company_id = v.company_id, false))
                 FROM %s
                 JOIN kundekartotek_customer_number n
                   ON n.partner_id = v.partner_id AND lower(n.number) = lower(v.number)
                GROUP BY 1""", self._values(rows))))

    @api.model
    def _widen(self, partner, number):
        """A company's customer is shared now: its number must be free in the other companies too.

        :return: whether it was
        """
        own = SQL("partner_id = %s AND lower(number) = lower(%s)", partner.id, number)
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(SQL(
                    """DELETE FROM kundekartotek_customer_number
                        WHERE %s
                          AND id <> (SELECT min(id) FROM kundekartotek_customer_number WHERE %s)""",
                    own, own))
                widen = SQL("UPDATE kundekartotek_customer_number SET company_id = NULL WHERE %s", own)
                self.env.cr.execute(widen, log_exceptions=False)
        except ExclusionViolation:
            return False
        self.invalidate_model()
        return True

    @api.model
    def _enter(self, rows, origin, scheme):
        """:return: ids of the partners whose numbers nobody else held"""
        if not rows:
            return set()
        insert = SQL(
            """INSERT INTO kundekartotek_customer_number
                      (number, company_id, partner_id, holder_id, holder_name, scheme_id, origin,
                       create_uid, write_uid, create_date, write_date)
               SELECT number, company_id, partner_id, partner_id, name, %(scheme)s, %(origin)s,
                      %(uid)s, %(uid)s, %(now)s, %(now)s
                 FROM %(values)s
               ON CONFLICT DO NOTHING
               RETURNING partner_id""",
            scheme=scheme.id if scheme else None, origin=origin, uid=self.env.uid, now=self.env.cr.now(),
            values=self._values(rows))
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(insert, log_exceptions=False)
                return {partner_id for partner_id, in self.env.cr.fetchall()}
        except SerializationFailure:
            # A number was given, and committed, after our transaction began: we cannot see it, others can.
            with self.env.registry.cursor() as cr:
                unseen = self.with_env(self.env(cr=cr))._taken(rows.values())
            free = {partner: number for partner, number in rows.items() if number.lower() not in unseen}
            if len(free) == len(rows):
                raise
            return self._enter(free, origin, scheme)

    @api.model
    def _taken(self, numbers, company=None):
        """:return: those of the numbers, in lower case, that are given already and not only to customers
        of companies other than ``company``"""
        return {number for number, in self.env.execute_query(SQL(
            "SELECT lower(number) FROM kundekartotek_customer_number WHERE lower(number) = ANY(%s) AND %s",
            [number.lower() for number in numbers], self._meets(company)))}

    @api.model
    def _meets(self, company):
        """The condition that a number is not free for a company; for none: that it is not free for all."""
        return SQL("(company_id IS NULL OR company_id = %s)", company.id) if company else SQL("TRUE")

    @api.model
    def _latest_numbers(self, partners):
        """:return: ``{partner: the latest number it got}``, for those that ever got one"""
        latest = dict(self.env.execute_query(SQL(
            """SELECT DISTINCT ON (partner_id) partner_id, number FROM kundekartotek_customer_number
                WHERE partner_id = ANY(%s) ORDER BY partner_id, id DESC""", partners.ids)))
        return {partner: latest[partner.id] for partner in partners if partner.id in latest}

    @api.model
    def _refusal(self, partner, number):
        """The error that says who holds a number."""
        return ValidationError(self.env._(
            "Customer number %(number)s was given to %(holder)s. A number is never given twice: "
            "choose another one, or leave the field empty to get the next free one.",
            number=number, holder=self._find_holder_name(partner, number)))

    @api.model
    def _find_holder_name(self, partner, number):
        """Who but this partner holds a number, also where the holder's transaction began after ours."""
        query = SQL(
            """SELECT partner_id, holder_name, company_id FROM kundekartotek_customer_number
                WHERE lower(number) = lower(%s) AND partner_id IS DISTINCT FROM %s AND %s""",
            number.strip(), partner.id, self._meets(partner.company_id))
        rows = self.env.execute_query(query)
        if not rows:
            with self.env.registry.cursor() as cr:
                cr.execute(query)
                rows = cr.fetchall()
        holder_id, name, company_id = rows[0] if rows else (None, "?", None)
        if company_id and company_id not in self.env.companies.ids:
            name = self.env._("a customer of another company")
        elif holder_id and (holder := self.env["res.partner"].browse(holder_id).exists()):
            name = holder.sudo().name  # sudo: the number is refused because of this customer, so say which
        return name

    @api.model
    def _enter_existing(self):
        """Enter the numbers of the customers that were there before the addon, the oldest holder first. The
        number of a later holder stays on its card, unregistered, and is shown as something to mend."""
        self.env["res.partner"].flush_model()
        self.env.cr.execute(SQL(
            """INSERT INTO kundekartotek_customer_number
                      (number, company_id, partner_id, holder_id, holder_name, origin,
                       create_uid, write_uid, create_date, write_date)
               SELECT btrim(ref), company_id, id, id, name, 'existing', %(uid)s, %(uid)s, %(now)s, %(now)s
                 FROM res_partner
                WHERE customer_rank > 0 AND commercial_partner_id = id AND btrim(ref) <> ''
                ORDER BY id
               ON CONFLICT DO NOTHING""", uid=self.env.uid, now=self.env.cr.now()))
