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
CUTS = """ARRAY(SELECT %(column)s[ceil(fifth * (n - (n < %(small)s)::int) / 5.0)::int]
                   FROM unnest(%(fifths)s) fifth) AS %(column)s"""
# Ties have the same quintile, the lower one.
QUINTILE = """
    CASE WHEN first_purchase IS NULL THEN NULL WHEN cut.n = 1 THEN 3 ELSE 1 + %(above)s END AS %(column)s"""

# One row per customer, each read once: the shares of what all bring that are reached before it and with it, its
# quintiles by three measures, the first payment rule that fits, and the classes that it had.
SCORED = """
    SELECT ranked.*, (running - greatest(value, 0)) / total AS ahead, running / total AS reached, %(scores)s,
           coalesce(rule.payment_class, 'normal') AS rule_class, rule.name AS rule_name
      FROM (SELECT id, partner_id, first_purchase, last_purchase, invoice_count_36m, revenue_36m, late_count,
                   claim_count, days_late_weighted, revenue_12m, abc_computed AS abc_before, %(befores)s,
                   coalesce(%(value)s, 0) AS value,
                   coalesce(nullif(sum(greatest(%(value)s, 0)) OVER (), 0), 1) AS total,
                   sum(greatest(%(value)s, 0)) OVER (ORDER BY coalesce(%(value)s, 0) DESC, partner_id) AS running,
                   %(rule)s AS rule_id
              FROM kundekartotek_customer_metrics WHERE company_id = %(company)s) ranked
     CROSS JOIN cut
      LEFT JOIN kundekartotek_payment_rule rule ON rule.id = ranked.rule_id"""

# A class is left only when the share of all before it is the margin beyond the limit: nobody flips over a krone.
ABC = """
    CASE WHEN value <= 0 THEN 'none'
         WHEN first_purchase > %(known_since)s THEN 'new'
         WHEN ahead < %(a)s + CASE abc_before
              WHEN 'a' THEN %(margin)s WHEN 'b' THEN -%(margin)s WHEN 'c' THEN -%(margin)s ELSE 0 END THEN 'a'
         WHEN ahead < %(b)s + CASE abc_before
              WHEN 'a' THEN %(margin)s WHEN 'b' THEN %(margin)s WHEN 'c' THEN -%(margin)s ELSE 0 END THEN 'b'
         ELSE 'c' END"""
# Shares as precise as they are said: all of them move a little every night, and a row is written when its facts change.
ABC_FACTS = """
    jsonb_build_object('basis', %(basis)s, 'value', value, 'share', round(greatest(value, 0) / total, 3),
                       'cumulative', round(reached, 2), 'first', given.first_purchase, 'revenue', given.revenue_12m,
                       'crosses', 100 * CASE WHEN ahead < %(a)s AND reached > %(a)s THEN %(a)s
                                             WHEN ahead < %(b)s AND reached > %(b)s THEN %(b)s END,
                       'kept', CASE WHEN given.abc_computed <> given.abc_anew THEN 100 * %(margin)s END)"""
PAYMENT = "rule_class"
PAYMENT_FACTS = """
    jsonb_build_object('late', given.late_count, 'claims', given.claim_count,
                       'days', round(given.days_late_weighted), 'rule', rule_name)"""
RFM = """
    CASE WHEN first_purchase IS NULL THEN NULL
         WHEN first_purchase > %(known_since)s THEN 'new'
         WHEN rfm_recency >= 4 AND rfm_frequency >= 4 AND rfm_monetary >= 4 THEN 'champion'
         WHEN rfm_recency >= 3 AND (rfm_frequency >= 4 OR rfm_monetary >= 4) THEN 'loyal'
         WHEN rfm_recency >= 4 THEN 'promising'
         WHEN rfm_recency = 3 THEN 'attention'
         WHEN rfm_frequency >= 4 OR rfm_monetary >= 4 THEN 'at_risk'
         WHEN rfm_recency = 2 THEN 'hibernating'
         ELSE 'lost' END"""
RFM_FACTS = """
    CASE WHEN given.first_purchase IS NOT NULL THEN jsonb_build_object(
         'last', given.last_purchase, 'count', given.invoice_count_36m, 'amount', given.revenue_36m,
         'r', given.rfm_recency, 'f', given.rfm_frequency, 'm', given.rfm_monetary) END"""
GIVEN = {"abc": (ABC, ABC_FACTS), "payment": (PAYMENT, PAYMENT_FACTS), "rfm": (RFM, RFM_FACTS)}

