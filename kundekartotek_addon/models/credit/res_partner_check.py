# SPDX-License-Identifier: LGPL-3.0-or-later
from collections import defaultdict
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ...tools import orgnr
from ...tools.credit import CENT, Picture, find
from .credit_functions import CREATE_FACTS


class CreditFacts(NamedTuple):
    """What is decided and known of a customer in a company, beside what it owes."""

    id: int
    mode: str
    limit: float | None  # None: unlimited; raised for a period, and insured if the policy counts that
    review_late: int
    block: str
    block_reason: str
    group_id: int | None
    group_limit: float | None
    in_register: bool  # whether the public register may have something against it
    policy: object

    def rules(self, checkpoint):
        """The rules that this customer can break at a checkpoint, as far as is known without its figures."""
        if not self.policy:
            return []
        can_break = {
            "limit": self.limit is not None or self.group_id is not None, "overdue": True, "oldest": True,
            "review": self.review_late > 0, "register": self.in_register,
            "blocked": self.blocks(checkpoint)}
        return [rule for rule in self.policy.rules[checkpoint] if rule.action != "nothing" and can_break[rule.kind]]

    def blocks(self, checkpoint):
        """Whether a person has blocked this customer for documents of a checkpoint."""
        return self.block in ("all", f"{checkpoint}s")

    def exempts(self, term, checkpoint):
        """Whether a payment term keeps a document from being tested."""
        return self.policy.exempts_immediate and term._is_immediate() and not self.blocks(checkpoint)


class Tally:
    """What documents add to their customers, and to the groups whose limit these share, one after the other."""

    def __init__(self):
        self.own, self.shared = defaultdict(float), defaultdict(float)

    def add(self, fact, amount):
        self.own[fact.id] += amount
        if fact.group_id:
            self.shared[fact.group_id] += amount

    def look(self, fact, picture):
        """:return: the picture of this customer, with what was added"""
        return picture._replace(
            exposure=picture.exposure + self.own[fact.id],
            group_exposure=picture.group_exposure + self.shared.get(fact.group_id, 0.0))


