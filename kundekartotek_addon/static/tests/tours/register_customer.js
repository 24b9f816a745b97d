// SPDX-License-Identifier: LGPL-3.0-or-later
import { registry } from "@web/core/registry";

const field = (name, tag = "input") => `.o_field_widget[name=${name}]:visible ${tag}`;
const type = (name, text, tag) => ({ trigger: field(name, tag), run: `edit ${text}` });
const save = [
    { trigger: ".o_form_button_save", run: "click" },
    { trigger: ".o_form_saved, .o_form_status_indicator_buttons.invisible:not(:visible)" },
];

registry.category("web_tour.tours").add("kundekartotek_register_customer", {
    steps: () => [
        { content: "register a customer from nothing", trigger: ".o_list_button_add", run: "click" },
        { content: "all that is missing is listed", trigger: ".alert:contains(Address):contains(Payment terms)" },
        { content: "what is missing leads to its field", trigger: ".alert a[data-field=street]", run: "click" },
        { trigger: ".o_address_street input:focus" },
        { content: "also on another page", trigger: ".o_notebook .nav-link[name=internal_notes]", run: "click" },
        { trigger: ".o_notebook .nav-link[name=kundekartotek]", run: "click" },
        { trigger: ".alert a[data-field=property_payment_term_id]", run: "click" },
        { trigger: "[name=property_payment_term_id] input:focus" },
        type("name", "Nordfjell Bakeri AS", "textarea"),
        type("email", "post@nordfjell.example"),
        type("street", "Storgata 1"),
        type("zip", "2609"),
        type("city", "Lillehammer"),
        type("company_registry", "310 410 004"),
        { trigger: field("customer_category_id"), run: "edit Bakeries" },
        { trigger: ".o-autocomplete--dropdown-item:contains(Bakeries)", run: "click" },
        ...save,
        { content: "it has a number of its category", trigger: `${field("ref")}:value(BAK-0001)` },
        { content: "and its category's terms", trigger: `${field("property_payment_term_id")}:value(Bakery terms)` },
        { content: "the number is nine digits", trigger: `${field("company_registry")}:value(310410004)` },
        { content: "nothing is missing any more", trigger: ".o_field_widget[name=customer_completeness]:contains(Complete)" },
        { trigger: ".o_notebook:not(:has(.alert:contains(Payment terms)))" },
        { content: "it owes nothing", trigger: ".o_customer_figure:contains(Overdue):contains(Nothing is overdue)" },
        type("ref", "7007"),
        ...save,
        { trigger: ".o_back_button", run: "click" },
        { content: "the list shows the new number", trigger: ".o_data_row:contains(Nordfjell) [name=ref]:contains(7007)" },
        { content: "and the old one still finds it", trigger: ".o_searchview_input", run: "edit BAK-0001" },
        { trigger: ".o_searchview_input", run: "press Enter" },
        { trigger: ".o_searchview_facet:contains(BAK-0001)" },
        { trigger: ".o_data_row:only:contains(Nordfjell) [name=ref]:contains(7007)" },
    ],
});
