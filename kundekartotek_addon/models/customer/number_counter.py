# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

# The sequence of a counter is named kundekartotek_counter_<scheme id>_<hash of the counter's key>.
SEQUENCE_PREFIX = "kundekartotek_counter_"


class NumberCounter(models.Model):
    """The counters of the schemes as PostgreSQL has them, so that an administrator sees and sets what
    comes next. There is no table: the name of a sequence says its scheme, its comment says its key."""

    _name = "kundekartotek.number.counter"
    _description = "Counter of a Customer Number Scheme"
    _auto = False
    _order = "scheme_id, key"
    _rec_name = "key"

    scheme_id = fields.Many2one("kundekartotek.number.scheme", readonly=True)
    key = fields.Char(
        string="Numbers", readonly=True, help="How the numbers of this counter look; # is what counts.")
    sequence_name = fields.Char(readonly=True)
    next_number = fields.Integer(
        string="Next", help="The next value. Numbers already given are skipped, so no value can do harm.")

    @property
    def _table_query(self):
        return SQL(
            """SELECT oid::bigint AS id, relname::varchar AS sequence_name,
                      split_part(relname, '_', 3)::int AS scheme_id, obj_description(oid, 'pg_class') AS key,
                      pg_sequence_last_value(oid) + 1 AS next_number
                 FROM pg_class
                WHERE relkind = 'S' AND relnamespace = current_schema::regnamespace
                  AND starts_with(relname, %s)""", SEQUENCE_PREFIX)

    def write(self, vals):
        """Set what comes next. Takes effect at once, also for transactions under way."""
        self.check_access("write")
        value = vals.get("next_number", 0)
        if vals.keys() != {"next_number"} or not isinstance(value, int) or value < 1:
            raise ValidationError(self.env._("The next number must be a whole number from 1 up."))
        for counter in self:
            self.env.cr.execute(SQL("SELECT setval(%s::regclass, %s)", counter.sequence_name, value - 1))
        self.invalidate_model(["next_number"])
        return True
