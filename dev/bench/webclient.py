# SPDX-License-Identifier: LGPL-3.0-or-later
"""What the web client sends to the server when somebody opens a page."""

import ast
import json

from lxml import etree

from odoo.service.model import call_kw
from odoo.tools import json_default
from odoo.tools.safe_eval import safe_eval

LIST_LIMIT = 80


def call(env, model, method, *args, **kwargs):
    """Call a public method as /web/dataset/call_kw does, answer in JSON included."""
    result = call_kw(env[model], method, list(args), {"context": dict(env.context), **kwargs})
    json.dumps(result, default=json_default)
    return result


def action(env, xmlid):
    """A window action with its domain and context evaluated, and the ids of its views by their type."""
    values = env["ir.actions.actions"]._for_xml_id(xmlid)
    for key, empty in (("domain", "[]"), ("context", "{}")):
        values[key] = safe_eval(values[key] or empty, {"uid": env.uid})
    values["view_of_type"] = {view_type: view_id for view_id, view_type in values["views"]}
    return values


def specification(env, model, view_type, view_id=False):
    """The fields that the client asks for when it shows this view: all of them, invisible ones too.

    :return: a specification as web_read and web_search_read take it
    """
    views = env[model].get_views([(view_id, view_type)])
    arch = etree.fromstring(views["views"][view_type]["arch"])
    fields = {name: info["fields"] for name, info in views["models"].items()}
    return _specification(arch, model, fields)


def _specification(node, model, fields):
    depth = node.xpath("count(ancestor::field)") + (node.tag == "field")
    return {
        field.get("name"): _field_specification(field, fields[model][field.get("name")], fields)
        for field in node.xpath(f".//field[count(ancestor::field) = {depth}]")
    }


def _field_specification(node, info, fields):
    """As getFieldsSpec() in the client's relational_model/utils.js."""
    shown = node.get("invisible") not in ("True", "1") and node.get("column_invisible") not in ("True", "1")
    if info["type"] in ("many2one", "reference"):
        return {"fields": {"display_name": {}} if shown else {}}
    if info["type"] in ("one2many", "many2many") and shown:
        subview = next((view for view in node if view.tag in ("list", "kanban")), None)
        if subview is not None:
            return {
                "fields": _specification(subview, info["relation"], fields),
                "limit": int(subview.get("limit") or (40 if subview.tag == "list" else LIST_LIMIT)),
            }
        if "tags" in node.get("widget", ""):
            color = ast.literal_eval(node.get("options") or "{}").get("color_field")
            return {"fields": {"display_name": {}, **({color: {}} if color else {})}}
    return {}
