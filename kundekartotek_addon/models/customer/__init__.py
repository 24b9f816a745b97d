# SPDX-License-Identifier: LGPL-3.0-or-later
from . import res_partner
from . import category
from . import category_rule
from . import posting_rule
from . import account_move_line
from . import product_category
from . import res_partner_category
from . import res_company
from . import res_config_settings
from . import contact_role
from . import res_partner_contact
from . import res_partner_completeness
from . import agreement
from . import agreement_document
from . import sale_order
from . import account_move
from . import account_move_send
