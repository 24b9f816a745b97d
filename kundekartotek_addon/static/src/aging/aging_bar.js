import { Component, onWillStart, useState } from "@odoo/owl";
import { useBus, useService } from "@web/core/utils/hooks";
import { KeepLast } from "@web/core/utils/concurrency";
import { DateTimeInput } from "@web/core/datetime/datetime_input";
import { deserializeDate, serializeDate } from "@web/core/l10n/dates";
import { formatMonetary } from "@web/views/fields/formatters";
import { _t } from "@web/core/l10n/translation";

const { DateTime } = luxon;

/** Above the aging: as of when and by which date, whether it ties out with the ledger, and taking it away. */
export class AgingBar extends Component {
    static template = "kundekartotek_addon.AgingBar";
    static components = { DateTimeInput };
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.searchModel = this.env.searchModel;
        this.keepLast = new KeepLast();
        this.state = useState({ rows: [], loading: true });
        useBus(this.searchModel, "update", () => this.load());
        onWillStart(() => {
            this.load(); // beside the lines, not before them
        });
    }

    async load() {
        this.state.loading = true;
        this.searchModel.sums.rows = [];
        const call = this.orm.silent.call("kundekartotek.aging", "tie_out", [this.searchModel.domain], {
            context: this.searchModel.context,
        });
        this.state.rows = await this.keepLast.add(call);
        this.state.loading = false;
        this.searchModel.sums.rows = this.state.rows;
    }

    get day() {
        const { aging_date } = this.searchModel.context;
        return aging_date ? deserializeDate(aging_date) : DateTime.local().startOf("day");
    }

    get basis() {
        return this.searchModel.context.aging_basis || "due";
    }

    get isToday() {
        return !this.searchModel.context.aging_date;
    }

    get lastMonthEnd() {
        return DateTime.local().startOf("month").minus({ days: 1 });
    }

    get isFiltered() {
        return this.searchModel.facets.some((facet) => facet.type !== "groupBy");
    }

    setDay(day) {
        const today = DateTime.local().startOf("day");
        this.searchModel.setAging({
            aging_date: !day || day.hasSame(today, "day") ? false : serializeDate(day),
        });
    }

    /** The end of the month before or after the day. */
    step(months) {
        const day = this.day;
        const isEnd = day.hasSame(day.endOf("month"), "day");
        if (months > 0) {
            this.setDay(day.plus({ months: isEnd ? 1 : 0 }).endOf("month").startOf("day"));
        } else {
            this.setDay(day.startOf("month").minus({ days: 1 }));
        }
    }

    setBasis(ev) {
        this.searchModel.setAging({ aging_basis: ev.target.value });
    }

    format(amount, row) {
        return formatMonetary(amount, { currencyId: row.currency_id });
    }

    async takeAway(kind) {
        const filters = this.searchModel.facets
            .filter((facet) => facet.type !== "groupBy")
            .map((facet) => [facet.title, facet.values.join(` ${facet.separator || _t("or")} `)].filter(Boolean).join(": "))
            .join("; ");
        const action = await this.orm.call("kundekartotek.aging", "action_take_away", [kind, this.searchModel.domain, filters], {
            context: this.searchModel.context,
        });
        this.action.doAction(action);
    }
}
