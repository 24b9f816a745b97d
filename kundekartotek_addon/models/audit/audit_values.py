# SPDX-License-Identifier: LGPL-3.0-or-later
"""Column values as a person reads them, with the names they have now."""

from collections import defaultdict

EMPTY = (None, "", False)


class Readable:
    """Texts for raw column values of one model, in the language of the company. Names of related
    records are read once for all of them: call :meth:`want` for every value, then :meth:`text`."""

    def __init__(self, model):
        lang = model.env.company.partner_id.lang or "en_US"
        self.model = model.with_context(lang=lang, active_test=False).sudo()
        self.env = self.model.env
        self._wanted = defaultdict(set)
        self._names = {}
        self._selections = {}

    def want(self, field, *values):
        """Ask for the names behind ids of a many2one, or sets of ids of a many2many."""
        if field.comodel_name:
            for value in values:
                self._wanted[field.comodel_name].update(
                    value if isinstance(value, (set, frozenset)) else [value]
                )

    def text(self, field, value, company_id=None):
        """:return: a text, or None where there is no value"""
        if field.type == "boolean":
            return self.env._("Yes") if value else self.env._("No")
        if value is None or value == "":
            return None
        if field.type == "many2one":
            return self._name(field.comodel_name, value)
        if field.type == "many2many":
            return ", ".join(sorted(self._name(field.comodel_name, id_) for id_ in value)) or None
        if field.type == "selection":
            return self._label(field, value)
        if field.type == "monetary" or field.name in self.model._audited_amounts():
            currency = self.env["res.company"].browse(company_id or self.env.company.id).currency_id
            return f"{value:,.2f} {currency.name}".replace(",", " ")
        if isinstance(value, dict):  # a translated field
            return value.get(self.env.lang) or value.get("en_US")
        return str(value)

    def _name(self, model_name, id_):
        if model_name not in self._names:
            records = self.env[model_name].browse(self._wanted[model_name] - {None}).exists()
            self._names[model_name] = {record.id: record.display_name for record in records}
        return self._names[model_name].get(id_) or self.env._("Deleted record %(id)s", id=id_)

    def _label(self, field, value):
        if field not in self._selections:
            self._selections[field] = dict(field._description_selection(self.env))
        return self._selections[field].get(value, value)
