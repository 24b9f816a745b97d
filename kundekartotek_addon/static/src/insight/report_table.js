// SPDX-License-Identifier: LGPL-3.0-or-later
import { Component, onWillStart } from "@odoo/owl";
import { formatDate, deserializeDate } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { Layout } from "@web/search/layout";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { formatFloat } from "@web/views/fields/formatters";

/** A report on customers as it is printed, for one screen: the same columns, lines and totals. */
export class ReportTable extends Component {
    static template = "kundekartotek_addon.ReportTable";
    static components = { Layout };
    static props = { ...standardActionServiceProps };

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.display = { controlPanel: {} };
        onWillStart(async () => {
            const { model, options = {} } = this.props.action.params;
            this.report = await this.orm.call(model, "get_table", [options]);
            this.env.config.setDisplayName(this.report.title);
        });
    }

    shown(value, { kind, digits }) {
        if (value === null || value === undefined) {
            return "";
        }
        switch (kind) {
            case "money":
                return formatFloat(value, { digits: [16, digits] });
            case "integer":
                return formatFloat(value, { digits: [16, 0] });
            case "percent":
                return `${formatFloat(100 * value, { digits: [16, 0] })} %`;
            case "date":
                return formatDate(deserializeDate(value));
            default:
                return value;
        }
    }

    /** A share is shaded: the larger, the darker. */
    shade(value, { kind }) {
        return kind === "percent" && value ? `background-color: rgba(var(--bs-primary-rgb, 113, 99, 158), ${0.05 + 0.55 * value})` : "";
    }

    isNumber({ kind }) {
        return ["money", "integer", "percent"].includes(kind);
    }

    download(kind) {
        this.action.doAction(this.report.downloads[kind]);
    }

    choose() {
        this.action.doAction(this.report.choose);
    }

    openRecords() {
        this.action.doAction(this.report.records);
    }
}

registry.category("actions").add("kundekartotek_report_table", ReportTable);
