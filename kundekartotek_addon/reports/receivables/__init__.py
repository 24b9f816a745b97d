# SPDX-License-Identifier: LGPL-3.0-or-later
from . import report_mixin
from . import period_report
from . import balance_list
from . import customer_specification
from . import aging_report
