# SPDX-License-Identifier: LGPL-3.0-or-later
"""Customers and their contact persons; how each of them trades and pays."""

PARAMS = {
    "contact_share": 0.25,  # companies with a contact person
    "zero_vat_share": 0.12,  # customers invoiced without VAT
    "run_payer_share": 0.20,  # customers who pay in fortnightly runs
    "wizard_payer_share": 0.15,  # customers whose payments are account.payment
    "limit_share": 0.60,  # customers with a credit limit
    "sigma_count": 1.2,  # spread (lognormal) of invoices per customer
    "sigma_amount": 1.1,  # spread of the customers' typical invoice
    "typical_amount": 6000,  # median of the typical invoice, without VAT
    # Customers that copy one property of the customer before them.
    "twin_vat_share": 0.02,
    "twin_name_share": 0.01,
    "twin_ref_share": 0.005,
}
NAMES_A = [
    "Nord", "Sør", "Vest", "Øst", "Berg", "Fjord", "Haug", "Lund", "Sol", "Strand", "Vik", "Dal", "Skog",
    "Elve", "Hav", "Fjell", "Stein", "Bjørke", "Furu", "Gran", "Eik", "Ask", "Rogn", "Lyng", "Myr",
    "Sand", "Klippe", "Øy", "Nes", "Sund", "Fos", "Bre", "Lys", "Storm", "Vind", "Sjø", "Land", "Mark",
    "Eng", "Holt",
]
NAMES_B = [
    "bygg", "rør", "elektro", "transport", "regnskap", "mat", "maskin", "data", "teknikk", "handel",
    "import", "eiendom", "bil", "marine", "energi", "drift", "service", "trykk", "design", "maling",
    "tak", "gulv", "hage", "sport", "mote", "optikk", "bakeri", "fisk", "tre", "stål", "glass", "plast",
    "papir", "kjemi", "pharma", "consult", "media", "reiser", "frakt", "lager",
]
CITIES = [
    "Oslo", "Bergen", "Trondheim", "Stavanger", "Drammen", "Fredrikstad", "Kristiansand", "Sandnes",
    "Tromsø", "Sarpsborg", "Skien", "Ålesund", "Sandefjord", "Haugesund", "Tønsberg", "Moss",
    "Porsgrunn", "Bodø", "Arendal", "Hamar", "Larvik", "Halden", "Askøy", "Kongsberg", "Molde",
    "Harstad", "Horten", "Lillehammer", "Gjøvik", "Mo i Rana", "Jessheim", "Kristiansund", "Elverum",
    "Alta", "Narvik", "Leirvik", "Stord", "Voss", "Namsos", "Steinkjer",
]


