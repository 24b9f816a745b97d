# SPDX-License-Identifier: LGPL-3.0-or-later
"""The statement that gives customers their classes; what each class means, its field says."""
from odoo.tools import SQL

from .segment import COLUMNS

SCORES = {"rfm_recency": "last_purchase", "rfm_frequency": "invoice_count_36m", "rfm_monetary": "revenue_36m"}

# The measures that divide all buyers into fifths; below so many buyers, the first has 5 and the last 1.
CUT = """
    SELECT n, %(cuts)s
      FROM (SELECT count(*) AS n, %(orders)s FROM kundekartotek_customer_metrics
             WHERE company_id = %(company)s AND first_purchase IS NOT NULL) buyers"""
FIFTHS = range(1, 5)
CUTS = """ARRAY(SELECT %(score)s[ceil(fifth * (n - (n < %(small)s)::int) / 5.0)::int]
                   FROM unnest(%(fifths)s) fifth) AS %(score)s"""
# Ties have the same quintile, the lower one.
QUINTILE = """
    CASE WHEN first_purchase IS NULL THEN NULL WHEN cut.n = 1 THEN 3 ELSE 1 + %(above)s END AS %(score)s"""

# One row per customer, each read once: its share of what all bring, its quintiles by three measures, and the first
# payment rule that fits.
SCORED = """
    SELECT ranked.*, rule.payment_class AS rule_class, rule.name AS rule_name, %(scores)s
      FROM (SELECT id, first_purchase, last_purchase, invoice_count_36m, revenue_36m, late_count, claim_count,
                   days_late_weighted, abc_computed AS abc_before, revenue_12m, coalesce(%(value)s, 0) AS value,
                   coalesce(nullif(sum(greatest(%(value)s, 0)) OVER (), 0), 1) AS total,
                   sum(greatest(%(value)s, 0)) OVER (ORDER BY coalesce(%(value)s, 0) DESC, partner_id) AS running,
                   %(rule)s AS rule_id
              FROM kundekartotek_customer_metrics WHERE company_id = %(company)s) ranked
     CROSS JOIN cut
      LEFT JOIN kundekartotek_payment_rule rule ON rule.id = ranked.rule_id"""

# A class is left only when the share of all before it is the margin beyond the limit: nobody flips over a krone.
ABC = """
    CASE WHEN value <= 0 THEN 'none'
         WHEN scored.first_purchase > %(known_since)s THEN 'new'
         WHEN (running - greatest(value, 0)) / total < %(a)s + CASE abc_before
              WHEN 'a' THEN %(margin)s WHEN 'b' THEN -%(margin)s WHEN 'c' THEN -%(margin)s ELSE 0 END THEN 'a'
         WHEN (running - greatest(value, 0)) / total < %(b)s + CASE abc_before
              WHEN 'a' THEN %(margin)s WHEN 'b' THEN %(margin)s WHEN 'c' THEN -%(margin)s ELSE 0 END THEN 'b'
         ELSE 'c' END"""
ABC_FACTS = """
    jsonb_build_object('basis', %(basis)s, 'value', value, 'share', round(greatest(value, 0) / total, 4),
                       'cumulative', round(running / total, 4), 'first', scored.first_purchase,
                       'revenue', scored.revenue_12m, 'crosses', 100 * CASE
                           WHEN (running - greatest(value, 0)) / total < %(a)s AND running / total > %(a)s THEN %(a)s
                           WHEN (running - greatest(value, 0)) / total < %(b)s AND running / total > %(b)s THEN %(b)s
                           END, 'kept', CASE WHEN %(abc)s <> %(abc_anew)s THEN 100 * %(margin)s END)"""
PAYMENT = "coalesce(rule_class, 'normal')"
PAYMENT_FACTS = """
    jsonb_build_object('late', scored.late_count, 'claims', scored.claim_count,
                       'days', round(scored.days_late_weighted), 'rule', rule_name)"""
RFM = """
    CASE WHEN scored.first_purchase IS NULL THEN NULL
         WHEN scored.first_purchase > %(known_since)s THEN 'new'
         WHEN scored.rfm_recency >= 4 AND scored.rfm_frequency >= 4 AND scored.rfm_monetary >= 4 THEN 'champion'
         WHEN scored.rfm_recency >= 3 AND (scored.rfm_frequency >= 4 OR scored.rfm_monetary >= 4) THEN 'loyal'
         WHEN scored.rfm_recency >= 4 THEN 'promising'
         WHEN scored.rfm_recency = 3 THEN 'attention'
         WHEN scored.rfm_frequency >= 4 OR scored.rfm_monetary >= 4 THEN 'at_risk'
         WHEN scored.rfm_recency = 2 THEN 'hibernating'
         ELSE 'lost' END"""
RFM_FACTS = """
    CASE WHEN scored.first_purchase IS NOT NULL THEN jsonb_build_object(
         'last', scored.last_purchase, 'count', scored.invoice_count_36m, 'amount', scored.revenue_36m,
         'r', scored.rfm_recency, 'f', scored.rfm_frequency, 'm', scored.rfm_monetary) END"""
