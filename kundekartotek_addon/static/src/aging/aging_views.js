import { useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { registry } from "@web/core/registry";
import { listView } from "@web/views/list/list_view";
import { ListController } from "@web/views/list/list_controller";
import { ListRenderer } from "@web/views/list/list_renderer";
import { AgingBar } from "./aging_bar";
import { AgingSearchModel } from "./aging_search_model";

const MODEL = "kundekartotek.aging";

class AgingListController extends ListController {
    static template = "kundekartotek_addon.AgingListView";
    static components = { ...ListController.components, AgingBar };
}

const formatters = registry.category("formatters");

/** A click on an amount opens the items behind that amount; elsewhere in the line, all of the line's. Below stand the
 * sums of all lines, also of those on other pages. */
class AgingListRenderer extends ListRenderer {
    setup() {
        super.setup();
        this.aging = { orm: useService("orm"), action: useService("action") };
        this.sums = useState(this.env.searchModel.sums);
    }

    computeAggregates() {
        const aggregates = super.computeAggregates();
        const { list } = this.props;
        const { rows } = this.sums;
        const isPart = !list.isGrouped && !list.selection.length && list.count > list.records.length;
        const addsUp = rows.length && rows.every((row) => row.currency_id === rows[0].currency_id);
        for (const { name, widget } of this.columns.filter((column) => column.name in aggregates)) {
            const aggregate = aggregates[name];
            if (isPart && !addsUp) {
                delete aggregates[name]; // not there yet, or in several currencies
                continue;
            }
            if (isPart) {
                aggregate.rawValue = rows.reduce((sum, row) => sum + (row.sums[name] || 0), 0);
            }
            if (!aggregate.multiCurrency) {
                const format = formatters.get(widget || this.fields[name].type);
                aggregate.value = format(aggregate.rawValue, { noSymbol: true, escape: true });
            }
        }
        return aggregates;
    }

    async onCellClicked(record, column, ev, newWindow) {
        if (record.fields[column.name]?.type !== "monetary" || this.props.list.selection.length) {
            return super.onCellClicked(record, column, ev, newWindow);
        }
        if (record.data[column.name]) {
            const action = await this.aging.orm.call(MODEL, "action_open_items", [[record.resId], column.name], {
                context: this.props.list.context,
            });
            this.aging.action.doAction(action, { newWindow });
        }
    }
}

registry.category("views").add("aging_list", {
    ...listView,
    Controller: AgingListController,
    Renderer: AgingListRenderer,
    SearchModel: AgingSearchModel,
});
