# SPDX-License-Identifier: LGPL-3.0-or-later
"""What a decision on a customer stands on, as functions of PostgreSQL's, each planned once a connection: as statements
they would take three times as long to parse and plan as to run.

``kundekartotek_credit_facts(customers, company, today)`` gives what was decided and is known of commercial partners in
a company at the root, a row each.

``kundekartotek_credit_items(customers, companies, accounts, today, days, tolerances)`` sums the open items of
commercial partners: ``figure`` is ``receivable`` or ``credits`` (negative), or ``overdue``, where ``number`` is the
place of a threshold in the arrays: items later than so many days whose rest is above so much; ``late`` is how many days
the oldest of them is overdue. What a customer disputes is owed, but not overdue.
"""

from odoo.tools import SQL

from ..register.register_entry import CUSTOMER_NUMBER
from ..register.res_partner_register import HOLD

CREATE_FACTS = SQL(
    """
    CREATE OR REPLACE FUNCTION kundekartotek_credit_facts(customers int[], company int, today date)
    RETURNS TABLE (id int, own_mode text, own_limit float, review_late int, block text, block_reason text,
                   category int, customer_type varchar, group_id int, group_limit float, raised float, secured float,
                   in_register bool)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN QUERY
    SELECT p.id, p.credit_own_mode ->> company::text, (p.credit_limit ->> company::text)::float,
           today - (p.credit_review_date ->> company::text)::date, p.credit_block ->> company::text,
           p.credit_block_reason ->> company::text, p.customer_category_id, p.customer_type, shared.id,
           shared.credit_limit::float,
           (SELECT max(r.amount)::float FROM kundekartotek_credit_request r
             WHERE r.partner_id = p.id AND r.company_id = company AND r.state = 'approved' AND r.kind = 'temporary'
               AND today BETWEEN r.date_from AND r.date_to),
           (SELECT sum(s.amount)::float FROM kundekartotek_credit_security s
             WHERE s.partner_id = p.id AND s.company_id = company AND s.is_confirmed
               AND today BETWEEN s.date_from AND s.date_to),
           EXISTS (SELECT FROM kundekartotek_register_entry e
                    WHERE e.number = %(number)s AND e.status = ANY(%(against)s))
      FROM res_partner p LEFT JOIN LATERAL (
           SELECT g.id, g.credit_limit
             FROM kundekartotek_credit_group_partner_rel member
             JOIN kundekartotek_credit_group g ON g.id = member.group_id
            WHERE member.partner_id = p.id AND g.active AND g.company_id = company
            ORDER BY g.credit_limit, g.id LIMIT 1) shared ON true
     WHERE p.id = ANY(customers);
    END $$""",
    number=CUSTOMER_NUMBER, against=list(HOLD))

CREATE_ITEMS = SQL("""
    CREATE OR REPLACE FUNCTION kundekartotek_credit_items(
        customers int[], companies int[], accounts int[], today date, days int[], tolerances float[])
    RETURNS TABLE (partner_id int, amount float, figure text, number int, late int)
    LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$ BEGIN RETURN QUERY
    WITH item AS MATERIALIZED (
           SELECT payer.commercial_partner_id AS customer_id, i.amount_residual AS rest,
                  CASE WHEN i.move_id <> ALL(ARRAY(
                            SELECT m.id FROM account_move m
                             WHERE m.dispute_since IS NOT NULL AND m.commercial_partner_id = ANY(customers)))
                       THEN today - coalesce(i.date_maturity, i.date) END AS late
             FROM res_partner payer JOIN account_move_line i ON i.partner_id = payer.id
            WHERE payer.commercial_partner_id = ANY(customers) AND i.account_id = ANY(accounts)
              AND i.company_id = ANY(companies) AND i.parent_state = 'posted' AND i.amount_residual <> 0)
    SELECT item.customer_id, sum(item.rest)::float, CASE WHEN item.rest > 0 THEN 'receivable' ELSE 'credits' END,
           NULL::int, NULL::int
      FROM item GROUP BY 1, 3
     UNION ALL
    SELECT item.customer_id, sum(item.rest)::float, 'overdue', threshold.number::int, max(item.late)
      FROM item JOIN unnest(days, tolerances) WITH ORDINALITY AS threshold(days, tolerance, number)
        ON item.late > threshold.days AND item.rest > threshold.tolerance
     GROUP BY 1, 4;
    END $$""")