GIVEN = {"abc": (ABC, ABC_FACTS), "payment": (PAYMENT, PAYMENT_FACTS), "rfm": (RFM, RFM_FACTS)}

# What a person chose, and why, instead of the class by figures.
LOCKED = """
    LEFT JOIN (SELECT DISTINCT ON (partner_id) partner_id, %(name)s AS chosen,
                      jsonb_build_object('reason', reason, 'until', expires) AS said
                 FROM kundekartotek_segment_lock
                WHERE company_id = %(company)s AND active AND %(name)s IS NOT NULL
                  AND (expires IS NULL OR expires >= %(day)s)
                ORDER BY partner_id, id DESC) %(lock)s ON %(lock)s.partner_id = was.partner_id"""

CLASSIFY = """
    WITH cut AS MATERIALIZED (%(cut)s
    ), changed AS (
        SELECT was.id, was.partner_id, scored.rule_id, %(abc)s AS abc_computed, %(new_scores)s, %(finals)s
          FROM (%(scored)s) scored
          JOIN kundekartotek_customer_metrics was ON was.id = scored.id %(locked)s
         WHERE (was.abc_computed, %(old_classes)s, %(old_scores)s)
                IS DISTINCT FROM (%(abc)s, %(new_classes)s, %(new_scores)s)
            OR %(measured)s AND (%(old_facts)s) IS DISTINCT FROM (%(new_facts)s)
    ), written AS (
        UPDATE kundekartotek_customer_metrics m SET %(updates)s, payment_rule_id = changed.rule_id,
               abc_computed = changed.abc_computed
          FROM changed WHERE m.id = changed.id)
    INSERT INTO kundekartotek_segment_change
           (partner_id, customer_name, company_id, kind, old_class, new_class, facts, date)
    SELECT changed.partner_id, p.complete_name, %(company)s, change.*, %(now)s
      FROM changed
     CROSS JOIN LATERAL (VALUES %(changes)s) change(kind, old_class, new_class, facts)
      JOIN res_partner p ON p.id = changed.partner_id
     WHERE change.old_class <> change.new_class"""


def classify_sql(**terms):
    """The statement that writes the classes of a company's customers, and keeps what changed.

    :param terms: ``company`` (id), ``day``, ``now``, ``basis`` and ``value`` (name and column that ABC ranks by),
        ``a``, ``b``, ``margin`` (shares of 1), ``known_since`` (who came later is new), ``small``, ``rule``
        (expression: id of the first rule that fits a row), ``measured`` (condition: whose figures are new)
    """
    terms |= {"abc": SQL(ABC, **terms), "abc_anew": SQL(ABC, **{**terms, "margin": SQL("0")})}
    kinds = [{
        **terms, "kind": kind, "column": SQL.identifier("was", column), "name": SQL.identifier(column),
        "old_facts": SQL.identifier("was", f"{kind}_facts"), "facts": SQL.identifier(f"{kind}_facts"),
        "lock": SQL.identifier(f"{kind}_lock"), "old": SQL.identifier(f"{kind}_old"),
        "class": SQL(GIVEN[kind][0], **terms), "why": SQL(GIVEN[kind][1], **terms),
    } for kind, column in COLUMNS.items()]
    scores = [{
        **terms, "score": SQL.identifier(score), "measure": SQL.identifier(measure), "fifths": list(FIFTHS),
        "above": SQL(" + ").join(SQL("(ranked.%s > cut.%s[%s])::int", SQL.identifier(measure), SQL.identifier(score),
                                     fifth) for fifth in FIFTHS),
    } for score, measure in SCORES.items()]

    def each(part, of, separator=", "):
        return SQL(separator).join(SQL(part, **names) for names in of)

    new, why = "coalesce(%(lock)s.chosen, %(class)s)", "coalesce(%(lock)s.said, %(why)s)"
    return SQL(
        CLASSIFY, **terms,
        cut=SQL(CUT, **terms, cuts=each(CUTS, scores),
                orders=each("array_agg(%(measure)s ORDER BY %(measure)s) AS %(score)s", scores)),
        scored=SQL(SCORED, **terms, scores=each(QUINTILE, scores)),
        locked=each(LOCKED, kinds, " "),
        finals=each(f"%(column)s AS %(old)s, {new} AS %(name)s, {why} AS %(facts)s", kinds),
        old_classes=each("%(column)s", kinds), new_classes=each(new, kinds),
        old_facts=each("%(old_facts)s", kinds), new_facts=each(why, kinds),
        old_scores=each("was.%(score)s", scores), new_scores=each("scored.%(score)s", scores),
        updates=SQL("%s, %s", each("%(name)s = changed.%(name)s, %(facts)s = changed.%(facts)s", kinds),
                    each("%(score)s = changed.%(score)s", scores)),
        changes=each("(%(kind)s, %(old)s, changed.%(name)s, changed.%(facts)s)", kinds))
