// SPDX-License-Identifier: LGPL-3.0-or-later
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("kundekartotek_ledger_sums", {
    steps: () => [
        { content: "only a page is shown", trigger: ".o_pager_limit:contains(82)" },
        { content: "and the sum is of all", trigger: "tfoot td:contains(/^8,200.00$/)" },
        { trigger: ".o_pager_next", run: "click" },
        { content: "on every page", trigger: ".o_pager_value:contains(81-82)" },
        { trigger: "tfoot td:contains(/^8,200.00$/)" },
    ],
});

registry.category("web_tour.tours").add("kundekartotek_aging_currencies", {
    steps: () => [
        { trigger: ".o_aging_tie_out:contains(Difference)" },
        { trigger: ".o_list_renderer:not(:has(th[data-name=total_currency]))" },
        { trigger: ".o_searchview_dropdown_toggler", run: "click" },
        { trigger: ".o_group_by_menu .o-dropdown-item:contains(Document Currency)", run: "click" },
        {
            content: "a currency's sums, in company currency without its symbol and in its own",
            trigger: ".o_group_header:contains(EUR):contains(962.50):contains(77.00):not(:contains(kr))",
        },
    ],
});
