// SPDX-License-Identifier: LGPL-3.0-or-later
import { Component, useRef } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What a customer lacks; each line leads to the field where it is filled in, on whichever page that is. */
export class CustomerMissing extends Component {
    static template = "kundekartotek_addon.CustomerMissing";
    static props = { ...standardFieldProps };

    setup() {
        this.root = useRef("root");
    }

    get value() {
        return this.props.record.data[this.props.name] || "";
    }

    onClick(ev) {
        const link = ev.target.closest("a[data-field]");
        if (!link) {
            return;
        }
        ev.preventDefault();
        const { page, field } = link.dataset;
        const form = this.root.el.closest(".o_form_view");
        const tab = page ? form.querySelector(`.o_notebook .nav-link[name="${page}"]:not(.active)`) : null;
        tab?.click();
        // the page is there when the notebook has drawn it
        setTimeout(() => this.focus(form, field), tab ? 100 : 0);
    }

    focus(form, field) {
        const inputs = form.querySelectorAll(`[name="${field}"] :is(input, select, textarea)`);
        const input = [...inputs].find((element) => element.offsetParent);
        input?.scrollIntoView({ block: "center" });
        input?.focus();
    }
}

registry.category("fields").add("customer_missing", { component: CustomerMissing, supportedTypes: ["html"] });
