# SPDX-License-Identifier: LGPL-3.0-or-later
from . import account_index
from . import account_move
from . import ledger_entry
from . import ledger_period
from . import res_partner_ledger
from . import statement
from . import statement_content
from . import statement_schedule
from . import res_config_settings_statement
from . import communication
