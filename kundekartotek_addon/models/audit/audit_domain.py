# SPDX-License-Identifier: LGPL-3.0-or-later
"""What somebody listed or searched by, as a person says it."""

from ast import literal_eval

from odoo.tools import LazyTranslate, format_date, format_datetime, formatLang

_lt = LazyTranslate(__name__)
CONDITIONS = {
    "like": _lt("%(field)s contains %(value)s"),
    "ilike": _lt("%(field)s contains %(value)s"),
    "not like": _lt("%(field)s does not contain %(value)s"),
    "not ilike": _lt("%(field)s does not contain %(value)s"),
    "=like": _lt("%(field)s looks like %(value)s"),
    "=ilike": _lt("%(field)s looks like %(value)s"),
    "in": _lt("%(field)s is one of %(value)s"),
    "not in": _lt("%(field)s is none of %(value)s"),
    "child_of": _lt("%(field)s is %(value)s or below"),
    "parent_of": _lt("%(field)s is %(value)s or above"),
    "any": _lt("%(field)s with %(value)s"),
    "not any": _lt("%(field)s without %(value)s"),
}
SIGNS = {">=": "≥", "<=": "≤", "!=": "≠"}
# How a day that moves begins: "today", "today -7d", "now +1H".
MOVING = {"today": _lt("today"), "now": _lt("now")}
JOINTS = {"&": _lt("and"), "|": _lt("or")}
NO_DOMAIN = (  # whoever owns the database may have written anything
    ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, StopIteration, SyntaxError, TypeError,
    ValueError)
LARGEST_ID = 2**31 - 1


def domain_in_words(model, text):
    """:return: a recorded domain in the language and time zone of the model's environment; the text as it is
    where it is none"""
    try:
        tokens = iter(literal_eval(text))
        words, _joint = _tree(model, tokens)
        return text if next(tokens, None) else words
    except NO_DOMAIN:
        return text


def _tree(model, tokens):
    """:return: (words, and by what they are joined) of the next expression in prefix notation"""
    token = next(tokens)
    if token == "!":
        words, _joint = _tree(model, tokens)
        return model.env._("not (%(condition)s)", condition=words), None
    if isinstance(token, str):
        parts = [_tree(model, tokens), _tree(model, tokens)]
        words = [words if joint in (None, token) else f"({words})" for words, joint in parts]
        return f" {model.env._(JOINTS[token])} ".join(words), token
    return _condition(model, *token), None


def _condition(model, path, operator, value):
    if path in (0, 1):
        return model.env._("all") if path == value else model.env._("none")
    label, field = _field(model, path)
    if operator in ("any", "not any"):
        comodel = model.env[field.comodel_name]
        words = f"({domain_in_words(comodel, str(value))})"
    elif value is False and field is not None and field.type != "boolean" and operator in ("=", "!="):
        empty = model.env._("%(field)s is empty", field=label)
        return empty if operator == "=" else model.env._("%(field)s is not empty", field=label)
    elif isinstance(value, (list, tuple)):
        if len(value) == 1:
            return _condition(model, path, {"in": "=", "not in": "!="}.get(operator, operator), value[0])
        words = ", ".join(_value(model.env, field, each) for each in value)
    else:
        words = _value(model.env, field, value)
    if operator.endswith("like"):
        words = f"«{words}»"
    if operator not in CONDITIONS:
        return f"{label} {SIGNS.get(operator, operator)} {words}"
    condition = model.env._(CONDITIONS[operator])
    condition %= {"field": label, "value": words}
    return condition


def _field(model, path):
    """:return: (labels along a path of fields, the last field or None)"""
    labels, field = [], None
    for name in path.split("."):
        field = model._fields.get(name) if model is not None else None
        labels.append(field._description_string(model.env) if field else name)
        model = model.env[field.comodel_name] if field and field.comodel_name else None
    return "/".join(labels), field


def _value(env, field, value):
    """A value that somebody searched by: a key of a choice, the id or the name of a record, a plain value."""
    kind = field.type if field is not None else None
    if kind == "boolean":
        return env._("Yes") if value else env._("No")
    if kind == "selection":
        return dict(field._description_selection(env)).get(value, str(value))
    if kind in ("date", "datetime") and isinstance(value, str):
        start, *steps = value.split() or [""]
        if start in MOVING:
            return " ".join([env._(MOVING[start]), *steps])
    if kind == "date" and isinstance(value, str):
        return format_date(env, value) or value
    if kind == "datetime" and isinstance(value, str):
        is_day = len(value) == len("2026-11-18")
        return format_date(env, value) if is_day else format_datetime(env, value, tz=str(env.tz))
    if isinstance(value, float):
        return formatLang(env, value, digits=2)
    if field is not None and field.comodel_name and isinstance(value, int) and 0 < value <= LARGEST_ID:
        record = env[field.comodel_name].browse(value).exists()._filtered_access("read")
        return record.display_name or str(value)
    return str(value)
