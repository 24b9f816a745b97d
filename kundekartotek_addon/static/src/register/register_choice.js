// SPDX-License-Identifier: LGPL-3.0-or-later
import { Component } from "@odoo/owl";
import { AutoComplete } from "@web/core/autocomplete/autocomplete";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const SHORTEST = 3;
const DEBOUNCE = 300; // milliseconds without a key before the register is asked

/** Types a name or an organisation number, lists what the register has, and lets the server fill the form. */
export class RegisterChoice extends Component {
    static template = "kundekartotek_addon.RegisterChoice";
    static components = { AutoComplete };
    static props = { ...standardFieldProps, placeholder: { type: String, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.debounce = DEBOUNCE;
        this.asked = 0;
        this.sources = [
            {
                placeholder: _t("Searching in Brønnøysund…"),
                optionSlot: "hit",
                options: (text) => this.search(text),
            },
        ];
    }

    async search(text) {
        const turn = ++this.asked;
        if (text.trim().length < SHORTEST) {
            return [];
        }
        let answer;
        try {
            answer = await this.orm.silent.call("res.partner", "search_in_register", [text]);
        } catch {
            answer = { hits: [], message: _t("The look-up failed. Type the customer by hand.") };
        }
        if (turn !== this.asked) {
            return []; // a later question is on its way: its answer counts
        }
        if (!answer.hits.length) {
            return answer.message ? [{ label: answer.message, data: { message: answer.message } }] : [];
        }
        return answer.hits.map((hit) => ({
            label: hit.name,
            data: hit,
            cssClass: "o_register_hit",
            onSelect: () => this.choose(hit),
        }));
    }

    async choose(hit) {
        await this.props.record.update({ [this.props.name]: hit.number });
    }
}

export const registerChoice = {
    component: RegisterChoice,
    displayName: _t("Choice from the register"),
    supportedTypes: ["char"],
    extractProps: ({ placeholder }) => ({ placeholder }),
};

registry.category("fields").add("register_choice", registerChoice);
