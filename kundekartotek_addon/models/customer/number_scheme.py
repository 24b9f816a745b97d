# SPDX-License-Identifier: LGPL-3.0-or-later
import hashlib

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ...tools.number_pattern import MAX_WIDTH, NumberPattern, PatternError
from .number_counter import SEQUENCE_PREFIX

LARGEST_DRAW = 10_000


class NumberScheme(models.Model):
    """How the numbers of new customers look, and the counters they are drawn from.

    A counter is a PostgreSQL sequence, because drawing from one locks nothing: any number of workers draw
    at once, and nobody waits for somebody else's transaction. The price is a gap in the numbers when a
    transaction is rolled back. The counter only proposes; the register of given numbers decides.
    """

    _name = "kundekartotek.number.scheme"
    _description = "Customer Number Scheme"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", help="Only this company may use the scheme. Empty: every company.")
    pattern = fields.Char(
        required=True, default="{seq:05}",
        help="What the number is made of, e.g. {type}{seq:03}. Text outside braces is taken as it is.",
    )
    business_code = fields.Char(string="Letter for Businesses", default="B", help="What {type} stands for.")
    consumer_code = fields.Char(string="Letter for Consumers", default="P", help="What {type} stands for.")
    public_code = fields.Char(
        string="Letter for the Public Sector", default="O", help="What {type} stands for.")
    preview = fields.Html(compute="_compute_preview", sanitize=False)
    counter_ids = fields.One2many("kundekartotek.number.counter", "scheme_id", string="Counters")

    @api.constrains("pattern")
    def _check_pattern(self):
        for scheme in self:
            try:
                NumberPattern.parse(scheme.pattern)
            except PatternError as error:
                raise ValidationError(scheme._pattern_error_text(error)) from error

    def _pattern_error_text(self, error):
        texts = {
            "unknown": self.env._("%(token)s is not known. Use {seq}, {type}, {category}, {region}, {year}, "
                                  "{luhn} or {mod11}.", token=error.token),
            "brace": self.env._("A brace stands alone: every { needs its }."),
            "width": self.env._("%(token)s: the digits must be from 1 to %(largest)s, as in {seq:05}.",
                                token=error.token, largest=MAX_WIDTH),
            "no_sequence": self.env._("“%(token)s” has no counter. Put {seq:05} where it shall count.",
                                      token=error.token),
            "two_sequences": self.env._("%(token)s is a second counter. A number has exactly one.",
                                        token=error.token),
            "check_not_last": self.env._("%(token)s must stand last: it checks the digits before it.",
                                         token=error.token),
        }
        return texts[error.reason]

    @api.depends("pattern", "company_id", "business_code", "consumer_code", "public_code",
                 "counter_ids.next_number")
    @api.depends_context("lang")
    def _compute_preview(self):
        year = str(fields.Date.context_today(self).year)
        samples = [
            (self.env._("Business in Oslo"), {"type": "business", "region": "03"}),
            (self.env._("Consumer in Bergen"), {"type": "consumer", "region": "46"}),
            (self.env._("Municipality in Troms"), {"type": "public", "region": "55"}),
            (self.env._("Business in Sweden"), {"type": "business", "region": "SE"}),
        ]
        for scheme in self:
            try:
                pattern = NumberPattern.parse(scheme.pattern or "")
            except PatternError as error:
                text = scheme._pattern_error_text(error)
                scheme.preview = Markup("<span class='text-danger'>%s</span>") % text
                continue
            rows = Markup()
            for label, values in samples:
                letter = scheme[f"{values['type']}_code"] or ""
                counter = pattern.counter(**{**values, "type": letter, "category": "A", "year": year})
                upcoming = scheme._upcoming(counter)
                rows += Markup("<tr><td>%s</td><td><b>%s</b></td><td>%s</td></tr>") % (
                    label, next(upcoming)[1], next(upcoming)[1])
            scheme.preview = Markup(
                "<table class='table table-sm'><tr><th>%s</th><th>%s</th><th>%s</th></tr>%s</table>") % (
                self.env._("Customer"), self.env._("Next number"), self.env._("The one after"), rows)

    def unlink(self):
        """Numbers given stay in the register; only the counters go."""
        for name in self.counter_ids.mapped("sequence_name"):
            self.env.cr.execute(SQL("DROP SEQUENCE %s", SQL.identifier(name)))
        return super().unlink()

    # Giving numbers

    def _counter_of(self, partner, year=None):
        """The counter that a customer's number comes from, this year or in another."""
        self.ensure_one()
        values = partner._prepare_number_values()
        if year:
            values["year"] = year
        values["type"] = self[f"{partner.customer_type or partner._find_customer_type()}_code"] or ""
        return NumberPattern.parse(self.pattern).counter(**values)

    def _assign(self, partners):
        """Give each customer a number of this scheme, or the latest one it had: a number once given is
        the customer's for ever.

        :return: ``{partner: number}``
        """
        self.ensure_one()
        register = self.env["kundekartotek.customer.number"]
        own = register._latest_numbers(partners)
        given = {partner: own[partner] for partner in register._give(own, "scheme", self)}
        by_counter = (partners - partners.browse(p.id for p in given)).grouped(self._counter_of)
        for counter in sorted(by_counter, key=lambda counter: counter.key):  # one order, so no deadlock
            given.update(self._assign_from(counter, by_counter[counter]))
        return given

    def _assign_from(self, counter, partners):
        """Draw until every customer has a number. Where the counter runs into numbers given by hand it
        draws ever larger lots, so that it is soon through them."""
        register = self.env["kundekartotek.customer.number"]
        given, lot = {}, len(partners)
        while partners:
            numbers = list(filter(None, map(counter.number, self._draw(counter, lot))))
            taken = register._taken(numbers, self.company_id)
            free = (number for number in numbers if number.lower() not in taken)
            pairs = dict(zip(partners, free, strict=False))
            done = register._give(pairs, "scheme", self)
            given.update((partner, pairs[partner]) for partner in done)
            partners -= done
            lot = len(partners) if done else min(2 * lot, LARGEST_DRAW)
        return given

    def _fits(self, customer):
        """Whether a customer's number could have come from this scheme, in whatever year."""
        number = (customer.ref or "").strip()
        years = {number[place:place + 4] for place in range(len(number) - 3)} | {""}
        return any(self._counter_of(customer, year).sequence(number) is not None
                   for year in years if not year or year.isdecimal())

    def _plan(self, partners):
        """The numbers that these customers would get one after the other, drawing none.

        :return: ``{partner: number}``, and how many values of the counters are passed over
        """
        upcoming, sequences, plan = {}, {}, {}
        for partner in partners:
            counter = self._counter_of(partner)
            series = upcoming.setdefault(counter, self._upcoming(counter))
            value, plan[partner] = next(series)
            sequences.setdefault(counter, []).append(value)
        passed_over = sum(values[-1] + 1 - self._next_sequence(counter) - len(values)
                          for counter, values in sequences.items())
        return plan, passed_over

    def _give_planned(self, plan):
        """Enter planned numbers, and let the counters go on after them. The counters first: who draws at the
        same time gets later numbers, instead of waiting for ours.

        :return: whether all were still free
        """
        highest = {}
        for partner, number in plan.items():
            counter = self._counter_of(partner)
            highest[counter] = max(counter.sequence(number) or 0, highest.get(counter, 0))
        for counter in sorted(highest, key=lambda counter: counter.key):
            self._advance(counter, highest[counter])
        return len(self.env["kundekartotek.customer.number"]._give(plan, "renumber", self)) == len(plan)

    def _upcoming(self, counter):
        """Yield (sequence, number) in the order the counter would give them, drawing none."""
        register = self.env["kundekartotek.customer.number"]
        sequence, lot = self._next_sequence(counter), 10
        while True:
            numbers = [(value, counter.number(value)) for value in range(sequence, sequence + lot)]
            taken = register._taken([number for _value, number in numbers if number], self.company_id)
            yield from (pair for pair in numbers if pair[1] and pair[1].lower() not in taken)
            sequence, lot = sequence + lot, min(2 * lot, LARGEST_DRAW)

    # Counters: PostgreSQL sequences

    def _sequence_name(self, counter):
        key = hashlib.sha256(counter.key.encode()).hexdigest()[:16]
        return f"{SEQUENCE_PREFIX}{self._origin.id or 0}_{key}"

    def _draw(self, counter, count):
        """:return: list of ``count`` values of the counter, given to nobody else, ever"""
        name = self._ensure_sequence(counter)
        rows = self.env.execute_query(SQL(
            "SELECT nextval(%s::regclass) FROM generate_series(1, %s)", name, count))
        self.counter_ids.invalidate_model(["next_number"])
        return [value for value, in rows]

    def _advance(self, counter, sequence):
        """Let the counter go on after a value, at least."""
        self.env.cr.execute(SQL(
            "SELECT setval(%(name)s, greatest(%(value)s, pg_sequence_last_value(%(name)s::regclass)))",
            name=self._ensure_sequence(counter), value=sequence))

    def _next_sequence(self, counter):
        rows = self.env.execute_query(SQL(
            "SELECT pg_sequence_last_value(to_regclass(%s)) + 1", self._sequence_name(counter)))
        return rows[0][0] or self._highest_sequence(counter) + 1

    def _ensure_sequence(self, counter):
        """Create the sequence on first use. Who comes second waits for the first one's transaction, once
        for each counter ever; from then on nobody waits.

        :return: the name of the sequence
        """
        name = self._sequence_name(counter)
        if self.env.execute_query(SQL("SELECT to_regclass(%s)", name))[0][0]:
            return name
        # Who waited here is still not shown the sequence by a query; only the statements below see it.
        self.env.cr.execute(SQL("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", name))
        self.env.cr.execute(SQL(
            """CREATE SEQUENCE IF NOT EXISTS %(sequence)s MINVALUE 0;
               COMMENT ON SEQUENCE %(sequence)s IS %(key)s;
               SELECT setval(%(name)s, %(highest)s) FROM %(sequence)s WHERE NOT is_called""",
            sequence=SQL.identifier(name), key=counter.key, name=name,
            highest=self._highest_sequence(counter)))
        self.invalidate_recordset(["counter_ids"])
        return name

    def _highest_sequence(self, counter):
        """Where a new counter begins: after the highest number given so far that looks like its own. Longer
        ones are left out: a telephone number in an old file must not become the beginning."""
        register = self.env["kundekartotek.customer.number"]
        rows = self.env.execute_query(SQL(
            "SELECT number FROM kundekartotek_customer_number WHERE lower(number) LIKE %s AND %s",
            register._like(counter.prefix) + "%", register._meets(self.company_id)))
        found = (counter.sequence(number) for number, in rows)
        return max((value for value in found if value and value < 10 ** max(counter.width, 2)), default=0)
