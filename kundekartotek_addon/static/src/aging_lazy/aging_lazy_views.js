import { useService } from "@web/core/utils/hooks";
import { registry } from "@web/core/registry";
import { pivotView } from "@web/views/pivot/pivot_view";
import { PivotController } from "@web/views/pivot/pivot_controller";
import { PivotRenderer } from "@web/views/pivot/pivot_renderer";
import { graphView } from "@web/views/graph/graph_view";
import { GraphController } from "@web/views/graph/graph_controller";
import { GraphRenderer } from "@web/views/graph/graph_renderer";
import { AgingBar } from "@kundekartotek_addon/aging/aging_bar";
import { AgingSearchModel } from "@kundekartotek_addon/aging/aging_search_model";

// Pivot and graph are fetched when somebody opens one, and so is what extends them.
const MODEL = "kundekartotek.aging";

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
