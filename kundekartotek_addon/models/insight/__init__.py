# SPDX-License-Identifier: LGPL-3.0-or-later
from . import customer_metrics
from . import customer_metrics_sql
from . import metrics_dirty
from . import metrics_refresh
from . import metrics_events
from . import partner_merge
