import { registry } from "@web/core/registry";
import { formatPercentage } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { Component } from "@odoo/owl";

const WIDGET = "kundekartotek_share";

/** A share of a whole, 1 being all of it, in one decimal of a per cent. */
export function formatShare(value) {
    return value ? formatPercentage(value, { digits: [16, 1] }) : "";
}

/** A share as a bar with its figure. */
export class ShareBar extends Component {
    static template = "kundekartotek_addon.ShareBar";
    static props = { ...standardFieldProps };

    get share() {
        return this.props.record.data[this.props.name];
    }

    get text() {
        return formatShare(this.share);
    }

    get width() {
        return `width: ${Math.min(Math.max(this.share, 0), 1) * 100}%`;
    }
}

registry.category("fields").add(WIDGET, { component: ShareBar, supportedTypes: ["float"] });
registry.category("formatters").add(WIDGET, formatShare);
