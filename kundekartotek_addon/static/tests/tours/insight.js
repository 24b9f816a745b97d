// SPDX-License-Identifier: LGPL-3.0-or-later
import { registry } from "@web/core/registry";

const back = [
    { trigger: ".o_breadcrumb .o_back_button, .o_breadcrumb a:contains(Overview)", run: "click" },
    { trigger: ".o_insight [data-chart=revenue] canvas" },
];

registry.category("web_tour.tours").add("kundekartotek_insight", {
    steps: () => [
        { content: "charts are drawn", trigger: ".o_insight [data-chart=ages] canvas" },
        { trigger: ".o_insight [data-chart=overdue] canvas" },
        { trigger: ".o_insight [data-chart=revenue] canvas" },
        { trigger: ".o_insight [data-chart=pareto] canvas" },
        { content: "revenue beside last year's", trigger: "[data-figure=revenue]:contains('+4 %')" },
        { content: "a cell of the matrix leads to its customers", trigger: "[data-cell='c/risk'] button:contains(1)", run: "click" },
        { trigger: ".o_data_row:only:contains(Brattlia)" },
        ...back,
        { content: "a figure leads to its customers", trigger: "[data-figure=revenue]", run: "click" },
        { trigger: ".o_data_row:contains(Fjellbekk)" },
        ...back,
        { content: "key figures by the month", trigger: "[data-figure=dso]", run: "click" },
        { trigger: ".o_data_row:eq(5)" },
        ...back,
        { content: "who fell most", trigger: "[data-list=falling] td:contains(Brattlia) a", run: "click" },
        { content: "the card says why it has its class", trigger: ".o_field_widget[name=customer_abc_class]:contains(C)" },
    ],
});

registry.category("web_tour.tours").add("kundekartotek_report_table", {
    steps: () => [
        { content: "the season, with its index", trigger: ".o_report_table th:contains('Seasonal Index')" },
        { trigger: ".o_report_table tbody tr:eq(11):contains(December)" },
        { trigger: "button[name=choose]", run: "click" },
        { content: "the wizard knows which report", trigger: ".modal .o_field_widget[name=report] input[data-value='kundekartotek.sales.season']:checked" },
        { trigger: ".modal .o_field_widget[name=report] input[data-value='kundekartotek.customer.cohort']", run: "click" },
        { trigger: ".modal button[name=action_show]", run: "click" },
        { content: "the cohorts, as many lines as quarters", trigger: ".o_report_table tbody tr:eq(12):contains(Total)" },
        { content: "the records behind it", trigger: "button[name=records]", run: "click" },
        { trigger: ".o_pivot_view, .o_view_nocontent" },
    ],
});
