// SPDX-License-Identifier: LGPL-3.0-or-later
import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("kundekartotek_overview", {
    steps: () => [
        { content: "every tile gets its number", trigger: ".o_kundekartotek_overview:not(:contains(…))" },
        { trigger: "[data-tile=incomplete] .o_overview_count.text-warning" },
        { trigger: "[data-tile=incomplete]", run: "click" },
        { content: "the tile opens what it counted", trigger: ".o_list_view .o_data_row:contains(Mangler Mye)" },
        { trigger: ".breadcrumb a:contains(Overview), .o_back_button", run: "click" },
        { trigger: "[data-tile=customers]" },
    ],
});
