# SPDX-License-Identifier: LGPL-3.0-or-later
"""Recorded texts as their reader's language writes them.

What is recorded, sealed and archived writes dates as ISO 8601, moments in UTC and amounts as ``17 937.50 NOK``; *Yes*,
*No*, labels and what was chosen from a list are in the language that the company had then. It stays as it is: only who
reads it reads 18.11.2026. A text that is no value of its field is shown as recorded.
"""

import json
import re
from contextlib import suppress
from datetime import datetime

from odoo.tools import format_date, format_datetime, formatLang
from odoo.tools.misc import get_lang

from .audit_values import Readable

DATE = re.compile(r"\d{4}-\d\d-\d\d")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)?")
NUMBER = re.compile(r"(-?\d[\d ]*\.(\d+))( \S+)?")  # with its currency, if it is an amount


class RecordedTexts:
    """The recorded texts of one model, in the language and time zone of an environment."""

    def __init__(self, env, model_name):
        self.env = env
        self.model = env.get(model_name or "")
        self._choices = {}
        self._names = None

    def value(self, field_name, text):
        """:return: a recorded value of a field, as the reader's language writes it"""
        field = self.model._fields.get(field_name) if self.model is not None else None
        if field is not None and text:
            with suppress(ValueError, TypeError, KeyError):  # 2026-13-45, and what raw SQL wrote
                return self._value(field, text) or text
        return text

    def lines(self, text):
        """:return: the values of a record that was made or deleted, each under the reader's label"""
        if not text or not hasattr(self.model, "_audited_order"):
            return text
        return "\n".join(map(self._line, text.split("\n")))

    def _value(self, field, text):
        if field.type == "date" and DATE.fullmatch(text):
            return format_date(self.env, text)
        if field.type == "datetime" and (found := MOMENT.fullmatch(text)):
            return format_datetime(self.env, found[1], tz=str(self.env.tz))
        if field.type in ("float", "monetary") and (found := NUMBER.fullmatch(text)):
            number = formatLang(self.env, float(found[1].replace(" ", "")), digits=len(found[2]))
            return number + (found[3] or "")
        if field.type in ("boolean", "selection"):
            return self._chosen(field, text)
        return self._by_company(field, text) if field.company_dependent and text.startswith("{") else None

    def _by_company(self, field, text):
        """What PostgreSQL itself recorded of a value that each company has its own of: {"1": 80000.0}."""
        readable = Readable(self.model)
        companies = {str(company.id): company for company in self.env["res.company"].sudo().search([])}
        return ", ".join(
            f"{companies[key].name}: {self.value(field.name, readable.text(field, value, companies[key].id))}"
            for key, value in json.loads(text).items()
        )

    def _line(self, line):
        label, colon, text = line.partition(": ")
        names = self._labels()
        company = ""
        if label not in names:
            label, bracket, rest = label.rpartition(" (")
            company = bracket + rest
        if not colon or label not in names:
            return line
        field = self.model._fields[names[label]]
        return f"{field._description_string(self.env)}{company}: {self.value(field.name, text)}"

    def _labels(self):
        """:return: {label in any language: name} of what is recorded of the model"""
        if self._names is None:
            self._names = {}
            for name in self.model._audited_order():
                for env in self._languages():
                    self._names.setdefault(self.model._fields[name]._description_string(env), name)
        return self._names

    def _chosen(self, field, text):
        """:return: what was chosen, whichever language it was recorded in; None if it is no choice"""
        if field not in self._choices:
            shown = self._labels_of(field, self.env)
            self._choices[field] = {
                label: shown[key] for env in self._languages() for key, label in self._labels_of(field, env).items()}
        return self._choices[field].get(text)

    def _labels_of(self, field, env):
        if field.type == "boolean":
            return {True: env._("Yes"), False: env._("No")}
        return dict(field._description_selection(env))

    def _languages(self):
        """The environment in each language that may have been recorded in; English is the program's own."""
        codes = dict.fromkeys(["en_US", *(code for code, _name in self.env["res.lang"].get_installed())])
        return [self.env(context={**self.env.context, "lang": code}) for code in codes]


def grouped(env, count):
    """:return: a whole number as the reader's language writes it"""
    return formatLang(env, count, digits=0)


def as_recorded(env, text):
    """:return: a text that the reader's language writes, as it is recorded: to search by what is read"""
    lang = get_lang(env)

    def number(found):
        whole, _point, decimals = found[0].partition(lang.decimal_point)
        grouped = f"{int(re.sub(r'[^0-9]', '', whole)):,}".replace(",", " ")
        return f"{grouped}.{decimals}" if decimals else grouped

    with suppress(ValueError):
        return str(datetime.strptime(text.strip(), lang.date_format).date())  # noqa: DTZ007 (a date)
    with suppress(ValueError):  # more digits than Python reads
        return re.sub(r"[0-9](?:[0-9\s.,]*[0-9])?", number, text)
    return text
