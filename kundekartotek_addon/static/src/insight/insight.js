// SPDX-License-Identifier: LGPL-3.0-or-later
import { Component, onWillStart, useEffect, useRef, useState } from "@odoo/owl";
import { loadBundle } from "@web/core/assets";
import { hexToRGBA } from "@web/core/colors/colors";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { localization } from "@web/core/l10n/localization";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { formatFloat, formatMonetary } from "@web/views/fields/formatters";

const METRICS = "kundekartotek.customer.metrics";
const VIEWS = {
    [METRICS]: ["list", "pivot", "graph", "form"],
    "kundekartotek.kpi": ["list", "graph", "pivot", "form"],
    "account.move": ["list", "form"],
    "account.move.line": ["list", "form"],
};
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
            this.brand = isDark ? "#b98bb0" : "#875a7b"; // Odoo's purple, readable on either
            this.state.data = data;
            this.charts = this.makeCharts(data);
        });
    }

    // -- figures ------------------------------------------------------------------------------------

    get data() {
        return this.state.data;
    }

    get computed() {
        return deserializeDateTime(this.data.computed).toFormat(`${localization.dateFormat} HH:mm`);
    }

    amount(value) {
        return formatMonetary(value, { currencyId: this.data.currency, digits: [16, 0] });
    }

    /** An amount on an axis: 1.5 m. */
    short(value) {
        const size = Math.abs(value) >= 1e6 ? 1e6 : Math.abs(value) >= 1e4 ? 1e3 : 1;
        const text = this.number(value / size, Number.isInteger(value / size) ? 0 : 1);
        return size === 1e6 ? _t("%s m", text) : size === 1e3 ? _t("%s k", text) : text;
    }

    number(value, digits = 0) {
        return formatFloat(value, { digits: [16, digits] });
    }

    change({ now, before }) {
        if (now === null || before <= 0) {
            return "";
        }
        const change = Math.round((100 * (now - before)) / before);
        return `${change > 0 ? "+" : ""}${change} %`;
    }

    /** The figures at the top; `down` ones are better when they fall. */
    get tiles() {
        const { figures, won, lost } = this.data;
        const defined = (value, text) => (value === null ? "–" : text(value));
        const days = (value) => defined(value, () => _t("%s days", this.number(value)));
        const tile = (key, title, text, down = false) => ({ key, title, text, down, ...figures[key] });
        return [
            tile("revenue", _t("Revenue 12 Months"), this.amount(figures.revenue.now)),
            tile("receivables", _t("Outstanding"), this.amount(figures.receivables.now), true),
            tile("overdue", _t("Overdue"), this.amount(figures.overdue.now), true),
            tile("dso", _t("DSO"), days(figures.dso.now), true),
            tile("turnover", _t("Receivables Turnover"), defined(figures.turnover.now, (value) => this.number(value, 1))),
            tile("days_to_pay", _t("Days to Pay"), days(figures.days_to_pay.now), true),
            { key: "won", title: _t("Customers Won"), text: this.number(won.count), note: this.amount(won.amount), ...won },
            { key: "lost", title: _t("Customers Lost"), text: this.number(lost.count), note: this.amount(lost.amount), ...lost },
        ];
    }

    tone({ now = 0, before = 0, down }) {
        if (now === null || before <= 0 || Math.round((100 * (now - before)) / before) === 0) {
            return "text-muted";
        }
        return now > before === Boolean(down) ? "text-danger" : "text-success";
    }

    cell(row, column) {
        return this.data.matrix.cells[`${row}/${column}`] || { count: 0, amount: 0 };
    }

    /** The more of the customers, the darker; red where they are a risk. */
    shade(row, column) {
        const cells = Object.values(this.data.matrix.cells);
        const share = this.cell(row, column).count / Math.max(...cells.map((cell) => cell.count), 1);
        const color = column === "risk" ? DANGER : column === "slow" ? "#fd7e14" : this.brand;
        return share ? `background-color: ${hexToRGBA(color, 0.12 + 0.5 * share)}` : "";
    }

    // -- charts --------------------------------------------------------------------------------------

    makeCharts({ ages, months, pareto }) {
        const labels = months.map((month) => month.label);
        const dataset = (label, field, color) => ({
            label, data: months.map((month) => month[field]), backgroundColor: color, borderColor: color,
        });
        const grey = "rgba(128, 128, 128, 0.45)";
        return {
            ages: this.makeConfig("bar", ages.map((age) => age.label), [
                {
                    label: _t("Outstanding"),
                    data: ages.map((age) => age.amount),
                    backgroundColor: ages.map(({ aged }, index) =>
                        !aged ? grey : index === 0 ? this.brand : hexToRGBA(DANGER, 0.25 + 0.18 * index)),
                },
            ], { indexAxis: "y", plugins: { legend: { display: false } } }),
            overdue: this.makeConfig("line", labels, [
                { ...dataset(_t("Overdue"), "overdue", DANGER), fill: true, backgroundColor: hexToRGBA(DANGER, 0.2), tension: 0.2 },
                { ...dataset(_t("Outstanding"), "receivables", this.brand), tension: 0.2 },
            ]),
            revenue: this.makeConfig("bar", labels, [
                dataset(_t("Revenue"), "revenue", this.brand),
                dataset(_t("The year before"), "before", grey),
            ]),
            pareto: this.makePareto(pareto),
        };
    }

    /** The largest customers, and what share of all revenue they and all before them bring. */
    makePareto(customers) {
        const colors = { a: this.brand, b: hexToRGBA(this.brand, 0.55) };
        const config = this.makeConfig("bar", customers.map((customer) => customer.name), [
            {
                label: _t("Revenue 12 Months"),
                data: customers.map((customer) => customer.revenue),
                backgroundColor: customers.map(({ abc }) => colors[abc] || hexToRGBA(this.brand, 0.25)),
            },
            {
                type: "line",
                label: _t("Cumulative share, %"),
                data: customers.map((customer) => 100 * customer.cumulative),
                borderColor: DANGER, backgroundColor: DANGER, pointRadius: 0, yAxisID: "share",
            },
        ]);
        const { scales, plugins } = config.options;
        scales.x.ticks.display = false;
        scales.share = { ...scales.y, position: "right", max: 100, grid: { display: false }, ticks: { color: this.ink, callback: (value) => `${value} %` } };
        plugins.tooltip.callbacks.label = (item) =>
            `${item.dataset.label}: ${item.datasetIndex ? this.number(item.raw, 1) : this.amount(item.raw)}`;
        return config;
    }

    makeConfig(type, labels, datasets, options = {}) {
        const horizontal = options.indexAxis === "y";
        const amounts = {
            beginAtZero: true,
            grid: { color: this.grid },
            ticks: { color: this.ink, maxTicksLimit: 5, callback: (value) => this.short(value) },
        };
        const names = { grid: { display: false }, ticks: { color: this.ink, font: { size: 11 } } };
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

    /** The records that a figure adds up. */
    open(name, model, domain) {
        const views = VIEWS[model].map((type) => [false, type]);
        this.action.doAction({ type: "ir.actions.act_window", name, res_model: model, domain, views });
    }

    openTile({ title, model, domain }) {
        this.open(title, model, domain);
    }

    openKpis() {
        const { model, domain } = this.data.figures.dso;
        this.open(_t("Key Figures"), model, domain);
    }

    openAge(index) {
        const { label, domain } = this.data.ages[index];
        this.open(label, "account.move.line", domain);
    }

    openMonth(index) {
        const { label, domain } = this.data.months[index];
        this.open(_t("Invoices of %s", label), "account.move", domain);
    }

    openCell([row, rowName], [column, columnName]) {
        this.open(`${rowName}, ${columnName}`, METRICS, this.cell(row, column).domain);
    }

    openCustomer({ id }) {
        this.action.doAction({ type: "ir.actions.act_window", res_model: "res.partner", res_id: id, views: [[false, "form"]] });
    }

    download(kind) {
        this.action.doAction(this.data.downloads[kind]);
    }

    openPareto(index) {
        this.openCustomer(this.data.pareto[index]);
    }
}
