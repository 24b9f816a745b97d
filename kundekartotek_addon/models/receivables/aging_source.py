# SPDX-License-Identifier: LGPL-3.0-or-later
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import OrderedSet

from ...tools.aging import BASES, EPOCH, GRAINS, LAST_DAY, Stamp, split_key
from .account_index import is_ledger_item, is_open_item

ITEM_FIELDS = (
    "account_id", "amount_residual", "amount_residual_currency", "company_id", "currency_id", "date",
    "date_maturity", "invoice_date", "move_id", "no_followup", "parent_state", "partner_id",
)  # fmt: skip


class AgingSource(models.AbstractModel):
    """The open receivable items as they were at a date, and how models that read them are asked.

    The date comes in the context as ``aging_date`` (today without it), the date that items age from as
    ``aging_basis``: "due" or "invoice". An item without a due date ages from its date.

    What was open at a date is what is open now, and what was matched after that date; nothing has to be
    looked at that was settled by then. An item's rest keeps the sign of its amount, so sums of such parts
    are sums of the items. A date to come undoes nothing and shows what falls due.
    """

    _name = "kundekartotek.aging.source"
    _description = "Open Items at a Date"
    _depends = {
        "account.move.line": ITEM_FIELDS,
        "account.partial.reconcile": [
            "amount", "credit_amount_currency", "credit_move_id", "debit_amount_currency", "debit_move_id", "max_date"],
        "account.move": ["dispute_since", "promise_amount", "promise_date", "promise_since"],
        "res.partner": ["commercial_partner_id"],
        "res.company": ["currency_id"],
    }  # fmt: skip

    # ---- date, basis and grain -------------------------------------------------------------------------

    @api.model
    def _aging_stamp(self):
        """What the context asks for; nonsense in it is today, by due date."""
        context = self.env.context
        day = None
        if asked := context.get("aging_date"):
            try:
                day = fields.Date.to_date(asked)
            except (TypeError, ValueError):
                day = None
        day = min(max(day or fields.Date.context_today(self), EPOCH), LAST_DAY)
        basis = context.get("aging_basis")
        return Stamp(day, basis if basis in BASES else BASES[0], self._aging_grain())

    @api.model
    def _aging_grain(self):
        grain = self.env.context.get("aging_grain", 0)
        return grain if isinstance(grain, int) and 0 <= grain < 1 << len(GRAINS) else 0

    @api.model
    def _aging_stamps(self):
        """The stamps of the lines wanted: those of the ids that are read, else what the context asks for."""
        return self._narrowed_to("aging_stamps") or (self._aging_stamp(),)

    @api.model
    def _narrowed_to(self, name):
        """What ``_narrow`` has put into the context. It puts tuples there; what a client sends is none."""
        value = self.env.context.get(name)
        return value if isinstance(value, tuple) else None

    @property
    def _table_query(self):
        return SQL(" UNION ALL ").join(self._stamp_query(stamp) for stamp in self._aging_stamps())

    def _stamp_query(self, stamp):
        raise NotImplementedError

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """Ask only for what the domain leaves: the day and split of ids, the items of named customers."""
        self._tune()
        domain = Domain(domain)
        narrowed = self._narrow(domain)
        if narrowed.env.context != self.env.context:
            return narrowed._search(domain, offset, limit, order, **kwargs)
        return super()._search(domain, offset, limit, order, **kwargs)

    @api.model
    def _narrow(self, domain):
        """This model with what the domain says in the context, where ``_stamp_query`` finds it."""
        if self._narrowed_to("aging_narrowed") is not None:
            return self
        context = {"aging_narrowed": ()}
        names = {condition.field_expr.split(".")[0] for condition in domain.iter_conditions()}
        if grain := self._grain_of(names):
            context["aging_grain"] = self._aging_grain() | grain
        for condition in _all_of(domain):
            ids = _ids_of(condition)
            if ids and condition.field_expr == "partner_id":
                context["aging_partners"] = self._members(ids)
            if ids and condition.field_expr == "id":
                keys = [split_key(key) for key in ids if key]
                context["aging_stamps"] = tuple(OrderedSet(stamp for _item, stamp in keys))
                context["aging_partners"] = self._members(self._owners([item for item, _stamp in keys]))
        return self.with_context(**context)

    @api.model
    def _owners(self, item_ids):
        """Ids of the customers of these items, None for what has none."""
        return [owner_id for owner_id, in self.env.execute_query(SQL(
            """SELECT DISTINCT owner.commercial_partner_id
                 FROM account_move_line item LEFT JOIN res_partner owner ON owner.id = item.partner_id
                WHERE item.id = ANY(%s)""", item_ids, to_flush=self._item_owner_fields()))]

    @api.model
    def _members(self, customer_ids):
        """Ids of these customers and their contacts, whom items are booked on: knowing them, PostgreSQL takes our
        index. None is kept: items without a customer."""
        members = self.env.execute_query(SQL(
            "SELECT id FROM res_partner WHERE commercial_partner_id = ANY(%s)", list(filter(None, customer_ids)),
            to_flush=self._item_owner_fields()))
        return (*(member_id for member_id, in members), *(() if all(customer_ids) else (None,)))

    @api.model
    def _item_owner_fields(self):
        return [self.env["res.partner"]._fields["commercial_partner_id"],
                self.env["account.move.line"]._fields["partner_id"]]

    @api.model
    def _grain_of(self, names):
        """The bits of those fields that a line is split by."""
        return sum(1 << number for number, name in enumerate(GRAINS) if name in names)

    @api.model
    def _tune(self):
        """Compiling such a statement takes longer than running it, and a hash table of all lines is slower to sum in
        than sorted items are, as was measured."""
        if not self.env.cr.cache.get("kundekartotek_tuned"):
            self.env.cr.cache["kundekartotek_tuned"] = True
            self.env.cr.execute("SET LOCAL jit = off; SET LOCAL enable_hashagg = off")

    # ---- the items ---------------------------------------------------------------------------------------

    @api.model
    def _open_items_sql(self, stamp):
        """SELECT of the parts of what was open on receivable accounts at the end of a day: one or more per
        item, whose ``amount`` and ``amount_currency`` add up to its rest; ``counted`` is 1 in one of them.
        ``due`` is the date that an item falls due, ``age`` the number of its bucket: 0 if it is not due, -1 of a
        credit.
        """
        return SQL(
            """
            SELECT %(columns)s, item.amount_residual AS amount, item.amount_residual_currency AS amount_currency,
                   1 AS counted
              FROM account_move_line item
             WHERE %(is_open)s AND %(scope)s AND %(chosen)s
            UNION ALL
            %(debits)s
            UNION ALL
            %(credits)s""",
            columns=self._item_columns(stamp, SQL("(item.amount_residual > 0 OR item.amount_residual_currency > 0)")),
            is_open=is_open_item(SQL("item")), scope=self._item_scope(stamp), chosen=self._booked_on_chosen(),
            debits=self._matched_later_sql(stamp, "debit", SQL("+"), SQL("TRUE"), SQL("item.balance >= 0")),
            credits=self._matched_later_sql(stamp, "credit", SQL("-"), SQL("FALSE"), SQL("item.balance <= 0")),
        )

    @api.model
    def _customer_items_sql(self, stamp):
        """The same with ``customer_id``, the commercial partner, and what the customer has said of the item:
        ``disputed``, and ``promised`` for a promise that was given and still held."""
        return SQL(
            """
            SELECT part.*, coalesce(contact.commercial_partner_id, part.partner_id) AS customer_id,
                   coalesce(noted.dispute_since <= %(day)s, FALSE) AS disputed,
                   coalesce(%(day)s BETWEEN coalesce(noted.promise_since, %(day)s) AND noted.promise_date, FALSE)
                       AS promised
              FROM (%(items)s) part
              LEFT JOIN res_partner contact
                     ON contact.id = part.partner_id AND contact.commercial_partner_id <> contact.id
              LEFT JOIN account_move noted
                     ON noted.id = part.move_id
                    AND (noted.promise_date IS NOT NULL OR noted.dispute_since IS NOT NULL)""",
            day=stamp.day, items=self._open_items_sql(stamp))

    @api.model
    def _matched_later_sql(self, stamp, side, sign, owed, signed):
        """What was matched after the day on items up to it, a row per match. Items of the customers that are asked for
        are found in the ledger's index, by their sign; few of them were matched later, and only these are looked up."""
        item_id, chosen = SQL.identifier("match", f"{side}_move_id"), SQL()
        if self._narrowed_to("aging_partners") is not None:
            chosen = SQL(
                "AND %s IN (SELECT item.id FROM account_move_line item WHERE %s)", item_id, SQL(" AND ").join((
                    is_ledger_item(SQL("item")), self._booked_on_chosen(), self._item_scope(stamp), signed)))
        return SQL(
            """
            SELECT %(columns)s, %(sign)s match.amount, %(sign)s %(amount_currency)s,
                   (NOT %(is_open)s AND NOT EXISTS (
                        SELECT FROM account_partial_reconcile newer
                         WHERE %(newer_id)s = %(item_id)s AND newer.max_date > %(day)s AND newer.id > match.id))::int
              FROM account_partial_reconcile match JOIN account_move_line item ON item.id = %(item_id)s
             WHERE match.max_date > %(day)s AND %(scope)s %(chosen)s""",
            columns=self._item_columns(stamp, owed), sign=sign, day=stamp.day, scope=self._item_scope(stamp),
            chosen=chosen, is_open=is_open_item(SQL("item")), item_id=item_id,
            newer_id=SQL.identifier("newer", f"{side}_move_id"),
            amount_currency=SQL.identifier("match", f"{side}_amount_currency"))

    @api.model
    def _item_columns(self, stamp, owed):
        """Columns of an item; ``owed``: whether it is a debit."""
        due = SQL("coalesce(item.date_maturity, item.date)")
        aged = due if stamp.basis == "due" else SQL("coalesce(item.invoice_date, item.date)")
        limits = self.env.company._aging_limits()
        return SQL(
            """item.id, item.move_id, item.partner_id, item.company_id, item.account_id, item.currency_id,
               coalesce(item.no_followup, FALSE) AS excluded, %(due)s AS due,
               CASE WHEN NOT %(owed)s THEN -1 %(younger)s ELSE %(last)s END AS age""",
            due=due, owed=owed, last=len(limits) + 1, younger=SQL(" ").join(
                SQL("WHEN %s >= %s THEN %s", aged, stamp.day - timedelta(limit), number)
                for number, limit in enumerate((0, *limits))))

    @api.model
    def _item_scope(self, stamp):
        """The condition on items: posted up to the day, on receivable accounts of the chosen companies."""
        # The ids themselves, not sub-queries: knowing them, PostgreSQL estimates well and takes our index.
        return SQL(
            "item.parent_state = 'posted' AND item.date <= %s AND item.account_id IN %s AND item.company_id IN %s",
            stamp.day, self.env["res.partner"]._receivable_account_ids(), tuple(self.env.companies.ids))

    @api.model
    def _booked_on_chosen(self):
        """The condition on items that they are booked on whom is asked for."""
        members = self._narrowed_to("aging_partners")
        if members is None:
            return SQL("TRUE")
        booked = SQL("item.partner_id = ANY(%s)", list(filter(None, members)))
        return booked if all(members) else SQL("(%s OR item.partner_id IS NULL)", booked)


def _all_of(domain):
    """The conditions that hold for every match of the domain."""
    parts = domain.children if getattr(domain, "OPERATOR", None) == "&" else [domain]
    for part in parts:
        if getattr(part, "OPERATOR", None) == "&":
            yield from _all_of(part)
        elif hasattr(part, "field_expr"):
            yield part


def _ids_of(condition):
    """The ids that a condition allows, None where it says something else."""
    if condition.operator == "=":
        values = [condition.value]
    elif condition.operator == "in" and isinstance(condition.value, list | tuple | set | frozenset | OrderedSet):
        values = list(condition.value)
    else:
        return None
    return values if all(isinstance(value, int) for value in values) else None
