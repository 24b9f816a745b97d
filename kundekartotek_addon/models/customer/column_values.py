# SPDX-License-Identifier: LGPL-3.0-or-later
"""What computed columns hold for customers, orders and invoices from before the addon."""

from odoo.tools import SQL

from ...schema import Fill
from ...tools.region import ABROAD, DOMESTIC_COUNTRIES, POSTAL_CODE_REGEX, POSTAL_RANGES


def _type_and_region(first, last, anew):
    """As ``_compute_customer_type`` and ``_compute_customer_region`` say, in one statement: the table has many
    indexes, and each row is written once. A contact has the type of its commercial partner."""
    return SQL(
        """WITH known AS (
               SELECT p.id, CASE WHEN owner.is_company THEN 'business' ELSE 'consumer' END AS type,
                      CASE WHEN c.code IS NOT NULL AND c.code <> ALL(%(domestic)s) THEN %(abroad)s
                           ELSE r.region END AS region
                 FROM res_partner p
                 JOIN res_partner owner ON owner.id = coalesce(p.commercial_partner_id, p.id)
                 LEFT JOIN res_country c ON c.id = p.country_id
                 LEFT JOIN unnest(%(firsts)s::int[], %(lasts)s::int[], %(regions)s::varchar[])
                           AS r(first, last, region)
                        ON substring(p.zip from %(regex)s)::int BETWEEN r.first AND r.last
                WHERE p.id BETWEEN %(first)s AND %(last)s AND (%(anew)s OR p.customer_type IS NULL))
           UPDATE res_partner p SET customer_type = k.type, customer_region = k.region
             FROM known k
            WHERE p.id = k.id AND (p.customer_type, p.customer_region) IS DISTINCT FROM (k.type, k.region)""",
        first=first, last=last, anew=anew,
        domestic=list(DOMESTIC_COUNTRIES), regex=POSTAL_CODE_REGEX, abroad=ABROAD,
        firsts=[int(first) for first, _last, _region in POSTAL_RANGES],
        lasts=[int(last) for _first, last, _region in POSTAL_RANGES],
        regions=[region for _first, _last, region in POSTAL_RANGES])


FILLS = [
    Fill("res.partner", ("customer_type", "customer_region"), _type_and_region),
    Fill("sale.order", ("agreement_id",)),
    Fill("account.move", ("agreement_id", "buyer_reference")),
]
