# SPDX-License-Identifier: LGPL-3.0-or-later
from . import source
from . import customer_ranking
from . import customer_product
from . import sales_season
from . import customer_claim
from . import customer_cohort
from . import kpi_report
from . import overview_report
