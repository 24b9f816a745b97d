# SPDX-License-Identifier: LGPL-3.0-or-later
from typing import NamedTuple

from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools.safe_eval import safe_eval

from .res_partner_figures import AMOUNT_GROUPS


class Tile(NamedTuple):
    """A number on the overview that leads to the records it counts."""

    key: str
    title: str
    action: str  # external id of the window action that lists them
    domain: Domain = Domain.TRUE  # in addition to the action's own
    groups: str = ""  # who sees it, as in a view; everybody who sees the overview if empty
    tone: str = ""  # how it looks while it is not zero: "warning" or "danger"
    note: str = ""  # what it means, in a few words


class Overview(models.AbstractModel):
    """The app's opening page: how many customers there are, and which of them somebody must see to."""

    _name = "kundekartotek.overview"
    _description = "Overview of the Customers"

    @api.model
    def _overview_tiles(self):
        """The tiles in their order: extended by every room that has something to count.

        :return: list of :class:`Tile`
        """
        customers = "kundekartotek_addon.res_partner_action"
        incomplete = "kundekartotek_addon.res_partner_action_incomplete"
        mend = "kundekartotek_addon.res_partner_action_data_issue"
        return [
            Tile("customers", self.env._("Customers"), customers, note=self.env._("Everyone you sell to")),
            Tile("incomplete", self.env._("Incomplete Customers"), incomplete,
                 tone="warning", note=self.env._("Lack something an invoice needs")),
            Tile("no_number", self.env._("No Customer Number"), customers,
                 Domain("customer_number_issue", "=", "missing"), tone="warning",
                 note=self.env._("Select them and choose Assign Customer Numbers")),
            Tile("data_issue", self.env._("Data to Mend"), mend,
                 tone="warning", note=self.env._("Wrong, double or shared numbers")),
            Tile("overdue", self.env._("Overdue"), customers, Domain("customer_overdue", ">", 0), AMOUNT_GROUPS,
                 "danger", self.env._("Customers that owe something due before today")),
            Tile("over_limit", self.env._("Over Limit"), customers, Domain("customer_limit_left", "<", 0),
                 AMOUNT_GROUPS, "danger", self.env._("Customers that owe more than their credit limit")),
        ]

    @api.model
    @api.readonly
    def get_tiles(self):
        """:return: what the overview shows this user, without the numbers, which are asked for one by one"""
        return [
            {**tile._asdict(), "action": self._tile_action(tile), "domain": None, "groups": None}
            for tile in self._visible_tiles().values()
        ]

    @api.model
    @api.readonly
    def count_tile(self, key):
        """:return: how many records a tile counts; 0 for one that this user does not see"""
        tile = self._visible_tiles().get(key)
        if not tile:
            return 0
        action = self._tile_action(tile)
        return self.env[action["res_model"]].with_context(**action["context"]).search_count(action["domain"])

    @api.model
    def _visible_tiles(self):
        if not self.env.user.has_group("kundekartotek_addon.group_reader"):
            raise AccessError(self.env._("Only those who work with the customer file see its overview."))
        return {
            tile.key: tile for tile in self._overview_tiles()
            if not tile.groups or self.env.user.has_groups(tile.groups)
        }

    @api.model
    def _tile_action(self, tile):
        action = self.env["ir.actions.act_window"]._for_xml_id(tile.action)
        names = {"uid": self.env.uid}
        return {
            **action,
            "name": tile.title,
            "display_name": tile.title,
            "context": safe_eval(action["context"] or "{}", names),
            "domain": [*safe_eval(action["domain"] or "[]", names), *([] if tile.domain.is_true() else tile.domain)],
        }
