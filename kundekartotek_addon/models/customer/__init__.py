# SPDX-License-Identifier: LGPL-3.0-or-later
from . import res_partner
from . import category
from . import category_rule
from . import posting_rule
from . import account_move_line
from . import product_category
from . import res_partner_category
