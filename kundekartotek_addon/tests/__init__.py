# SPDX-License-Identifier: LGPL-3.0-or-later
from . import test_customer_mark
from . import test_access_matrix
from . import test_audit_event
from . import test_audit_changes
from . import test_customer_category
from . import test_customer_category_rule
from . import test_customer_posting_rule
from . import test_audit_looks
from . import test_audit_seal
from . import test_customer_agreement
from . import test_customer_agreement_prices
from . import test_customer_completeness
from . import test_customer_contact
from . import test_orgnr
from . import test_customer_identity
