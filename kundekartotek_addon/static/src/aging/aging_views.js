import { useState } from "@odoo/owl";
import { useService } from "@web/core/utils/hooks";
import { registry } from "@web/core/registry";
import { listView } from "@web/views/list/list_view";
import { ListController } from "@web/views/list/list_controller";
import { AgingBar } from "./aging_bar";
import { AllSumsListRenderer } from "../receivables/all_sums";
import { AgingSearchModel } from "./aging_search_model";

const MODEL = "kundekartotek.aging";

class AgingListController extends ListController {
    static template = "kundekartotek_addon.AgingListView";
    static components = { ...ListController.components, AgingBar };
}

/** A click on an amount opens the items behind that amount; elsewhere in the line, all of the line's. */
class AgingListRenderer extends AllSumsListRenderer {
    setup() {
        super.setup();
        this.aging = { orm: useService("orm"), action: useService("action") };
        this.sums = useState(this.env.searchModel.sums);
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
