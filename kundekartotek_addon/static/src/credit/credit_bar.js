// SPDX-License-Identifier: LGPL-3.0-or-later
import { Component } from "@odoo/owl";
import { registry } from "@web/core/registry";
import { usePopover } from "@web/core/popover/popover_hook";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

/** What a customer's exposure is made of; each part leads to its documents. */
export class CreditParts extends Component {
    static template = "kundekartotek_addon.CreditParts";
    static props = { overview: Object, close: { type: Function, optional: true } };

    setup() {
        this.action = useService("action");
    }

    open(part) {
        this.props.close?.();
        this.action.doAction({
            type: "ir.actions.act_window",
            name: part.label,
            res_model: part.model,
            domain: part.domain,
            views: [
                [false, "list"],
                [false, "form"],
            ],
        });
    }
}

/** A bar of used / limit that reads at a glance, hatched what the document at hand adds; the parts in a popover, or below it. */
export class CreditBar extends Component {
    static template = "kundekartotek_addon.CreditBar";
    static components = { CreditParts };
    static props = { ...standardFieldProps, showParts: { type: Boolean, optional: true } };

    setup() {
        this.popover = usePopover(CreditParts, { position: "bottom" });
    }

    get overview() {
        return this.props.record.data[this.props.name] || {};
    }

    width(percent) {
        return Math.max(0, Math.min(100, percent || 0));
    }

    color(percent) {
        return percent > 100 ? "bg-danger" : percent >= 80 ? "bg-warning" : "bg-success";
    }

    show(event) {
        this.popover.open(event.currentTarget, { overview: this.overview });
    }
}

registry.category("fields").add("credit_bar", {
    component: CreditBar,
    supportedTypes: ["json"],
    extractProps: ({ options }) => ({ showParts: Boolean(options.show_parts) }),
});
