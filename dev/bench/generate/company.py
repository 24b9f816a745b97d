# SPDX-License-Identifier: LGPL-3.0-or-later
"""The company that sells: prepared through the ORM, then read by the loader."""

PRODUCT_CODE = "BENCH"
TERMS = (14, 30)  # days


def prepare(env):
    """Make the main company of a fresh database Norwegian, with what the loader needs.

    Needs the modules account, contacts, l10n_no and sale; commits.
    """
    norway, nok, company = env.ref("base.no"), env.ref("base.NOK"), env.company
    nok.active = True
    company.partner_id.country_id = norway
    company.write({"name": "Målebenken AS", "country_id": norway.id})
    if company.chart_template != "no":
        env["account.chart.template"].try_loading("no", company=company, install_demo=False)
    # The default price list keeps the currency the database was created with (USD).
    env["product.pricelist"].search([("company_id", "in", (False, company.id))]).currency_id = nok
    company.account_use_credit_limit = True  # or core returns credit_to_invoice = 0
    for days in TERMS:
        name = f"{days} Days"
        if not env["account.payment.term"].search_count([("name", "=", name)]):
            line = {"value": "percent", "value_amount": 100, "nb_days": days}
            env["account.payment.term"].create({"name": name, "line_ids": [(0, 0, line)]})
    if not env["product.product"].search_count([("default_code", "=", PRODUCT_CODE)]):
        env["product.product"].create({
            "name": "Service",
            "default_code": PRODUCT_CODE,
            "type": "service",
            "invoice_policy": "order",
            "list_price": 1000.0,
        })
    # Whoever uses the addon reads the ledger: the same user must see as much without it.
    env.ref("base.user_admin").group_ids += env.ref("account.group_account_readonly")
    env.cr.commit()


def read(loader):
    """Put the ids of the company's accounts, journals, taxes … into the loader's parameters."""
    params, value, row = loader.params, loader.value, loader.row
    params["co"], params["cur"] = row("SELECT id, currency_id FROM res_company ORDER BY id LIMIT 1")
    params["country"] = value("SELECT id FROM res_country WHERE code = 'NO'")
    params["uid"] = value(
        "SELECT res_id FROM ir_model_data WHERE module = 'base' AND name = 'user_admin'"
    )
    params["team"] = value("SELECT min(id) FROM crm_team")
    _read_journals(params, value, row)
    for key, field in (
        ("recv", "property_account_receivable_id"),
        ("income", "property_account_income_categ_id"),
    ):
        params[key] = int(value(
            "SELECT d.json_value FROM ir_default d JOIN ir_model_fields f ON f.id = d.field_id"
            " WHERE f.name = %(field)s AND d.company_id = %(co)s",
            field=field,
        ))
    params["tax"], params["tax_group"], params["rate"] = row(
        "SELECT t.id, t.tax_group_id, t.amount / 100 FROM account_tax t"
        " JOIN res_company c ON c.account_sale_tax_id = t.id WHERE c.id = %(co)s"
    )
    for key, kind in (("rep_inv", "invoice"), ("rep_ref", "refund")):
        params[key], params["tax_acc"] = row(
            "SELECT id, account_id FROM account_tax_repartition_line WHERE tax_id = %(tax)s"
            " AND document_type = %(kind)s AND repartition_type = 'tax' ORDER BY id LIMIT 1",
            kind=kind,
        )
    for days in TERMS:
        params[f"term{days}"] = value(
            "SELECT id FROM account_payment_term WHERE name->>'en_US' = %(name)s ORDER BY id LIMIT 1",
            name=f"{days} Days",
        )
    params["product"], params["uom"] = row(
        "SELECT p.id, t.uom_id FROM product_product p JOIN product_template t ON t.id = p.product_tmpl_id"
        " WHERE p.default_code = %(code)s",
        code=PRODUCT_CODE,
    )


def _read_journals(params, value, row):
    params["sale_j"] = value(
        "SELECT id FROM account_journal WHERE company_id = %(co)s AND type = 'sale'"
        " ORDER BY sequence, id LIMIT 1"
    )
    params["bank_j"], params["bank_acc"], params["bank_code"] = row(
        "SELECT id, default_account_id, code FROM account_journal WHERE company_id = %(co)s"
        " AND type = 'bank' ORDER BY sequence, id LIMIT 1"
    )
    params["method_line"], params["method"] = row(
        "SELECT l.id, m.id FROM account_payment_method_line l"
        " JOIN account_payment_method m ON m.id = l.payment_method_id"
        " WHERE l.journal_id = %(bank_j)s AND m.payment_type = 'inbound' ORDER BY l.id LIMIT 1"
    )
    params["outstanding"] = value(
        "SELECT res_id FROM ir_model_data WHERE module = 'account'"
        " AND name = %(co)s || '_account_journal_payment_debit_account_id'"
    )