def load(loader):
    """Fill res_partner; leave t_cust, one row a customer with all that drives its invoices."""
    loader.params.update(PARAMS, names_a=NAMES_A, names_b=NAMES_B, cities=CITIES)
    _plan(loader)
    if loader.params["largest"]:
        _enlarge(loader)
    _plan_names(loader)
    common = {
        "create_uid": "%(uid)s", "write_uid": "%(uid)s", "active": "true", "type": "'contact'",
        "lang": "'en_US'", "country_id": "%(country)s", "color": 0, "partner_share": "true",
        "message_bounce": 0, "supplier_rank": 0, "autopost_bills": "'ask'",
        "peppol_eas": "'0192'", "vies_valid": "false",
        "create_date": "(%(as_of)s::date - %(days)s + c.first_day)::timestamp",
        "write_date": "(%(as_of)s::date - %(days)s + c.first_day)::timestamp",
    }
    loader.insert("customers", "res_partner", {
        **common, "id": "c.id", "name": "m.name", "complete_name": "m.name",
        "commercial_company_name": "m.name", "is_company": "true",
        "commercial_partner_id": "c.id", "customer_rank": "c.n_inv",
        "ref": f"(10000 + {_twin(23, 'ref')})::text",
        "vat": "'NO' || o.orgnr || 'MVA'", "city": "m.city",
        "zip": "lpad((1 + floor(pg_temp.u(24, c.n) * 9990))::text, 4, '0')",
        "street": "'Storgata ' || 1 + floor(pg_temp.u(25, c.n) * 200)::int",
        "email": "'faktura@kunde' || c.n || '.example'",
        "phone": "'+47 ' || 20000000 + c.n",
        "property_payment_term_id": "jsonb_build_object(%(co)s::text, CASE c.term"
                                    " WHEN 14 THEN %(term14)s ELSE %(term30)s END)",
        # About one to three months' sales, rounded to thousands.
        "credit_limit": "CASE WHEN pg_temp.u(26, c.n) < %(limit_share)s THEN jsonb_build_object("
                        "%(co)s::text, 1000.0 * ceil((1 + 2 * pg_temp.u(27, c.n)) * 1.25"
                        " * exp(c.mu) * greatest(c.n_inv, 1) * 30.4 / %(days)s / 1000)) END",
    }, f"FROM t_cust c JOIN t_org o ON o.n = {_twin(21, 'vat')} JOIN t_name m ON m.n = {_twin(22, 'name')}")
    loader.insert("contact persons", "res_partner", {
        **common, "id": "c.contact_id", "parent_id": "c.id", "is_company": "false",
        "name": "'Kontakt ' || c.n", "complete_name": "p.name || ', Kontakt ' || c.n",
        "commercial_company_name": "p.name", "commercial_partner_id": "c.id", "vat": "p.vat",
        "customer_rank": "CASE WHEN c.n_inv > 0 THEN 1 ELSE 0 END",
        "email": "'kontakt@kunde' || c.n || '.example'",
        "property_payment_term_id": "p.property_payment_term_id",
        "credit_limit": "p.credit_limit",
    }, "FROM t_cust c JOIN res_partner p ON p.id = c.id WHERE c.has_contact = 1")


def _twin(stream, what):
    """SQL: the number of the customer whose property is used: its own, or that of the one before."""
    return f"CASE WHEN pg_temp.u({stream}, c.n) < %(twin_{what}_share)s AND c.n > 1 THEN c.n - 1 ELSE c.n END"


def _plan(loader):
    loader.step("customer profiles", """
        CREATE TEMP TABLE t_cust AS
        WITH draw AS (
            SELECT n, pg_temp.u(1, n) AS behave, pg_temp.g(2, n) AS shift,
                   pg_temp.u(3, n) AS trend, pg_temp.g(4, n) AS z_count,
                   pg_temp.g(5, n) AS z_amount
              FROM generate_series(1, %(n)s) n
        ), weight AS (
            SELECT *, sum(exp(%(sigma_count)s * z_count)) OVER (ORDER BY n) AS cum,
                   exp(%(sigma_count)s * z_count) AS w,
                   sum(exp(%(sigma_count)s * z_count)) OVER () AS total
              FROM draw
        )
        SELECT n, %(base_res_partner)s + n AS id,
               (floor(%(m)s * cum / total + 1e-6) - floor(%(m)s * (cum - w) / total + 1e-6))::int AS n_inv,
               (floor(%(orders)s * cum / total + 1e-6)
                - floor(%(orders)s * (cum - w) / total + 1e-6))::int AS n_so,
               (floor(%(drafts)s * cum / total + 1e-6)
                - floor(%(drafts)s * (cum - w) / total + 1e-6))::int AS n_draft,
               ln(%(typical_amount)s) + %(sigma_amount)s * z_amount AS mu,
               CASE WHEN behave < .50 THEN -2 WHEN behave < .80 THEN 5
                    WHEN behave < .94 THEN 20 ELSE 50 END + 2 * shift AS delay,
               CASE WHEN behave < .50 THEN 4 WHEN behave < .80 THEN 6
                    WHEN behave < .94 THEN 12 ELSE 25 END AS delay_sd,
               behave >= .94 AS very_late,
               CASE WHEN trend < .08 THEN 35 WHEN trend < .12 THEN -25 ELSE 0 END AS drift,
               CASE WHEN pg_temp.u(6, n) < .45 THEN 14 ELSE 30 END AS term,
               CASE WHEN pg_temp.u(7, n) < %(zero_vat_share)s THEN 0 ELSE %(rate)s END AS rate,
               pg_temp.u(8, n) < %(run_payer_share)s AS run_payer,
               pg_temp.u(9, n) < %(wizard_payer_share)s AS wizard,
               -- 60 %% trade the whole period, the others start later; 15 %% stop early
               CASE WHEN pg_temp.u(10, n) < .6 THEN 0
                    ELSE floor(pg_temp.u(11, n) * %(days)s * .9)::int END AS first_day,
               CASE WHEN pg_temp.u(12, n) < .15 THEN .3 + .6 * pg_temp.u(13, n) ELSE 1 END AS active_part,
               CASE WHEN pg_temp.u(14, n) < %(contact_share)s THEN 1 ELSE 0 END AS has_contact
          FROM weight;
        ALTER TABLE t_cust ADD contact_id int;
        UPDATE t_cust SET contact_id = %(base_res_partner)s + %(n)s + c.rank
          FROM (SELECT n, row_number() OVER (ORDER BY n) AS rank FROM t_cust WHERE has_contact = 1) c
         WHERE c.n = t_cust.n;
        CREATE UNIQUE INDEX ON t_cust (n);
        ANALYZE t_cust
    """)


