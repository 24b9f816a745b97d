import { useService } from "@web/core/utils/hooks";
import { registry } from "@web/core/registry";
import { listView } from "@web/views/list/list_view";
import { ListController } from "@web/views/list/list_controller";
import { ListRenderer } from "@web/views/list/list_renderer";
import { pivotView } from "@web/views/pivot/pivot_view";
import { PivotController } from "@web/views/pivot/pivot_controller";
import { PivotRenderer } from "@web/views/pivot/pivot_renderer";
import { graphView } from "@web/views/graph/graph_view";
import { GraphController } from "@web/views/graph/graph_controller";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { AgingBar } from "./aging_bar";
import { AgingSearchModel } from "./aging_search_model";

const MODEL = "kundekartotek.aging";

class AgingListController extends ListController {
    static template = "kundekartotek_addon.AgingListView";
    static components = { ...ListController.components, AgingBar };
}

/** A click on an amount opens the items behind that amount; elsewhere in the line, all of the line's. */
class AgingListRenderer extends ListRenderer {
    setup() {
        super.setup();
        this.aging = { orm: useService("orm"), action: useService("action") };
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

class AgingPivotController extends PivotController {
    static template = "kundekartotek_addon.AgingPivotView";
    static components = { ...PivotController.components, AgingBar };
}

class AgingPivotRenderer extends PivotRenderer {
    setup() {
        super.setup();
        this.orm = useService("orm");
    }

    async onOpenView(cell, newWindow) {
        if (cell.value === undefined) {
            return;
        }
        const group = { rowValues: cell.groupId[0], colValues: cell.groupId[1] };
        const action = await this.orm.call(
            MODEL,
            "action_open_items_of",
            [this.model.getGroupDomain(group), cell.measure],
            { context: this.model.searchParams.context }
        );
        this.actionService.doAction(action, { newWindow });
    }
}

class AgingGraphController extends GraphController {
    static template = "kundekartotek_addon.AgingGraphView";
    static components = { ...GraphController.components, AgingBar };
}

class AgingGraphRenderer extends GraphRenderer {
    setup() {
        super.setup();
        this.orm = useService("orm");
    }

    async onGraphClickedFinal(domain, isMiddleClick = false) {
        const { measure } = this.model.metaData;
        const action = await this.orm.call(MODEL, "action_open_items_of", [domain, measure], {
            context: this.model.searchParams.context,
        });
        this.actionService.doAction(action, { newWindow: isMiddleClick });
    }
}

registry.category("views").add("aging_list", {
    ...listView,
    Controller: AgingListController,
    Renderer: AgingListRenderer,
    SearchModel: AgingSearchModel,
});
registry.category("views").add("aging_pivot", {
    ...pivotView,
    Controller: AgingPivotController,
    Renderer: AgingPivotRenderer,
    SearchModel: AgingSearchModel,
});
registry.category("views").add("aging_graph", {
    ...graphView,
    Controller: AgingGraphController,
    Renderer: AgingGraphRenderer,
    SearchModel: AgingSearchModel,
});
