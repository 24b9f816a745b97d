// SPDX-License-Identifier: LGPL-3.0-or-later
import { Component, onWillStart, useEffect, useRef, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { getColor, hexToRGBA } from "@web/core/colors/colors";
import { formatDateTime, deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { formatFloat, formatMonetary } from "@web/views/fields/formatters";

const METRICS = "kundekartotek.customer.metrics";
const DANGER = "#dc3545";

/** A chart whose bars and points lead somewhere. */
class InsightChart extends Component {
    static template = "kundekartotek_addon.InsightChart";
    static props = { title: String, config: Object, onClick: Function, name: String };

    setup() {
        this.canvas = useRef("canvas");
        useEffect(
            () => {
                const chart = new Chart(this.canvas.el, {
                    ...this.props.config,
                    options: {
                        ...this.props.config.options,
                        onClick: (_event, [element]) => element && this.props.onClick(element.index, element.datasetIndex),
                    },
                });
                return () => chart.destroy();
            },
            () => [this.props.config]
        );
    }
}

/** What customers are worth and how they pay, in charts and figures that lead to what they are made of. */
export class Insight extends Component {
    static template = "kundekartotek_addon.Insight";
    static components = { InsightChart };
    static props = {};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.state = useState({ data: null });
        onWillStart(async () => {
            const [data] = await Promise.all([
                this.orm.call("kundekartotek.overview", "get_insight"),
                loadBundle("web.chartjs_lib"),
            ]);
            // What the page looks like, not what was chosen: not every edition has a dark one.
            this.ink = getComputedStyle(document.body).color;
            const isDark = this.ink.match(/\d+/g).slice(0, 3).every((part) => Number(part) > 140);
            this.grid = "rgba(128, 128, 128, 0.3)";
            this.blue = getColor(0, isDark ? "dark" : "light", "odoo");
            this.state.data = data;
            this.charts = this.makeCharts(data);
        });
    }

    // -- figures ------------------------------------------------------------------------------------

    get data() {
        return this.state.data;
    }

    get computed() {
        return formatDateTime(deserializeDateTime(this.data.computed), { showSeconds: false });
    }

    amount(value) {
        return formatMonetary(value, { currencyId: this.data.currency, digits: [16, 0] });
    }

    number(value, digits = 0) {
        return formatFloat(value, { digits: [16, digits] });
    }

    change({ now, before }) {
        if (before <= 0) {
            return "";
        }
        const change = Math.round((100 * (now - before)) / before);
        return `${change > 0 ? "+" : ""}${change} %`;
    }

    /** The figures at the top; `down` ones are better when they fall. */
    get figures() {
        const { kpis, revenue, won, lost, months } = this.data;
        const open = (name, field) => () => this.openMetrics(name, field ? [[field, "!=", 0]] : []);
        const figures = [
            { key: "revenue", title: _t("Revenue 12 Months"), text: this.amount(revenue.now), pair: revenue, open: open(_t("Revenue 12 Months"), "revenue_12m") },
            { key: "receivables", title: _t("Receivables"), text: this.amount(kpis.receivables.now), pair: kpis.receivables, down: true, open: open(_t("Receivables"), "open_amount") },
            { key: "overdue", title: _t("Overdue"), text: this.amount(kpis.overdue.now), pair: kpis.overdue, down: true, open: () => this.openMetrics(_t("Overdue"), [["overdue_amount", ">", 0]]) },
            { key: "dso", title: _t("DSO"), text: _t("%s days", this.number(kpis.dso.now)), pair: kpis.dso, down: true, open: () => this.openKpis() },
            { key: "turnover", title: _t("Receivables Turnover"), text: this.number(kpis.turnover.now, 1), pair: kpis.turnover, open: () => this.openKpis() },
            { key: "days_to_pay", title: _t("Days to Pay"), text: _t("%s days", this.number(kpis.days_to_pay.now)), pair: kpis.days_to_pay, down: true, open: () => this.openKpis() },
            { key: "won", title: _t("Customers Won"), text: this.number(won.count), note: this.amount(won.amount), open: () => this.openMetrics(_t("Customers Won"), won.domain) },
            { key: "lost", title: _t("Customers Lost"), text: this.number(lost.count), note: this.amount(lost.amount), open: () => this.openMetrics(_t("Customers Lost"), lost.domain) },
        ];
        return figures.filter(() => months.length);
    }

    tone(figure) {
        const { now, before } = figure.pair || { now: 0, before: 0 };
        if (before <= 0 || Math.round((100 * (now - before)) / before) === 0) {
            return "text-muted";
        }
        return now > before === Boolean(figure.down) ? "text-danger" : "text-success";
    }

    cell(row, column) {
        return this.data.matrix.cells[`${row}/${column}`] || { count: 0, amount: 0 };
    }

    /** The more of the customers, the darker; red where they are a risk. */
    shade(row, column) {
        const cells = Object.values(this.data.matrix.cells);
        const share = this.cell(row, column).count / Math.max(...cells.map((cell) => cell.count), 1);
        const color = column === "risk" ? DANGER : column === "slow" ? "#fd7e14" : this.blue;
        return share ? `background-color: ${hexToRGBA(color, 0.12 + 0.5 * share)}` : "";
    }

    // -- charts --------------------------------------------------------------------------------------

    makeCharts({ ages, months }) {
        const labels = months.map((month) => month.label);
        const dataset = (label, field, color) => ({
            label, data: months.map((month) => month[field]), backgroundColor: color, borderColor: color,
        });
        const grey = "rgba(128, 128, 128, 0.45)";
        return {
            ages: this.makeConfig("bar", ages.map((age) => age.label), [
                {
                    label: _t("Receivables"),
                    data: ages.map((age) => age.amount),
                    backgroundColor: ages.map((_age, index) =>
                        index === 0 ? this.blue : index === ages.length - 1 ? grey : hexToRGBA(DANGER, 0.25 + 0.18 * index)),
                },
            ], { indexAxis: "y", plugins: { legend: { display: false } } }),
            overdue: this.makeConfig("line", labels, [
                { ...dataset(_t("Overdue"), "overdue", DANGER), fill: true, backgroundColor: hexToRGBA(DANGER, 0.2), tension: 0.2 },
                { ...dataset(_t("Receivables"), "receivables", this.blue), tension: 0.2 },
            ]),
            revenue: this.makeConfig("bar", labels, [
                dataset(_t("Revenue"), "revenue", this.blue),
                dataset(_t("The year before"), "before", grey),
            ]),
        };
    }

    makeConfig(type, labels, datasets, options = {}) {
        const horizontal = options.indexAxis === "y";
        const amounts = {
            beginAtZero: true,
            grid: { color: this.grid },
            ticks: { color: this.ink, maxTicksLimit: 5, callback: (value) => formatFloat(value, { humanReadable: true, decimals: 1 }) },
        };
        const names = { grid: { display: false }, ticks: { color: this.ink } };
        return {
            type,
            data: { labels, datasets },
            options: {
                ...options,
                animation: false,
                maintainAspectRatio: false,
                interaction: { mode: horizontal ? "nearest" : "index", axis: horizontal ? "y" : "x", intersect: false },
                scales: { x: horizontal ? amounts : names, y: horizontal ? names : amounts },
                plugins: {
                    legend: { position: "bottom", labels: { color: this.ink, boxWidth: 12 } },
                    tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${this.amount(item.raw)}` } },
                    ...options.plugins,
                },
            },
        };
    }

    // -- where they lead -----------------------------------------------------------------------------

    open(name, res_model, domain, views = [[false, "list"], [false, "form"]], context = {}) {
        this.action.doAction({ type: "ir.actions.act_window", name, res_model, domain, views, context });
    }

    openMetrics(name, domain) {
        this.open(name, METRICS, domain, [[false, "list"], [false, "pivot"], [false, "graph"], [false, "form"]]);
    }

    openKpis() {
        this.action.doAction("kundekartotek_addon.kpi_action");
    }

    openAge(index) {
        const { label, domain } = this.data.ages[index];
        this.open(label, "account.move.line", domain);
    }

    openMonth(index) {
        const { label, first, date } = this.data.months[index];
        this.open(_t("Invoices of %s", label), "account.move", [
            ["move_type", "in", ["out_invoice", "out_refund", "out_receipt"]], ["state", "=", "posted"],
            ["invoice_date", ">=", first], ["invoice_date", "<=", date],
        ]);
    }

    openCell([row, rowName], [column, columnName]) {
        this.openMetrics(`${rowName}, ${columnName}`, [["abc_class", "=", row], ["payment_class", "=", column]]);
    }

    openCustomer({ id }) {
        this.action.doAction({ type: "ir.actions.act_window", res_model: "res.partner", res_id: id, views: [[false, "form"]] });
    }
}
