# SPDX-License-Identifier: LGPL-3.0-or-later
from . import followup_note
from . import ledger_report
from . import statement_send