def _enlarge(loader):
    """Give the largest customer `largest` invoices, taken evenly from the others."""
    loader.step("the largest customer", """
        WITH big AS (
            SELECT n, %(largest)s - n_inv AS wanted FROM t_cust ORDER BY n_inv DESC, n LIMIT 1
        ), others AS (
            SELECT c.n, sum(c.n_inv) OVER (ORDER BY c.n) AS upto, c.n_inv,
                   big.wanted::numeric / sum(c.n_inv) OVER () AS share
              FROM t_cust c, big WHERE c.n <> big.n
        ), change AS (
            SELECT n, floor(upto * share + 1e-6) - floor((upto - n_inv) * share + 1e-6) AS given FROM others
        )
        UPDATE t_cust c SET n_inv = c.n_inv - x.given
          FROM (SELECT n, given FROM change
                UNION ALL SELECT big.n, -(SELECT sum(given) FROM change) FROM big) x
         WHERE x.n = c.n
    """)


def _plan_names(loader):
    # Organisation numbers: eight digits and a modulo-11 check digit.
    loader.step("organisation numbers", """
        CREATE TEMP TABLE t_org AS
        WITH cand AS (
            SELECT b, 11 - (SELECT sum(substr(b::text, i, 1)::int * (ARRAY[3,2,7,6,5,4,3,2])[i])
                              FROM generate_series(1, 8) i)::int %% 11 AS chk
              FROM generate_series(81000000, 81000000 + 2 * %(n)s + 50) b)
        SELECT row_number() OVER (ORDER BY b) AS n, b::text || (chk %% 11)::text AS orgnr
          FROM cand WHERE chk <> 10 ORDER BY b LIMIT %(n)s;
        CREATE UNIQUE INDEX ON t_org (n); ANALYZE t_org
    """)
    loader.step("customer names", """
        CREATE TEMP TABLE t_name AS
        WITH list AS (
            SELECT %(names_a)s::text[] AS a, cardinality(%(names_a)s::text[]) AS na,
                   %(names_b)s::text[] AS b, cardinality(%(names_b)s::text[]) AS nb,
                   %(cities)s::text[] AS c, cardinality(%(cities)s::text[]) AS nc)
        SELECT n, a[1 + n %% na] || b[1 + (n / na) %% nb] || ' ' || c[1 + (n / (na * nb)) %% nc]
               || CASE WHEN n < na * nb * nc THEN '' ELSE ' ' || n / (na * nb * nc) END
               || (ARRAY[' AS', ' AS', ' AS', ' ASA', ' ANS'])[1 + n %% 5] AS name,
               c[1 + floor(pg_temp.u(20, n) * nc)::int] AS city
          FROM list, generate_series(1, %(n)s) n;
        CREATE UNIQUE INDEX ON t_name (n); ANALYZE t_name
    """)
