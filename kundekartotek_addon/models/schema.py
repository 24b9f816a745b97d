# SPDX-License-Identifier: LGPL-3.0-or-later
from odoo import api, models

from ..schema import is_installing


class Schema(models.AbstractModel):
    """Called by the first data file: tables are made now, data come."""

    _name = "kundekartotek.schema"
    _description = "Tables of the Addon"

    @api.model
    def _release_tables(self):
        """A foreign key locks the table it refers to against writers, and loading views, translations and data
        takes longer than anybody should wait for a customer. What is made stays if the installation fails, as
        the columns do."""
        self.env.cr.commit()  # pylint: disable=invalid-commit


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def init(self):
        super().init()
        # Core has asked for its analytic index again, which locks the table although it is there.
        if is_installing(self.env):
            self.env["kundekartotek.schema"]._release_tables()


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    def init(self):
        super().init()
        if is_installing(self.env):  # as above
            self.env["kundekartotek.schema"]._release_tables()