# What a person chose, and why, instead of the class by figures.
LOCKED = """
    LEFT JOIN (SELECT DISTINCT ON (partner_id) partner_id, %(column)s AS chosen,
                      jsonb_build_object('reason', reason, 'until', expires) AS said
                 FROM kundekartotek_segment_lock
                WHERE company_id = %(company)s AND active AND %(column)s IS NOT NULL
                  AND (expires IS NULL OR expires >= %(day)s)
                ORDER BY partner_id, id DESC) %(lock)s ON %(lock)s.partner_id = by_figures.partner_id"""

# Everyone's classes are given, but only who was measured anew, or got another class, is looked at further.
CLASSIFY = """
    WITH cut AS MATERIALIZED (%(cut)s
    ), scored AS MATERIALIZED (%(scored)s
    ), given AS (
        SELECT by_figures.*, %(finals)s, (abc_before, %(olds)s) IS DISTINCT FROM (abc_computed, %(news)s) AS is_new
          FROM (SELECT scored.*, %(classes)s, %(abc_anew)s AS abc_anew FROM scored) by_figures %(locked)s
    ), changed AS (
        SELECT given.*, %(facts)s FROM given WHERE is_new OR %(measured)s
    ), written AS (
        UPDATE kundekartotek_customer_metrics m SET %(updates)s, payment_rule_id = changed.rule_id,
               abc_computed = changed.abc_computed
          FROM changed WHERE m.id = changed.id AND (is_new OR (%(old_facts)s) IS DISTINCT FROM (%(new_facts)s)))
    INSERT INTO kundekartotek_segment_change
           (partner_id, customer_name, company_id, kind, old_class, new_class, facts, date)
    SELECT changed.partner_id, (SELECT complete_name FROM res_partner WHERE id = changed.partner_id), %(company)s,
           change.*, %(now)s
      FROM changed
     CROSS JOIN LATERAL (VALUES %(changes)s) change(kind, old_class, new_class, facts)
     WHERE change.old_class <> change.new_class"""


def classify_sql(**terms):
    """The statement that writes the classes of a company's customers, and keeps what changed.

    :param terms: ``company`` (id), ``day``, ``now``, ``basis`` and ``value`` (name and column that ABC ranks by),
        ``a``, ``b``, ``margin`` (shares of 1), ``known_since`` (who came later is new), ``small``, ``rule``
        (expression: id of the first rule that fits a row), ``measured`` (condition: whose figures are new)
    """
    kinds = [{
        **terms, "kind": kind, "column": SQL.identifier(column), "computed": SQL.identifier(f"{kind}_computed"),
        "lock": SQL.identifier(f"{kind}_lock"), "old": SQL.identifier(f"{kind}_old"),
        "facts": SQL.identifier(f"{kind}_facts"), "class": SQL(GIVEN[kind][0], **terms),
        "said": SQL.identifier(f"{kind}_said"), "why": SQL(GIVEN[kind][1], **terms),
    } for kind, column in COLUMNS.items()]
    scores = [{
        **terms, "column": SQL.identifier(score), "old": SQL.identifier(f"{score}_old"),
        "measure": SQL.identifier(measure), "fifths": list(FIFTHS),
        "above": SQL(" + ").join(SQL("(ranked.%s > cut.%s[%s])::int", SQL.identifier(measure), SQL.identifier(score),
                                     fifth) for fifth in FIFTHS),
    } for score, measure in SCORES.items()]

    def each(part, of, separator=", "):
        return SQL(separator).join(SQL(part, **names) for names in of)

    chosen = "coalesce(%(lock)s.chosen, %(computed)s)"
    return SQL(
        CLASSIFY, **terms,
        cut=SQL(CUT, **terms, cuts=each(CUTS, scores),
                orders=each("array_agg(%(measure)s ORDER BY %(measure)s) AS %(column)s", scores)),
        scored=SQL(SCORED, **terms, scores=each(QUINTILE, scores),
                   befores=each("%(column)s AS %(old)s", kinds + scores)),
        classes=each("%(class)s AS %(computed)s", kinds),
        abc_anew=SQL(ABC, **{**terms, "margin": SQL("0")}),
        locked=each(LOCKED, kinds, " "),
        finals=each(f"{chosen} AS %(column)s, %(lock)s.said AS %(said)s", kinds),
        olds=each("%(old)s", kinds + scores),
        news=SQL("%s, %s", each(chosen, kinds), each("%(column)s", scores)),
        facts=each("coalesce(%(said)s, %(why)s) AS %(facts)s", kinds),
        old_facts=each("m.%(facts)s", kinds), new_facts=each("changed.%(facts)s", kinds),
        updates=SQL("%s, %s", each("%(facts)s = changed.%(facts)s", kinds),
                    each("%(column)s = changed.%(column)s", kinds + scores)),
        changes=each("(%(kind)s, %(old)s, changed.%(column)s, changed.%(facts)s)", kinds))
