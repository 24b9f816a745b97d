// SPDX-License-Identifier: LGPL-3.0-or-later
import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

const field = (name, tag = "input") => `.o_field_widget[name=${name}]:visible ${tag}`;
const choose = (text, name) => [
    { content: "two letters ask for nothing", trigger: field("register_choice"), run: `edit ${text.slice(0, 2)}` },
    { content: "half a name lists hits", trigger: field("register_choice"), run: `edit ${text}` },
    {
        content: "with number, form and place",
        trigger: `.o_register_hit:contains(${name}):contains(AS):contains(OSLO)`,
        run: "click",
    },
    { content: "the name is filled", trigger: `${field("name", "textarea")}:value(${name})` },
    { content: "and the address", trigger: `${field("zip")}:value(0166)` },
    { content: "and the number for VAT", trigger: `${field("vat")}:value(MVA)` },
];
const save = [
    { trigger: ".o_form_button_save", run: "click" },
    { trigger: ".o_form_saved, .o_form_status_indicator_buttons.invisible:not(:visible)" },
    { content: "it waits for the register", trigger: ".o_register_line:contains(not checked)" },
];

registry.category("web_tour.tours").add("kundekartotek_register_lookup", {
    steps: () => [
        { content: "a new customer", trigger: ".o_list_button_add", run: "click" },
        ...choose("bergfrua ei", "BERGFRUA EIENDOM AS"),
        ...save,
        { content: "the field is gone", trigger: ".o_form_view:not(:has(.o_field_widget[name=register_choice]))" },
        { trigger: ".o_notebook .nav-link[name=contact_addresses]", run: "click" },
        { content: "the postal address is the invoice address", trigger: ".o_kanban_record:contains(OSLO)" },
    ],
});

registry.category("web_tour.tours").add("kundekartotek_register_lookup_contacts", {
    steps: () => [
        { content: "a new contact", trigger: ".o_control_panel_main_buttons button:visible:contains(New)", run: "click" },
        ...choose("bergfrua ei", "BERGFRUA EIENDOM AS"),
        { trigger: ".o_form_button_save", run: "click" },
        { trigger: ".o_form_saved, .o_form_status_indicator_buttons.invisible:not(:visible)" },
    ],
});

// The answer to the first question is held back until the second has been answered and shown.
let asked, letFirstGo;

function holdBackFirstAnswer() {
    const original = rpc._rpc;
    asked = [];
    const held = new Promise((resolve) => (letFirstGo = resolve));
    rpc._rpc = (url, params, settings) => {
        const answer = original(url, params, settings);
        if (params?.method !== "search_in_register" || asked.push(params.args[0]) > 1) {
            return answer;
        }
        return Object.assign(answer.then(async (result) => (await held, result)), { abort: () => answer.abort() });
    };
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

registry.category("web_tour.tours").add("kundekartotek_register_last_answer", {
    steps: () => [
        { content: "a new customer", trigger: ".o_list_button_add", run: "click" },
        { trigger: field("register_choice"), run: holdBackFirstAnswer },
        { content: "letter by letter", trigger: field("register_choice"), run: "edit blåskjell" },
        {
            content: "one question for all letters",
            trigger: field("register_choice"),
            run: async () => {
                await wait(800);
                if (asked.join() !== "blåskjell") {
                    throw new Error(`asked for ${asked}`);
                }
            },
        },
        { content: "typed anew before the answer", trigger: field("register_choice"), run: "edit bergfrua" },
        { trigger: ".o_register_hit:contains(BERGFRUA EIENDOM AS)" },
        {
            content: "the first answer comes last",
            trigger: field("register_choice"),
            run: async () => {
                letFirstGo();
                await wait(500);
            },
        },
        { content: "and is not shown", trigger: ".o-autocomplete--dropdown-menu:not(:contains(BLÅSKJELL))" },
        { trigger: ".o_register_hit:contains(BERGFRUA EIENDOM AS)", run: "click" },
        { content: "what was typed last is filled", trigger: `${field("name", "textarea")}:value(BERGFRUA EIENDOM AS)` },
        { trigger: ".o_form_button_cancel", run: "click" },
        { trigger: ".o_list_view" },
    ],
});