class ResPartner(models.Model):
    """Testing customers against the rules. Works in the current company, whose root decides; as superuser,
    because who sells may not see what is owed."""

    _inherit = "res.partner"

    def init(self):
        super().init()
        self.env.cr.execute(CREATE_FACTS)

    def _credit_facts(self):
        """:return: {id of each of these commercial partners: CreditFacts}, read in one statement"""
        company = self.env.company.root_id.sudo()
        rows = self.env.execute_query_dict(SQL(
            "SELECT * FROM kundekartotek_credit_facts(%s, %s, %s)",
            self.ids, company.id, fields.Date.context_today(self),
            to_flush=[
                *self._flushed("res.partner", "credit_own_mode", "credit_limit", "credit_review_date", "credit_block",
                               "credit_block_reason", "customer_type", "customer_category_id", *orgnr.FIELDS),
                *self._flushed("kundekartotek.credit.group", "active", "company_id", "credit_limit", "partner_ids"),
                *self._flushed("kundekartotek.register.entry", "number", "status"),
                *self._flushed("kundekartotek.credit.request", "partner_id", "company_id", "state", "kind",
                               "amount", "date_from", "date_to"),
                *self._flushed("kundekartotek.credit.security", "partner_id", "company_id", "amount",
                               "date_from", "date_to", "is_confirmed")]))
        default = self._fields["credit_limit"].get_company_dependent_fallback(self.with_company(company)) or 0.0
        return {row["id"]: self._prepare_credit_facts(row, company, default) for row in rows}

    @api.model
    def _prepare_credit_facts(self, row, company, default):
        """:param default: the limit of who has none"""
        policy = self.env["kundekartotek.credit.policy"]._find(company.id, row["category"], row["customer_type"])
        own = default if row["own_limit"] is None else row["own_limit"]
        mode = row["own_mode"] or self._credit_mode_without(own, company, row["category"])
        limit = {"limited": max(own, row["raised"] or 0.0), "cash_only": 0.0}.get(mode)
        if limit is not None and policy and policy.counts_security:
            limit += row["secured"] or 0.0
        return CreditFacts(
            row["id"], mode, limit, max(row["review_late"] or 0, 0), row["block"] or "",
            row["block_reason"] or "", row["group_id"], row["group_limit"], row["in_register"], policy)

    def _credit_check(self, checkpoint, entries, move_ids=(), counted=False):
        """Test documents in their order, each with those before it that pass. Draft invoices, where these count,
        are tested with all the others: what is stopped remains a draft, and counts.

        :param checkpoint: "order" or "invoice"
        :param entries: list of (document, commercial partner, what it adds to the exposure, what is risked by
            it): an invoice without risk is not tested, and an order without only for whether its customer is barred
        :param move_ids: invoices among the documents, which must not count twice
        :param counted: the exposure knows the documents already, as with a confirmed order that was changed,
            which stays confirmed
        :return: ``{document: (findings, picture, facts)}``, only documents that a policy looks at
        """
        entries = [entry for entry in entries if entry[3] > CENT or checkpoint == "order"]
        customers = self.browse({partner.id for _document, partner, *_rest in entries})
        facts = customers._credit_facts() if entries else {}
        rules = {id_: fact.rules(checkpoint) for id_, fact in facts.items()}
        tested = {id_: fact for id_, fact in facts.items() if rules[id_] or fact.group_id}
        pictures = customers.browse(tested)._credit_pictures(tested, rules, checkpoint, move_ids)
        drafts_count = checkpoint == "invoice" and self.env.company.root_id.sudo().credit_count_drafts
        stays = counted or drafts_count  # what is stopped counts all the same
        tally, result = Tally(), {}
        for _document, partner, addition, _risk in entries if stays else ():
            tally.add(facts[partner.id], addition if drafts_count else -addition)
        for document, partner, addition, risk in entries:
            fact = facts[partner.id]
            tally.add(fact, 0.0 if drafts_count else addition)
            picture = tally.look(fact, pictures.get(fact.id, Picture()))
            asked = [rule for rule in rules[fact.id] if risk > CENT or rule.kind in ("blocked", "register")]
            found = find(asked, picture), picture, fact
            if fact.policy:
                result[document] = found
            if not stays and document._credit_stops(*found, risk):
                tally.add(fact, -addition)
        return result

    def _credit_pictures(self, facts, rules, checkpoint, move_ids):
        """What these customers owe, and what else is known of them: one statement for all, two where some share a
        limit. Takes the turn to decide on those whose limit counts.

        :param facts, rules: of each of these customers, by id
        :return: {id: Picture without the documents under test}
        """
        if not self:
            return {}
        asked = [rule for each in rules.values() for rule in each]
        members = self._credit_members({fact.group_id for fact in facts.values() if fact.group_id})
        limited = [
            ("group", fact.group_id) if fact.group_id else ("partner", id_)
            for id_, fact in facts.items() if fact.limit is not None or fact.group_id]
        amounts = self._credit_amounts(
            set(self.ids).union(*members.values()), move_ids,
            {(rule.days if rule.kind == "overdue" else 0, rule.tolerance)
             for rule in asked if rule.kind in ("overdue", "oldest")},
            turn=limited and self.env["kundekartotek.credit.lock"]._turn_sql(self.env.company.root_id.id, limited))
        shared = {group: sum(amounts[id_]["exposure"] for id_ in each) for group, each in members.items()}
        return {
            partner.id: partner._credit_picture(
                facts[partner.id], rules[partner.id], checkpoint, amounts[partner.id], shared)
            for partner in self}

    @api.model
    def _credit_members(self, group_ids):
        """:return: {group id: ids of its members}"""
        if not group_ids:
            return {}
        rows = self.env.execute_query(SQL(
            """SELECT group_id, array_agg(partner_id) FROM kundekartotek_credit_group_partner_rel
                WHERE group_id = ANY(%s) GROUP BY group_id""", list(group_ids)))
        return dict(rows)

    def _credit_picture(self, fact, rules, checkpoint, amounts, shared):
        """What is known of this customer, before any document.

        :param amounts: as ``_credit_amounts``
        :param shared: {group id: exposure}
        """
        return Picture(
            exposure=amounts["exposure"],
            limit=fact.limit,
            group_exposure=shared.get(fact.group_id, 0.0),
            group_limit=fact.group_limit,
            overdue={
                (rule.days, rule.tolerance): amounts.get((rule.days, rule.tolerance), 0.0) + amounts.get("credits", 0.0)
                for rule in rules if rule.kind == "overdue"},
            oldest={
                rule.tolerance: int(amounts.get(("oldest", 0, rule.tolerance), 0)) for rule in rules
                if rule.kind == "oldest"},
            review_late=fact.review_late,
            register=self._credit_register_reasons() if any(rule.kind == "register" for rule in rules) else "",
            blocked=(fact.block_reason or " ") if fact.blocks(checkpoint) else "",
        )

    def _credit_register_reasons(self):
        """What the public register says against this customer, in words."""
        return "\n".join(self.sudo()._in_company_language()._register_hold_reasons())

    # -- what screens show -----------------------------------------------------------------------------

    def _credit_overviews(self, with_parts=False):
        """For each of these commercial partners what the card and the documents show; amounts, so only for
        those who may see them. Two statements, three where customers share limits.

        :return: ``{partner id: {exposure, limit, available, percent, mode, …}}``; available is None if unlimited
        """
        facts = self._credit_facts()
        members = self._credit_members({fact.group_id for fact in facts.values() if fact.group_id})
        amounts = self._credit_amounts(set(facts).union(*members.values()), shown=with_parts)
        parts = self._credit_exposure_parts([]) if with_parts else []
        result = {}
        for partner in self._origin:
            fact, mine = facts.get(partner.id), amounts[partner.id]
            if not fact:
                continue
            exposure = mine["exposure"]
            available = [] if fact.limit is None else [fact.limit - exposure]
            shared = None
            if fact.group_id:
                together = sum(amounts[id_]["exposure"] for id_ in members[fact.group_id])
                available.append(fact.group_limit - together)
                shared = {"limit": fact.group_limit, "exposure": together}
            result[partner.id] = {
                "exposure": exposure, "limit": fact.limit, "mode": fact.mode,
                "available": min(available) if available else None, "group": shared}
            if with_parts:
                result[partner.id] |= partner._credit_overview_parts(result[partner.id], parts, mine)
        return result

    def _credit_overview_parts(self, overview, parts, amounts):
        """The texts and domains that the bar and its popover show."""
        money = self._credit_money
        limit, exposure = overview["limit"], overview["exposure"]
        labels = dict(self._fields["credit_limit_mode"]._description_selection(self.env))
        return {
            "percent": self._credit_percent(exposure, limit),
            "exposure_text": money(exposure), "limit_text": money(limit) if limit is not None else "",
            "available_text": money(overview["available"]) if overview["available"] is not None else "",
            "mode_text": labels[overview["mode"]],
            "group_text": money(overview["group"]["exposure"]) + " / " + money(overview["group"]["limit"])
            if overview["group"] else "",
            "parts": [
                {"name": part.name, "label": part.label, "text": money(amounts.get(part.name, 0.0)),
                 "counted": part.counted, "model": part.model, "domain": part.domain(self)}
                for part in parts if round(amounts.get(part.name, 0.0), 2)],
        }

    @api.model
    def _credit_overview_with(self, overview, addition):
        """:return: the overview, with what a document adds that the exposure does not know yet"""
        if not overview or addition < CENT:
            return overview
        exposure = overview["exposure"] + addition
        return {
            **overview, "addition_text": self._credit_money(addition), "with_text": self._credit_money(exposure),
            "with_percent": self._credit_percent(exposure, overview["limit"])}

    @api.model
    def _credit_money(self, amount):
        return formatLang(self.env, amount, currency_obj=self.env.company.root_id.sudo().currency_id)

    @api.model
    def _credit_percent(self, exposure, limit):
        if limit is None:
            return None
        return round(100 * exposure / limit) if limit > 0 else 100 * (exposure > 0)

    def _credit_snapshot(self, company):
        """The figures of a customer as a limit request keeps them. sudo: who asks may not see them."""
        partner = self.sudo().with_company(company)
        facts, amounts = partner._credit_facts()[self.id], partner._credit_amounts(self.ids, thresholds=[(0, 0.0)])
        mine = amounts[self.id]
        return {
            "snapshot_limit": facts.limit or 0.0, "snapshot_mode": facts.mode,
            "snapshot_exposure": partner._credit_exposures()[self.id],
            "snapshot_overdue": max(mine.get((0, 0.0), 0.0) + mine.get("credits", 0.0), 0.0)}
